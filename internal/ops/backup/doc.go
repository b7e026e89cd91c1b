// Package backup writes what a store holds into one file, of one moment, that only the holders of some keys can read, and says later whether such a file is
// still what was written. docs/operations/backup.md describes the format, for people who have nothing but the file.
//
// Where the rows come from (Source) and where the files are kept (Place: a folder, a bucket) are others' business; no private key is needed to write, so none
// is on a server. Memory is bounded whatever the size of the tables.
package backup
