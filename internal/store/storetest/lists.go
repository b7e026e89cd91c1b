package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

func eventLists(t *testing.T, s Engine) {
	w := newWorld(t, s, contractA, contractB)
	var all []store.Event
	for n := range 12 {
		b := w.next(every(trade(contractA, n)), every(trade(contractB, n)))
		b.Events[0].Kind = []string{"opened", "funded"}[n%2]
		b.Events[1].Trade = nil
		if n%2 == 1 && n > 3 { // more of trade 3, of which not all could be read
			b.Events[0].Trade = all[6].Trade
			b.Events[0].Unread = []string{"", "of a newer contract"}[n/2%2]
		}
		all = append(all, b.Events...)
		w.apply(b)
	}
	id := *all[6].Trade
	for _, c := range []struct {
		name string
		f    store.EventFilter
		in   func(store.Event) bool
	}{
		{"all", store.EventFilter{}, func(store.Event) bool { return true }},
		{"one trade's", store.EventFilter{Trade: &id}, func(e store.Event) bool { return e.Trade != nil && *e.Trade == id }},
		{"one kind's", store.EventFilter{Kind: "funded"}, func(e store.Event) bool { return e.Kind == "funded" }},
		{"one contract's", store.EventFilter{Contract: contractB}, func(e store.Event) bool { return e.Contract == contractB }},
		{"one trade's that were read", store.EventFilter{Trade: &id, Read: true}, func(e store.Event) bool { return e.Trade != nil && *e.Trade == id && e.Unread == "" }},
		{"all that were read", store.EventFilter{Read: true}, func(e store.Event) bool { return e.Unread == "" }},
		{"an unknown kind's", store.EventFilter{Kind: "x"}, func(store.Event) bool { return false }},
	} {
		for _, newest := range []bool{false, true} {
			var want, got []store.Event
			for _, e := range all {
				if c.in(e) {
					want = append(want, e)
				}
			}
			f := c.f
			if f.Newest = newest; newest {
				slices.Reverse(want)
			}
			for f.Limit = 5; ; {
				page, err := s.Events(t.Context(), f)
				if err != nil {
					t.Fatal(err)
				}
				if got = append(got, page...); len(page) < f.Limit {
					break
				}
				f.After = page[len(page)-1].ID
			}
			same(t, fmt.Sprintf("%s, newest first %t", c.name, newest), got, want)
		}
	}
	if _, err := s.Events(t.Context(), store.EventFilter{Kind: "funded", Contract: contractB, Page: store.Page{Limit: 1}}); err == nil {
		t.Error("two conditions were accepted")
	}
}

func unreadList(t *testing.T, s Engine) {
	w := newWorld(t, s, contractA)
	var want []store.Event
	for n := range 10 {
		b := w.next(every(trade(contractA, n)))
		if n%3 == 0 {
			b.Events[0].Unread = fmt.Sprint("unknown kind ", n)
			want = append(want, b.Events[0])
		}
		w.apply(b)
	}
	got, err := s.Unread(t.Context(), "", 2)
	if err != nil {
		t.Fatal(err)
	}
	rest, err := s.Unread(t.Context(), got[1].ID, 10)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "unread events", append(got, rest...), want)
}

func feedResumed(t *testing.T, s Engine) {
	w := newWorld(t, s, contractA)
	for n := range 9 {
		w.apply(w.next(every(trade(contractA, n))))
	}
	for after := int64(0); after <= 10; after++ {
		page, err := s.FeedEntries(t.Context(), after, 4)
		if err != nil {
			t.Fatal(err)
		}
		if want := min(4, max(0, int(9-after))); len(page) != want {
			t.Errorf("after entry %d: %d entries, want %d", after, len(page), want)
		}
		for i, e := range page {
			if e.Seq != after+int64(i)+1 {
				t.Errorf("after entry %d: entry %d at place %d", after, e.Seq, i)
			}
		}
	}
}

func transaction(n int) store.Transaction {
	id := hashOf("trade", n%2)
	return store.Transaction{
		Hash: number(n), State: store.TransactionPrepared, Trade: &id, Action: "release", Account: fmt.Sprint("G", n%3), Envelope: []byte{1, 2, byte(n)},
		ValidUntil: 500, CreatedAt: uint64(100 + n/2), UpdatedAt: uint64(100 + n),
	}
}

