package storetest

import (
	"os"
	"strconv"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// PlanTrades is the variable that says how many trades Fill stores, for a longer look than make test takes.
const PlanTrades = "STELLARESCROW_PLAN_TRADES"

// Filled is how many trades Fill stores when it is asked for n.
func Filled(t *testing.T, n int) int {
	t.Helper()
	if text := os.Getenv(PlanTrades); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil || n < 1 {
			t.Fatalf("%s is %q, not a number of trades", PlanTrades, text)
		}
	}
	return n
}

// Fill stores n trades, or as many as PlanTrades says, one event each, and some transactions. It returns one of the trades.
func Fill(t *testing.T, s Engine, n int) *store.Trade {
	t.Helper()
	n = Filled(t, n)
	if err := s.Follow(t.Context(), Contract, Start); err != nil {
		t.Fatal(err)
	}
	var one *store.Trade
	for b := range (Workload{Seed: 4, Trades: n, Together: n, Events: 20_000, Brief: true}).Batches() {
		if err := s.Apply(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		one = b.Trades[0].Trade
	}
	for n := range 300 {
		tx := transaction(n)
		if err := s.AddTransaction(t.Context(), tx); err != nil {
			t.Fatal(err)
		}
	}
	return one
}

// TradeFilters are lists of trades by every combination of conditions, with those of one trade, in both directions and from the middle.
func TradeFilters(of *store.Trade) (all []store.TradeFilter) {
	var accounts []store.TradeFilter // with account and part set
	for _, account := range []string{"", string(of.Terms.Buyer), string(of.Terms.Panel.Arbitrators[0])} {
		accounts = append(accounts, store.TradeFilter{Account: account})
		if account != "" {
			for _, part := range []store.Part{store.PartBuyer, store.PartSeller, store.PartArbitrator} {
				accounts = append(accounts, store.TradeFilter{Account: account, Part: part})
			}
		}
	}
	stages := []*escrow.Stage{nil, new(escrow.StageOpen), new(escrow.StageFunded), new(escrow.StageEnded), new(escrow.StageCancelled)}
	for _, f := range accounts {
		for _, f.Stage = range stages {
			for _, f.Asset = range []string{"", string(of.Terms.Asset)} {
				for _, f.Contract = range []string{"", of.Contract} {
					for _, f.Newest = range []bool{false, true} {
						for _, f.After = range []store.EventID{"", of.Opened.Event} {
							f.Limit = 20
							all = append(all, f)
						}
					}
				}
			}
		}
	}
	return all
}

// PayoutFilters are lists of payouts by every condition, in both directions and from the middle.
func PayoutFilters(of *store.Trade) (all []store.PayoutFilter) {
	for _, f := range []store.PayoutFilter{{Trade: &of.ID}, {Account: string(of.Terms.Buyer)}, {Account: string(of.Terms.Panel.Arbitrators[0])}} {
		for _, f.Newest = range []bool{false, true} {
			for _, f.After = range []*store.PayoutKey{nil, {Event: of.Opened.Event, Role: escrow.Seller}} {
				f.Limit = 20
				all = append(all, f)
			}
		}
	}
	return all
}

// EventFilters are lists of events by every condition.
func EventFilters(of *store.Trade) (all []store.EventFilter) {
	id := store.Hash(of.ID)
	for _, f := range []store.EventFilter{{}, {Trade: &id}, {Kind: "opened"}, {Contract: of.Contract}} {
		for _, f.Read = range []bool{false, true} {
			for _, f.Newest = range []bool{false, true} {
				f.Limit = 20
				all = append(all, f)
			}
		}
	}
	return all
}
