package explore

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
)

// TestMergedStatesBehaveAlike walks through one milestone's states without merging any: every seat votes, in every order, at the first and at the last second of a phase, with and
// without standing and dead offers. Each state must have exactly the steps of the local that it is merged into.
func TestMergedStatesBehaveAlike(t *testing.T) {
	for _, s := range []Setup{
		{Amounts: []int64{2, 2}, Bond: 3, Fee: 2},
		{Amounts: []int64{1, 1}, Panel: 3, Appeal: 1, Bond: 4, Fee: 3},
		{Amounts: []int64{1, 1}, Panel: 1, Appeal: 3, Bond: 4, Fee: 3, FallbackPpm: 500_000},
	} {
		t.Run(s.name(), func(t *testing.T) {
			x := newExplorer(&s)
			x.everySeat = true
			type arrival struct {
				id  int
				m   escrow.MilestoneState
				now uint64
			}
			var queue []arrival
			seen := map[string]bool{}
			x.arrived = func(id int, m escrow.MilestoneState, now uint64) {
				m.Offers = [2]*escrow.Offer{}
				_, until := escrow.PhaseOf(&x.terms, 0, &m, now)
				text := fmt.Sprintf("%d %d", id, until-min(now, until)) // and how long it lasts: when it began is nothing to the rules
				if d := m.Dispute; d != nil {
					text += fmt.Sprint(d.By, d.Votes)
				}
				if id != ended && !seen[text] {
					seen[text] = true
					queue = append(queue, arrival{id, m, now})
				}
			}
			x.intern(escrow.MilestoneState{Left: amount.Int(s.Amounts[0])}, openedAt)
			full := x.purse([2]amount.Int128{amount.Int(s.Bond), amount.Int(s.Bond)})
			for i := 0; i < len(queue); i++ {
				at := queue[i]
				k := stepKey{local: at.id, bonds: []int{full, broke}[i%2], last: i%3 == 0}
				want, err := x.steps(k)
				if err != nil {
					t.Fatal(err)
				}
				for _, now := range []uint64{at.now, newLocal(&x.terms, 0, at.m, at.now).now} {
					for _, m := range withOffers(&x.terms, at.m, now)[:1+i%3] {
						got, err := x.stepsOf(k, m, now)
						if err != nil {
							t.Fatalf("%+v %+v at %d: %v", m, m.Dispute, now, err)
						}
						if got, want := where(got), where(want); !slices.Equal(got, want) {
							t.Fatalf("%+v %+v at %d\n is merged into %+v\n but has steps %v, not %v", m, m.Dispute, now, x.locals[at.id], got, want)
						}
					}
				}
			}
			t.Logf("%d states of the model, merged into %d", len(queue), len(x.locals))
			if len(queue) < len(x.locals) {
				t.Error("hardly anything was merged: the test shows nothing")
			}
		})
	}
}

// withOffers is a state as it is, with offers of both sides that stand (where any can be made), and with dead ones.
func withOffers(t *escrow.Terms, m escrow.MilestoneState, now uint64) []escrow.MilestoneState {
	phase, _ := escrow.PhaseOf(t, 0, &m, now)
	with := func(made escrow.Phase) escrow.MilestoneState {
		m := m
		o := escrow.Offer{Of: m.Left, Phase: made, SellerAmount: m.Left.MulDiv(amount.Int(1), amount.Int(2))}
		m.Offers = [2]*escrow.Offer{&o, &o}
		return m
	}
	dead, standing := with(escrow.PhaseEnded), with(phase)
	switch phase {
	case escrow.PhaseDueToBuyer, escrow.PhaseDueToSeller, escrow.PhaseDue:
		standing = dead
	}
	return []escrow.MilestoneState{m, standing, dead}
}

// where is what steps do, without in how many ways and words.
func where(steps []step) []string {
	var out []string
	for _, s := range steps {
		out = append(out, fmt.Sprint(s.to, s.bonds, s.anyone, s.clock))
	}
	slices.Sort(out)
	return out
}

// TestStepsOfWholeTrades takes states of the walk, makes whole trades of them, and compares what the model then does with the combined steps; and settling several at once with
// settling one after the other.
func TestStepsOfWholeTrades(t *testing.T) {
	for _, s := range []Setup{
		{Amounts: []int64{2, 1}, Panel: 1, Appeal: 1, Bond: 3, Fee: 2, FallbackPpm: 500_000},
		{Amounts: []int64{1, 1}, Panel: 3, Appeal: 3, Bond: 3, Fee: 3, FallbackPpm: 500_000},
		{Amounts: []int64{1, 1, 2}, Panel: 1, Appeal: 1, Bond: 1, Fee: 1},
	} {
		t.Run(s.name(), func(t *testing.T) {
			x := search{explorer: newExplorer(&s), at: map[state]int32{}}
			if _, err := x.beforeFunding(&Report{}); err != nil {
				t.Fatal(err)
			}
			if err := x.walk(); err != nil {
				t.Fatal(err)
			}
			const samples = 4000
			several := 0
			for i := 0; i < len(x.visits); i += 1 + len(x.visits)/samples {
				several += x.compareWhole(t, x.visits[i].state)
			}
			if several == 0 {
				t.Error("never were two milestones due at once")
			}
		})
	}
}

