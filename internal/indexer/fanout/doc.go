// Package fanout tells all indexers of a deployment that the feed has grown: whoever follows the chain says so in a Redis stream, and every
// replica reads it and wakes its own readers (feed.Bus).
//
// Redis carries numbers only, and none of them is believed: a message makes a replica ask the store, and what the store says is what its
// readers are told. So a Redis that is flushed, killed, slow or lying can delay an entry, and never lose or invent one. While it cannot be
// used the store is asked every half second; while it can, every five seconds as well, for messages that get lost on the way.
//
// Of Redis it needs XADD, XREAD and XREVRANGE on one key, stellarescrow:feed:NAME, which never holds more than a few messages. The lead,
// and caches of what the network says, are not here.
package fanout
