package escrow

import (
	"fmt"
	"slices"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
)

// Stage is how far a trade as a whole is.
type Stage uint32

// The stages of a trade, numbered as the contract's view gives them.
const (
	StageOpen Stage = iota
	StageAgreed
	StageFunded
	StageEnded
	StageCancelled
)

var stageNames = [...]string{"open", "agreed", "funded", "ended", "cancelled"}

// String is the stage's name in lower case.
func (s Stage) String() string { return name(stageNames[:], int(s)) }

// Phase is how far a milestone is. It follows from the milestone's state and the time; nobody calls anything to enter the next one (PhaseOf).
type Phase uint32

// The phases of a milestone, numbered as events give them.
const (
	PhaseFunded        Phase = iota // waiting for the seller
	PhaseDueToBuyer                 // never delivered
	PhaseDelivered                  // the buyer inspects
	PhaseDueToSeller                // nobody objected
	PhaseOffers                     // disputed: the parties look for an agreement
	PhaseHearing                    // the panel votes
	PhaseRuled                      // may be appealed
	PhaseAppealHearing              // the appeal panel votes
	PhaseDue                        // decided: a ruling or the fallback waits for settle
	PhaseEnded
)

var phaseNames = [...]string{"funded", "due to the buyer", "delivered", "due to the seller", "offers", "hearing", "ruled", "appeal hearing", "due", "ended"}

// String is the phase's name in lower case.
func (p Phase) String() string { return name(phaseNames[:], int(p)) }

// Disputed says whether the phase is one of a running dispute.
func (p Phase) Disputed() bool { return p >= PhaseOffers && p <= PhaseDue }

func name(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return fmt.Sprintf("unknown (%d)", i)
}

// Trade is what the contract stores of a trade; what does not change stands in its Terms. Pairs are indexed by Buyer and Seller.
type Trade struct {
	Bonds      [2]amount.Int128 `json:"bonds"`      // what is left of each bond that was deposited
	Milestones []MilestoneState `json:"milestones"` // empty before funding and once ended or cancelled
	OpenedBy   Role             `json:"opened_by"`
	Parked     []Parcel         `json:"parked"` // in the order of roles, without zeros
	Stage      Stage            `json:"stage"`
}

// Parcel is money parked for a role, to be claimed.
type Parcel struct {
	Role   Role          `json:"role"`
	Amount amount.Int128 `json:"amount"`
}

// MilestoneState is what the contract stores of a milestone. An ended one is all zero.
type MilestoneState struct {
	DeliveredAt uint64        `json:"delivered_at"` // 0: not delivered
	Dispute     *Dispute      `json:"dispute"`
	Left        amount.Int128 `json:"left"`
	Offers      [2]*Offer     `json:"offers"` // the latest of each side, standing or not (PhaseOf tells)
}

// Offer is one side's offer to end a milestone with SellerAmount of Of to the seller. It stands in Phase only, and only while Of is what is left.
type Offer struct {
	Of           amount.Int128 `json:"of"`
	Phase        Phase         `json:"phase"`
	SellerAmount amount.Int128 `json:"seller_amount"`
}

// Dispute is what the contract stores of a milestone's running dispute.
type Dispute struct {
	AppealBy   *Role            `json:"appeal_by"`
	AppealedAt uint64           `json:"appealed_at"`
	Aside      [2]amount.Int128 `json:"aside"` // what each side set aside for hearings
	By         Role             `json:"by"`
	RuledAt    uint64           `json:"ruled_at"` // when the last seat of the first panel voted; 0 while one has not
	Since      uint64           `json:"since"`
	Votes      []Vote           `json:"votes"` // of both panels, in the order cast
}

// Vote is one seat's ruling: the seller's part of what is left, in parts per million.
type Vote struct {
	Role      Role   `json:"role"`
	SellerPpm uint32 `json:"seller_ppm"`
}

// ParkedFor returns what is parked for the role, 0 where nothing is.
func (t *Trade) ParkedFor(r Role) amount.Int128 {
	for _, p := range t.Parked {
		if p.Role == r {
			return p.Amount
		}
	}
	return amount.Int128{}
}

// Holds returns everything the contract owes in this trade: what is left of the milestones, bonds, what is set aside and what is parked. Booked fees are not the trade's any more.
func (t *Trade) Holds() amount.Int128 {
	sum := t.Bonds[Buyer].Plus(t.Bonds[Seller])
	for _, m := range t.Milestones {
		sum = sum.Plus(m.Left)
		if m.Dispute != nil {
			sum = sum.Plus(m.Dispute.Aside[Buyer]).Plus(m.Dispute.Aside[Seller])
		}
	}
	for _, p := range t.Parked {
		sum = sum.Plus(p.Amount)
	}
	return sum
}

// Clone returns a copy that shares nothing with t.
func (t *Trade) Clone() Trade {
	out := *t
	out.Parked = slices.Clone(t.Parked)
	out.Milestones = slices.Clone(t.Milestones)
	for i := range out.Milestones {
		m := &out.Milestones[i]
		m.Dispute = m.Dispute.clone()
		for side, o := range m.Offers {
			m.Offers[side] = ref(o)
		}
	}
	return out
}

func (d *Dispute) clone() *Dispute {
	if d == nil {
		return nil
	}
	out := *d
	out.AppealBy = ref(d.AppealBy)
	out.Votes = slices.Clone(d.Votes)
	return &out
}

// ref returns a pointer to a copy of what p points to, nil for nil.
func ref[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}
