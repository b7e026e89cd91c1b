// Package keeper settles what is due, and keeps entries from being archived. Anyone may do both; the keeper is there so that nobody has to.
//
// It looks at each new ledger. A trade that is due at that ledger's close time is settled at once, so that the next ledger has it: one
// transaction for all milestones of a trade that are due, one at a time for each of the keeper's accounts (an account has one transaction in a
// ledger), the earliest first. A payout that cannot be made is parked by the contract; where a token lets no call with payouts through at all,
// the trade is settled without any (docs/contract-attacks.md D2), and each owner claims. What cannot be settled is put off, and blocks nothing.
//
// Now and then it sweeps: it asks for the lives of all that open trades need, and extends what would end soon.
//
// Several processes may run a keeper with the same accounts: they take turns (turn.go), and whoever takes over lets come in what the one
// before has sent (takeover.go). What it spends in a day is bounded (limit.go).
package keeper
