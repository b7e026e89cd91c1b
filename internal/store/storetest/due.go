package storetest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// dueMoves takes a trade through its clocks.
func dueMoves(t *testing.T, s Engine) {
	w := newWorld(t, s, contractA)
	tr := trade(contractA, 1) // two milestones, to be delivered by 5000, 50 s of inspection
	at := func(when string, want uint64) {
		t.Helper()
		all, err := s.Due(t.Context(), 1<<40, store.Due{}, 10)
		if err != nil {
			t.Fatal(err)
		}
		var due []store.Due
		if want != 0 {
			due = []store.Due{{At: want, Opened: tr.Opened.Event, Trade: tr.ID, Contract: contractA}}
		}
		same(t, when, all, due)
	}
	step := func(do func(*store.Trade)) {
		t.Helper()
		tr = tr.Clone()
		do(tr)
		w.apply(w.next(store.Change{Trade: tr, Milestones: []int{0, 1}}))
	}
	w.apply(w.next(every(tr)))
	at("opened", 0)
	step(func(tr *store.Trade) { tr.Stage = escrow.StageAgreed })
	at("agreed", 0)
	step(func(tr *store.Trade) {
		tr.Stage = escrow.StageFunded
		tr.Milestones[0].Left, tr.Milestones[1].Left = amount.Int(10), amount.Int(20)
	})
	at("funded", 5000)
	step(func(tr *store.Trade) { tr.Milestones[0].DeliveredAt = 4000 })
	at("one delivered", 4050)
	step(func(tr *store.Trade) {
		tr.Milestones[0].Dispute = &store.Dispute{By: escrow.Buyer, Since: 4010, Aside: [2]amount.Int128{amount.Int(1), amount.Int(0)}}
	})
	at("that one disputed", 4010+10+20)
	step(func(tr *store.Trade) {
		m := &tr.Milestones[0]
		m.Left, m.EndedAt, m.EndedBy = amount.Int(0), 4020, "split"
	})
	at("that one ended", 5000)
	step(func(tr *store.Trade) {
		m := &tr.Milestones[1]
		m.Left, m.EndedAt, m.EndedBy, tr.Stage, tr.EndedAt = amount.Int(0), 4900, "released", escrow.StageEnded, 4900
	})
	at("ended", 0)
}

// dueList compares the list with what the stored trades say, while many of them go on.
func dueList(t *testing.T, s Engine) {
	if err := s.Follow(t.Context(), Contract, Start); err != nil {
		t.Fatal(err)
	}
	most := 0
	for b := range (Workload{Seed: 9, Trades: 300, Together: 60, Events: 90}).Batches() {
		if err := s.Apply(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		most = max(most, checkDue(t, s))
	}
	if most < 20 {
		t.Errorf("only %d were due at the same time", most)
	}
}

// checkDue compares the list of what is due, in small pages and up to some time, with what the trades say. It returns how long the list is.
func checkDue(t *testing.T, s Engine) int {
	t.Helper()
	var want []store.Due
	if _, err := s.ReadState(t.Context(), func(tr *store.Trade) error {
		if at := tr.DueAt(); at != 0 {
			want = append(want, store.Due{At: at, Opened: tr.Opened.Event, Trade: tr.ID, Contract: tr.Contract})
		}
		return nil
	}, nil); err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(want, func(a, b store.Due) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Opened, b.Opened)) })
	same(t, "due", allDue(t, s, 1<<62), want)
	if len(want) > 0 {
		middle := want[len(want)/2].At
		n := len(want)
		for n > 0 && want[n-1].At > middle {
			n--
		}
		same(t, fmt.Sprint("due at ", middle), allDue(t, s, middle), want[:n])
	}
	return len(want)
}

func allDue(t *testing.T, s Engine, until uint64) (all []store.Due) {
	t.Helper()
	const limit = 7
	for after := (store.Due{}); ; after = all[len(all)-1] {
		page, err := s.Due(t.Context(), until, after, limit)
		if err != nil {
			t.Fatal(err)
		}
		if all = append(all, page...); len(page) < limit {
			return all
		}
	}
}

func tradesByID(t *testing.T, s Engine) {
	w := newWorld(t, s, contractA)
	var all []*store.Trade
	var ids []escrow.ID
	for n := range 9 {
		all = append(all, full(n))
		w.apply(w.next(every(all[n])))
	}
	for _, n := range []int{7, 2, 4, 7} {
		ids = append(ids, all[n].ID, escrow.ID{byte(n)}) // every other one is not stored
	}
	got, err := s.TradesByID(t.Context(), ids)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "trades", got, []store.Trade{*all[2], *all[4], *all[7]})
	for _, none := range [][]escrow.ID{nil, {{9}}} {
		if got, err := s.TradesByID(t.Context(), none); err != nil || len(got) != 0 {
			t.Errorf("of %d unknown: %d trades, %v", len(none), len(got), err)
		}
	}
	if got, err := s.TradesByID(t.Context(), make([]escrow.ID, store.MaxPage)); err != nil || len(got) != 0 {
		t.Errorf("a whole page: %d trades, %v", len(got), err)
	}
	if _, err := s.TradesByID(t.Context(), make([]escrow.ID, store.MaxPage+1)); !errors.Is(err, store.ErrLimit) {
		t.Errorf("more than a page: %v, want ErrLimit", err)
	}
}

// feedAlone has notes of the platform's own, before anything is followed and between batches.
func feedAlone(t *testing.T, s Engine) {
	w := &world{t: t, s: s, at: map[string]store.EventID{}, ledger: 10}
	note := func(head feed.Head, kind string) store.Batch {
		e, err := head.Next(feed.Note{Kind: kind})
		if err != nil {
			t.Fatal(err)
		}
		return store.Batch{Feed: []feed.Entry{e}}
	}
	first := note(w.head, "one")
	w.apply(first)
	head := w.head
	w = newWorld(t, s, contractA)
	w.head = head
	w.apply(w.next(every(trade(contractA, 1))))
	w.apply(note(w.head, "two"))
	want := read(t, s)
	if len(want.Feed) != 3 || len(want.Trades) != 1 || want.Contracts[0].Position != w.at[contractA] {
		t.Errorf("%d entries, %d trades, %+v", len(want.Feed), len(want.Trades), want.Contracts)
	}
	for what, b := range map[string]store.Batch{"the first again": first, "one that follows another": note(feed.Head{Seq: 3}, "three")} {
		if err := s.Apply(t.Context(), b); !errors.Is(err, store.ErrMoved) {
			t.Errorf("%s: %v, want ErrMoved", what, err)
		}
	}
	b := note(w.head, "three")
	b.Trades = []store.Change{every(trade(contractA, 2))}
	if err := s.Apply(t.Context(), b); err == nil {
		t.Error("a trade without a move was accepted")
	}
	same(t, "after what was refused", read(t, s), want)
}
