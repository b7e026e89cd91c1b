package relayserver_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

func names(events []stellar.Event) []string {
	var out []string
	for _, e := range events {
		out = append(out, e.EventName())
	}
	return out
}

// A whole trade on the real host: simulated, checked, assembled, signed and submitted through the relay; once with each person sending
// their own transactions, once with a stranger sending them all and the people signing nothing but their authorisations.
func TestWholeTrade(t *testing.T) {
	for _, c := range []struct {
		name   string
		sender func(who string) string
	}{
		{"each by their own account", func(who string) string { return who }},
		{"by separate authorisations", func(string) string { return "operator" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, "buyer", "seller", "arbitrator")
			terms := w.terms(1)
			as := func(who string, call escrow.Call, want ...string) {
				t.Helper()
				out, events := w.act(c.sender(who), call)
				w.trade(terms) // as the view and as the entry say
				if diff := cmp.Diff(want, names(events)); diff != "" {
					t.Errorf("%s: events (-want +got):\n%s", call.Function(), diff)
				}
				if out.FeeCharged <= 0 || out.Ledger.Sequence == 0 || out.Ledger.CloseTime == 0 {
					t.Errorf("%s: %+v", call.Function(), out)
				}
			}
			as("buyer", escrow.CallOpen{Terms: terms, By: escrow.Buyer}, "opened")
			as("seller", escrow.CallAccept{Terms: terms}, "accepted")
			as("buyer", escrow.CallFund{Terms: terms}, "funded")
			as("buyer", escrow.CallRelease{Terms: terms, Milestone: 0, Amount: amount.Int(20 * usdc)}, "released")
			as("seller", escrow.CallDeliver{Terms: terms, Milestone: 0, Proof: escrow.Hash{4}}, "delivered")
			as("buyer", escrow.CallDispute{Terms: terms, By: escrow.Buyer, Milestone: 0, Reason: escrow.Hash{5}}, "disputed")
			as("seller", escrow.CallOffer{Terms: terms, By: escrow.Seller, Milestone: 0, Of: amount.Int(40 * usdc), SellerAmount: amount.Int(30 * usdc)}, "offered")
			w.advance(terms.Windows.Offers + 60) // ledgers in quick succession may be some seconds ahead of the clock
			as("arbitrator", escrow.CallRule{Terms: terms, By: 2, Rulings: []escrow.Ruling{{Milestone: 0, SellerPpm: 750_000}}, Hash: escrow.Hash{6}},
				"voted", "ruled")
			as("operator", escrow.CallSettle{Terms: terms, Milestones: []uint32{0}, Push: true}, "settled", "costs")
			as("seller", escrow.CallRefund{Terms: terms, Milestone: 1, Amount: amount.Int(40 * usdc)}, "refunded", "ended")

			if trade := w.trade(terms); trade == nil || trade.Stage != escrow.StageEnded {
				t.Errorf("the trade is %+v", trade)
			}
			// The hearing of 3 is shared by what each lost: the buyer 3/4, of what it deposited, the seller 1/4, of its part. Seller: 20 and 30 - 3/4, less 1 % of each.
			want := map[string]int64{
				"seller":     1000*usdc + 20*usdc*99/100 + (30*usdc-3*usdc/4)*99/100,
				"buyer":      1000*usdc - 50*usdc - 3*usdc*3/4,
				"arbitrator": 1000*usdc + 3*usdc,
			}
			for who, units := range want {
				if h := w.holding(w.people[who].Address()); h.Balance != amount.Int(units).Units() {
					t.Errorf("%s has %s, want %d", who, h.Balance, units)
				}
			}
			owed, err := stellar.DecodeOwed(w.read(stellar.ViewOwed(w.contract, w.asset)))
			if err != nil || owed.Total != owed.Fees || owed.Fees != amount.Int((50*usdc-3*usdc/4)/100) {
				t.Errorf("owed %+v, %v", owed, err)
			}
			if h := w.holding(w.contract.String()); h.Balance != owed.Total.Units() {
				t.Errorf("the contract holds %s and owes %s", h.Balance, owed.Total.Units())
			}
		})
	}
}

// The id computed here is the one the contract gives the trade, for terms of every shape.
func TestTermsIDIsTheContracts(t *testing.T) {
	w := newWorld(t, "buyer", "seller", "arbitrator", "judge")
	for i, change := range []func(*escrow.Terms){
		func(*escrow.Terms) {},
		func(terms *escrow.Terms) {
			terms.AppealPanel = escrow.Panel{Arbitrators: []escrow.Address{w.rule("judge")}, Quorum: 1}
		},
		func(terms *escrow.Terms) {
			terms.Panel, terms.Bond, terms.ArbitrationFee = escrow.Panel{}, amount.Int128{}, amount.Int128{}
		},
		func(terms *escrow.Terms) { terms.Milestones = terms.Milestones[:1] },
		func(terms *escrow.Terms) {
			for len(terms.Milestones) < 20 {
				terms.Milestones = append(terms.Milestones, terms.Milestones[0])
			}
		},
		func(terms *escrow.Terms) {
			terms.Milestones[0].Amount = amount.MaxStroops.Int128().Minus(amount.Int(50 * usdc))
		},
	} {
		terms := w.terms(byte(i))
		change(&terms)
		want, err := stellar.TermsID(w.network, w.contract, terms)
		if err != nil {
			t.Fatal(err)
		}
		out, events := w.act("buyer", escrow.CallOpen{Terms: terms, By: escrow.Buyer})
		if len(events) != 1 || events[0].Trade == nil || *events[0].Trade != want {
			t.Fatalf("terms %d: the event is about %v, computed was %s", i, events[0].Trade, want)
		}
		opened, ok := events[0].Event.(escrow.Opened)
		if !ok {
			t.Fatalf("terms %d: %+v", i, events[0])
		}
		if diff := cmp.Diff(terms, opened.Terms, cmp.AllowUnexported(amount.Int128{}), equateEmpty); diff != "" {
			t.Errorf("terms %d announced (-sent +announced):\n%s", i, diff)
		}
		var value [32]byte
		decodeBytes(t, out.Value, &value)
		if value != want {
			t.Errorf("terms %d: open returned %x, computed was %s", i, value, want)
		}
	}
}

