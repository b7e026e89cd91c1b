package escrow_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
)

// The clocks of these tests: every window has another length, so that none can stand in for another.
const (
	fundBy    = 1100
	deliverBy = 2000
	inspect   = 10
	offers    = 20
	ruling    = 30
	appealing = 40
)

func testTerms() escrow.Terms {
	return escrow.Terms{
		Buyer: buyer, Seller: seller, Asset: usdc,
		Milestones:     []escrow.Milestone{{Amount: amount.Int(10_000), DeliverBy: deliverBy}},
		FundBy:         fundBy,
		Inspection:     inspect,
		Windows:        escrow.Windows{Offers: offers, Ruling: ruling, Appeal: appealing},
		Panel:          escrow.Panel{Arbitrators: []escrow.Address{"arb2", "arb3", "arb4"}, Quorum: 2},
		AppealPanel:    escrow.Panel{Arbitrators: []escrow.Address{"jud5", "jud6", "jud7"}, Quorum: 2},
		Bond:           amount.Int(1000),
		ArbitrationFee: amount.Int(300),
		FallbackPpm:    250_000,
	}
}

// moment is one call of a history.
type moment struct {
	at   uint64
	call func(escrow.Terms) escrow.Call
}

func delivered(at uint64) moment {
	return moment{at, func(t escrow.Terms) escrow.Call { return escrow.CallDeliver{Terms: t} }}
}

func disputed(at uint64) moment {
	return moment{at, func(t escrow.Terms) escrow.Call { return escrow.CallDispute{Terms: t, By: escrow.Buyer} }}
}

func voted(at uint64, seat escrow.Role, ppm uint32) moment {
	return moment{at, func(t escrow.Terms) escrow.Call {
		return escrow.CallRule{Terms: t, By: seat, Rulings: []escrow.Ruling{{SellerPpm: ppm}}}
	}}
}

func appealed(at uint64) moment {
	return moment{at, func(t escrow.Terms) escrow.Call { return escrow.CallAppeal{Terms: t, By: escrow.Seller} }}
}

func conceded(at uint64) moment {
	return moment{at, func(t escrow.Terms) escrow.Call { return escrow.CallRelease{Terms: t, Amount: t.Milestones[0].Amount} }}
}

func noAppeal(t *escrow.Terms) { t.AppealPanel = escrow.Panel{} }
func noPanel(t *escrow.Terms)  { noAppeal(t); t.Panel = escrow.Panel{} }

// seen is where a milestone stands at a time. due is what settle would carry out and give the seller in ppm, where something is due.
type seen struct {
	at    uint64
	phase escrow.Phase
	until uint64
	due   string
}

// around is t-1, t and t+1 of a deadline that ends one phase.
func around(at uint64, before, after seen) []seen {
	out := []seen{before, after, after}
	for i := range out {
		out[i].at = at - 1 + uint64(i)
	}
	return out
}

