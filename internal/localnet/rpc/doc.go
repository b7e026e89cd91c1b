// Package rpc serves a local network as Stellar RPC does: JSON-RPC 2.0 over HTTP, the twelve methods with the SDK's own request
// and response types, and ids, cursors, limits and error texts as the real server's (stellar-rpc, protocol 27).
//
// It differs in four things: xdrFormat "json" is refused, since the conversion exists in Rust only; a simulation stands on the
// ledger that would close now, not on the last one; nothing is ever forgotten; and a request that is no call is refused by a JSON-RPC
// error too, where the real server answers with a line of text (see Server.ServeHTTP).
package rpc
