package e2e

import (
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
)

// lines is one row: whether the receiver has a trustline when a call is prepared, and when it is applied.
var lines = map[string]struct{ before, after bool }{
	"dropped meanwhile": {true, false}, "made meanwhile": {false, true}, "there": {true, true}, "not there": {false, false},
}

// set makes or drops somebody's trustline, as the row says.
func (w *live) set(name string, there bool) {
	w.t.Helper()
	switch has := w.trusts(name); {
	case there && !has:
		w.trust(name, w.usdc())
	case !there && has:
		w.drop(name, w.usdc(), w.asset)
	}
}

func (w *live) trusts(name string) bool {
	w.t.Helper()
	h, err := w.relay.Holding(w.t.Context(), w.asset.String(), w.address(name).String())
	if err != nil {
		w.t.Fatal(err)
	}
	return h.Exists
}

// Between the preparation of a call and its ledger the receiver drops the trustline that money should arrive on, or makes one. Either way the call is carried out
// as it was prepared, and what could not be paid is parked: nobody can make a call fail by that, and hold a settlement off (docs/contract-attacks.md D3).
func TestTrustlinesDroppedOrMadeAfterPreparation(t *testing.T) {
	type row struct {
		before func(w *live, terms escrow.Terms) // the call
		by     string
		call   func(terms escrow.Terms) escrow.Call
		to     escrow.Role
		name   string
		events []string // when it is paid
		amount int64    // what the receiver gets
	}
	nothing := func(*live, escrow.Terms) {}
	all := []uint32{0, 1}
	for kind, c := range map[string]row{
		"release of a part": {nothing, "buyer", func(terms escrow.Terms) escrow.Call {
			return escrow.CallRelease{Terms: terms, Milestone: 0, Amount: amount.Int(20 * usdc)}
		}, escrow.Seller, "seller", []string{"released"}, 20*usdc - 20*usdc*feeBps/10_000},
		"refund of all": {nothing, "seller", func(terms escrow.Terms) escrow.Call {
			return escrow.CallRefund{Terms: terms, Milestone: 0, Amount: amount.Int(60 * usdc)}
		}, escrow.Buyer, "buyer", []string{"refunded"}, 60 * usdc},
		"settle what is due to the buyer": {func(w *live, terms escrow.Terms) { w.reach(terms.Milestones[0].DeliverBy) }, "operator", func(terms escrow.Terms) escrow.Call {
			return escrow.CallSettle{Terms: terms, Milestones: all, Push: true}
		}, escrow.Buyer, "buyer", []string{"settled", "settled", "ended"}, 100 * usdc},
		"settle what is due to the seller": {func(w *live, terms escrow.Terms) {
			for _, m := range all {
				w.act("seller", escrow.CallDeliver{Terms: terms, Milestone: m})
			}
			w.reach(w.now() + terms.Inspection)
		}, "operator", func(terms escrow.Terms) escrow.Call {
			return escrow.CallSettle{Terms: terms, Milestones: all, Push: true}
		}, escrow.Seller, "seller", []string{"settled", "settled", "ended"}, 100*usdc - 100*usdc*feeBps/10_000},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := newLive(t, localnet.Options{}, "buyer", "seller")
			for name, line := range lines {
				w.set("buyer", true)
				w.set("seller", true)
				if w.has(w.asset, w.address("buyer")).Less(amount.Int(100 * usdc)) {
					if _, err := w.net.FundUSDC(t.Context(), w.keys["buyer"].Address(), 100*usdc); err != nil {
						t.Fatal(err)
					}
				}
				terms := w.funded(w.terms())
				c.before(w, terms)
				before := w.owed(w.asset)
				w.set(c.name, line.before)
				tx := w.prepared(c.by, c.call(terms))
				w.set(c.name, line.after)
				held := w.has(w.asset, w.address(c.name))
				want, got, parked := c.events, c.amount, int64(0)
				if !line.after {
					want, got, parked = append(want[:len(want):len(want)], "parked"), 0, c.amount
				}
				w.isEvents(name, w.carried(name, tx), want...)
				w.isAmount(name+": arrived", w.has(w.asset, w.address(c.name)).Minus(held), got)
				w.isAmount(name+": parked", w.parked(terms, c.to), parked)
				w.isAmount(name+": no longer owed", before.Minus(w.owed(w.asset)), got)
				if parked > 0 { // anybody pushes it on as soon as there is a trustline
					owner, _ := terms.AddressOf(c.to)
					w.set(c.name, true)
					w.isEvents(name, w.act("operator", escrow.CallClaim{Terms: terms, Role: c.to, To: owner, Amount: amount.Int(parked)}), "claimed")
					w.isAmount(name+": claimed", w.has(w.asset, w.address(c.name)), parked)
				}
			}
		})
	}
}

// The keeper's own settlement, too, is applied once and for all, whatever becomes of the receiver's trustline between its simulation and its ledger.
func TestTrustlinesDroppedOrMadeUnderTheKeeper(t *testing.T) {
	for name, line := range lines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newLive(t, localnet.Options{}, "buyer", "seller")
			terms := w.funded(w.terms())
			w.reach(terms.Milestones[0].DeliverBy)
			w.set("buyer", line.before)
			defer w.follow()()
			changed := make(chan struct{})
			defer w.keep(func() { w.set("buyer", line.after); close(changed) })()
			w.until("the keeper has settled", func() bool { return w.trade(terms).Stage == escrow.StageEnded })
			select {
			case <-changed:
			default:
				t.Fatal("the keeper has sent it before the trustline was looked at")
			}
			parked := int64(0)
			if !line.after {
				parked = 100 * usdc
			}
			w.isAmount("parked", w.parked(terms, escrow.Buyer), parked)
			w.isAmount("owed", w.owed(w.asset), parked)
			if failed := w.failures("keeper"); failed != 0 {
				t.Errorf("%d transactions of the keeper's have failed", failed)
			}
		})
	}
}

// failures counts somebody's transactions that a ledger has and that failed.
func (w *live) failures(name string) (n int) {
	w.t.Helper()
	for seq := range w.net.Chain().Filled(1, w.latest()) {
		meta, _, err := w.net.Chain().Ledger(seq)
		if err != nil {
			w.t.Fatal(err)
		}
		for i, e := range meta.TransactionEnvelopes() {
			source := e.SourceAccount().ToAccountId()
			if source.Address() == w.keys[name].Address() && !meta.V2.TxProcessing[i].Result.Result.Successful() {
				n++
			}
		}
	}
	return n
}
