package store

import (
	"errors"
	"fmt"
)

// ErrSpent is wrapped by the error of a reservation that a limit does not leave room for. Nothing was reserved.
var ErrSpent = errors.New("the day's limit is reached")

// Purpose is what the platform spends its own XLM on.
type Purpose string

// The purposes.
const (
	PurposeSponsor Purpose = "sponsor" // what traders do
	PurposeKeeper  Purpose = "keeper"  // what is due, and keeping entries from being archived
)

// Spending is what was spent for one account on one day, or is to be.
type Spending struct {
	Purpose Purpose
	Day     uint32 // days since 1 January 1970, UTC
	Account string // on whose behalf, strkey; empty for nobody's
	Stroops int64
}

// Check refuses what makes no sense as a reservation.
func (s Spending) Check() error {
	switch {
	case s.Purpose != PurposeSponsor && s.Purpose != PurposeKeeper:
		return fmt.Errorf("spend: %q is no purpose", string(s.Purpose))
	case s.Stroops < 0:
		return fmt.Errorf("spend: %d stroops", s.Stroops)
	}
	return nil
}

// Limits bound what is spent on one day. 0 lets nothing through. Those of an account do not count for a Spending of nobody's.
type Limits struct {
	Stroops             int64 // for the purpose, all accounts together
	AccountStroops      int64 // for one account
	AccountTransactions int64 // of one account
}

// Check says (ErrSpent) which limit does not leave room for s beside what all accounts and s.Account have spent before.
func (l Limits) Check(s Spending, all, account Spent) error {
	switch {
	case l.Stroops <= 0 || s.Stroops > l.Stroops-all.Stroops:
		return fmt.Errorf("%w: %s has spent %d stroops of %d, %d more are asked for", ErrSpent, s.Purpose, all.Stroops, l.Stroops, s.Stroops)
	case s.Account == "":
		return nil
	case l.AccountStroops <= 0 || s.Stroops > l.AccountStroops-account.Stroops:
		return fmt.Errorf("%w: %s has spent %d stroops of %d for account %s, %d more are asked for", ErrSpent, s.Purpose, account.Stroops, l.AccountStroops, s.Account, s.Stroops)
	case account.Transactions >= l.AccountTransactions:
		return fmt.Errorf("%w: account %s has had %d transactions of %d", ErrSpent, s.Account, account.Transactions, l.AccountTransactions)
	}
	return nil
}

// Spent is what a day has cost so far, reservations that are not settled yet among it.
type Spent struct {
	Stroops      int64
	Transactions int64
}

// DayOf is the day of a time in unix seconds.
func DayOf(unix int64) uint32 { return uint32(max(unix, 0) / 86_400) }
