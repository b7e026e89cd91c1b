// Package localnet is a Stellar network inside the process: no container, no download, a ledger when there is something to close.
// Contracts run in the real Soroban host (package host); the official clients drive it over HTTP as they drive any network.
//
// What is in: accounts, trustlines and their flags, signers and thresholds, sequence numbers, preconditions, fee bumps, fees and
// their refunds, the rules by which transactions wait; the operations that package tx names; rent, archival, eviction and restoring;
// ledger headers in a hash chain, LedgerCloseMeta and events as protocol 23 and later give them; the twelve methods of Stellar RPC
// (package rpc); friendbot; an issuer of test USDC whose asset contract is there from the start.
//
// What stays outside: consensus and other nodes; offers, pools, claimable balances, sponsored reserves, account merge and the other
// operations; a bucket list (see ledger.Seal); Horizon; XDR as JSON. It knows no escrow: it is a network for any contract.
//
// # Time
//
// The network's clock is the machine's plus what Advance has added. A ledger closes as soon as a transaction is there, at that time
// or a second after the one before it, whichever is later; times are whole seconds and never repeat. Where nobody hands in anything
// a ledger closes every five seconds, as on the main network: those ledgers are empty, cost nothing and come to be when somebody
// looks, but they count. So a deadline passes without transactions, lifetimes age, and Advance by a day is a day's ledgers.
// A simulation stands on the ledger that would close now.
//
// Transactions one after the other, faster than one a second, make ledgers faster than seconds pass: the network's time runs ahead
// and lets the machine's catch up afterwards. Options.MaxAhead bounds that, at the price of waiting.
//
// So the network's time may be ahead of the machine's, and after Advance it is. Clients whose time bounds come from the machine's
// clock (setTimeout in the JavaScript SDK, NewTimeout in Go's) are then too late: take the close time of the last ledger instead, or
// a generous bound.
//
// A restart makes no empty ledger again, however many there are: the journal has enough of their hashes to give each the same answer as
// before. What a machine that was off has missed is made when somebody first asks, 1 µs a ledger (180 days: two or three seconds). The
// clock goes five years ahead at once and fifty in all.
//
// # Trust
//
// Everybody who reaches the handler has unlimited test money and moves the clock. It belongs on a loopback address.
package localnet
