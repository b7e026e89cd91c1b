// Package store is what is kept of the chain, in words that every engine shares: ledgers, events, trades, the feed, transactions we sent.
// It holds types, errors and the hash of a whole state. The engines are folders (postgres, sqlite); storetest is the one suite they all
// pass; whoever uses a store says in an interface of its own which methods it needs.
//
// One writer, the indexer, moves a contract's position and writes everything that follows from it in one transaction (Batch). Everything
// in it can be made again from the chain, except the transactions we sent.
package store
