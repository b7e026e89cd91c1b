// Package redisprobe finds out what a Redis gives to a client that knows nothing: whether it answers without a password or with one that
// everybody knows, and whether it speaks in the clear (docs/guide.md N9, C7).
//
// It says PING, INFO and AUTH and nothing else, so it changes no data. A failed AUTH stands in the server's ACL LOG.
package redisprobe