// wholeNow is when the whole trades are looked at.
const wholeNow = 1000

// compareWhole returns 1 if two milestones were due at once.
func (x *search) compareWhole(t *testing.T, s state) int {
	t.Helper()
	y, trade := x.whole(s)
	alive := len(trade.Milestones)
	got := map[state]bool{}
	severalDue := 0
	for i := range trade.Milestones {
		// Every milestone in turn is the first one, the one that choices are about.
		trade.Milestones[0], trade.Milestones[i] = trade.Milestones[i], trade.Milestones[0]
		y.terms.Milestones[0], y.terms.Milestones[i] = y.terms.Milestones[i], y.terms.Milestones[0]
		for _, c := range y.choices(&trade, wholeNow) {
			at := trade
			for _, call := range c.calls {
				var err error
				if at, _, err = y.apply(&at, wholeNow, call, c.anyone, &token{}); err != nil {
					t.Fatalf("%s in %+v: %v", call.Function(), trade, err)
				}
			}
			got[y.merge(&at, wholeNow)] = true
		}
		severalDue = max(severalDue, y.settleAtOnce(t, &trade))
	}
	if alive == 0 {
		return 0
	}
	want := map[state]bool{}
	if err := x.each(s, func(_ int, st step, to state) {
		if !st.clock {
			slices.Sort(to.locals[:])
			want[to] = true
		}
	}); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%+v: the whole trade goes on to %v, the combined steps to %v", trade, got, want)
	}
	return severalDue
}

// whole makes a trade of a state, its ended milestones left out but for one (they are all zero), with every clock moved so that its milestone stands as it does at wholeNow.
func (x *search) whole(s state) (*explorer, escrow.Trade) {
	y := *x.explorer
	y.terms.Milestones = nil
	trade := escrow.Trade{Stage: escrow.StageFunded, OpenedBy: escrow.Seller, Bonds: x.bonds[s.bonds]}
	for _, id := range s.locals {
		if id == ended {
			continue
		}
		l := x.locals[id]
		later := func(at uint64) uint64 {
			if at == 0 {
				return 0
			}
			return at + wholeNow - l.now
		}
		m := l.state
		m.DeliveredAt = later(m.DeliveredAt)
		if d := m.Dispute; d != nil {
			moved := *d
			moved.Since, moved.RuledAt, moved.AppealedAt = later(d.Since), later(d.RuledAt), later(d.AppealedAt)
			m.Dispute = &moved
		}
		trade.Milestones = append(trade.Milestones, m)
		y.terms.Milestones = append(y.terms.Milestones, escrow.Milestone{Amount: m.Left, DeliverBy: later(deliverBy)})
	}
	return &y, trade
}

// merge is the state of a whole trade.
func (x *explorer) merge(trade *escrow.Trade, now uint64) state {
	var s state
	free := maxMilestones - len(trade.Milestones)
	for i := range trade.Milestones {
		s.locals[free+i] = uint16(x.ids[keyOf(&x.terms, i, &trade.Milestones[i], now)])
	}
	slices.Sort(s.locals[:])
	s.bonds = uint16(x.purses[trade.Bonds])
	return s
}

// settleAtOnce settles all that is due in one call and one by one, and expects the same trade, the same payments and fee. It returns 1 if more than one was due.
func (x *explorer) settleAtOnce(t *testing.T, trade *escrow.Trade) int {
	t.Helper()
	var due []uint32
	for i := range trade.Milestones {
		if s := escrow.StandingOf(&x.terms, i, &trade.Milestones[i], wholeNow); s.Due() {
			due = append(due, uint32(i))
		}
	}
	if len(due) < 2 {
		return 0
	}
	var payouts [2]map[escrow.Role]amount.Int128
	var fee [2]amount.Int128
	var after [2]escrow.Trade
	for k, lists := range [][][]uint32{{due}, split(due)} {
		payouts[k], after[k] = map[escrow.Role]amount.Int128{}, *trade
		for _, list := range lists {
			next, r, err := x.apply(&after[k], wholeNow, escrow.CallSettle{Terms: x.terms, Milestones: list, Push: true}, true, &token{})
			if err != nil {
				t.Fatal(err)
			}
			after[k], fee[k] = next, fee[k].Plus(r.Fee)
			for _, p := range r.Payouts {
				payouts[k][p.Role] = payouts[k][p.Role].Plus(p.Amount)
			}
		}
	}
	if !reflect.DeepEqual(after[0], after[1]) || !reflect.DeepEqual(payouts[0], payouts[1]) || fee[0] != fee[1] {
		t.Fatalf("settling %v of %+v at once: %+v, %v, fee %s; one by one: %+v, %v, fee %s",
			due, trade, after[0], payouts[0], fee[0].Units(), after[1], payouts[1], fee[1].Units())
	}
	return 1
}

func split(list []uint32) (out [][]uint32) {
	for _, i := range list {
		out = append(out, []uint32{i})
	}
	return out
}
