package keeper_test

import (
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/keeper"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// badToken is a token that does what mode says, with 1,000 units for each of people.
func (w *world) badToken(people ...string) stellar.Address {
	w.t.Helper()
	token := w.create(must(os.ReadFile("../../../contract/fixtures/wasm/token.wasm")), 2, nil)
	for _, name := range people {
		w.tell(token, "mint", w.address(name).ScVal(), scval.I128(1000*usdc))
	}
	return token
}

func (w *world) tell(token stellar.Address, function string, args ...xdr.ScVal) {
	w.t.Helper()
	call := xdr.InvokeContractArgs{ContractAddress: token.ScAddress(), FunctionName: xdr.ScSymbol(function), Args: args}
	w.send("operator", func(e stellar.Envelope) (stellar.Transaction, error) { return stellar.Invoke(e, call) })
}

// A token that lets no call with payouts through keeps nobody's trade open: it is settled without payouts, and each owner claims
// (docs/contract-attacks.md D2, E1). An honest trade beside it, due later, is paid out as ever.
func TestATokenThatStopsPayoutsStopsNoSettlement(t *testing.T) {
	for name, mode := range map[string]func(w *world) xdr.ScVal{
		"burns the budget": func(w *world) xdr.ScVal {
			return scval.Vec(scval.Symbol("BurnBudget"), w.address("buyer").ScVal())
		},
		"asks for the keeper's signature": func(w *world) xdr.ScVal {
			return scval.Vec(scval.Symbol("AskSignature"), w.address("keeper 0").ScVal())
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, localnet.Options{}, 1, "buyer", "seller")
			defer w.stop()
			token := w.badToken("buyer")
			due := uint64(w.now().Unix()) + 3_000
			terms := w.terms("buyer", "seller", due)
			terms.Asset = escrow.Address(token.String())
			bad := w.fund("buyer", "seller", terms)
			w.tell(token, "mode", mode(w))
			good := w.funded(1, due+1)[0]

			from := w.latest()
			k := w.keep()
			w.reach(due + 1)
			for _, id := range []escrow.ID{bad, good} {
				w.until("both are settled", func() bool { ledger, _ := w.settledIn(id); return ledger != 0 })
			}
			if kinds := kindsOf(w.events(bad)); !slices.Equal(kinds, []string{"opened", "funded", "settled", "ended", "parked"}) {
				t.Errorf("the bad token's trade: %v", kinds)
			}
			if kinds := kindsOf(w.events(good)); !slices.Equal(kinds, []string{"opened", "funded", "settled", "ended"}) {
				t.Errorf("the honest trade: %v", kinds)
			}
			if ok, failed, _ := w.sent(from); ok != 2 || failed != 0 {
				t.Errorf("%d transactions, %d failed", ok, failed)
			}
			if s := k.Status(); s.PutOffAll != 0 || s.Balances["x"] != 0 {
				t.Errorf("%+v", s)
			}
		})
	}
}

// A payout that cannot arrive is no reason to pay nobody: with two milestones due to different people the one is parked, the other paid, by
// one transaction.
func TestAllThatIsDueInATradeIsOneTransaction(t *testing.T) {
	w := newWorld(t, localnet.Options{}, 2, "buyer", "seller")
	defer w.stop()
	now := uint64(w.now().Unix())
	terms := w.terms("buyer", "seller", now+3_000)
	for i := range 3 {
		terms.Milestones = append(terms.Milestones, escrow.Milestone{Amount: amount.Int(10 * usdc), DeliverBy: now + 3_000 + uint64(i)})
	}
	terms.Milestones = append(terms.Milestones, escrow.Milestone{Amount: amount.Int(10 * usdc), DeliverBy: now + 6_000})
	id := w.fund("buyer", "seller", terms)
	w.call("seller", escrow.CallDeliver{Terms: terms, Milestone: 0})
	must(w.net.FreezeUSDC(t.Context(), w.address("buyer").String(), true))
	w.projected()
	w.reach(now + 3_010)
	from := w.latest()
	k := w.keep()
	w.until("four milestones are settled", func() bool { _, times := w.settledIn(id); return times == 4 })
	want := []string{"opened", "funded", "delivered", "settled", "settled", "settled", "settled", "parked"}
	if kinds := kindsOf(w.events(id)); !slices.Equal(kinds, want) {
		t.Errorf("%v", kinds)
	}
	w.reach(now + 6_000)
	w.until("the fifth is", func() bool { _, times := w.settledIn(id); return times == 5 })
	if ok, failed, _ := w.sent(from); ok != 2 || failed != 0 {
		t.Errorf("%d transactions, %d failed", ok, failed)
	}
	w.until("nothing is due", func() bool { s := k.Status(); return s.Due == 0 && s.PutOffAll == 0 })
}

// A trade that cannot be settled is put off, longer each time, and shown with the reason; the others are settled meanwhile.
func TestWhatCannotBeSettledIsPutOff(t *testing.T) {
	w := newWorld(t, localnet.Options{}, 1, "buyer", "seller")
	defer w.stop()
	due := uint64(w.now().Unix()) + 3_000
	// An account of the platform's is the buyer: its key signs nothing that concerns itself.
	w.keys["other"] = w.keys["keeper 0"]
	w.holder("other")
	terms := w.terms("other", "seller", due)
	bad := w.fund("other", "seller", terms)
	good := w.funded(3, due+5)
	w.reach(due + 5)
	w.projected()
	k := w.keep()
	for _, id := range good {
		w.until("the others are settled", func() bool { ledger, _ := w.settledIn(id); return ledger != 0 })
	}
	w.until("it is put off", func() bool { return k.Status().PutOffAll == 1 && k.Status().Due == 1 })
	var last time.Duration
	for tries := 1; tries <= 3; tries++ {
		w.until("it was tried again", func() bool { s := k.Status(); return s.PutOffAll == 1 && s.PutOff[0].Tries == tries })
		s := k.Status().PutOff[0]
		wait := s.Until.Sub(w.now())
		if s.Trade != bad.String() || s.Err == "" || s.Why != keeper.ReasonOther || wait <= last {
			t.Errorf("try %d: %+v, put off by %s after %s", tries, s, wait, last)
		}
		last = wait
		must(w.net.Advance(wait + 5*time.Second))
	}
	if ledger, _ := w.settledIn(bad); ledger != 0 {
		t.Error("it was settled")
	}
}
