// Package sameid asks three programs for the id of the same trade: the contract's own code in the real host (contract/fuzz, Rust), the
// servers' (internal/stellar, Go) and the client's (client/src/lib/features/trades, TypeScript). They accept or refuse alike, and where
// they accept, the id is the same and so are the bytes of the terms, written anew (docs/contract-attacks.md E14).
//
// What the bytes mean is none of its business: the rules about terms are the contract's and internal/escrow's.
package sameid
