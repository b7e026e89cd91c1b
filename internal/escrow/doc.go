// Package escrow holds the rules of a trade: who may do what, until when, and where the money goes.
//
// It is the pure model of the contract (docs/contract.md is the page both implement): the same calls, refusals, payments and events. It knows
// no HTTP, SQL, network, XDR or clock: callers pass the ledger they stand on, who signed and what the token does, in Env.
//
// Contract.Apply executes a call; on a Clone, or a contract Around one trade, it says what a call would do. PhaseOf, Deadlines and Next say what holds
// now, what comes when and what a person can do.
// Amounts are amount.Int128, the width the contract counts in: what is left of a milestone fits 64 bits, but sums over deposits and trades need not, and
// arguments from outside may be anything an i128 holds.
package escrow
