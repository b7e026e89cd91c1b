// Package reconcile holds what is projected against what the contract stores: each open trade field by field, a sample of the ended ones, and
// for each asset that the contract has as much as it owes. It reads ledger entries, not the contract's views: two hundred trades a question.
//
// It changes nothing. A difference is a finding, not an error; an error is that it could not look.
package reconcile