// TestClock follows every way a milestone's phase can change by the clock, one second before, at and after each deadline, and tries every action
// at each of these times: exactly one side of a deadline takes it (docs/contract-attacks.md E7).
func TestClock(t *testing.T) {
	funded := seen{phase: escrow.PhaseFunded, until: deliverBy}
	talks := seen{phase: escrow.PhaseOffers, until: 1520}
	hearing := seen{phase: escrow.PhaseHearing, until: 1550}
	second := func(until uint64) seen { return seen{phase: escrow.PhaseAppealHearing, until: until} }
	due := func(what string) seen { return seen{phase: escrow.PhaseDue, due: what} }
	ended := seen{phase: escrow.PhaseEnded}

	for _, tc := range []struct {
		name    string
		terms   func(*escrow.Terms)
		history []moment
		want    []seen
	}{
		{"never delivered", nil, nil,
			around(deliverBy, funded, seen{phase: escrow.PhaseDueToBuyer, due: "due to the buyer, 0"})},
		{"delivered at the last second", nil, []moment{delivered(1999)},
			around(2009, seen{phase: escrow.PhaseDelivered, until: 2009}, seen{phase: escrow.PhaseDueToSeller, due: "due to the seller, 1000000"})},
		{"disputed, nobody votes", nil, []moment{disputed(1500)}, slices.Concat(
			around(1520, talks, hearing), around(1550, hearing, second(1580)), around(1580, second(1580), due("fallback, 250000")))},
		{"disputed in the last second of the inspection", nil, []moment{delivered(1490), disputed(1499)},
			around(1519, seen{phase: escrow.PhaseOffers, until: 1519}, seen{phase: escrow.PhaseHearing, until: 1549})},
		{"no panel", noPanel, []moment{disputed(1500)},
			around(1520, talks, due("fallback, 250000"))},
		{"one vote of three, no appeal panel", noAppeal, []moment{disputed(1500), voted(1549, 2, 900_000)},
			around(1550, hearing, due("fallback, 250000"))},
		{"a quorum at the deadline, no appeal panel", noAppeal, []moment{disputed(1500), voted(1520, 2, 900_000), voted(1549, 3, 100_001)},
			around(1550, hearing, due("first ruling, 500000"))},
		{"all votes, no appeal panel", noAppeal, []moment{disputed(1500), voted(1520, 2, 900_000), voted(1521, 3, 100_000), voted(1525, 4, 200_000)},
			[]seen{{1525, escrow.PhaseDue, 0, "first ruling, 200000"}}},
		{"one vote, then one of the second panel", nil, []moment{disputed(1500), voted(1549, 2, 900_000), voted(1579, 6, 1)},
			around(1580, second(1580), due("fallback, 250000"))},
		{"no vote, then a quorum of the second panel", nil, []moment{disputed(1500), voted(1550, 5, 7), voted(1579, 6, 10)},
			around(1580, second(1580), due("appeal ruling, 8"))},
		{"no vote, then all of the second panel", nil, []moment{disputed(1500), voted(1550, 5, 7), voted(1551, 6, 10), voted(1552, 7, 9)},
			[]seen{{1552, escrow.PhaseDue, 0, "appeal ruling, 9"}}},
		{"a quorum at the deadline, not appealed", nil, []moment{disputed(1500), voted(1530, 2, 100_000), voted(1531, 3, 300_000)}, slices.Concat(
			around(1550, hearing, seen{phase: escrow.PhaseRuled, until: 1590}),
			around(1590, seen{phase: escrow.PhaseRuled, until: 1590}, due("first ruling, 200000")))},
		{"all votes, not appealed", nil, []moment{disputed(1500), voted(1530, 2, 100_000), voted(1531, 3, 300_000), voted(1533, 4, 0)},
			around(1573, seen{phase: escrow.PhaseRuled, until: 1573}, due("first ruling, 100000"))},
		{"all votes in the last second", nil, []moment{disputed(1500), voted(1530, 2, 0), voted(1531, 3, 0), voted(1549, 4, 0)},
			[]seen{{1549, escrow.PhaseRuled, 1589, ""}, {1550, escrow.PhaseRuled, 1589, ""}}},
		{"appealed, nobody votes", nil, []moment{disputed(1500), voted(1530, 2, 100_000), voted(1531, 3, 300_000), appealed(1589)}, // docs/contract-attacks.md D1
			around(1619, second(1619), due("first ruling, 200000"))},
		{"appealed, one vote", nil, []moment{disputed(1500), voted(1530, 2, 100_000), voted(1531, 3, 300_000), appealed(1560), voted(1589, 7, 900_000)},
			around(1590, second(1590), due("first ruling, 200000"))},
		{"appealed, a quorum", nil, []moment{disputed(1500), voted(1530, 2, 100_000), voted(1531, 3, 300_000), appealed(1560), voted(1560, 7, 900_000), voted(1561, 5, 700_000)},
			around(1590, second(1590), due("appeal ruling, 800000"))},
		{"appealed, all votes", nil,
			[]moment{disputed(1500), voted(1530, 2, 0), voted(1531, 3, 0), appealed(1560), voted(1560, 7, 900_000), voted(1561, 5, 700_000), voted(1562, 6, 0)},
			[]seen{{1562, escrow.PhaseDue, 0, "appeal ruling, 700000"}}},
		{"conceded", nil, []moment{disputed(1500), conceded(1501)}, []seen{{at: 1501, phase: ended.phase}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			terms := testTerms()
			// A second milestone keeps the trade going when the first one ends.
			terms.Milestones = append(terms.Milestones, escrow.Milestone{Amount: amount.Int(1), DeliverBy: 50_000})
			if tc.terms != nil {
				tc.terms(&terms)
			}
			w := play(t, terms, tc.history)
			for _, want := range tc.want {
				w.now = want.at
				trade := w.c.Trades[idOf(terms)]
				s := escrow.StandingOf(&terms, 0, &trade.Milestones[0], w.now)
				got := seen{at: w.now, phase: s.Phase, until: s.Until}
				if s.Due() {
					got.due = fmt.Sprintf("%s, %d", s.Outcome, s.SellerPpm)
				}
				if got != want {
					t.Errorf("got %+v, want %+v", got, want)
				}
				tryAll(t, w, terms, s.Phase)
			}
		})
	}
}

