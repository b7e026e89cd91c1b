package storetest

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

func networkOnce(t *testing.T, s Engine) {
	ctx := t.Context()
	if _, err := s.Network(ctx); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an empty store's network: %v, want ErrNotFound", err)
	}
	if err := s.Mark(ctx, store.Ledger{Seq: 9}); !errors.Is(err, store.ErrMoved) {
		t.Errorf("a mark without a network: %v, want ErrMoved", err)
	}
	first := store.Ledger{Seq: 7, Hash: hashOf("first")}
	if err := s.SetNetwork(ctx, "Test Net ; 2026", first); err != nil {
		t.Fatal(err)
	}
	if err := s.SetNetwork(ctx, "another", first); !errors.Is(err, store.ErrMoved) {
		t.Errorf("a second network: %v, want ErrMoved", err)
	}
	mark := store.Ledger{Seq: 9, Hash: hashOf("mark")}
	if err := s.Mark(ctx, mark); err != nil {
		t.Error(err)
	}
	for _, seq := range []uint32{9, 8, 1} {
		if err := s.Mark(ctx, store.Ledger{Seq: seq, Hash: hashOf("x")}); !errors.Is(err, store.ErrMoved) {
			t.Errorf("mark %d after 9: %v, want ErrMoved", seq, err)
		}
	}
	got, err := s.Network(ctx)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "network", got, store.Network{Passphrase: "Test Net ; 2026", First: first, Mark: mark})
}

func contractsStart(t *testing.T, s Engine) {
	ctx := t.Context()
	for range 2 {
		if err := s.Follow(ctx, contractA, 5); err != nil {
			t.Errorf("follow: %v", err)
		}
	}
	if err := s.Follow(ctx, contractA, 6); !errors.Is(err, store.ErrMoved) {
		t.Errorf("another start: %v, want ErrMoved", err)
	}
	if err := s.Follow(ctx, contractB, 0); err == nil {
		t.Error("start ledger 0 was accepted")
	}
	got, err := s.Contracts(ctx, "", 10)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "contracts", got, []store.Contract{{ID: contractA, Start: 5, Position: store.EndOfLedger(4)}})
}

