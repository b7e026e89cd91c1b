package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// projector stands in for what makes trades of events: it knows for each event what its trade was afterwards.
type projector struct {
	after map[store.EventID]*store.Trade
	paid  map[store.EventID][]store.Payout
}

// rightFee and wrongFee are what milestones of the new and of the live projection have: a reader that sees both has seen half.
var rightFee, wrongFee = amount.Int(222), amount.Int(111)

func withFee(t *store.Trade, fee amount.Int128) *store.Trade {
	t = t.Clone()
	for i := range t.Milestones {
		t.Milestones[i].Fee = fee
	}
	return t
}

// project is what follows from events, as one change for each trade.
func (p *projector) project(events []store.Event) (changes []store.Change) {
	at := map[escrow.ID]int{}
	for _, e := range events {
		t := p.after[e.ID]
		if t == nil {
			continue
		}
		c := store.Change{Trade: withFee(t, rightFee)}
		for i := range t.Milestones {
			c.Milestones = append(c.Milestones, i)
		}
		if i, known := at[t.ID]; known {
			changes[i] = c
			continue
		}
		at[t.ID] = len(changes)
		changes = append(changes, c)
	}
	for _, e := range events {
		if e.Trade != nil && len(p.paid[e.ID]) > 0 {
			c := &changes[at[escrow.ID(*e.Trade)]]
			c.Payouts = append(c.Payouts, p.paid[e.ID]...)
		}
	}
	return changes
}

// live is the batch as the live projection gets it: with the wrong fee, and payouts of one unit too much, which a rebuild is to put right.
func (p *projector) live(b store.Batch) store.Batch {
	b.Trades = slices.Clone(b.Trades)
	for i := range b.Trades {
		c := &b.Trades[i]
		p.after[c.Updated.Event] = c.Trade
		c.Trade, c.Milestones = withFee(c.Trade, wrongFee), nil
		for m := range c.Trade.Milestones {
			c.Milestones = append(c.Milestones, m)
		}
		right := c.Payouts
		c.Payouts = slices.Clone(right)
		for i := range right {
			p.paid[right[i].Event] = nil
		}
		for i, one := range right {
			p.paid[one.Event] = append(p.paid[one.Event], one)
			c.Payouts[i].Amount = one.Amount.Plus(amount.Int(1))
		}
	}
	return b
}

// rightPaid are payouts as they should be.
func (p *projector) rightPaid(all []paid) []paid {
	for i := range all {
		for _, right := range p.paid[all[i].Event] {
			if right.Role == all[i].Role {
				all[i].Payout = right
			}
		}
	}
	return all
}

// rightHash is the hash of the stored trades with the right fee, and of the payouts as they should be.
func (p *projector) rightHash(t *testing.T, s Engine) store.Hash {
	t.Helper()
	var all []*store.Trade
	if _, err := s.ReadState(t.Context(), func(tr *store.Trade) error {
		all = append(all, withFee(tr, rightFee))
		return nil
	}, nil); err != nil {
		t.Fatal(err)
	}
	return inMemory(t, all, p.rightPaid(allPaid(t, s))...)
}

// told is a swap's note in the feed.
func told(t *testing.T, head feed.Head) []feed.Entry {
	t.Helper()
	e, err := head.Next(feed.Note{Kind: "rebuilt"})
	if err != nil {
		t.Fatal(err)
	}
	return []feed.Entry{e}
}