// play funds a trade of these terms and makes the calls of its history.
func play(t *testing.T, terms escrow.Terms, history []moment) *world {
	t.Helper()
	w := newWorld(shortLimits(), terms.FeeBps)
	w.bank.give(usdc, buyer, amount.Int(100_000))
	w.bank.give(usdc, seller, amount.Int(100_000))
	calls := append([]moment{
		{1000, func(terms escrow.Terms) escrow.Call { return escrow.CallOpen{Terms: terms, By: escrow.Seller} }},
		{1001, func(terms escrow.Terms) escrow.Call { return escrow.CallFund{Terms: terms} }},
	}, history...)
	for _, m := range calls {
		w.now = m.at
		call := m.call(terms)
		if _, err := w.do(signerOf(call), call); err != nil {
			t.Fatalf("%s at %d: %v", call.Function(), m.at, err)
		}
	}
	return w
}

// signerOf is who has to sign a call of a trade.
func signerOf(call escrow.Call) escrow.Address {
	at := func(t escrow.Terms, r escrow.Role) escrow.Address {
		who, _ := t.AddressOf(r)
		return who
	}
	switch c := call.(type) {
	case escrow.CallOpen:
		return at(c.Terms, c.By)
	case escrow.CallFund, escrow.CallRelease:
		return buyer
	case escrow.CallDeliver, escrow.CallRefund:
		return seller
	case escrow.CallDispute:
		return at(c.Terms, c.By)
	case escrow.CallAppeal:
		return at(c.Terms, c.By)
	case escrow.CallOffer:
		return at(c.Terms, c.By)
	case escrow.CallAcceptOffer:
		return at(c.Terms, c.By)
	case escrow.CallRule:
		return at(c.Terms, c.By)
	default:
		return ""
	}
}

// phases in which the page's table lets each action happen.
var allowed = map[string][]escrow.Phase{
	"deliver":      {0},
	"release":      {0, 1, 2, 3, 4, 5, 6, 7, 8},
	"release part": {0, 1, 2, 3},
	"refund":       {0, 1, 2, 3, 4, 5, 6, 7, 8},
	"refund part":  {0, 1, 2, 3},
	"dispute":      {0, 2},
	"offer":        {0, 2, 4, 5, 6, 7},
	"accept_offer": {0, 2, 4, 5, 6, 7},
	"evidence":     {4, 5, 6, 7},
	"rule":         {5},
	"rule appeal":  {7},
	"appeal":       {6},
	"settle":       {1, 3, 8},
}

// tryAll tries every action on milestone 0 and expects what the page's table says for the phase.
func tryAll(t *testing.T, w *world, terms escrow.Terms, phase escrow.Phase) {
	t.Helper()
	trade := w.c.Trades[idOf(terms)]
	left := trade.Milestones[0].Left
	whole, part := left, left.Minus(amount.Int(1))
	if phase == escrow.PhaseEnded {
		whole, part = amount.Int(1), amount.Int(1)
	}
	offer := escrow.CallOffer{Terms: terms, By: escrow.Buyer, Of: left, SellerAmount: part}
	actions := map[string]escrow.Call{
		"deliver":      escrow.CallDeliver{Terms: terms},
		"release":      escrow.CallRelease{Terms: terms, Amount: whole},
		"release part": escrow.CallRelease{Terms: terms, Amount: part},
		"refund":       escrow.CallRefund{Terms: terms, Amount: whole},
		"refund part":  escrow.CallRefund{Terms: terms, Amount: part},
		"dispute":      escrow.CallDispute{Terms: terms, By: escrow.Seller},
		"offer":        offer,
		"accept_offer": escrow.CallAcceptOffer{Terms: terms, By: escrow.Seller, Of: left, SellerAmount: part},
		"evidence":     escrow.CallEvidence{Terms: terms, By: escrow.Buyer},
		"rule":         escrow.CallRule{Terms: terms, By: free(&trade, terms, 2, 5), Rulings: []escrow.Ruling{{SellerPpm: 1}}},
		"rule appeal":  escrow.CallRule{Terms: terms, By: free(&trade, terms, 5, 8), Rulings: []escrow.Ruling{{SellerPpm: 1}}},
		"appeal":       escrow.CallAppeal{Terms: terms, By: escrow.Buyer},
		"settle":       escrow.CallSettle{Terms: terms, Milestones: []uint32{0}, Push: true},
	}
	for name, call := range actions {
		c := w.c
		if name == "accept_offer" {
			c = w.c.Clone()
			_, err := c.Apply(escrow.Env{Now: w.now, Signed: escrow.SignedBy(buyer), ID: idOf, Token: w.bank}, offer)
			if (err == nil) != slices.Contains(allowed["offer"], phase) {
				t.Errorf("at %d, %s: offer: %v", w.now, phase, err)
			}
		}
		_, err := c.Preview(w.now, idOf, call)
		want := escrow.Code(0)
		switch {
		case slices.Contains(allowed[name], phase):
		case (name == "release part" || name == "refund part") && phase.Disputed():
			want = escrow.ErrPartInDispute
		case name == "rule" && phase == escrow.PhaseAppealHearing, name == "rule appeal" && phase == escrow.PhaseHearing:
			want = escrow.ErrNotArbitrator
		case name == "rule appeal" && len(terms.AppealPanel.Arbitrators) == 0, name == "rule" && len(terms.Panel.Arbitrators) == 0:
			want = escrow.ErrNotArbitrator
		case name == "settle" && phase != escrow.PhaseEnded:
			want = escrow.ErrNotDue
		default:
			want = escrow.ErrWrongStage
		}
		if (want == 0) != (err == nil) || want != 0 && !errors.Is(err, want) {
			t.Errorf("at %d, %s: %s: got %v, want %v", w.now, phase, name, err, want)
		}
	}
}

