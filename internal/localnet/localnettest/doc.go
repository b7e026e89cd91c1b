// Package localnettest gives tests the contract host, networks on it, a door to them, accounts with money, shorter lives of entries, and a
// ledger of the main network. It is for tests alone: no program links it, and like all of internal/localnet it knows nothing of escrow.
package localnettest
