package storetest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// paid is a payout and the event that opened its trade.
type paid struct {
	Opened store.EventID
	store.Payout
}

func byPlace(a, b paid) int {
	return cmp.Or(cmp.Compare(a.Opened, b.Opened), cmp.Compare(a.Event, b.Event), cmp.Compare(a.Role, b.Role))
}

// allPaid are all payouts that are stored.
func allPaid(t *testing.T, s Engine) (all []paid) {
	t.Helper()
	if _, err := s.ReadState(t.Context(), func(*store.Trade) error { return nil }, func(opened store.EventID, p store.Payout) error {
		all = append(all, paid{opened, p})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if !slices.IsSortedFunc(all, byPlace) {
		t.Errorf("payouts are out of order: %v", all)
	}
	return all
}

func payout(event store.EventID, role escrow.Role, account string, units int64) store.Payout {
	return store.Payout{Event: event, Role: role, Account: account, Amount: amount.Int(units)}
}

// listPayouts reads a list in small pages.
func listPayouts(t *testing.T, s Engine, f store.PayoutFilter) (all []store.ListedPayout) {
	t.Helper()
	for f.Limit = 3; ; {
		page, err := s.Payouts(t.Context(), f)
		if err != nil {
			t.Fatalf("%+v: %v", f, err)
		}
		if all = append(all, page...); len(page) < f.Limit {
			return all
		}
		last := page[len(page)-1].Key()
		f.After = &last
	}
}

// payoutLists has trades that go on for a while, with the same people in them.
func payoutLists(t *testing.T, s Engine) {
	w := newWorld(t, s, contractA, contractB)
	var all []store.ListedPayout
	var trades []*store.Trade
	accounts := map[string]bool{"GNOBODY": true}
	for n := range 14 {
		contract := []string{contractA, contractB}[n%2]
		tr := trade(contract, n)
		trades = append(trades, tr)
		w.apply(w.next(every(tr)))
	}
	for round := range 4 {
		var changes []store.Change
		for n, tr := range trades {
			if (n+round)%3 > 0 {
				changes = append(changes, store.Change{Trade: tr.Clone()})
			}
		}
		b := w.next(changes...)
		for i := range b.Trades {
			c := &b.Trades[i]
			e := b.Events[i]
			for r := range escrow.Role(2 + (round+i)%3) { // to the parties, and to arbitrators of all trades
				account, _ := c.Terms.AddressOf(r)
				p := payout(e.ID, r, string(account), int64(1000*round+10*i)+int64(r)+1)
				if i == 2 && r == 1 {
					p.Account = "GELSEWHERE" // as a claim may say
				}
				accounts[p.Account] = true
				c.Payouts = append(c.Payouts, p)
				all = append(all, store.ListedPayout{Payout: p, Trade: c.ID, Asset: string(c.Terms.Asset), Kind: e.Kind, Tx: e.Tx, At: e.ClosedAt})
			}
		}
		w.apply(b)
	}
	check := func(what string, f store.PayoutFilter, in func(store.ListedPayout) bool) (n int) {
		t.Helper()
		want := slices.Collect(func(yield func(store.ListedPayout) bool) {
			for _, p := range all {
				if in(p) && !yield(p) {
					return
				}
			}
		})
		slices.SortFunc(want, func(a, b store.ListedPayout) int {
			return cmp.Or(cmp.Compare(a.Event, b.Event), cmp.Compare(a.Role, b.Role))
		})
		same(t, what, listPayouts(t, s, f), want)
		slices.Reverse(want)
		f.Newest = true
		same(t, what+", newest first", listPayouts(t, s, f), want)
		return len(want)
	}
	listed := 0
	for _, tr := range trades {
		listed += check("of a trade", store.PayoutFilter{Trade: &tr.ID}, func(p store.ListedPayout) bool { return p.Trade == tr.ID })
	}
	if listed != len(all) {
		t.Errorf("%d payouts of trades, want %d", listed, len(all))
	}
	for account := range accounts {
		listed -= check("to "+account, store.PayoutFilter{Account: account}, func(p store.ListedPayout) bool { return p.Account == account })
	}
	if listed != 0 || len(accounts) < 12 {
		t.Errorf("%d payouts went to nobody; %d accounts", listed, len(accounts))
	}
	check("of an unknown trade", store.PayoutFilter{Trade: &escrow.ID{1}}, func(store.ListedPayout) bool { return false })
	for _, f := range []store.PayoutFilter{{}, {Trade: &escrow.ID{1}, Account: "G"}, {Account: "G", After: &store.PayoutKey{}}, {Account: "G", After: &store.PayoutKey{Event: "x"}}} {
		f.Limit = 1
		if _, err := s.Payouts(t.Context(), f); err == nil {
			t.Errorf("%+v was accepted", f)
		}
	}
}

// payoutsWithheld has calls whose end comes in another batch than their beginning.
func payoutsWithheld(t *testing.T, s Engine) {
	w := newWorld(t, s, contractA)
	tr, other := trade(contractA, 1), trade(contractA, 2)
	from := idAt(40, 0)
	a, b, c, d := idAt(39, 9), idAt(40, 1), idAt(40, 2), idAt(40, 3)
	most := store.Payout{Event: c, Role: 3, Account: "GARB2", Amount: amount.MaxInt128()}
	first := []store.Payout{payout(a, 1, "GS", 5), payout(b, 0, "GB", 7), payout(b, 1, "GS", 10), payout(c, 1, "GS", 20), most, payout(d, 1, "GS", 30)}
	others := []store.Payout{payout(idAt(40, 7), 1, "GS", 10)}
	for _, v := range []struct {
		name string
		take []store.Withheld
		left []store.Payout
	}{
		{"one", []store.Withheld{{Role: 1, From: from, Amount: amount.Int(30)}}, first[:5]},
		{"two", []store.Withheld{{Role: 1, From: from, Amount: amount.Int(50)}}, []store.Payout{first[0], first[1], first[2], most}},
		{"all of the transaction", []store.Withheld{{Role: 1, From: from, Amount: amount.Int(60)}}, []store.Payout{first[0], first[1], most}},
		{"more than that", []store.Withheld{{Role: 1, From: from, Amount: amount.MaxInt128()}}, []store.Payout{first[0], first[1], most}},
		{"a part of one", []store.Withheld{{Role: 1, From: from, Amount: amount.Int(31)}}, []store.Payout{first[0], first[1], first[2], most}},
		{"of two roles", []store.Withheld{{Role: 0, From: from, Amount: amount.Int(7)}, {Role: 3, From: from, Amount: amount.MaxInt128()}}, []store.Payout{first[0], first[2], first[3], first[5]}},
		{"of nobody", []store.Withheld{{Role: 2, From: from, Amount: amount.Int(7)}}, first},
	} {
		tr, other = tr.Clone(), other.Clone()
		w.apply(w.next(store.Change{Trade: tr, Payouts: first}, store.Change{Trade: other, Payouts: others}))
		// What comes with it is not meant.
		later := payout(idAt(40, 5), 1, "GS", 1)
		w.apply(w.next(store.Change{Trade: tr, Withheld: v.take, Payouts: []store.Payout{later}}))
		var want []paid
		for _, p := range append(slices.Clone(v.left), later) {
			want = append(want, paid{tr.Opened.Event, p})
		}
		for _, p := range others {
			want = append(want, paid{other.Opened.Event, p})
		}
		same(t, v.name, allPaid(t, s), want)
		clean := []store.Withheld{{Role: 0, From: "0", Amount: amount.MaxInt128()}, {Role: 1, From: "0", Amount: amount.MaxInt128()}, {Role: 3, From: "0", Amount: amount.MaxInt128()}, {Role: 3, From: "0", Amount: amount.MaxInt128()}}
		w.apply(w.next(store.Change{Trade: tr, Withheld: clean}, store.Change{Trade: other, Withheld: clean}))
		if left := allPaid(t, s); len(left) != 0 {
			t.Fatalf("%s: %v is left", v.name, left)
		}
	}
}

// hashOfPayouts changes every field of a payout, through the store.
func hashOfPayouts(t *testing.T, s Engine) {
	w := newWorld(t, s, contractA)
	one, two := full(1), full(2)
	seen := map[store.Hash]string{}
	was, other := store.Change{Trade: one}, store.Change{Trade: two}
	rest := payout(idAt(3, 1), 1, "GX", 1) // of the other one
	hashed := func(what string, p ...store.Payout) {
		t.Helper()
		was.Payouts, other.Payouts = p, []store.Payout{rest}
		w.apply(w.next(was, other))
		got, err := store.StateHash(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		var stored []paid
		for _, p := range p {
			stored = append(stored, paid{was.Opened.Event, p})
		}
		stored = append(stored, paid{other.Opened.Event, rest})
		slices.SortFunc(stored, byPlace)
		want := inMemory(t, []*store.Trade{one, two}, stored...)
		if other, known := seen[got.Hash]; known || got.Hash != want || got.Payouts != len(p)+1 {
			t.Errorf("%s: %d payouts have the hash %x, want %x; %q has the same", what, got.Payouts, got.Hash, want, other)
		}
		seen[got.Hash] = what
		gone := []store.Withheld{}
		for _, r := range []escrow.Role{0, 1, 2} {
			gone = append(gone, store.Withheld{Role: r, From: "0", Amount: amount.MaxInt128()})
		}
		w.apply(w.next(store.Change{Trade: one, Withheld: gone}, store.Change{Trade: two, Withheld: gone}))
	}
	hashed("none")
	p := payout(idAt(4, 1), 1, "GY", 9)
	hashed("one", p)
	hashed("another event", payout(idAt(4, 2), 1, "GY", 9))
	hashed("another role", payout(idAt(4, 1), 2, "GY", 9))
	hashed("another account", payout(idAt(4, 1), 1, "GZ", 9))
	hashed("another amount", payout(idAt(4, 1), 1, "GY", 10))
	hashed("two", p, payout(idAt(4, 1), 2, "GY", 10))
	was.Trade, other.Trade = two, one
	hashed("another trade's", p)
	stop := errors.New("enough")
	w.apply(w.next(store.Change{Trade: one, Payouts: []store.Payout{p}}))
	if _, err := s.ReadState(t.Context(), func(*store.Trade) error { return nil }, func(store.EventID, store.Payout) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("a visit that ends: %v", err)
	}
}

// payoutsMany are more than are read at once.
func payoutsMany(t *testing.T, s Engine) {
	const n = 12_000
	w := newWorld(t, s, contractA)
	var changes []store.Change
	var want []paid
	for i := range 4 {
		c := every(trade(contractA, i))
		for j := range n / 4 {
			p := store.Payout{Event: idAt(50, j), Role: escrow.Role(j % 3), Account: fmt.Sprint("G", j%7), Amount: amount.Int(int64(j + 1))}
			c.Payouts, want = append(c.Payouts, p), append(want, paid{c.Opened.Event, p})
		}
		changes = append(changes, c)
	}
	w.apply(w.next(changes...))
	if got := allPaid(t, s); !slices.Equal(got, want) {
		t.Errorf("%d payouts, want %d: they are not the same", len(got), len(want))
	}
}
