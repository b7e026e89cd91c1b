package store

import (
	"errors"
	"fmt"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
)

// Payout is money that left the escrow contract by an event of a trade: to the seller, after fee and costs; back to the buyer; a bond, or what was
// set aside; an arbitrator's pay; or a claim of what had been parked (docs/contract.md, Money). The contract adds up what the events of one call
// pay a role and moves it at once: so do these add up.
//
// What a call parks is no payout before it is claimed, fees are not the trade's any more, and collecting them is the contract's own affair. An asset that
// takes a part of each transfer brings its receiver less than this.
//
// While a contract's position is within a ledger, that ledger's payouts are no more final than its trades: what is parked shows at the end of a call.
type Payout struct {
	Event   EventID
	Role    escrow.Role   // whose money it was; an event pays a role once
	Account string        // strkey, who got it: whoever holds the role, or where the claim sends it
	Amount  amount.Int128 // above 0
}

// ListedPayout is a payout and what its trade and its event say of it.
type ListedPayout struct {
	Payout
	Trade escrow.ID
	Asset string // strkey of the asset's contract
	Kind  string // the event's
	Tx    Hash
	At    uint64 // unix seconds
}

// Key is p's place in a list.
func (p Payout) Key() PayoutKey { return PayoutKey{Event: p.Event, Role: p.Role} }

// PayoutKey is a payout's place in a list.
type PayoutKey struct {
	Event EventID
	Role  escrow.Role
}

// Before tells whether k comes before other, oldest first.
func (k PayoutKey) Before(other PayoutKey) bool {
	return k.Event < other.Event || k.Event == other.Event && k.Role < other.Role
}

// Withheld takes back what stored payouts say: of what the events from From on have paid a role, Amount was parked, as an event says that comes last in the
// call, and on a later page than they did. The last of those payouts go, as many as make up Amount.
type Withheld struct {
	Role   escrow.Role
	From   EventID // the transaction's beginning
	Amount amount.Int128
}

// PayoutFilter says which payouts a list holds: those of one trade, or those that one account got. Exactly one of the two is set.
type PayoutFilter struct {
	Trade   *escrow.ID
	Account string
	After   *PayoutKey // the last one already seen; nil for the beginning
	Newest  bool       // newest first
	Limit   int        // 1 to MaxPage
}

// Check refuses a filter that makes no sense, with ErrLimit for a limit outside 1 to MaxPage.
func (f PayoutFilter) Check() error {
	if (f.Trade == nil) == (f.Account == "") {
		return errors.New("list payouts: name a trade or an account, and only one of them")
	}
	p := Page{Limit: f.Limit}
	if f.After != nil {
		if p.After = f.After.Event; p.After == "" {
			return errors.New("list payouts after: no event is named")
		}
	}
	return p.Check()
}

// checkPayouts refuses payouts that are not in order, or of nothing.
func checkPayouts(c Change) error {
	var last PayoutKey
	for i, p := range c.Payouts {
		if i > 0 && !last.Before(p.Key()) {
			return fmt.Errorf("trade %s: a payout of event %s to role %d: out of order, or for the second time", c.ID, p.Event, p.Role)
		}
		if p.Amount.Sign() <= 0 {
			return fmt.Errorf("trade %s: a payout of event %s to role %d: %s units", c.ID, p.Event, p.Role, p.Amount.Units())
		}
		last = p.Key()
	}
	return nil
}