// free is the first seat of first to end that has not voted on milestone 0 yet, or first.
func free(trade *escrow.Trade, terms escrow.Terms, first, end escrow.Role) escrow.Role {
	d := trade.Milestones[0].Dispute
	for r := first; d != nil && r < end; r++ {
		if !slices.ContainsFunc(d.Votes, func(v escrow.Vote) bool { return v.Role == r }) {
			return r
		}
	}
	return first
}

// TestFundByEdge tries what depends on fund_by, in every stage before funding.
func TestFundByEdge(t *testing.T) {
	terms := testTerms()
	for _, openedBy := range []escrow.Role{escrow.Buyer, escrow.Seller} {
		for _, agreed := range []bool{false, true} {
			for _, now := range []uint64{fundBy - 1, fundBy, fundBy + 1} {
				w := newWorld(shortLimits(), 0)
				w.bank.give(usdc, buyer, amount.Int(100_000))
				w.bank.give(usdc, seller, amount.Int(100_000))
				steps := []escrow.Call{escrow.CallOpen{Terms: terms, By: openedBy}, escrow.CallAccept{Terms: terms}}
				for i, call := range steps {
					who, _ := terms.AddressOf([]escrow.Role{openedBy, openedBy.Other()}[i])
					if _, err := w.do(who, call); err != nil {
						t.Fatal(err)
					}
					if !agreed {
						break
					}
				}
				before := now < fundBy
				check := func(call escrow.Call, want error) {
					t.Helper()
					if _, err := w.c.Preview(now, idOf, call); !errors.Is(err, want) {
						t.Errorf("opened by %d, agreed %v, at %d: %s: got %v, want %v", openedBy, agreed, now, call.Function(), err, want)
					}
				}
				when := func(ok bool, otherwise escrow.Code) error {
					if ok {
						return nil
					}
					return otherwise
				}
				by := escrow.Buyer
				check(escrow.CallAccept{Terms: terms}, when(before && !agreed, escrow.ErrWrongStage))
				check(escrow.CallFund{Terms: terms}, when(before && (agreed || openedBy == escrow.Seller), escrow.ErrWrongStage))
				check(escrow.CallCancel{Terms: terms, By: &by}, nil)
				check(escrow.CallCancel{Terms: terms}, when(!before, escrow.ErrNotDue))
				trade := w.c.Trades[idOf(terms)]
				strangers := escrow.Next(&terms, &trade, false, now, escrow.Nobody)
				if (len(strangers) == 1) == before {
					t.Errorf("opened by %d, agreed %v, at %d: a stranger can do %+v", openedBy, agreed, now, strangers)
				}
				other := terms
				other.Salt[0]++
				check(escrow.CallOpen{Terms: other, By: openedBy}, when(before, escrow.ErrFundByPast))
			}
		}
	}
}
