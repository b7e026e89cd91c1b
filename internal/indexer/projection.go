package indexer

import (
	"errors"
	"fmt"
	"slices"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// errUnreadable is wrapped by whatever keeps an event from having its effect: it is stored and reported, and the trade stays as it was.
var errUnreadable = errors.New("no effect")

// What an event changed, where it is not one milestone's index.
const (
	none  = -1
	every = -2
)

// open makes the trade that an opened event begins; errUnreadable for terms that the contract would not have taken.
func open(id escrow.ID, contract string, e escrow.Opened, at store.Point) (*store.Trade, error) {
	for i, m := range e.Terms.Milestones {
		if n, err := m.Amount.Stroops(); err != nil || n < 1 {
			return nil, fmt.Errorf("milestone %d of %s units: %w", i, m.Amount.Units(), errUnreadable)
		}
	}
	if !e.By.IsParty() {
		return nil, fmt.Errorf("opened by role %d: %w", e.By, errUnreadable)
	}
	t := &store.Trade{
		ID: id, Contract: contract, Terms: e.Terms, OpenedBy: e.By, Stage: escrow.StageOpen,
		Milestones: make([]store.Milestone, len(e.Terms.Milestones)), LastDeadline: e.Terms.LastDeadline(), Opened: at, Updated: at,
	}
	if e.By == escrow.Seller {
		t.Bonds[escrow.Seller] = e.Terms.Bond // deposited with the opening
	}
	if err := sound(t, none); err != nil {
		return nil, err
	}
	return t, nil
}

// effect is what an event did, beside what its trade is now.
type effect struct {
	milestone int             // the index of the one it changed, none or every
	payouts   []store.Payout  // as long as nothing of them is parked
	parked    []escrow.Parcel // of what the call has paid until then: one, if any
}

// project returns t as it is after an event at the close time of its ledger, and what the event did.
// t itself is unchanged. The error is errUnreadable for what cannot have happened under the rules, whatever it is: one event that makes
// no sense must not stop all that follow.
func project(t *store.Trade, event escrow.Event, at store.Point) (after *store.Trade, did effect, err error) {
	defer func() {
		if p := recover(); p != nil { // amounts beyond 128 bits
			after, did, err = nil, effect{}, fmt.Errorf("%v: %w", p, errUnreadable)
		}
	}()
	after = t.Clone()
	var pays owed
	if did.milestone, pays, err = apply(after, event, at); err == nil {
		err = sound(after, did.milestone)
	}
	if err != nil {
		return nil, effect{}, err
	}
	after.Updated = at
	did.payouts = payouts(t, event, at, pays)
	if e, ok := event.(escrow.Parked); ok {
		did.parked = []escrow.Parcel{{Role: e.Role, Amount: e.Amount.Minus(e.Old)}}
	}
	return after, did, nil
}

// sound refuses what the contract cannot hold in a trade, and no store could: amounts beyond TotalTooLarge, roles that nobody has, other numbers out of range.
func sound(t *store.Trade, milestone int) error {
	roles := t.Terms.Roles()
	for _, p := range t.Parked {
		if p.Role >= roles {
			return fmt.Errorf("parked for role %d of %d: %w", p.Role, roles, errUnreadable)
		}
	}
	amounts := []amount.Int128{t.Bonds[0], t.Bonds[1]}
	if milestone >= 0 {
		m := &t.Milestones[milestone]
		amounts = append(amounts, m.Left, m.ToSeller, m.ToBuyer, m.Fee)
		if m.Outcome > escrow.OutcomeFallback {
			return fmt.Errorf("outcome %d: %w", uint32(m.Outcome), errUnreadable)
		}
		for _, o := range m.Offers {
			if o != nil {
				amounts = append(amounts, o.Of, o.SellerAmount)
			}
		}
		if d := m.Dispute; d != nil {
			amounts = append(amounts, d.Vote, d.AppealVote)
			if slices.ContainsFunc(d.Silent, func(r escrow.Role) bool { return r >= roles }) {
				return fmt.Errorf("seats %v of %d roles are silent: %w", d.Silent, roles, errUnreadable)
			}
			for _, v := range d.Votes {
				if v.Role >= roles || v.SellerPpm > 1_000_000 {
					return fmt.Errorf("a vote of role %d of %d for %d ppm: %w", v.Role, roles, v.SellerPpm, errUnreadable)
				}
			}
		}
	}
	for _, a := range amounts {
		if n, err := a.Stroops(); err != nil || n < 0 {
			return fmt.Errorf("an amount of %s units: %w", a.Units(), errUnreadable)
		}
	}
	return nil
}

// apply carries out on t what an event says, and returns the index of the milestone it changed, none or every, and what it pays.
//
// Events carry the new values, so most of this is assignment. What they do not carry follows from the rules: the phase an offer stands in,
// what hearings cost whom, and the bonds left when they have been paid.
func apply(t *store.Trade, event escrow.Event, at store.Point) (milestone int, pays owed, err error) {
	milestone = none
	switch e := event.(type) {
	case escrow.Accepted:
		t.Stage = escrow.StageAgreed
		if e.By == escrow.Seller {
			t.Bonds[escrow.Seller] = t.Terms.Bond
		}
	case escrow.Funded:
		t.Stage = escrow.StageFunded
		t.Bonds[escrow.Buyer] = t.Terms.Bond
		milestone = every
		for i, m := range t.Terms.Milestones {
			t.Milestones[i].Left = m.Amount
		}
	case escrow.Cancelled:
		pays = sides(t.Bonds[escrow.Buyer], t.Bonds[escrow.Seller])
		t.Stage, t.Bonds, t.EndedAt = escrow.StageCancelled, [2]amount.Int128{}, at.At
	case escrow.Ended:
		pays = sides(e.BuyerBond, e.SellerBond)
		t.Stage, t.Bonds, t.EndedAt = escrow.StageEnded, [2]amount.Int128{}, at.At
	case escrow.Parked:
		t.Parked = setParked(t.Parked, e.Role, e.Amount)
	case escrow.Claimed:
		pays.pay(e.Role, e.Amount)
		t.Parked = setParked(t.Parked, e.Role, e.Left)
	default:
		return projectMilestone(t, event, at)
	}
	return milestone, pays, nil
}

// setParked sets what is parked for a role, in the order of roles and without zeros.
func setParked(parked []escrow.Parcel, r escrow.Role, left amount.Int128) []escrow.Parcel {
	parked = slices.DeleteFunc(parked, func(p escrow.Parcel) bool { return p.Role == r })
	if left.Sign() == 0 {
		return parked
	}
	at := slices.IndexFunc(parked, func(p escrow.Parcel) bool { return p.Role > r })
	if at < 0 {
		at = len(parked)
	}
	return slices.Insert(parked, at, escrow.Parcel{Role: r, Amount: left})
}

// about is the milestone that an event names.
func about(t *store.Trade, i uint32) (*store.Milestone, error) {
	if int64(i) >= int64(len(t.Milestones)) {
		return nil, fmt.Errorf("milestone %d of %d: %w", i, len(t.Milestones), errUnreadable)
	}
	return &t.Milestones[i], nil
}

// projectMilestone is apply for what happens to a milestone.
func projectMilestone(t *store.Trade, event escrow.Event, at store.Point) (changed int, pays owed, err error) {
	switch e := event.(type) {
	case escrow.Delivered:
		m, err := about(t, e.Milestone)
		if err != nil {
			return none, nil, err
		}
		m.DeliveredAt, m.Proof = at.At, e.Proof
		return int(e.Milestone), nil, nil
	case escrow.Released:
		m, err := about(t, e.Milestone)
		if err != nil {
			return none, nil, err
		}
		pays = sides(amount.Int128{}, e.Amount.Minus(e.Fee))
		if e.Left.Sign() == 0 {
			call := escrow.CallRelease{Terms: t.Terms, Milestone: e.Milestone, Amount: e.Amount}
			if pays, err = end(t, int(e.Milestone), call, e, at.At, pays); err != nil {
				return none, nil, err
			}
		}
		m.Offers = [2]*escrow.Offer{} // they name what was left
		m.Left, m.ToSeller, m.Fee = e.Left, m.ToSeller.Plus(e.Amount), m.Fee.Plus(e.Fee)
		return int(e.Milestone), pays, nil
	case escrow.Refunded:
		m, err := about(t, e.Milestone)
		if err != nil {
			return none, nil, err
		}
		pays = sides(e.Amount, amount.Int128{})
		if e.Left.Sign() == 0 {
			call := escrow.CallRefund{Terms: t.Terms, Milestone: e.Milestone, Amount: e.Amount}
			if pays, err = end(t, int(e.Milestone), call, e, at.At, pays); err != nil {
				return none, nil, err
			}
		}
		m.Offers = [2]*escrow.Offer{}
		m.Left, m.ToBuyer = e.Left, m.ToBuyer.Plus(e.Amount)
		return int(e.Milestone), pays, nil
	case escrow.Split:
		m, err := about(t, e.Milestone)
		if err != nil {
			return none, nil, err
		}
		call := escrow.CallAcceptOffer{Terms: t.Terms, By: e.By, Milestone: e.Milestone, Of: e.Of, SellerAmount: e.SellerAmount}
		toBuyer := e.Of.Minus(e.SellerAmount)
		if pays, err = end(t, int(e.Milestone), call, e, at.At, sides(toBuyer, e.SellerAmount.Minus(e.Fee))); err != nil {
			return none, nil, err
		}
		m.ToSeller, m.ToBuyer, m.Fee = m.ToSeller.Plus(e.SellerAmount), m.ToBuyer.Plus(toBuyer), m.Fee.Plus(e.Fee)
		return int(e.Milestone), pays, nil
	case escrow.Settled:
		m, err := about(t, e.Milestone)
		if err != nil {
			return none, nil, err
		}
		call := escrow.CallSettle{Terms: t.Terms, Milestones: []uint32{e.Milestone}, Push: true}
		if pays, err = end(t, int(e.Milestone), call, e, at.At, sides(e.BuyerAmount, e.SellerAmount.Minus(e.Fee))); err != nil {
			return none, nil, err
		}
		m.ToSeller, m.ToBuyer, m.Fee, m.Outcome = m.ToSeller.Plus(e.SellerAmount), m.ToBuyer.Plus(e.BuyerAmount), m.Fee.Plus(e.Fee), e.Outcome
		return int(e.Milestone), pays, nil
	case escrow.Offered:
		m, err := about(t, e.Milestone)
		if err != nil {
			return none, nil, err
		}
		if !e.By.IsParty() {
			return none, nil, fmt.Errorf("an offer of role %d: %w", e.By, errUnreadable)
		}
		state := m.State()
		phase, _ := escrow.PhaseOf(&t.Terms, int(e.Milestone), &state, at.At)
		m.Offers[e.By] = &escrow.Offer{Of: e.Of, Phase: phase, SellerAmount: e.SellerAmount}
		return int(e.Milestone), nil, nil
	case escrow.Evidence:
		_, err := about(t, e.Milestone)
		return none, nil, err // an event, nothing stored
	default:
		changed, err = projectDispute(t, event, at)
		return changed, nil, err // who is paid what, the event that ended the dispute says
	}
}

func projectDispute(t *store.Trade, event escrow.Event, at store.Point) (int, error) {
	switch e := event.(type) {
	case escrow.Disputed:
		m, err := about(t, e.Milestone)
		if err != nil {
			return none, err
		}
		if !e.By.IsParty() {
			return none, fmt.Errorf("a dispute of role %d: %w", e.By, errUnreadable)
		}
		m.Dispute = &store.Dispute{By: e.By, Reason: e.Reason, Since: at.At}
		m.Dispute.Aside[e.By] = e.Aside
		if !e.Deposited {
			t.Bonds[e.By] = t.Bonds[e.By].Minus(e.Aside)
		}
		return int(e.Milestone), nil
	case escrow.Voted:
		d, err := running(t, e.Milestone)
		if err != nil {
			return none, err
		}
		d.Votes = append(d.Votes, store.Vote{Vote: escrow.Vote{Role: e.By, SellerPpm: e.SellerPpm}, Hash: e.Hash, At: at.At})
		return int(e.Milestone), nil
	case escrow.Ruled:
		d, err := running(t, e.Milestone)
		if err != nil {
			return none, err
		}
		if e.Phase == escrow.PhaseHearing {
			d.RuledAt = at.At
		}
		return int(e.Milestone), nil
	case escrow.Appealed:
		d, err := running(t, e.Milestone)
		if err != nil {
			return none, err
		}
		if !e.By.IsParty() {
			return none, fmt.Errorf("an appeal of role %d: %w", e.By, errUnreadable)
		}
		d.AppealBy, d.AppealedAt = &e.By, at.At
		d.Aside[e.By] = d.Aside[e.By].Plus(e.Aside)
		return int(e.Milestone), nil
	case escrow.Silent:
		d, err := running(t, e.Milestone)
		if err != nil {
			return none, err
		}
		d.Silent = e.Roles
		return int(e.Milestone), nil
	case escrow.Costs:
		d, err := running(t, e.Milestone)
		if err != nil {
			return none, err
		}
		d.Paid, d.Vote, d.AppealVote = [2]amount.Int128{escrow.Buyer: e.BuyerPaid, escrow.Seller: e.SellerPaid}, e.Vote, e.AppealVote
		return int(e.Milestone), nil
	}
	return none, fmt.Errorf("%s is not about a trade as this program knows it: %w", event.EventName(), errUnreadable)
}

// running is the dispute of a milestone; it may just have ended.
func running(t *store.Trade, i uint32) (*store.Dispute, error) {
	m, err := about(t, i)
	if err != nil {
		return nil, err
	}
	if m.Dispute == nil {
		return nil, fmt.Errorf("milestone %d has no dispute: %w", i, errUnreadable)
	}
	return m.Dispute, nil
}

// end takes the last of a milestone away, and returns what that pays: where there was no dispute, what the event says. What hearings cost whom, and what is
// left of the bonds, no event says, since the rules do: the call that ended the milestone is made on the model, which must announce what the contract did.
func end(t *store.Trade, i int, call escrow.Call, announced escrow.Event, at uint64, said owed) (owed, error) {
	m := &t.Milestones[i]
	if m.Dispute != nil {
		model := escrow.Around("", escrow.Config{}, t.ID, &t.Terms, t.State())
		result, err := model.Apply(escrow.Env{
			Now:    at,
			Signed: func(escrow.Address) bool { return true },
			ID:     func(escrow.Terms) escrow.ID { return t.ID },
			Token:  payer{},
		}, call)
		if err != nil {
			return nil, fmt.Errorf("the rules refuse what the contract did: %w: %w", errUnreadable, err)
		}
		if len(result.Events) == 0 || result.Events[0] != announced {
			return nil, fmt.Errorf("the rules say %+v, the contract %+v: %w", result.Events, announced, errUnreadable)
		}
		said = owedBy(result, t.Terms.Roles())
		t.Bonds = model.Trades[t.ID].Bonds
	}
	m.Left, m.Offers, m.EndedAt, m.EndedBy = amount.Int128{}, [2]*escrow.Offer{}, at, announced.EventName()
	return said, nil
}

// payer is a token that pays: whether the real one did, parked events say.
type payer struct{}

func (payer) Balance(escrow.Address) (amount.Int128, error) { return amount.MaxInt128(), nil }

func (payer) Deposit(_, _ escrow.Address, x amount.Int128) (amount.Int128, error) { return x, nil }

func (payer) Pay(_, _ escrow.Address, _ amount.Int128) bool { return true }
