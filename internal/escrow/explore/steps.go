package explore

import (
	"errors"
	"fmt"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
)

// explorer holds what has been found out about one setup.
type explorer struct {
	setup  *Setup
	terms  escrow.Terms
	config escrow.Config

	locals []local
	ids    map[key]int
	bonds  [][2]amount.Int128
	purses map[[2]amount.Int128]int
	memo   map[stepKey][]step
	delays map[[2]int]int64 // from one local to the next: by how much later the phase is over
	paid   map[roles]bool   // sets of people whose payouts were refused in every combination

	// everySeat lets every seat vote that may, not only the next one; arrived is told of each state of the model and the local it was merged into. Both are for the tests of
	// the merging.
	everySeat bool
	arrived   func(id int, m escrow.MilestoneState, now uint64)
}

func newExplorer(s *Setup) *explorer {
	x := &explorer{
		setup: s, terms: s.terms(), config: config(), ids: map[key]int{}, purses: map[[2]amount.Int128]int{},
		memo: map[stepKey][]step{}, delays: map[[2]int]int64{}, paid: map[roles]bool{},
	}
	x.intern(escrow.MilestoneState{}, 0)
	x.purse([2]amount.Int128{})
	return x
}

// ended is the local that is left of an ended milestone, broke the bonds of an ended trade.
const (
	ended = 0
	broke = 0
)

// intern merges a state of the model into its local.
func (x *explorer) intern(m escrow.MilestoneState, now uint64) int {
	l := newLocal(&x.terms, 0, m, now)
	id, known := x.ids[l.key]
	if !known {
		id = len(x.locals)
		x.ids[l.key] = id
		x.locals = append(x.locals, l)
	}
	if x.arrived != nil {
		x.arrived(id, m, now)
	}
	return id
}

func (x *explorer) purse(b [2]amount.Int128) int {
	id, known := x.purses[b]
	if !known {
		id = len(x.bonds)
		x.purses[b] = id
		x.bonds = append(x.bonds, b)
	}
	return id
}

// stepKey is what the steps of one milestone depend on: its state, the bonds, and whether it is the last one alive.
type stepKey struct {
	local, bonds int
	last         bool
}

// step is one change of a milestone: a call, or its clock.
type step struct {
	to, bonds int
	anyone    bool   // nobody has to sign, or call
	clock     bool   // nobody has to do anything
	ways      int    // how many calls do this
	story     string // one of them, with the milestone's name for {m}
}

// steps are the changes of a milestone, made by the model.
func (x *explorer) steps(k stepKey) ([]step, error) {
	if out, known := x.memo[k]; known {
		return out, nil
	}
	out, err := x.stepsOf(k, x.locals[k.local].state, x.locals[k.local].now)
	if err != nil {
		l := x.locals[k.local]
		return nil, fmt.Errorf("a milestone that is %s, with %s left, votes %v and bonds %s and %s: %w",
			l.key.phase, l.key.left.Units(), l.key.cast, x.bonds[k.bonds][0].Units(), x.bonds[k.bonds][1].Units(), err)
	}
	x.memo[k] = out
	return out, nil
}

// stepsOf makes them from any state of the model that is merged into the local, at any second of its phase.
func (x *explorer) stepsOf(k stepKey, m escrow.MilestoneState, now uint64) ([]step, error) {
	var out []step
	var stopped error // a clock that does not end what it says it ends would keep us here for ever
	from := newLocal(&x.terms, 0, m, now)
	add := func(next escrow.MilestoneState, at uint64, s step) {
		to := newLocal(&x.terms, 0, next, at)
		if to.until != 0 && to.until <= at {
			stopped = fmt.Errorf("at %d it is %s, and the clock has ended that at %d", at, to.key.phase, to.until)
			return
		}
		s.to = x.intern(next, at)
		if s.to != ended {
			pair := [2]int{k.local, s.to}
			later := int64(to.over()) - int64(from.over())
			if known, ok := x.delays[pair]; !ok || later > known {
				x.delays[pair] = later
			}
		}
		for i := range out {
			if same := &out[i]; same.to == s.to && same.bonds == s.bonds && same.anyone == s.anyone && same.clock == s.clock {
				same.ways++
				return
			}
		}
		s.ways = 1
		out = append(out, s)
	}
	if from.until != 0 {
		then, _ := escrow.PhaseOf(&x.terms, 0, &m, from.until)
		add(m, from.until, step{bonds: k.bonds, anyone: true, clock: true, story: fmt.Sprintf("time passes: {m} is no longer %s but %s", from.key.phase, then)})
	}
	beside := escrow.MilestoneState{Left: amount.Int(1)}
	if k.last {
		beside = escrow.MilestoneState{}
	}
	trade := escrow.Trade{
		Stage: escrow.StageFunded, OpenedBy: escrow.Seller, Bonds: x.bonds[k.bonds], Milestones: []escrow.MilestoneState{m, beside},
	}
	for _, c := range x.choices(&trade, now) {
		at := trade
		var err error
		for _, call := range c.calls {
			if at, err = x.carry(&at, now, call, c.anyone); err != nil {
				break
			}
		}
		if errors.Is(err, errNailed) {
			continue
		}
		if err != nil {
			return nil, err
		}
		s := step{bonds: x.purse(at.Bonds), anyone: c.anyone, story: c.story()}
		if at.Stage == escrow.StageEnded {
			add(escrow.MilestoneState{}, now, s)
			continue
		}
		add(at.Milestones[0], now, s)
	}
	return out, stopped
}

