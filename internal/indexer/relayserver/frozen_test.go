package relayserver_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// Between the preparation of a call and its ledger an issuer may freeze a receiver, or free them. Either way the call is carried out as it
// was prepared: the payout is parked or arrives (docs/contract-attacks.md D3).
func TestReceiversFrozenOrFreedAfterPreparation(t *testing.T) {
	for name, c := range map[string]struct {
		before, after bool // frozen
		events        []string
		balance       int64
	}{
		"frozen meanwhile": {false, true, []string{"refunded", "parked"}, 890},
		"freed meanwhile":  {true, false, []string{"refunded"}, 950},
		"frozen":           {true, true, []string{"refunded", "parked"}, 890},
		"free":             {false, false, []string{"refunded"}, 950},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "buyer", "seller", "arbitrator")
			terms := w.terms(1)
			terms.Milestones[1].DeliverBy = w.now() + 9_900_000 // what grows pays its rent to the end of the longest life
			w.act("buyer", escrow.CallOpen{Terms: terms, By: escrow.Buyer})
			w.act("seller", escrow.CallAccept{Terms: terms})
			w.act("buyer", escrow.CallFund{Terms: terms})
			freeze := func(on bool) {
				t.Helper()
				_, err := w.net.FreezeUSDC(t.Context(), w.people["buyer"].Address(), on)
				must(t, err)
			}

			freeze(c.before)
			tree := w.tree(escrow.CallRefund{Terms: terms, Milestone: 0, Amount: amount.Int(60 * usdc)})
			tx, err := stellar.Invoke(w.from("seller"), tree.Call)
			must(t, err)
			// Whoever assembles it by hand finds the same fee in both places.
			var data xdr.SorobanTransactionData
			sim := w.simulate(tx)
			must(t, stellar.Decode("transaction data", sim.TransactionData, &data))
			if int64(data.ResourceFee) != sim.MinResourceFee {
				t.Errorf("the data declare a fee of %d, asked for are %d", data.ResourceFee, sim.MinResourceFee)
			}
			tx = w.complete(tx, tree, nil)
			freeze(c.after)
			out := w.submit(tx, w.people["seller"])
			if out.State != relay.TransactionIncluded {
				t.Fatalf("%+v %+v", out, out.Failure)
			}
			if diff := cmp.Diff(c.events, names(w.events(out))); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			if h := w.holding(w.people["buyer"].Address()); h.Balance != amount.Int(c.balance*usdc).Units() {
				t.Errorf("the buyer has %s", h.Balance)
			}
		})
	}
}
