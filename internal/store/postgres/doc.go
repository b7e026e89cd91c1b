// Package postgres keeps what the indexer has read in a PostgreSQL database, 15 or newer: the store of a platform.
//
// A batch is one transaction: rows that are new go in by COPY, those that change are changed by one statement for all of them, and statements
// travel together where none needs another's answer. Several processes may read and write at once; batches wait for each other. SQL stands
// beside the Go that scans it, one file per noun; the schema is migrations/, which only grows. internal/store says what each method
// promises, and storetest holds every engine to it.
package postgres