func transactionStates(t *testing.T, s Engine) {
	ctx := t.Context()
	tx := transaction(1)
	if _, err := s.Transaction(ctx, tx.Hash); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an unknown transaction: %v, want ErrNotFound", err)
	}
	if err := s.AddTransaction(ctx, tx); err != nil {
		t.Fatal(err)
	}
	again := tx
	again.Envelope = []byte("another")
	if err := s.AddTransaction(ctx, again); !errors.Is(err, store.ErrMoved) {
		t.Errorf("the same hash again: %v, want ErrMoved", err)
	}
	states := []store.TransactionState{store.TransactionPrepared, store.TransactionSubmitted, store.TransactionIncluded, store.TransactionFailed, store.TransactionExpired, store.TransactionProjected}
	steps := 0
	for _, from := range states {
		for _, to := range states {
			n := 100 + steps
			steps++
			tx := transaction(n)
			tx.State = from
			if err := s.AddTransaction(ctx, tx); err != nil {
				t.Fatal(err)
			}
			next := tx
			next.State, next.Envelope, next.Ledger, next.Problem, next.UpdatedAt = to, []byte("signed"), 44, "why", 900
			err := s.UpdateTransaction(ctx, from, next)
			want := tx
			if from.CanBecome(to) {
				want = next
			}
			if (err == nil) != from.CanBecome(to) || err != nil && !errors.Is(err, store.ErrMoved) {
				t.Errorf("from %s to %s: %v", from, to, err)
			}
			got, err := s.Transaction(ctx, tx.Hash)
			if err != nil {
				t.Fatal(err)
			}
			same(t, fmt.Sprintf("from %s to %s", from, to), got, want)
		}
	}
	tx.State = store.TransactionSubmitted
	if err := s.UpdateTransaction(ctx, store.TransactionSubmitted, tx); !errors.Is(err, store.ErrMoved) {
		t.Errorf("an update from a state it is not in: %v, want ErrMoved", err)
	}
	tx.Trade = nil
	tx.Hash = number(7)
	if err := s.AddTransaction(ctx, tx); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Transaction(ctx, tx.Hash); err != nil || got.Trade != nil {
		t.Errorf("a transaction of no trade: %+v, %v", got, err)
	}
}

func preparedForgotten(t *testing.T, s Engine) {
	var want []bool
	add := func(kept bool, change func(*store.Transaction)) {
		t.Helper()
		tx := transaction(len(want))
		tx.CreatedAt, tx.ValidUntil = 100, 500
		change(&tx)
		if err := s.AddTransaction(t.Context(), tx); err != nil {
			t.Fatal(err)
		}
		want = append(want, kept)
	}
	add(false, func(*store.Transaction) {})
	add(true, func(tx *store.Transaction) { tx.ValidUntil = 501 })
	add(true, func(tx *store.Transaction) { tx.CreatedAt = 501 })
	add(true, func(tx *store.Transaction) { tx.ValidUntil = 0 })
	for _, state := range []store.TransactionState{store.TransactionSubmitted, store.TransactionIncluded, store.TransactionFailed, store.TransactionExpired, store.TransactionProjected} {
		add(true, func(tx *store.Transaction) { tx.State = state })
	}
	add(false, func(tx *store.Transaction) { tx.CreatedAt = 101 })
	add(true, func(tx *store.Transaction) { tx.CreatedAt = 102 }) // beyond the limit
	if err := s.ForgetPrepared(t.Context(), 501, 2); err != nil {
		t.Fatal(err)
	}
	for n, kept := range want {
		if _, err := s.Transaction(t.Context(), number(n)); (err == nil) != kept || err != nil && !errors.Is(err, store.ErrNotFound) {
			t.Errorf("transaction %d: %v, want it kept: %v", n, err, kept)
		}
	}
}