func contractsPaged(t *testing.T, s Engine) {
	var want []string
	for i := range 7 {
		id := fmt.Sprint("C", i)
		want = append(want, id)
		if err := s.Follow(t.Context(), id, math.MaxInt32); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for after := ""; ; {
		page, err := s.Contracts(t.Context(), after, 3)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, c := range page {
			got = append(got, c.ID)
		}
		after = got[len(got)-1]
	}
	same(t, "contracts", got, want)
}

func contractsDropped(t *testing.T, s Engine) {
	ctx := t.Context()
	w := newWorld(t, s, contractA, contractB)
	w.apply(w.next(every(trade(contractA, 1)), every(trade(contractB, 2))))
	before := read(t, s)
	dropped := func() (ids []string) {
		t.Helper()
		all, err := s.Contracts(ctx, "", 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range all {
			if c.Dropped {
				ids = append(ids, c.ID)
			}
		}
		return ids
	}
	for _, step := range []struct {
		only, want []string
	}{{[]string{contractA}, []string{contractB}}, {[]string{contractA}, []string{contractB}}, {[]string{contractB}, []string{contractA}}, {[]string{contractB, contractA}, nil}} {
		if err := s.FollowOnly(ctx, step.only); err != nil {
			t.Fatal(err)
		}
		same(t, "dropped contracts", dropped(), step.want)
	}
	same(t, "what is stored", read(t, s), before)

	// A transaction is projected when all contracts that are followed are there.
	tx := transaction(1)
	tx.State, tx.Ledger = store.TransactionIncluded, w.at[contractA].Ledger()+1
	if err := s.AddTransaction(ctx, tx); err != nil {
		t.Fatal(err)
	}
	if err := s.FollowOnly(ctx, []string{contractA}); err != nil {
		t.Fatal(err)
	}
	w.apply(store.Batch{Moves: []store.Move{{Contract: contractA, From: w.at[contractA], To: store.EndOfLedger(tx.Ledger), At: 9}}})
	got, err := s.Transaction(ctx, tx.Hash)
	if err != nil || got.State != store.TransactionProjected {
		t.Errorf("the transaction is %s, %v: it waits for a contract that nobody follows", got.State, err)
	}
}

// everything is all that a batch can change.
type everything struct {
	Contracts []store.Contract
	Events    []store.Event
	Trades    []store.Trade
	Feed      []feed.Entry
	Unread    []store.Event
	Payouts   []paid
}

func read(t *testing.T, s Engine) (all everything) {
	t.Helper()
	ctx := t.Context()
	var errs [5]error
	all.Contracts, errs[0] = s.Contracts(ctx, "", store.MaxPage)
	all.Events, errs[1] = s.Events(ctx, store.EventFilter{Page: store.Page{Limit: store.MaxPage}})
	all.Trades, errs[2] = s.Trades(ctx, store.TradeFilter{Page: store.Page{Limit: store.MaxPage}})
	all.Feed, errs[3] = s.FeedEntries(ctx, 0, store.MaxPage)
	all.Unread, errs[4] = s.Unread(ctx, "", store.MaxPage)
	if err := errors.Join(errs[:]...); err != nil {
		t.Fatal(err)
	}
	all.Payouts = allPaid(t, s)
	return all
}

func batchWhole(t *testing.T, s Engine) {
	w := newWorld(t, s, contractA, contractB)
	one, two := trade(contractA, 1), trade(contractB, 2)
	b := w.next(every(one), every(two))
	b.Trades[0].Payouts = []store.Payout{payout(b.Events[0].ID, 1, "G", 3)}
	w.apply(b)
	got := read(t, s)
	same(t, "events", got.Events, b.Events)
	same(t, "trades", got.Trades, []store.Trade{*one, *two})
	same(t, "payouts", got.Payouts, []paid{{one.Opened.Event, b.Trades[0].Payouts[0]}})
	same(t, "positions", got.Contracts, []store.Contract{
		{ID: contractA, Start: 5, Position: store.EndOfLedger(11), At: 55}, {ID: contractB, Start: 5, Position: store.EndOfLedger(11), At: 55},
	})
	var head feed.Head
	for _, e := range got.Feed {
		if err := head.Check(e); err != nil {
			t.Error(err)
		}
		head = e.Head()
	}
	stored, err := s.FeedHead(t.Context())
	if err != nil || stored != head || stored.Seq != 2 {
		t.Errorf("the feed's head is %v (%v), want entry 2: %v", stored, err, head)
	}
}

func batchTwice(t *testing.T, s Engine) {
	w := newWorld(t, s, contractA)
	var all []store.Batch
	for n := range 3 {
		b := w.next(every(trade(contractA, n)))
		w.apply(b)
		all = append(all, b)
	}
	want := read(t, s)
	for i, b := range all {
		if err := s.Apply(t.Context(), b); !errors.Is(err, store.ErrMoved) {
			t.Errorf("batch %d again: %v, want ErrMoved", i, err)
		}
	}
	same(t, "after applying all again", read(t, s), want)
}

func batchFlawed(t *testing.T, s Engine) {
	w := newWorld(t, s, contractA)
	known := trade(contractA, 1)
	w.apply(w.next(every(known)))
	want := read(t, s)
	moved := []error{store.ErrMoved}
	for _, c := range []struct {
		name string
		do   func(*store.Batch)
		want []error // one of them; none for any
	}{
		{"another position", func(b *store.Batch) { b.Moves[0].From = store.EndOfLedger(3) }, moved},
		{"an unknown contract", func(b *store.Batch) {
			b.Moves = append(b.Moves, store.Move{Contract: "nobody", From: store.EndOfLedger(1), To: store.EndOfLedger(2)})
		}, moved},
		{"a position that goes back", func(b *store.Batch) { b.Moves[0].To = store.EndOfLedger(1) }, nil},
		{"a position that is none", func(b *store.Batch) { b.Moves[0].To = "zzzz" }, nil},
		{"nothing moved", func(b *store.Batch) { b.Moves = nil }, nil},
		{"an event outside the move", func(b *store.Batch) { b.Events[0].ID = idAt(4000, 0) }, nil},
		{"an event before the move", func(b *store.Batch) { b.Events[0].ID = idAt(11, 0) }, nil},
		{"an event of another contract", func(b *store.Batch) { b.Events[0].Contract = contractB }, nil},
		{"an event twice", func(b *store.Batch) { b.Events = append(b.Events, b.Events[0]) }, nil},
		{"another head of the feed", func(b *store.Batch) {
			e, err := feed.Head{Seq: 1, Hash: hashOf("x")}.Next(feed.Note{Kind: "opened"})
			if err != nil {
				t.Fatal(err)
			}
			b.Feed = []feed.Entry{e}
		}, []error{store.ErrMoved, feed.ErrChain}},
		{"an entry with another hash", func(b *store.Batch) { b.Feed[0].Hash[0]++ }, []error{store.ErrMoved, feed.ErrChain}},
		{"a hole in the feed", func(b *store.Batch) { b.Feed = append(b.Feed, b.Feed[0]) }, []error{store.ErrMoved, feed.ErrChain}},
		{"an amount beyond 64 bits", func(b *store.Batch) {
			b.Trades[0].Milestones = []int{0}
			b.Trades[0].Trade.Milestones[0].Left = amount.MaxInt128()
		}, nil},
		{"a payout of nothing", func(b *store.Batch) { b.Trades[0].Payouts = []store.Payout{payout(b.Events[0].ID, 1, "G", 0)} }, nil},
		{"a payout twice", func(b *store.Batch) {
			p := payout(b.Events[0].ID, 1, "G", 1)
			b.Trades[0].Payouts = []store.Payout{p, p}
		}, nil},
		{"payouts out of order", func(b *store.Batch) {
			b.Trades[0].Payouts = []store.Payout{payout(b.Events[0].ID, 1, "G", 1), payout(b.Events[0].ID, 0, "G", 1)}
		}, nil},
		{"a payout by no event", func(b *store.Batch) { b.Trades[0].Payouts = []store.Payout{payout("x", 1, "G", 1)} }, nil},
		{"a trade of a contract that is not followed", func(b *store.Batch) { b.Trades[0].Trade = trade("nobody", 9) }, nil},
	} {
		b := w.next(every(trade(contractA, 2)))
		c.do(&b)
		err := s.Apply(t.Context(), b)
		if err == nil {
			t.Errorf("%s: accepted", c.name)
		}
		if len(c.want) > 0 && !slices.ContainsFunc(c.want, func(e error) bool { return errors.Is(err, e) }) {
			t.Errorf("%s: %v, want one of %v", c.name, err, c.want)
		}
		same(t, c.name, read(t, s), want)
	}
	w.apply(w.next(every(trade(contractA, 2)))) // the same without a flaw
}

func batchRace(t *testing.T, s Engine) {
	w := newWorld(t, s, contractA)
	for n := range 20 {
		b := w.next(every(trade(contractA, n)))
		var errs [4]error
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() { errs[i] = s.Apply(t.Context(), b) })
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			switch {
			case err == nil:
				won++
			case !errors.Is(err, store.ErrMoved):
				t.Errorf("batch %d: %v, want ErrMoved", n, err)
			}
		}
		if won != 1 {
			t.Errorf("batch %d was stored %d times", n, won)
		}
		w.at[contractA], w.head = b.Moves[0].To, b.Feed[0].Head()
	}
	if got := read(t, s); len(got.Events) != 20 || len(got.Feed) != 20 || len(got.Trades) != 20 {
		t.Errorf("%d events, %d entries, %d trades, want 20 each", len(got.Events), len(got.Feed), len(got.Trades))
	}
}

