// Package ledger keeps what a local network has agreed on: the ledger entries as they are now, the chain of closed ledgers, and
// the journal on disk from which both come back after a restart.
//
// Everything it stores is XDR as real nodes publish it. A closed ledger is a LedgerCloseMeta; the entries are what the changes in
// those metas add up to, so the journal holds metas and nothing else about the state. Ledgers that nobody filled are kept as runs
// (empty.go) and written out when asked for.
//
// It applies no transaction (package tx) and speaks no protocol (package rpc).
package ledger
