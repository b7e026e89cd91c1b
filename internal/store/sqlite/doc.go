// Package sqlite keeps what the indexer has read in one SQLite file: the store of `dev`, of tests and of one machine.
//
// One connection writes, several read; the file is in WAL mode, so neither waits for the other. SQL stands beside the Go that scans it, one
// file per noun; the schema is migrations/, which only grows. internal/store says what each method promises, and storetest holds every
// engine to it.
package sqlite
