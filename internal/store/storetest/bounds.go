package storetest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// textOrder has names that orders by language put in other places than the order of their bytes.
func textOrder(t *testing.T, s Engine) {
	names := []string{"_", "a", "A", "B", "b", "Z", "z", "é", "É", "ä", "-a", "A-", "a b", "ab", "aB", "𝄞", "10", "9", "~", "ß", "ss", "İ", "i"}
	for _, name := range names {
		if err := s.Follow(t.Context(), name, 5); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(names)
	var got []string
	for after := ""; ; {
		page, err := s.Contracts(t.Context(), after, 4)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range page {
			got, after = append(got, c.ID), c.ID
		}
		if len(page) < 4 {
			break
		}
	}
	same(t, "contracts", got, names)
}

// anyText has texts in every place that takes one: whatever they hold comes back, except what store.Text replaces in words of others.
func anyText(t *testing.T, s Engine) {
	ctx := t.Context()
	w := newWorld(t, s, contractA)
	for n, text := range []string{`it's "quoted" \ with \n and \\x00`, "two\nlines\ttab\r", "ünïcödé ✓ 𝄞 \u202e \ufeff", `{"json": null} $1 ? :name %s`, strings.Repeat("long ", 2000), "'; DROP TABLE trades; --"} {
		tr := trade(contractA, n)
		tr.Terms.Buyer, tr.Terms.Asset = escrow.Address(text), escrow.Address("asset of "+text)
		if len(text) > 2000 { // an index entry has a bound
			tr.Terms.Buyer, tr.Terms.Asset = "B", "A"
		}
		b := w.next(every(tr))
		b.Events[0].Unread = text
		w.apply(b)
		got, err := s.Trade(ctx, tr.ID)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "a trade", got, *tr)
		list, err := s.Trades(ctx, store.TradeFilter{Account: string(tr.Terms.Buyer), Asset: string(tr.Terms.Asset), Page: store.Page{Limit: 5}})
		if err != nil || len(list) != 1 {
			t.Errorf("the trades of %.20q: %d, %v", text, len(list), err)
		}
		tx := transaction(n)
		tx.Problem = text
		if err := s.AddTransaction(ctx, tx); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Transaction(ctx, tx.Hash); err != nil || got.Problem != text {
			t.Errorf("a problem: %q, %v, want %q", got.Problem, err, text)
		}
	}
	b := w.next(every(trade(contractA, 50)))
	b.Events[0].Unread = "cut \xff here\x00and there"
	w.apply(b)
	tx := transaction(50)
	if err := s.AddTransaction(ctx, tx); err != nil {
		t.Fatal(err)
	}
	tx.State, tx.Problem = store.TransactionFailed, b.Events[0].Unread
	if err := s.UpdateTransaction(ctx, store.TransactionPrepared, tx); err != nil {
		t.Fatal(err)
	}
	const want = "cut \uFFFD here\uFFFDand there"
	if got, err := s.Transaction(ctx, tx.Hash); err != nil || got.Problem != want {
		t.Errorf("a problem: %q, %v, want %q", got.Problem, err, want)
	}
	got, err := s.Events(ctx, store.EventFilter{Trade: b.Events[0].Trade, Page: store.Page{Limit: 1}})
	if err != nil || len(got) != 1 || got[0].Unread != want {
		t.Errorf("events: %v, %v, want %q", got, err, want)
	}
}

// numberEnds has every number at its ends.
func numberEnds(t *testing.T, s Engine) {
	ctx := t.Context()
	w := newWorld(t, s, contractA)
	most := amount.Int(math.MaxInt64)
	tr := full(5)
	tr.LastDeadline, tr.EndedAt, tr.Opened.At = math.MaxInt64, math.MaxInt64, math.MaxInt64
	tr.Terms.FundBy, tr.Terms.FallbackPpm, tr.Terms.Bond = math.MaxUint64, math.MaxUint32, amount.MinInt128() // kept in the terms' own text
	tr.Parked = []escrow.Parcel{{Role: 0, Amount: amount.MaxInt128()}, {Role: 1, Amount: amount.MinInt128()}}
	m := &tr.Milestones[0]
	m.Left, m.ToSeller, m.ToBuyer, m.Fee, m.DeliveredAt = most, most, most, most, math.MaxInt64
	m.Dispute.Aside, m.Dispute.Paid, m.Dispute.Vote = [2]amount.Int128{amount.MaxInt128(), amount.MinInt128()}, [2]amount.Int128{amount.Int(math.MinInt64), amount.MaxInt128()}, most
	all := store.Change{Trade: tr}
	w.apply(w.next(all))
	got, err := s.Trade(ctx, tr.ID)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "a trade", got, *tr)

	p := store.Payout{Event: tr.Opened.Event, Role: 15, Account: string(tr.Terms.Buyer), Amount: amount.MaxInt128()}
	w.apply(w.next(store.Change{Trade: tr, Payouts: []store.Payout{p}}))
	same(t, "a payout", allPaid(t, s), []paid{{tr.Opened.Event, p}})

	// A time beyond what engines count is the latest that they do.
	late := tr.Clone()
	late.Milestones[0].DeliveredAt, late.EndedAt = math.MaxUint64, math.MaxUint64
	w.apply(w.next(store.Change{Trade: late, Milestones: []int{0}}))
	if got, err = s.Trade(ctx, tr.ID); err != nil {
		t.Fatal(err)
	}
	same(t, "a trade with times beyond", got, *tr)

	if err := s.SetNetwork(ctx, "n", store.Ledger{Seq: math.MaxUint32 - 1}); err != nil {
		t.Error(err)
	}
	if err := s.Mark(ctx, store.Ledger{Seq: math.MaxUint32}); err != nil {
		t.Error(err)
	}
	tx := transaction(1)
	tx.State, tx.Ledger, tx.ValidUntil, tx.CreatedAt = store.TransactionIncluded, math.MaxUint32, math.MaxInt64, math.MaxInt64
	if err := s.AddTransaction(ctx, tx); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Transaction(ctx, tx.Hash); err != nil {
		t.Error(err)
	} else {
		same(t, "a transaction", got, tx)
	}
	for _, below := range []amount.Int128{amount.Int(-1), amount.Int(math.MinInt64)} {
		bad := tr.Clone()
		bad.Milestones[0].Left = below
		if err := s.Apply(ctx, w.next(store.Change{Trade: bad, Milestones: []int{0}})); err == nil {
			t.Errorf("%s left was accepted", below.Units())
		}
	}
}