func transactionProjected(t *testing.T, s Engine) {
	ctx := t.Context()
	w := newWorld(t, s, contractA, contractB)
	for n, ledger := range []uint32{11, 12, 13} {
		tx := transaction(n)
		tx.State, tx.Ledger = store.TransactionIncluded, ledger
		if err := s.AddTransaction(ctx, tx); err != nil {
			t.Fatal(err)
		}
	}
	states := func() (all []store.TransactionState) {
		for n := range 3 {
			tx, err := s.Transaction(ctx, number(n))
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, tx.State)
		}
		return all
	}
	const in, shown = store.TransactionIncluded, store.TransactionProjected
	w.apply(w.next())
	same(t, "all at ledger 11", states(), []store.TransactionState{shown, in, in})
	for _, m := range []store.Move{
		{Contract: contractA, From: store.EndOfLedger(11), To: store.EndOfLedger(13)},
		{Contract: contractB, From: store.EndOfLedger(11), To: idAt(12, 9)},
	} {
		if err := s.Apply(ctx, store.Batch{Moves: []store.Move{m}}); err != nil {
			t.Fatal(err)
		}
		same(t, "one still within ledger 12", states(), []store.TransactionState{shown, in, in})
	}
	if err := s.Apply(ctx, store.Batch{Moves: []store.Move{{Contract: contractB, From: idAt(12, 9), To: store.EndOfLedger(12)}}}); err != nil {
		t.Fatal(err)
	}
	same(t, "all through ledger 12", states(), []store.TransactionState{shown, shown, in})
}

func transactionLists(t *testing.T, s Engine) {
	ctx := t.Context()
	var all []store.Transaction
	for n := range 20 {
		tx := transaction(n)
		if n%4 == 0 {
			tx.State = store.TransactionSubmitted
		}
		all = append(all, tx)
		if err := s.AddTransaction(ctx, tx); err != nil {
			t.Fatal(err)
		}
	}
	id := hashOf("trade", 1)
	for _, c := range []struct {
		f  store.TransactionFilter
		in func(store.Transaction) bool
	}{
		{store.TransactionFilter{Trade: &id}, func(t store.Transaction) bool { return *t.Trade == id }},
		{store.TransactionFilter{Account: "G1"}, func(t store.Transaction) bool { return t.Account == "G1" }},
		{store.TransactionFilter{State: store.TransactionSubmitted}, func(t store.Transaction) bool { return t.State == store.TransactionSubmitted }},
	} {
		var want, got []store.Transaction
		for _, tx := range all {
			if c.in(tx) {
				want = append(want, tx)
			}
		}
		if c.f.State == "" {
			slices.Reverse(want)
		}
		for c.f.Limit = 3; ; {
			page, err := s.Transactions(ctx, c.f)
			if err != nil {
				t.Fatal(err)
			}
			if got = append(got, page...); len(page) < c.f.Limit {
				break
			}
			key := page[len(page)-1].Key()
			c.f.After = &key
		}
		same(t, fmt.Sprintf("list %+v", c.f), got, want)
	}
	for _, f := range []store.TransactionFilter{{}, {Trade: &id, Account: "G1"}, {Account: "G1", State: store.TransactionFailed}} {
		f.Limit = 3
		if _, err := s.Transactions(ctx, f); err == nil {
			t.Errorf("%+v was accepted", f)
		}
	}
}

func pageSizes(t *testing.T, s Engine) {
	ctx := t.Context()
	for _, limit := range []int{-1, 0, store.MaxPage + 1} {
		p := store.Page{Limit: limit}
		for name, list := range map[string]func() error{
			"contracts": func() error { _, err := s.Contracts(ctx, "", limit); return err },
			"events":    func() error { _, err := s.Events(ctx, store.EventFilter{Page: p}); return err },
			"forget":    func() error { return s.ForgetPrepared(ctx, 1, limit) },
			"due":       func() error { _, err := s.Due(ctx, 1, store.Due{}, limit); return err },
			"payouts":   func() error { _, err := s.Payouts(ctx, store.PayoutFilter{Account: "G", Limit: limit}); return err },
			"unread":    func() error { _, err := s.Unread(ctx, "", limit); return err },
			"trades":    func() error { _, err := s.Trades(ctx, store.TradeFilter{Page: p}); return err },
			"feed":      func() error { _, err := s.FeedEntries(ctx, 0, limit); return err },
			"transactions": func() error {
				_, err := s.Transactions(ctx, store.TransactionFilter{State: store.TransactionSubmitted, Limit: limit})
				return err
			},
		} {
			if err := list(); !errors.Is(err, store.ErrLimit) {
				t.Errorf("%s, limit %d: %v, want ErrLimit", name, limit, err)
			}
		}
	}
}
