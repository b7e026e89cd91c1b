// Package rpc serves a local network as Stellar RPC does: JSON-RPC 2.0 over HTTP, the twelve methods with the SDK's own request
// and response types, and ids, cursors, limits and error texts as the real server's (stellar-rpc, protocol 27).
//
// It differs in three things: xdrFormat "json" is refused, since the conversion exists in Rust only; a simulation stands on the
// ledger that would close now, not on the last one; nothing is ever forgotten.
package rpc
