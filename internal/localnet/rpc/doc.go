// Package rpc serves a local network as Stellar RPC does: JSON-RPC 2.0 over HTTP, the twelve methods with the SDK's own request
// and response types, and ids, cursors, limits and error texts as the real server's (stellar-rpc, protocol 27).
//
// It differs in five things: xdrFormat "json" is refused, since the conversion exists in Rust only; a simulation stands on the
// ledger that would close now, not on the last one; nothing is ever forgotten; a request that is no call is refused by a JSON-RPC
// error too, where the real server answers with a line of text (see Server.ServeHTTP); and one request cannot take the machine: a
// batch has 100 calls, all its answers 64 MiB, and a page of a list 8 MiB, where the real server counts entries alone. A page that
// ends early has a cursor as every page has.
package rpc
