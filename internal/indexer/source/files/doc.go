// Package files keeps closed ledgers in a folder, as SEP-54 lays it out (Ledger Metadata Storage: what Galexie writes, and what the public
// ledger archives hold), and gives the indexer its events from there: to read what a node no longer keeps, or the same ledgers again.
//
// A file counts only if it is whole and its ledgers are one chain with those of its neighbours. One that is damaged, or of another chain, is
// an error that names it; one that is missing is a gap, never skipped.
package files