func emptyPage(t *testing.T, s Engine) {
	w := newWorld(t, s, contractA, contractB)
	w.apply(w.next())
	// One contract may move alone, within a ledger, and without a known time.
	if err := s.Apply(t.Context(), store.Batch{Moves: []store.Move{{Contract: contractA, From: store.EndOfLedger(11), To: idAt(12, 4)}}}); err != nil {
		t.Fatal(err)
	}
	got := read(t, s)
	same(t, "positions", got.Contracts, []store.Contract{
		{ID: contractA, Start: 5, Position: idAt(12, 4), At: 55}, {ID: contractB, Start: 5, Position: store.EndOfLedger(11), At: 55},
	})
}

func gapKept(t *testing.T, s Engine) {
	w := newWorld(t, s, contractA, contractB)
	entry, err := w.head.Next(feed.Note{Kind: feed.KindGap, Contract: contractA})
	if err != nil {
		t.Fatal(err)
	}
	b := store.Batch{Gaps: []store.Gap{{Contract: contractA, Oldest: 90}}, Feed: []feed.Entry{entry}}
	w.apply(b)
	got := read(t, s)
	if got.Contracts[0].GapOldest != 90 || got.Contracts[1].GapOldest != 0 || got.Contracts[0].Position != store.EndOfLedger(4) || len(got.Feed) != 1 {
		t.Errorf("in the gap: %+v, %d entries", got.Contracts, len(got.Feed))
	}
	if err := s.Apply(t.Context(), b); !errors.Is(err, store.ErrMoved) {
		t.Errorf("the same gap again: %v, want ErrMoved", err)
	}
	if err := s.Apply(t.Context(), store.Batch{Gaps: []store.Gap{{Contract: "nobody", Oldest: 90}}}); !errors.Is(err, store.ErrMoved) {
		t.Errorf("a gap of nobody: %v, want ErrMoved", err)
	}
	w.apply(store.Batch{Gaps: []store.Gap{{Contract: contractA}}})
	if got := read(t, s); got.Contracts[0].GapOldest != 0 {
		t.Errorf("after the gap: %+v", got.Contracts)
	}
}