// choice is one thing to try: a call, or an offer with the acceptance that makes it matter.
type choice struct {
	calls  []escrow.Call
	by     escrow.Role
	anyone bool
}

// choices are what Next offers to anybody about milestone 0, with every amount and ruling there is.
func (x *explorer) choices(trade *escrow.Trade, now uint64) []choice {
	var out []choice
	people := []escrow.Role{escrow.Buyer, escrow.Seller, escrow.Nobody}
	people = append(people, x.nextSeats(&trade.Milestones[0])...)
	for _, by := range people {
		for _, o := range escrow.Next(&x.terms, trade, false, now, by) {
			if o.Anyone != (by == escrow.Nobody) {
				continue
			}
			for _, calls := range expand(o, by) {
				out = append(out, choice{calls: calls, by: by, anyone: o.Anyone})
			}
		}
	}
	return out
}

// nextSeats are the first seat of each panel that has not voted, or all of them.
func (x *explorer) nextSeats(m *escrow.MilestoneState) []escrow.Role {
	if m.Dispute == nil {
		return nil
	}
	voted := roles(0)
	for _, v := range m.Dispute.Votes {
		voted |= 1 << v.Role
	}
	var out []escrow.Role
	first := escrow.FirstSeat
	for _, p := range []escrow.Panel{x.terms.Panel, x.terms.AppealPanel} {
		end := first + escrow.Role(len(p.Arbitrators))
		for seat := first; seat < end; seat++ {
			if !voted.has(seat) {
				out = append(out, seat)
				if !x.everySeat {
					break
				}
			}
		}
		first = end
	}
	return out
}

// expand makes an option that is about milestone 0 into calls, one list for each amount or ruling.
func expand(o escrow.Option, by escrow.Role) (out [][]escrow.Call) {
	if settle, ok := o.Call.(escrow.CallSettle); ok && settle.Milestones[0] == 0 {
		settle.Milestones = []uint32{0}
		return [][]escrow.Call{{settle}}
	}
	if o.Milestone == nil || *o.Milestone != 0 {
		return nil
	}
	switch call := o.Call.(type) {
	case escrow.CallRelease:
		for x := o.Min; !o.Max.Less(x); x = x.Plus(amount.Int(1)) {
			call.Amount = x
			out = append(out, []escrow.Call{call})
		}
	case escrow.CallRefund:
		for x := o.Min; !o.Max.Less(x); x = x.Plus(amount.Int(1)) {
			call.Amount = x
			out = append(out, []escrow.Call{call})
		}
	case escrow.CallOffer:
		half := o.Max.MulDiv(amount.Int(1), amount.Int(2))
		for _, x := range []amount.Int128{{}, half, o.Max} {
			call.SellerAmount = x
			accept := escrow.CallAcceptOffer{Terms: call.Terms, By: by.Other(), Milestone: call.Milestone, Of: call.Of, SellerAmount: x}
			out = append(out, []escrow.Call{call, accept})
		}
	case escrow.CallRule:
		for _, ppm := range rulings {
			call.Rulings = []escrow.Ruling{{Milestone: 0, SellerPpm: ppm}}
			out = append(out, []escrow.Call{call})
		}
	default:
		out = append(out, []escrow.Call{call})
	}
	return out
}