// bigBatch is one of thousands of events, with new trades and others that change, all of which can be read at once or none.
func bigBatch(t *testing.T, s Engine) {
	w := newWorld(t, s, contractA)
	const n = 2500
	var all []*store.Trade
	changes := func(of func(*store.Trade) store.Change) (c []store.Change) {
		for _, tr := range all {
			c = append(c, of(tr))
		}
		return c
	}
	for i := range n {
		all = append(all, trade(contractA, i))
	}
	w.apply(w.next(changes(every)...))
	for i, tr := range all {
		rich := full(i)
		rich.Opened = tr.Opened
		all[i] = rich
	}
	for i := range n { // and as many new ones
		all = append(all, trade(contractA, n+i))
	}
	w.apply(w.next(changes(func(tr *store.Trade) store.Change {
		c := store.Change{Trade: tr}
		for i := range tr.Milestones {
			c.Milestones = append(c.Milestones, i)
		}
		return c
	})...))
	at := 0
	if _, err := s.ReadState(t.Context(), func(tr *store.Trade) error {
		if at < len(all) {
			same(t, fmt.Sprint("trade ", at), *tr, *all[at])
		}
		if at++; t.Failed() {
			return errors.New("one is enough")
		}
		return nil
	}, nil); err != nil {
		t.Fatal(err)
	}
	if at != len(all) {
		t.Errorf("%d trades, want %d", at, len(all))
	}
}

// contractsRace lets a writer for each of several contracts move its own, all with entries in the one feed: none loses what another wrote,
// and whoever starts from a head that has moved on is told.
func contractsRace(t *testing.T, s Engine) {
	contracts := []string{"C1", "C2", "C3"}
	newWorld(t, s, contracts...)
	const rounds = 15
	var wg sync.WaitGroup
	for c, contract := range contracts {
		wg.Go(func() {
			at := store.EndOfLedger(4)
			for n := range uint32(rounds) {
				to := store.EndOfLedger(10 + n)
				event := store.Event{ID: idAt(10+n, c), Contract: contract, Kind: "funded", Body: []byte{1}}
				for {
					head, err := s.FeedHead(t.Context())
					if err != nil {
						t.Error(err)
						return
					}
					entry, err := head.Next(feed.Note{Kind: "funded", Event: string(event.ID)})
					if err != nil {
						t.Error(err)
						return
					}
					err = s.Apply(t.Context(), store.Batch{Moves: []store.Move{{Contract: contract, From: at, To: to}}, Events: []store.Event{event}, Feed: []feed.Entry{entry}})
					if err == nil {
						break
					}
					if !errors.Is(err, store.ErrMoved) {
						t.Errorf("%s: %v, want ErrMoved", contract, err)
						return
					}
				}
				at = to
			}
		})
	}
	wg.Wait()
	got := read(t, s)
	var head feed.Head
	for _, e := range got.Feed {
		if err := head.Check(e); err != nil {
			t.Error(err)
		}
		head = e.Head()
	}
	if want := rounds * len(contracts); len(got.Feed) != want || len(got.Events) != want {
		t.Errorf("%d entries and %d events, want %d", len(got.Feed), len(got.Events), want)
	}
}

// cancelledMidway ends the caller's patience at some moment of a batch: it is stored or it is not, and trying again tells which.
func cancelledMidway(t *testing.T, s Engine) {
	w := newWorld(t, s, contractA)
	random := rand.New(rand.NewPCG(1, 2))
	took := 2 * time.Millisecond
	stored, ended := 0, 0
	for n := range 60 {
		var changes []store.Change
		for i := range 40 {
			changes = append(changes, every(trade(contractA, n*40+i)))
		}
		b := w.next(changes...)
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(random.Int64N(int64(2*took))))
		err := s.Apply(ctx, b)
		cancel()
		if err != nil {
			ended++
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("batch %d: %v, want a deadline", n, err)
			}
			began := time.Now()
			err = s.Apply(t.Context(), b)
			if took = time.Since(began); err != nil && !errors.Is(err, store.ErrMoved) {
				t.Fatalf("batch %d again: %v", n, err)
			}
		} else {
			stored++
		}
		w.at[contractA], w.head = b.Moves[0].To, b.Feed[len(b.Feed)-1].Head()
	}
	if got := read(t, s); len(got.Feed) != store.MaxPage || len(got.Trades) != store.MaxPage {
		t.Errorf("%d entries and %d trades on the first page", len(got.Feed), len(got.Trades))
	}
	state, err := store.StateHash(t.Context(), s)
	if err != nil || state.Trades != 60*40 {
		t.Errorf("%d trades (%v), want %d", state.Trades, err, 60*40)
	}
	if stored == 0 || ended == 0 {
		t.Errorf("%d were stored and %d ended early: neither shows anything alone", stored, ended)
	}
}
