// Package localnettest gives tests the contract host, networks on it, a door to them and accounts with money. It is for tests alone: no program
// links it, and like all of internal/localnet it knows nothing of escrow.
package localnettest