// rebuildBeside replays a life of hundreds of trades while it goes on, with readers all the while.
func rebuildBeside(t *testing.T, s Engine) {
	ctx := t.Context()
	if err := s.Follow(ctx, Contract, Start); err != nil {
		t.Fatal(err)
	}
	var batches []store.Batch
	for b := range (Workload{Seed: 12, Trades: 160, Together: 40, Events: 50}).Batches() {
		batches = append(batches, b)
	}
	p := &projector{after: map[store.EventID]*store.Trade{}, paid: map[store.EventID][]store.Payout{}}
	next := 0
	apply := func() {
		t.Helper()
		if err := s.Apply(ctx, p.live(batches[next])); err != nil {
			t.Fatalf("batch %d: %v", next, err)
		}
		next++
	}
	for next < len(batches)/2 {
		apply()
	}
	one := batches[0].Trades[0].Trade

	done := make(chan struct{})
	var wg sync.WaitGroup
	var mu sync.Mutex
	seen := map[amount.Int128]int{}
	for n := range 3 {
		wg.Go(func() {
			newest := false
			for {
				select {
				case <-done:
					return
				default:
				}
				f := store.TradeFilter{Page: store.Page{Limit: 60, Newest: newest}}
				if n == 1 {
					f.Account = string(one.Terms.Panel.Arbitrators[0])
				}
				newest = !newest
				page, err := s.Trades(ctx, f)
				if n == 2 && err == nil {
					_, err = s.Due(ctx, 1<<62, store.Due{}, 20)
					page = nil
					if err == nil {
						_, err = s.ReadState(ctx, func(tr *store.Trade) error { page = append(page, *tr); return nil }, nil)
					}
				}
				if err != nil || len(page) == 0 {
					t.Errorf("reader %d: %d trades, %v", n, len(page), err)
					return
				}
				for _, tr := range page {
					for _, m := range tr.Milestones {
						if m.Fee != page[0].Milestones[0].Fee {
							t.Errorf("reader %d has seen half: %s beside %s", n, m.Fee.Units(), page[0].Milestones[0].Fee.Units())
							return
						}
					}
				}
				mu.Lock()
				seen[page[0].Milestones[0].Fee]++
				mu.Unlock()
				time.Sleep(time.Millisecond) // the machine is not theirs alone
			}
		})
	}

	r, err := s.Rebuild(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	read := store.EventID("")
	pages := 0
	for n := 0; ; n++ {
		page, err := r.Events(ctx, Contract, read, 30)
		if err != nil {
			t.Fatal(err)
		}
		changes := p.project(page)
		checkProjected(t, r, changes, n == 0)
		if err := r.Write(ctx, changes); err != nil {
			t.Fatal(err)
		}
		if len(page) > 0 {
			read = page[len(page)-1].ID
			pages++
		}
		if next < len(batches)-3 && n%3 == 0 {
			apply()
		}
		if len(page) < 30 {
			break
		}
	}
	if pages < 12 {
		t.Errorf("only %d pages", pages)
	}
	apply() // the rest
	if h, err := store.StateHash(ctx, s); err != nil || h.Hash == p.rightHash(t, s) {
		t.Errorf("before the swap the state is %+v, %v: it is right already", h, err)
	}
	want := p.rightHash(t, s)
	rest := 0
	if err := r.Swap(ctx, map[string]store.EventID{Contract: read}, func(ctx context.Context, left store.Rest) (store.Finish, error) {
		rest = len(left.Events)
		changes := p.project(left.Events)
		checkProjected(t, r, changes, false)
		return store.Finish{Trades: changes, Feed: told(t, left.Head)}, nil
	}); err != nil {
		t.Fatal(err)
	}
	if rest == 0 {
		t.Error("nothing was left for the swap")
	}
	got, err := store.StateHash(ctx, s)
	if err != nil || got.Hash != want || got.Trades < 80 || got.Payouts < 80 {
		t.Errorf("after the swap the state is %+v, %v, want hash %x", got, err, want)
	}
	checkDue(t, s)
	if err := r.Close(); err != nil {
		t.Error(err)
	}

	// The next batch was made from what is there no longer; made anew, it goes on.
	stale := p.live(batches[next])
	if err := s.Apply(ctx, stale); !errors.Is(err, store.ErrMoved) {
		t.Errorf("a batch made before the swap: %v, want ErrMoved", err)
	}
	head, err := s.FeedHead(ctx)
	if err != nil {
		t.Fatal(err)
	}
	fresh := batches[next]
	fresh.Trades, fresh.Feed = p.project(fresh.Events), told(t, head)
	if err := s.Apply(ctx, fresh); err != nil {
		t.Error(err)
	}
	checkDue(t, s)
	if h, err := store.StateHash(ctx, s); err != nil || h.Hash != p.rightHash(t, s) {
		t.Errorf("after the next batch: %+v, %v", h, err)
	}
	mu.Lock()
	before := seen[rightFee]
	mu.Unlock()
	for range 50 { // the readers have the last word
		if _, err := s.Trades(ctx, store.TradeFilter{Page: store.Page{Limit: 1}}); err != nil {
			t.Error(err)
		}
	}
	close(done)
	wg.Wait()
	if seen[wrongFee] == 0 || seen[rightFee] == 0 || len(seen) != 2 {
		t.Errorf("readers have seen %v (%d right ones at first): they have to see both", seen, before)
	}
}

// checkProjected compares what is stored of trades in the new projection with what they were before a change.
func checkProjected(t *testing.T, r store.Rebuilding, changes []store.Change, none bool) {
	t.Helper()
	var ids []escrow.ID
	for _, c := range changes {
		ids = append(ids, c.ID)
	}
	all, err := r.TradesByID(t.Context(), ids)
	if err != nil {
		t.Fatal(err)
	}
	if none && len(all) > 0 {
		t.Errorf("%d trades at the beginning", len(all))
	}
	for i, tr := range all {
		if i == 0 {
			one, err := r.Trade(t.Context(), tr.ID)
			if err != nil {
				t.Fatal(err)
			}
			same(t, "a trade read alone", one, tr)
		}
		if tr.Milestones[0].Fee != rightFee {
			t.Errorf("trade %s is the live one", tr.ID)
		}
	}
}

// rebuildFinishes has two contracts at different places, and events that had no effect.
func rebuildFinishes(t *testing.T, s Engine) {
	ctx := t.Context()
	w := newWorld(t, s, contractA, contractB)
	a, b, late := trade(contractA, 1), trade(contractB, 2), trade(contractB, 3)
	first := w.next(every(a), every(b))
	first.Events[0].Unread, first.Events[1].Unread = "unknown kind", "cut"
	w.apply(first)
	r, err := s.Rebuild(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := r.Trade(ctx, a.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a trade that was not written: %v, want ErrNotFound", err)
	}
	events, err := r.Events(ctx, contractA, "", 10)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "the events of one contract", events, first.Events[:1])
	if behind, err := r.Events(ctx, contractA, events[0].ID, 10); err != nil || len(behind) != 0 {
		t.Errorf("behind them: %v, %v", behind, err)
	}
	again := full(1)
	again.Opened = a.Opened
	if err := r.Write(ctx, []store.Change{every(again)}); err != nil {
		t.Fatal(err)
	}
	poor := again.Clone() // and what can go, goes
	poor.Parked = nil
	for i := range poor.Milestones {
		poor.Milestones[i].Offers = [2]*escrow.Offer{}
	}
	if err := r.Write(ctx, []store.Change{{Trade: poor, Milestones: []int{0, 1}}}); err != nil {
		t.Fatal(err)
	}
	second := w.next(every(late))
	w.apply(second)
	third, about := store.Event{}, store.Hash{7, 7}
	if err := r.Swap(ctx, map[string]store.EventID{contractA: events[len(events)-1].ID}, func(_ context.Context, rest store.Rest) (store.Finish, error) {
		same(t, "the rest", rest, store.Rest{Events: []store.Event{first.Events[1], second.Events[0]}, Head: w.head})
		third = rest.Events[1]
		return store.Finish{Trades: []store.Change{every(late)}, Events: map[store.EventID]store.Reading{
			first.Events[0].ID: {Trade: &about}, first.Events[1].ID: {Trade: first.Events[1].Trade, Unread: "another\x00reason"}, third.ID: {Unread: "not read any more"},
		}, Feed: told(t, rest.Head)}, nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := r.Swap(ctx, nil, func(context.Context, store.Rest) (store.Finish, error) { return store.Finish{}, nil }); err == nil {
		t.Error("a second swap was accepted")
	}
	got := read(t, s)
	same(t, "trades", got.Trades, []store.Trade{*poor, *late})
	first.Events[1].Unread, third.Unread, third.Trade = "another\uFFFDreason", "not read any more", nil
	first.Events[0].Unread, first.Events[0].Trade = "", &about
	same(t, "events", got.Events, []store.Event{first.Events[0], first.Events[1], third})
	same(t, "unread events", got.Unread, []store.Event{first.Events[1], third})
	if len(got.Events) != 3 || len(got.Feed) != 4 || got.Contracts[0].Position != w.at[contractA] {
		t.Errorf("%d events, %d entries, %+v", len(got.Events), len(got.Feed), got.Contracts)
	}
	var head feed.Head
	for _, e := range got.Feed {
		if err := head.Check(e); err != nil {
			t.Error(err)
		}
		head = e.Head()
	}
	if _, err := s.Trade(ctx, b.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a trade that was not projected anew: %v, want ErrNotFound", err)
	}
}

func rebuildFails(t *testing.T, s Engine) {
	ctx := t.Context()
	w := newWorld(t, s, contractA)
	known := trade(contractA, 1)
	w.apply(w.next(every(known)))
	want := read(t, s)
	r, err := s.Rebuild(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := r.Write(ctx, []store.Change{every(full(2))}); err != nil {
		t.Fatal(err)
	}
	twice := []store.Change{every(full(3)), every(full(3))}
	broken := full(4)
	broken.Milestones[1].Left = amount.MaxInt128()
	for what, changes := range map[string][]store.Change{
		"a trade twice": twice, "an amount beyond 64 bits": {every(full(5)), every(broken)}, "a milestone that there is not": {{Trade: full(6), Milestones: []int{7}}},
		"a trade of a contract that is not followed": {every(trade("nobody", 9))},
	} {
		if err := r.Write(ctx, changes); err == nil {
			t.Errorf("%s was accepted", what)
		}
	}
	if _, err := r.Trade(ctx, full(5).ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("one of changes that were refused: %v, want ErrNotFound", err)
	}
	for _, limit := range []int{0, store.MaxRebuildPage + 1} {
		if _, err := r.Events(ctx, contractA, "", limit); !errors.Is(err, store.ErrLimit) {
			t.Errorf("%d events: %v, want ErrLimit", limit, err)
		}
	}
	if _, err := r.Events(ctx, contractA, "later", 1); err == nil {
		t.Error("a place that is none was accepted")
	}
	if _, err := r.TradesByID(ctx, make([]escrow.ID, store.MaxPage+1)); !errors.Is(err, store.ErrLimit) {
		t.Errorf("more than a page of trades: %v, want ErrLimit", err)
	}
	own := errors.New("projection failed")
	for _, c := range []struct {
		name   string
		is     error
		finish func(store.Rest) (store.Finish, error)
	}{
		{"its own error", own, func(store.Rest) (store.Finish, error) { return store.Finish{}, own }},
		{"nothing in the feed", nil, func(store.Rest) (store.Finish, error) { return store.Finish{}, nil }},
		{"another head of the feed", store.ErrMoved, func(store.Rest) (store.Finish, error) { return store.Finish{Feed: told(t, feed.Head{Seq: 9})}, nil }},
		{"a trade twice", nil, func(rest store.Rest) (store.Finish, error) {
			return store.Finish{Feed: told(t, rest.Head), Trades: twice}, nil
		}},
		{"an amount beyond 64 bits", nil, func(rest store.Rest) (store.Finish, error) {
			return store.Finish{Feed: told(t, rest.Head), Trades: []store.Change{every(broken)}}, nil
		}},
		{"an unknown event", store.ErrNotFound, func(rest store.Rest) (store.Finish, error) {
			return store.Finish{Feed: told(t, rest.Head), Events: map[store.EventID]store.Reading{idAt(9999, 1): {Unread: "x"}}}, nil
		}},
		{"no event", nil, func(rest store.Rest) (store.Finish, error) {
			return store.Finish{Feed: told(t, rest.Head), Events: map[store.EventID]store.Reading{"x": {Unread: "x"}}}, nil
		}},
	} {
		err := r.Swap(ctx, nil, func(_ context.Context, rest store.Rest) (store.Finish, error) { return c.finish(rest) })
		if err == nil || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: %v, want %v", c.name, err, c.is)
		}
		same(t, c.name, read(t, s), want)
	}
	// Too much is left.
	many := w.next()
	for i := range store.MaxRest {
		many.Events = append(many.Events, store.Event{ID: idAt(w.ledger, i), Contract: contractA, Kind: "x", Body: []byte{1}})
	}
	w.apply(many)
	swap := func(after store.EventID) (n int, err error) {
		err = r.Swap(ctx, map[string]store.EventID{contractA: after}, func(_ context.Context, rest store.Rest) (store.Finish, error) {
			n = len(rest.Events)
			return store.Finish{Feed: told(t, rest.Head)}, nil
		})
		return n, err
	}
	if n, err := swap(""); !errors.Is(err, store.ErrBehind) || n != 0 {
		t.Errorf("%d events and %v, want ErrBehind", n, err)
	}
	w.apply(w.next()) // whoever writes goes on after all that
	if n, err := swap(want.Events[0].ID); err != nil || n != store.MaxRest {
		t.Errorf("%d events and %v, want %d", n, err, store.MaxRest)
	}
	if got := read(t, s); len(got.Trades) != 1 || got.Trades[0].ID != full(2).ID {
		t.Errorf("after the swap: %+v", got.Trades)
	}
}

func rebuildAlone(t *testing.T, s Engine) {
	ctx := t.Context()
	w := newWorld(t, s, contractA)
	w.apply(w.next(every(trade(contractA, 1))))
	want := read(t, s)
	for n := range 3 {
		r, err := s.Rebuild(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if another, err := s.Rebuild(ctx); !errors.Is(err, store.ErrRebuilding) {
			t.Errorf("a second one: %v, want ErrRebuilding", err)
			if err == nil {
				another.Close()
			}
		}
		if all, err := r.TradesByID(ctx, []escrow.ID{full(2).ID}); err != nil || len(all) != 0 {
			t.Errorf("rebuild %d begins with %d trades: %v", n, len(all), err)
		}
		if err := r.Write(ctx, []store.Change{every(full(2))}); err != nil {
			t.Fatal(err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		same(t, fmt.Sprint("after rebuild ", n), read(t, s), want)
	}
}
