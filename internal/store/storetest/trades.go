package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

func tradeRound(t *testing.T, s Engine) {
	w := newWorld(t, s, contractA)
	if _, err := s.Trade(t.Context(), escrow.ID{1}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an unknown trade: %v, want ErrNotFound", err)
	}
	for n := range 6 {
		plain, rich := trade(contractA, n), full(n)
		w.apply(w.next(every(plain)))
		got, err := s.Trade(t.Context(), plain.ID)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "a trade as opened", got, *plain)

		all := store.Change{Trade: rich}
		for i := range rich.Milestones {
			all.Milestones = append(all.Milestones, i)
		}
		w.apply(w.next(all))
		if got, err = s.Trade(t.Context(), plain.ID); err != nil {
			t.Fatal(err)
		}
		same(t, "a trade with everything", got, *rich)

		// What can go, goes: offers and parked money.
		poor := rich.Clone()
		poor.Parked = nil
		for i := range poor.Milestones {
			poor.Milestones[i].Offers = [2]*escrow.Offer{}
		}
		w.apply(w.next(store.Change{Trade: poor, Milestones: all.Milestones}))
		if got, err = s.Trade(t.Context(), plain.ID); err != nil {
			t.Fatal(err)
		}
		same(t, "a trade without offers and parked money", got, *poor)
	}
}

func touchedOnly(t *testing.T, s Engine) {
	w := newWorld(t, s, contractA)
	stored := trade(contractA, 2)
	w.apply(w.next(every(stored)))
	changed := stored.Clone()
	for i := range changed.Milestones {
		changed.Milestones[i].Left = amount.Int(int64(100 + i))
	}
	w.apply(w.next(store.Change{Trade: changed, Milestones: []int{1}}))
	got, err := s.Trade(t.Context(), stored.ID)
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, m := range got.Milestones {
		left = append(left, m.Left.Units())
	}
	same(t, "what is left", left, []string{"0", "101", "0"})
}

// tradeSnapshot writes trades whose parts always agree, while others read them.
func tradeSnapshot(t *testing.T, s Engine) {
	w := newWorld(t, s, contractA)
	tr := trade(contractA, 5) // three milestones
	w.apply(w.next(every(tr)))
	buyer, begin := string(tr.Terms.Buyer), tr.Opened.At
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				list, err := s.Trades(t.Context(), store.TradeFilter{Account: buyer, Page: store.Page{Limit: 5}})
				if err != nil {
					t.Error(err)
					return
				}
				for _, m := range list[0].Milestones {
					if m.Left != list[0].Bonds[0] || m.DeliveredAt != list[0].Updated.At-begin {
						t.Errorf("a trade of two moments: %+v", list[0])
						return
					}
				}
			}
		})
	}
	for n := range 60 {
		tr = tr.Clone()
		tr.Bonds[0] = amount.Int(int64(n))
		tr.Updated.At++
		for i := range tr.Milestones {
			tr.Milestones[i].Left, tr.Milestones[i].DeliveredAt = tr.Bonds[0], uint64(n+1)
		}
		w.apply(w.next(store.Change{Trade: tr, Milestones: []int{0, 1, 2}}))
	}
	close(done)
	wg.Wait()
}

func tradeLists(t *testing.T, s Engine) {
	w := newWorld(t, s, contractA, contractB)
	var all []*store.Trade
	for n := range 120 {
		contract := contractA
		if n%4 == 0 {
			contract = contractB
		}
		tr := trade(contract, n)
		all = append(all, tr)
		w.apply(w.next(every(tr)))
	}
	for n, tr := range all { // stages are reached later, as in life
		tr = tr.Clone()
		tr.Stage = escrow.Stage(n % 5)
		all[n] = tr
		w.apply(w.next(store.Change{Trade: tr}))
	}

	stages := []*escrow.Stage{nil, new(escrow.StageFunded), new(escrow.StageOpen)}
	for _, account := range []string{"", "GBUYER2", "GSELLER2", "GARB2", "GJUDGE", "GNOBODY"} {
		parts := []store.Part{""}
		if account != "" {
			parts = append(parts, store.PartBuyer, store.PartSeller, store.PartArbitrator)
		}
		for _, part := range parts {
			for _, stage := range stages {
				for _, asset := range []string{"", "CASSET1", "CASSETX"} {
					for _, contract := range []string{"", contractB} {
						for _, newest := range []bool{false, true} {
							f := store.TradeFilter{Account: account, Part: part, Stage: stage, Asset: asset, Contract: contract}
							f.Newest = newest
							checkList(t, s, f, all)
						}
					}
				}
			}
		}
	}
	for _, f := range []store.TradeFilter{{Part: store.PartBuyer}, {Account: "GBUYER2", Part: "owner"}, {Page: store.Page{After: "later"}}} {
		f.Limit = 10
		if _, err := s.Trades(t.Context(), f); err == nil {
			t.Errorf("%+v was accepted", f)
		}
	}
}

// checkList pages through a list and compares it with what the filter means.
func checkList(t *testing.T, s Engine, f store.TradeFilter, all []*store.Trade) {
	t.Helper()
	var want []string
	for _, tr := range all {
		role, takesPart := tr.Terms.RoleOf(escrow.Address(f.Account))
		if f.Account != "" && !takesPart || f.Part != "" && store.PartOf(role) != f.Part || f.Stage != nil && tr.Stage != *f.Stage ||
			f.Asset != "" && string(tr.Terms.Asset) != f.Asset || f.Contract != "" && tr.Contract != f.Contract {
			continue
		}
		want = append(want, fmt.Sprint(tr.Opened.Event, tr.Stage))
	}
	if f.Newest {
		slices.Reverse(want)
	}
	var got []string
	for f.Limit = 7; ; {
		page, err := s.Trades(t.Context(), f)
		if err != nil {
			t.Fatalf("%+v: %v", f, err)
		}
		for _, tr := range page {
			got = append(got, fmt.Sprint(tr.Opened.Event, tr.Stage))
			f.After = tr.Opened.Event
		}
		if len(page) < f.Limit {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("list %+v:\n got %v\nwant %v", f, got, want)
	}
}
