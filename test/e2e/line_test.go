package e2e

import (
	"slices"
	"testing"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/deploy"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// written are the entries that a prepared call declares as written.
func written(tx stellar.Transaction) (keys []ledger.Key) {
	for _, key := range tx.Data().Resources.Footprint.ReadWrite {
		keys = append(keys, ledger.KeyOf(key))
	}
	return keys
}

// Calls on two trades of different people write two entries in common if both are in one asset, what is owed in it and the contract's balance, and none if they
// are not: the network runs the former one after the other within a ledger and the latter side by side, which docs/costs.md counts on
// (docs/contract-attacks.md K3).
func TestTradesInOneAssetStandInLine(t *testing.T) {
	w := newLive(t, localnet.Options{}, "buyer", "seller", "carol", "dave")
	other, _, err := deploy.CreateAsset(t.Context(), &deploy.Sender{Client: w.node, Key: w.keys["operator"], InclusionFee: stellar.MinInclusionFee},
		xdr.MustNewCreditAsset("OTHER", w.keys["operator"].Address()))
	if err != nil {
		t.Fatal(err)
	}
	first := w.funded(w.terms())
	beside := func(asset stellar.Address) escrow.Terms {
		terms := w.terms()
		// The operator issues the other asset, and so can pay in it and be paid.
		terms.Buyer, terms.Seller, terms.Asset = w.rule("operator"), w.rule("dave"), escrow.Address(asset.String())
		w.act("operator", escrow.CallOpen{Terms: terms, By: escrow.Buyer})
		w.act("dave", escrow.CallAccept{Terms: terms})
		w.act("operator", escrow.CallFund{Terms: terms})
		return terms
	}
	refund := func(who string, terms escrow.Terms) []ledger.Key {
		return written(w.prepared(who, escrow.CallRefund{Terms: terms, Milestone: 0, Amount: amount.Int(usdc)}))
	}
	of := refund("seller", first)
	keys := w.needed(first)
	for name, c := range map[string]struct {
		asset  stellar.Address
		shared []ledger.Key
	}{
		"in one asset":    {w.asset, []ledger.Key{ledger.KeyOf(keys["balance"]), ledger.KeyOf(keys["owed"])}},
		"in another each": {other, nil},
	} {
		shared := slices.DeleteFunc(refund("dave", beside(c.asset)), func(k ledger.Key) bool { return !slices.Contains(of, k) })
		slices.Sort(shared)
		slices.Sort(c.shared)
		if !slices.Equal(shared, c.shared) {
			t.Errorf("%s: two trades write in common %x, want %x", name, shared, c.shared)
		}
	}
}
