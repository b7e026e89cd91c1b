package costs

import (
	"fmt"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/settings"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// largest is the largest trade there is. Each of its disputes is a deposit, since the others go on.
var largest = deal{name: "largest", milestones: 20, each: 50 * usdc, panel: 7, bond: 20 * 7 * usdc, fee: 7 * usdc}

// TestLargest takes the largest trade through a dispute of every milestone, with two hearings in which everybody votes.
func TestLargest(t *testing.T) {
	w := newWorld(t)
	l := &list{world: w, cast: w.people("largest", largest.panel)}
	sponsor := w.account("sponsor")
	l.agreed("before", deal{milestones: 1, each: usdc})

	terms := w.terms(l.cast, largest)
	all := make([]uint32, largest.milestones)
	for i := range all {
		all[i] = uint32(i)
	}
	rulings := func(ppm uint32) (list []escrow.Ruling) {
		for _, m := range all {
			list = append(list, escrow.Ruling{Milestone: m, SellerPpm: ppm})
		}
		return list
	}
	vote := func(panel string, first int, ppm uint32) {
		for seat := range largest.panel {
			by := escrow.FirstSeat + escrow.Role(first+seat)
			c := l.call(l.of(by), escrow.CallRule{Terms: terms, By: by, Rulings: rulings(ppm), Hash: hashed("ruling")})
			if seat == largest.panel-1 {
				l.did(fmt.Sprintf("`rule` on all 20, the last of the %s panel", panel), c)
			}
		}
	}
	l.party("`open` by the seller", escrow.Seller, escrow.CallOpen{Terms: terms, By: escrow.Seller})
	other := largest
	other.name = "sponsored"
	l.did("`open`, sent and paid by somebody else", w.sponsored(sponsor, l.seller, escrow.CallOpen{Terms: w.terms(l.cast, other), By: escrow.Seller}))
	l.party("`fund`", escrow.Buyer, escrow.CallFund{Terms: terms})
	for _, m := range all {
		c := l.call(l.buyer, escrow.CallDispute{Terms: terms, By: escrow.Buyer, Milestone: m, Reason: hashed("reason")})
		if m == all[len(all)-1] {
			l.did("`dispute` of the last", c)
		}
	}
	w.advance(offers)
	vote("first", 0, 600_000)
	for _, m := range all {
		c := l.call(l.seller, escrow.CallAppeal{Terms: terms, By: escrow.Seller, Milestone: m})
		if m == all[len(all)-1] {
			l.did("`appeal` of the last", c)
		}
	}
	vote("second", largest.panel, 500_000)
	votes := w.entryBytes(terms)
	settled := l.party("`settle` of all 20, 16 payouts", escrow.Buyer, escrow.CallSettle{Terms: terms, Milestones: all, Push: true})
	mark := w.entryBytes(terms)
	if ended := w.trade(terms); ended.Stage != escrow.StageEnded || len(ended.Parked) != 0 {
		t.Fatalf("settled, the trade is in stage %d, parked are %v", ended.Stage, ended.Parked)
	}
	receivers := settled.diskReads
	if want := 2 + 2*largest.panel; receivers != want {
		t.Fatalf("%d trustlines were paid, want %d", receivers, want)
	}

	silent := l.mostlySilent(all)

	p := newSection(t, "The largest trade")
	p.para("20 milestones, two panels of seven, every milestone disputed, appealed, and voted on by all 14 arbitrators, who are, as both parties, accounts with trustlines. Each vote is on all 20 milestones in one transaction: more there are not. "+
		"With 280 votes the trade's entry has %s bytes, ended %s.", n(votes), n(mark))
	p.table(columns, rows(l.steps))
	p.para("*Mostly silent*: each arbitrator votes on one or two of the 20 only, no hearing has a quorum, and each milestone's settlement tells of 13 silent seats while all 16 people are paid: no `settle` has more events. "+
		"They have %s bytes, and the network lets a transaction have %s. Without payouts, which are then parked, they have %s.", n(silent.pushed), n(w.net.Settings().Limits.TxEventBytes), n(silent.parked))
	p.para("The same as parts of what the main network lets one transaction have, in per cent. What a transaction declares counts, where it declares something; no part may be above 100.")
	header, parts := shares(t, w.net.Settings().Limits, l.steps)
	p.table(header, parts)
	p.check()
}

// silence is the bytes of events that the settlement of a mostly silent trade has, with payouts and without.
type silence struct{ pushed, parked int }

// mostlySilent is the dispute whose settlement has the most events: every arbitrator is paid for some milestone, and silent on most, so that the clock
// calls the second panel on each and the fallback ends it.
func (l *list) mostlySilent(all []uint32) (s silence) {
	l.t.Helper()
	d := largest
	d.name = "silent"
	terms := l.agreed(d.name, d)
	for _, m := range all {
		l.call(l.buyer, escrow.CallDispute{Terms: terms, By: escrow.Buyer, Milestone: m, Reason: hashed("reason")})
	}
	hear := func(first int) {
		for seat := range largest.panel {
			var some []escrow.Ruling
			for _, m := range all {
				if int(m)%(2*largest.panel) == first+seat {
					some = append(some, escrow.Ruling{Milestone: m, SellerPpm: 600_000})
				}
			}
			by := escrow.FirstSeat + escrow.Role(first+seat)
			l.call(l.of(by), escrow.CallRule{Terms: terms, By: by, Rulings: some, Hash: hashed("ruling")})
		}
	}
	l.advance(offers)
	hear(0)
	l.advance(ruling)
	hear(largest.panel)
	l.advance(ruling)
	limit := int(l.net.Settings().Limits.TxEventBytes)
	settle := func(some []uint32, push bool) escrow.CallSettle {
		return escrow.CallSettle{Terms: terms, Milestones: some, Push: push}
	}
	s.pushed, s.parked = l.eventBytes(settle(all, true)), l.eventBytes(settle(all, false))
	for how, bytes := range map[string]int{"with payouts": s.pushed, "without payouts": s.parked} {
		if bytes > limit {
			l.t.Errorf("settled %s, 20 milestones have %d bytes of events, above the main network's limit of %d", how, bytes, limit)
		}
	}
	c := l.party("`settle` of all 20, mostly silent", escrow.Buyer, settle(all, true))
	if c.diskReads != 2+2*largest.panel {
		l.t.Fatalf("%d trustlines were paid, want those of all", c.diskReads)
	}
	return s
}

// eventBytes is what a call's events and result would take, by a simulation, which knows no limit of them.
func (w *world) eventBytes(call escrow.Call) (sum int) {
	w.t.Helper()
	args := w.tree(call).Call
	t, err := stellar.Invoke(stellar.Envelope{NotAfter: w.now() + 180, InclusionFee: stellar.MinInclusionFee}, args)
	if err != nil {
		w.t.Fatal(err)
	}
	out := w.simulate(t, hostCall(args), nil)
	parts := []interface{ MarshalBinary() ([]byte, error) }{out.Value}
	for _, e := range out.Events {
		parts = append(parts, e)
	}
	for _, p := range parts {
		raw, err := p.MarshalBinary()
		if err != nil {
			w.t.Fatal(err)
		}
		sum += len(raw)
	}
	return sum
}

// entryBytes is the size of a trade's entry in the ledger, its key and framing with it.
func (w *world) entryBytes(terms escrow.Terms) int {
	w.t.Helper()
	e, _ := w.entry(w.tradeKey(terms))
	raw, err := e.MarshalBinary()
	if err != nil {
		w.t.Fatal(err)
	}
	return len(raw)
}

// shares says what part of each of the network's limits the transactions take. A part above the whole fails the test.
func shares(t *testing.T, l settings.Limits, steps []step) (header []string, rows [][]string) {
	t.Helper()
	limits := []struct {
		name  string
		limit int64
		of    func(cost) int64
	}{
		{"instructions", l.TxInstructions, func(c cost) int64 { return int64(c.declared.Instructions) }},
		{"memory", int64(l.TxMemoryBytes), func(c cost) int64 { return int64(c.memory) }},
		{"entries in the footprint", int64(l.TxFootprintEntries), func(c cost) int64 {
			return int64(len(c.declared.Footprint.ReadOnly) + len(c.declared.Footprint.ReadWrite))
		}},
		{"entries from disk", int64(l.TxDiskReadEntries), func(c cost) int64 { return int64(c.diskReads) }},
		{"bytes from disk", int64(l.TxDiskReadBytes), func(c cost) int64 { return int64(c.declared.DiskReadBytes) }},
		{"entries to write", int64(l.TxWriteEntries), func(c cost) int64 { return int64(len(c.declared.Footprint.ReadWrite)) }},
		{"bytes to write", int64(l.TxWriteBytes), func(c cost) int64 { return int64(c.declared.WriteBytes) }},
		{"events and result, B", int64(l.TxEventBytes), func(c cost) int64 { return int64(c.eventBytes) }},
		{"transaction, B", int64(l.TxBytes), func(c cost) int64 { return int64(c.size) }},
	}
	header, whole := []string{"call"}, []string{"the limit"}
	for _, m := range limits {
		header, whole = append(header, m.name), append(whole, n(m.limit))
	}
	rows = append(rows, whole)
	for _, s := range steps {
		row := []string{s.name}
		for _, m := range limits {
			used := m.of(s.cost)
			if used > m.limit {
				t.Errorf("%s: %s: %d, above the main network's limit of %d", s.name, m.name, used, m.limit)
			}
			row = append(row, percent(used, m.limit))
		}
		rows = append(rows, row)
	}
	return header, rows
}
