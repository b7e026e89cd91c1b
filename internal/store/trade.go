package store

import (
	"errors"
	"fmt"
	"slices"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
)

// Trade is what is known of a trade: what the contract stores of it now, and what it no longer stores because a milestone has ended.
type Trade struct {
	ID       escrow.ID
	Contract string // strkey, C…
	Terms    escrow.Terms
	OpenedBy escrow.Role
	Stage    escrow.Stage
	Bonds    [2]amount.Int128 // what is left of each bond that was deposited; by Buyer, Seller
	// Milestones has one for each of Terms, whatever the stage.
	Milestones   []Milestone
	Parked       []escrow.Parcel // in the order of roles, without zeros
	LastDeadline uint64          // unix seconds: the latest time at which the last clock of this trade runs out
	Opened       Point
	Updated      Point  // the last event that had an effect
	EndedAt      uint64 // when it ended or was cancelled; 0 before
}

// Point is an event and its time.
type Point struct {
	Event EventID
	At    uint64 // unix seconds
}

// Milestone is what is known of a milestone.
type Milestone struct {
	Left        amount.Int128 // 0 before funding and once ended
	DeliveredAt uint64        // 0: not delivered
	Proof       escrow.Hash   // of the delivery
	ToSeller    amount.Int128 // what went to the seller so far, before the costs of hearings and Fee
	ToBuyer     amount.Int128 // what went back to the buyer so far, before the costs of hearings
	Fee         amount.Int128 // the platform's, so far
	Offers      [2]*escrow.Offer
	Dispute     *Dispute // stays when the milestone has ended
	EndedAt     uint64   // 0: not ended
	EndedBy     string   // the kind of the event that ended it: released, refunded, split or settled
	Outcome     escrow.Outcome
	// Outcome is set where EndedBy is settled.
}

// Dispute is what is known of a milestone's dispute.
type Dispute struct {
	By         escrow.Role
	Reason     escrow.Hash
	Since      uint64
	Aside      [2]amount.Int128 // what each side had set aside when the dispute ended, or has now
	AppealBy   *escrow.Role
	AppealedAt uint64
	RuledAt    uint64 // when the first panel's last seat voted; 0 while one has not
	Votes      []Vote // of both panels, in the order cast
	// The following are known when the dispute has ended.
	Silent     []escrow.Role    // seats that missed their hearing's deadline
	Paid       [2]amount.Int128 // what each side paid for the hearings
	Vote       amount.Int128    // what each vote of the first panel got
	AppealVote amount.Int128    // what each vote of the appeal panel got
}

// Vote is a seat's ruling.
type Vote struct {
	escrow.Vote
	Hash escrow.Hash // of the ruling's text
	At   uint64
}

// Clone returns a copy that shares nothing that changes.
func (t *Trade) Clone() *Trade {
	out := *t
	out.Parked = slices.Clone(t.Parked)
	out.Milestones = slices.Clone(t.Milestones)
	for i := range out.Milestones {
		if d := out.Milestones[i].Dispute; d != nil {
			copied := *d
			copied.Votes, copied.Silent = slices.Clone(d.Votes), slices.Clone(d.Silent)
			out.Milestones[i].Dispute = &copied
		}
	}
	return &out
}

// State is the trade as the contract's view gives it.
func (t *Trade) State() escrow.Trade {
	s := escrow.Trade{Bonds: t.Bonds, OpenedBy: t.OpenedBy, Stage: t.Stage, Parked: t.Parked}
	if t.Stage == escrow.StageFunded {
		for i := range t.Milestones {
			s.Milestones = append(s.Milestones, t.Milestones[i].State())
		}
	}
	return s
}

// State is the milestone as the contract's view gives it, for a funded trade.
func (m *Milestone) State() escrow.MilestoneState {
	if m.EndedAt != 0 {
		return escrow.MilestoneState{}
	}
	s := escrow.MilestoneState{DeliveredAt: m.DeliveredAt, Left: m.Left, Offers: m.Offers}
	if d := m.Dispute; d != nil {
		s.Dispute = &escrow.Dispute{AppealBy: d.AppealBy, AppealedAt: d.AppealedAt, Aside: d.Aside, By: d.By, RuledAt: d.RuledAt, Since: d.Since}
		for _, v := range d.Votes {
			s.Dispute.Votes = append(s.Dispute.Votes, v.Vote)
		}
	}
	return s
}

// Change is a trade as it is after a batch, and what the batch's events have paid.
type Change struct {
	*Trade
	// Milestones are those that the batch has touched, by index; the others are stored already. All of a new trade's are written.
	Milestones []int
	Payouts    []Payout   // in the order of their keys
	Withheld   []Withheld // of payouts that are stored already; carried out first
}

// Part is what somebody is in a trade.
type Part string

// The parts. An arbitrator may sit on either panel.
const (
	PartBuyer      Part = "buyer"
	PartSeller     Part = "seller"
	PartArbitrator Part = "arbitrator"
)

// PartOf is the part that a role plays.
func PartOf(r escrow.Role) Part {
	switch r {
	case escrow.Buyer:
		return PartBuyer
	case escrow.Seller:
		return PartSeller
	}
	return PartArbitrator
}

// TradeFilter says which trades a list holds: those that match everything that is set. Lists are ordered by the event that opened the trade.
type TradeFilter struct {
	Account  string        // whoever takes part, in any role or, with Part, in this one
	Part     Part          // needs Account
	Stage    *escrow.Stage // nil for any
	Asset    string        // strkey of the asset's contract
	Contract string        // strkey of the escrow contract
	Page                   // After is Opened.Event of the last trade already seen
}

// Check refuses a filter that makes no sense.
func (f TradeFilter) Check() error {
	switch f.Part {
	case "":
	case PartBuyer, PartSeller, PartArbitrator:
		if f.Account == "" {
			return errors.New("list trades: a part needs an account")
		}
	default:
		return fmt.Errorf("list trades: part %q is not buyer, seller or arbitrator", string(f.Part))
	}
	return f.Page.Check()
}
