// Package rpc talks to a Stellar RPC node, through the SDK's own client: each call ends with its context or after a time of its own, no
// answer is read beyond a bound, and every error says what was asked of which node and is of a kind that callers can decide by.
//
// The indexer, its relay, the programs and nobody else may import it: the api has no way out of the cluster (docs/guide.md N3). It knows
// transactions, events, ledgers and entries; what they mean stands in internal/stellar.
package rpc
