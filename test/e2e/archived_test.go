package e2e

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/deploy"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/localnettest"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// Lifetimes in ledgers of the network below: whatever is left alone is archived within two days.
const (
	shortestLife = 10_000
	longestLife  = 20_000
)

// needed are all entries that a settlement of a trade needs and that can be archived.
func (w *live) needed(terms escrow.Terms) map[string]xdr.LedgerKey {
	w.t.Helper()
	keys := map[string]xdr.LedgerKey{
		"trade": stellar.TradeKey(w.contract, w.id(terms)), "owed": stellar.OwedKey(w.contract, w.asset), "the token's instance": stellar.InstanceKey(w.asset),
		"balance": {Type: xdr.LedgerEntryTypeContractData, ContractData: &xdr.LedgerKeyContractData{
			Contract: w.asset.ScAddress(), Key: scval.Vec(scval.Symbol("Balance"), w.contract.ScVal()), Durability: xdr.ContractDataDurabilityPersistent,
		}},
	}
	lives, err := deploy.ReadLifetimes(w.t.Context(), w.node, w.contract)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, e := range lives.Entries {
		keys[e.What] = e.Key
	}
	return keys
}

// archived are the names of those that are not live in the next ledger.
func (w *live) archived(keys map[string]xdr.LedgerKey) (names []string) {
	w.t.Helper()
	for _, name := range slices.Sorted(maps.Keys(keys)) {
		if data, until := w.entry(keys[name]); data == nil || until <= w.latest() {
			names = append(names, name)
		}
	}
	return names
}

// Whatever of it is archived, alone or all at once, the settlement says what it restores, restores it, and pays (docs/contract-attacks.md D12).
func TestSettlementRestoresWhatIsArchived(t *testing.T) {
	all := []string{"balance", "code", "instance", "owed", "rulebook", "rulebook code", "the token's instance", "trade"}
	rows := map[string][]string{"everything": all, "nothing": nil}
	for _, name := range all {
		rows[name+" alone"] = []string{name}
	}
	for name, lost := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newLive(t, localnet.Options{Settings: localnettest.Lives(shortestLife, longestLife)}, "buyer", "seller", "arbitrator", "carol")
			terms := w.terms()
			terms.Windows = escrow.Windows{Offers: 60, Ruling: 60, Appeal: 60}
			terms.Bond, terms.ArbitrationFee = amount.Int(10*usdc), amount.Int(10*usdc)
			terms.Panel = escrow.Panel{Arbitrators: []escrow.Address{w.rule("arbitrator")}, Quorum: 1}
			terms.Milestones = terms.Milestones[:1]
			w.funded(terms)
			w.act("buyer", escrow.CallDispute{Terms: terms, By: escrow.Buyer})
			w.reach(w.now() + terms.Windows.Offers)
			w.act("arbitrator", escrow.CallRule{Terms: terms, By: escrow.FirstSeat, Rulings: []escrow.Ruling{{SellerPpm: 500_000}}})

			keys := w.needed(terms)
			if got := slices.Sorted(maps.Keys(keys)); !slices.Equal(got, all) {
				t.Fatalf("needed are %q, want %q", got, all)
			}
			w.archive(keys, lost)
			if got := w.archived(keys); !slices.Equal(got, lost) {
				t.Fatalf("archived are %q, want %q", got, lost)
			}

			call := escrow.CallSettle{Terms: terms, Milestones: []uint32{0}, Push: true}
			tx, sim, tree := w.tried("carol", call)
			if sim.Failure != nil {
				t.Fatalf("settle: %+v", *sim.Failure)
			}
			if err := stellar.CheckTree(tree, tx.Source(), w.auth(sim)); err != nil {
				t.Fatal(err)
			}
			if got := w.restores(sim.TransactionData, keys); !slices.Equal(got, lost) || int(sim.Cost.RestoreEntries) != len(lost) {
				t.Errorf("the simulation says that it restores %q (%d entries), want %q", got, sim.Cost.RestoreEntries, lost)
			}
			w.isEvents("settle", w.carried("settle", w.assemble("carol", tx, sim, w.auth(sim))), "settled", "costs", "ended")
			if got := w.archived(keys); got != nil {
				t.Errorf("still archived are %q", got)
			}
			// Half of 60 each; 10 for the arbitrator, shared, the seller's 5 of its part; its fee is of the 25 that it gets of the escrowed money.
			const fee = 25 * usdc * feeBps / 10_000
			for who, want := range map[string]int64{"buyer": 1000*usdc - 35*usdc, "seller": 1000*usdc + 25*usdc - fee, "arbitrator": 1000*usdc + 10*usdc} {
				w.isAmount(who, w.has(w.asset, w.address(who)), want)
			}
			w.isAmount("owed", w.owed(w.asset), fee)
			w.isAmount("held", w.has(w.asset, w.contract), fee)
		})
	}
}

// archive lets time pass until exactly some entries have ended their lives: the others are extended before.
func (w *live) archive(keys map[string]xdr.LedgerKey, lost []string) {
	w.t.Helper()
	const pause = 2_000 // ledgers, by which what is extended outlives what was used last
	w.reach(w.now() + pause*ledger.CloseSeconds)
	extend := func() {
		var kept []xdr.LedgerKey
		for name, key := range keys {
			if !slices.Contains(lost, name) {
				kept = append(kept, key)
			}
		}
		if len(kept) > 0 {
			w.freely("operator", func(e stellar.Envelope) (stellar.Transaction, error) {
				return stellar.ExtendTTL(e, kept, longestLife-1)
			})
		}
	}
	extend()
	ends := w.latest()
	for _, name := range lost {
		_, until := w.entry(keys[name])
		ends = max(ends, until)
	}
	w.reach(w.now() + uint64(ends-w.latest()+1)*ledger.CloseSeconds)
}

// restores are the names of the entries that a transaction says it restores.
func (w *live) restores(data string, keys map[string]xdr.LedgerKey) (names []string) {
	w.t.Helper()
	var d xdr.SorobanTransactionData
	if err := stellar.Decode("transaction data", data, &d); err != nil {
		w.t.Fatal(err)
	}
	if d.Ext.ResourceExt == nil {
		return nil
	}
	for _, i := range d.Ext.ResourceExt.ArchivedSorobanEntries {
		found := fmt.Sprint("another: ", d.Resources.Footprint.ReadWrite[i])
		for name, key := range keys {
			if key.Equals(d.Resources.Footprint.ReadWrite[i]) {
				found = name
			}
		}
		names = append(names, found)
	}
	slices.Sort(names)
	return names
}
