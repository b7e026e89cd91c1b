package escrow_test

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"pgregory.net/rapid"
)

// What must hold of the random trades: of each call (try), at any time (check), and in the end (everybodyGone).

// try makes a call and checks what must hold of this one.
func (m *machine) try(t *rapid.T, who escrow.Address, call escrow.Call) (escrow.Result, error) {
	before, held := m.c.Clone(), m.bank.snapshot()
	result, err := m.do(who, call)
	if err != nil {
		var code escrow.Code
		if !errors.As(err, &code) && !errors.Is(err, escrow.ErrUnauthorized) {
			t.Fatalf("%s: an error that is no refusal: %v", call.Function(), err)
		}
		if !reflect.DeepEqual(m.c, before) || !maps.Equal(m.bank.held, held) {
			t.Fatalf("%s was refused (%v) and changed something", call.Function(), err)
		}
		if errors.Is(err, escrow.ErrUnauthorized) {
			m.happened["unauthorized"]++
		} else {
			m.happened["refused"]++
		}
		return result, err
	}
	if result.Signer != "" && result.Signer != who {
		t.Fatalf("%s was signed by %q and asked for %q", call.Function(), who, result.Signer)
	}
	if old, ok := before.Trades[result.Trade]; ok && old.Stage >= escrow.StageEnded {
		_, claim := call.(escrow.CallClaim)
		_, extend := call.(escrow.CallExtend)
		if !claim && !extend {
			t.Fatalf("an %s trade took %s", old.Stage, call.Function())
		}
	}
	m.happened[call.Function()]++
	m.account(t, before, result, call)
	m.hearings(t, result)
	return result, nil
}

// account checks the money of one call: what came in is owed or went out, and nothing else moved.
func (m *machine) account(t *rapid.T, before *escrow.Contract, r escrow.Result, call escrow.Call) {
	if r.Asset == "" {
		return
	}
	want := before.Owed[r.Asset].Total
	if r.Deposit != nil {
		want = want.Plus(r.Deposit.Amount)
	}
	for _, p := range r.Payouts {
		if !p.Parked {
			want = want.Minus(p.Amount)
		}
		if p.Amount.Sign() <= 0 {
			t.Fatalf("%s paid %s", call.Function(), p)
		}
	}
	if got := m.c.Owed[r.Asset].Total; got != want {
		t.Fatalf("%s: owed %s, want %s", call.Function(), got.Units(), want.Units())
	}
	m.booked[r.Asset] = m.booked[r.Asset].Plus(r.Fee)
	if _, ok := call.(escrow.CallCollect); ok {
		m.booked[r.Asset] = m.booked[r.Asset].Minus(r.Payouts[0].Amount)
	}
}

// hearings follows the votes by the events' word: a ruling by three or more lies between the second lowest and the second highest vote (docs/contract-attacks.md E11).
func (m *machine) hearings(t *rapid.T, r escrow.Result) {
	for _, e := range r.Events {
		m.happened["event "+e.EventName()]++
		switch e := e.(type) {
		case escrow.Voted:
			key := fmt.Sprint(r.Trade, e.Milestone, e.By >= m.firstAppealSeat(r.Trade))
			m.votes[key] = append(m.votes[key], e.SellerPpm)
			if len(m.votes[key]) != int(e.Votes) {
				t.Fatalf("event says %d votes, there were %d", e.Votes, len(m.votes[key]))
			}
		case escrow.Ruled:
			m.central(t, m.votes[fmt.Sprint(r.Trade, e.Milestone, e.Phase == escrow.PhaseAppealHearing)], e.SellerPpm)
		case escrow.Settled:
			m.happened[e.Outcome.String()]++
			if e.Outcome != escrow.OutcomeFirstRuling && e.Outcome != escrow.OutcomeAppealRuling {
				continue
			}
			votes := m.votes[fmt.Sprint(r.Trade, e.Milestone, e.Outcome == escrow.OutcomeAppealRuling)]
			left := e.SellerAmount.Plus(e.BuyerAmount)
			lowest, highest := bounds(votes)
			if e.SellerAmount.Less(partOf(left, lowest)) || partOf(left, highest).Less(e.SellerAmount) {
				t.Fatalf("%s of %s by the votes %v", e.SellerAmount.Units(), left.Units(), votes)
			}
		}
	}
}

func (m *machine) firstAppealSeat(id escrow.ID) escrow.Role {
	for _, terms := range m.trades {
		if idOf(terms) == id {
			return escrow.FirstSeat + escrow.Role(len(terms.Panel.Arbitrators))
		}
	}
	return 0
}

func (m *machine) central(t *rapid.T, votes []uint32, ruling uint32) {
	if lowest, highest := bounds(votes); ruling < lowest || ruling > highest {
		t.Fatalf("the votes %v ruled %d", votes, ruling)
	}
}

// bounds are the votes that a ruling lies between: of three or more the second lowest and the second highest.
func bounds(votes []uint32) (lowest, highest uint32) {
	sorted := slices.Sorted(slices.Values(votes))
	if len(sorted) >= 3 {
		sorted = sorted[1 : len(sorted)-1]
	}
	return sorted[0], sorted[len(sorted)-1]
}

func partOf(left amount.Int128, ppm uint32) amount.Int128 {
	return left.MulDiv(amount.Int(int64(ppm)), amount.Int(1_000_000))
}

