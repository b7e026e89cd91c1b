// Package sourcetest is for tests of the indexer's sources: ledgers that are made up and sound, the plain way to their events, and a node that
// answers as Stellar RPC does, or as it should not.
package sourcetest
