// Package payer pays for a transaction from an account of the platform's: it simulates a call, restores what is archived first, refuses what
// is too dear, takes the most it can cost from the day's limit, has it signed, submits it, and corrects the day's spending by what the
// ledger charged.
//
// What was taken from the limit is given back only when a ledger, or the end of the transaction's time, has said what it cost. A process
// that dies in between, or a store that does not answer then, leaves it taken at its most: the limit may then let through less than it says,
// never more.
//
// What it does not decide: what to call, for whom, and within which limits.
package payer