// check is what must hold at any time.
func (m *machine) check(t *rapid.T) {
	for asset, supply := range m.supply {
		if got := m.bank.supply(asset); got != supply {
			t.Fatalf("%s: %s units exist, there were %s", asset, got.Units(), supply.Units())
		}
		owed := m.c.Owed[asset]
		sum := owed.Fees
		for _, terms := range m.trades {
			if trade := m.c.Trades[idOf(terms)]; terms.Asset == asset {
				sum = sum.Plus(trade.Holds())
			}
		}
		if owed.Total != sum {
			t.Fatalf("%s: owed %s, trades and fees are %s", asset, owed.Total.Units(), sum.Units())
		}
		if owed.Fees != m.booked[asset] {
			t.Fatalf("%s: fees %s, booked were %s", asset, owed.Fees.Units(), m.booked[asset].Units())
		}
		if held := m.bank.has(asset, us); held != owed.Total {
			t.Fatalf("%s: %s held, %s owed", asset, held.Units(), owed.Total.Units())
		}
	}
	for id, trade := range m.c.Trades {
		checkShape(t, id, &trade)
	}
	for i := range m.trades {
		if trade, opened := m.c.Trades[idOf(m.trades[i])]; opened {
			checkDueAt(t, &m.trades[i], &trade, m.now)
		}
	}
}

// checkDueAt holds the time at which something falls due against the phases: not a second before it, and then something is.
func checkDueAt(t *rapid.T, terms *escrow.Terms, trade *escrow.Trade, now uint64) {
	due := func(at uint64) bool {
		for i := range trade.Milestones {
			if s := escrow.StandingOf(terms, i, &trade.Milestones[i], at); s.Due() {
				return true
			}
		}
		return false
	}
	switch at := escrow.DueAt(terms, trade); {
	case (at != 0) != (trade.Stage == escrow.StageFunded):
		t.Fatalf("%s: due at %d", trade.Stage, at)
	case at == 0:
	case at <= now:
		if !due(now) {
			t.Fatalf("due at %d, and at %d nothing is", at, now)
		}
	case due(now) || due(at-1) || !due(at):
		t.Fatalf("due at %d: now (%d) %v, a second before %v, then %v", at, now, due(now), due(at-1), due(at))
	}
}

// checkShape checks what a trade's value promises its readers.
func checkShape(t *rapid.T, id escrow.ID, trade *escrow.Trade) {
	if (trade.Stage == escrow.StageFunded) != (len(trade.Milestones) > 0) {
		t.Fatalf("%s: %s with %d milestones", id, trade.Stage, len(trade.Milestones))
	}
	for i, p := range trade.Parked {
		if p.Amount.Sign() <= 0 || i > 0 && trade.Parked[i-1].Role >= p.Role {
			t.Fatalf("%s: parked %v", id, trade.Parked)
		}
	}
	alive := 0
	for i, m := range trade.Milestones {
		if m.Left.Sign() > 0 {
			alive++
		} else if !reflect.DeepEqual(m, escrow.MilestoneState{}) {
			t.Fatalf("%s: ended milestone %d is %+v", id, i, m)
		}
		for _, o := range m.Offers {
			if o != nil && o.Of != m.Left {
				t.Fatalf("%s: an offer of %s is kept, %s is left", id, o.Of.Units(), m.Left.Units())
			}
		}
	}
	if trade.Stage == escrow.StageFunded && alive == 0 {
		t.Fatalf("%s: funded, and no milestone is left", id)
	}
	if trade.Stage >= escrow.StageEnded && (trade.Bonds != [2]amount.Int128{}) {
		t.Fatalf("%s: %s with bonds %v", id, trade.Stage, trade.Bonds)
	}
}

// everybodyGone lets a stranger alone end every trade, without a signature, at its last deadline, while every transfer fails; when the token works again, the
// stranger pushes everything to its owner and the fees to their receiver, and the contract owes nothing.
func (m *machine) everybodyGone(t *rapid.T) {
	m.bank.frozen = true
	for _, terms := range m.trades {
		trade, opened := m.c.Trades[idOf(terms)]
		if !opened || trade.Stage >= escrow.StageEnded {
			continue
		}
		m.now = max(m.now, terms.LastDeadline())
		var err error
		if trade.Stage == escrow.StageFunded {
			_, err = m.try(t, "", escrow.CallSettle{Terms: terms, Milestones: unended(&trade)})
		} else {
			_, err = m.try(t, "", escrow.CallCancel{Terms: terms})
		}
		if err != nil {
			t.Fatalf("nobody could end a trade at its last deadline: %v", err)
		}
		m.check(t)
		if trade := m.c.Trades[idOf(terms)]; trade.Stage < escrow.StageEnded {
			t.Fatalf("the trade is still %s", trade.Stage)
		}
	}
	m.bank.frozen, m.bank.blocked = false, map[escrow.Address]bool{}
	for _, terms := range m.trades {
		trade := m.c.Trades[idOf(terms)]
		for _, p := range trade.Parked {
			owner, _ := terms.AddressOf(p.Role)
			if _, err := m.try(t, "", escrow.CallClaim{Terms: terms, Role: p.Role, To: owner, Amount: p.Amount}); err != nil {
				t.Fatalf("nobody could push %s units to %s: %v", p.Amount.Units(), owner, err)
			}
		}
	}
	for asset := range m.supply {
		_, err := m.try(t, "", escrow.CallCollect{Asset: asset})
		if err != nil && !errors.Is(err, escrow.ErrNothingToCollect) {
			t.Fatalf("nobody could collect: %v", err)
		}
		if owed := m.c.Owed[asset]; owed != (escrow.Owed{}) {
			t.Fatalf("%s: still owed %s", asset, owed.Total.Units())
		}
	}
	m.check(t)
}

func unended(trade *escrow.Trade) []uint32 {
	var out []uint32
	for i, m := range trade.Milestones {
		if m.Left.Sign() > 0 {
			out = append(out, uint32(i))
		}
	}
	return out
}