// A trade that nobody touched for so long that its entry, the contract's and the asset's were archived is restored by the call that needs
// it, and what that costs is said before.
func TestArchivedTradeIsRestoredByItsNextCall(t *testing.T) {
	w := newWorld(t, "buyer", "seller", "arbitrator")
	terms := w.terms(1)
	w.act("seller", escrow.CallOpen{Terms: terms, By: escrow.Seller})
	w.advance(125 * 24 * 60 * 60) // nothing lives longer than 120 days unless it is extended
	call := escrow.CallCancel{Terms: terms, Push: true}
	tree := w.tree(call)
	tx, err := stellar.Invoke(w.from("operator"), tree.Call)
	must(t, err)
	sim := w.simulate(tx)
	if sim.Failure != nil || sim.Cost.RestoreEntries == 0 {
		t.Fatalf("simulated: %+v, failure %+v", sim.Cost, sim.Failure)
	}
	if _, events := w.act("operator", call); !cmp.Equal(names(events), []string{"cancelled"}) {
		t.Errorf("events %v", names(events))
	}
	if h := w.holding(w.people["seller"].Address()); h.Balance != amount.Int(1000*usdc).Units() {
		t.Errorf("the seller has %s: the bond is not back", h.Balance)
	}
}

// Amounts are read and written with an asset's decimals: while its contract is archived it still has them, and is what it was.
func TestArchivedAssetsKeepTheirDecimals(t *testing.T) {
	w := newWorld(t)
	token := w.badToken()
	ask := func(r relay.Relay, a stellar.Address) relay.Asset {
		t.Helper()
		out, err := r.Asset(t.Context(), a.String())
		must(t, err)
		out.Ledger = relay.Ledger{}
		return out
	}
	usdc, test := ask(w.relay, w.asset), ask(w.relay, token)
	if usdc.Kind != relay.AssetStellar || test.Kind != relay.AssetToken {
		t.Fatalf("%+v\n%+v", usdc, test)
	}
	w.advance(125 * 24 * 60 * 60) // nothing lives longer than 120 days unless it is extended
	evicted, _ := w.server(w.behind(&refusing{evicted: true}))
	for name, r := range map[string]relay.Relay{"archived": w.relay, "put away": evicted} {
		if got := ask(r, w.asset); got != usdc {
			t.Errorf("%s: got\n%+v, want\n%+v", name, got, usdc)
		}
		if got := ask(r, token); got != test {
			t.Errorf("%s: got\n%+v, want\n%+v", name, got, test)
		}
	}
	for name, a := range map[string]stellar.Address{"nothing": {Contract: true}, "no token": w.contract} {
		if got := ask(evicted, a); got.Kind != relay.AssetNone || got.Problem == "" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// The node's pages of events, however small, hold the same events as the transactions did, each once and in order.
func TestEventsByPages(t *testing.T) {
	w := newWorld(t, "buyer", "seller", "arbitrator")
	var want []string
	start := w.latest()
	for salt := range byte(3) {
		terms := w.terms(salt)
		opened, events := w.act("buyer", escrow.CallOpen{Terms: terms, By: escrow.Buyer})
		want = append(want, opened.Hash+" "+names(events)[0])
		cancelled, events := w.act("seller", escrow.CallCancel{Terms: terms, By: ref(escrow.Seller)})
		want = append(want, cancelled.Hash+" "+names(events)[0])
	}
	for _, limit := range []uint{1, 4, 100} {
		var got []string
		from := rpc.From{Ledger: start}
		for range 100 {
			page, err := w.node.Events(t.Context(), from, []stellar.Address{w.contract}, limit)
			must(t, err)
			for _, e := range page.Events {
				event, err := stellar.DecodeEvent(w.contract, e.Event)
				must(t, err)
				got = append(got, e.Tx.String()+" "+event.EventName())
				if e.Ledger.CloseTime == 0 || e.TxIndex == 0 {
					t.Errorf("%+v", e)
				}
			}
			if len(page.Events) == 0 {
				break
			}
			from = rpc.From{Cursor: page.Cursor}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("pages of %d (-want +got):\n%s", limit, diff)
		}
	}
	var gap *rpc.GapError
	if _, err := w.node.Events(t.Context(), rpc.From{Ledger: 1 << 30}, []stellar.Address{w.contract}, 1); err != nil {
		t.Errorf("the future: %v", err)
	}
	if _, err := w.node.Events(t.Context(), rpc.From{Ledger: 1}, []stellar.Address{w.contract}, 1); err != nil && !errors.As(err, &gap) {
		t.Errorf("the beginning: %v", err)
	}
}

func ref[T any](v T) *T { return &v }
