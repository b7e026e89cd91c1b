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

// Limits bound what is spent on one day. 0 lets nothing through.
type Limits struct {
	Stroops             int64 // for the purpose, all accounts together
	AccountStroops      int64 // for one account
	AccountTransactions int64 // of one account
}

// Spent is what a day has cost so far, reservations that are not settled yet among it.
type Spent struct {
	Stroops      int64
	Transactions int64
}

// DayOf is the day of a time in unix seconds.
func DayOf(unix int64) uint32 { return uint32(max(unix, 0) / 86_400) }
