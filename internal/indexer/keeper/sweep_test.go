package keeper_test

import (
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/localnettest"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

const (
	// On a network of short lives an entry lives for so many ledgers from its creation, and for so many at most.
	shortLife, longestLife = 20_000, 30_000
	ledgerSeconds          = 5
)

var shortLives = localnettest.Lives(shortLife, longestLife)

// restored tells whether what the keepers sent from a ledger on has restored anything, and how many entries it has extended.
func (w *world) restored(from uint32) (restored bool, extended int) {
	w.t.Helper()
	for seq := range w.net.Chain().Filled(from, w.latest()) {
		meta, ok, err := w.net.Chain().Ledger(seq)
		if err != nil || !ok {
			w.t.Fatalf("ledger %d: %v", seq, err)
		}
		for _, e := range meta.TransactionEnvelopes() {
			if e.V1 == nil || e.V1.Tx.Ext.SorobanData == nil {
				continue
			}
			data, op := e.V1.Tx.Ext.SorobanData, e.V1.Tx.Operations[0].Body
			switch {
			case op.RestoreFootprintOp != nil, data.Ext.ResourceExt != nil && len(data.Ext.ResourceExt.ArchivedSorobanEntries) > 0:
				restored = true
			case op.ExtendFootprintTtlOp != nil:
				extended += len(data.Resources.Footprint.ReadOnly)
			}
		}
	}
	return restored, extended
}

// lives are for how many ledgers more the entries of a trade live, and those it needs beside; less than 0 where they do not.
func (w *world) lives(id escrow.ID) map[string]int64 {
	w.t.Helper()
	code := must(w.code())
	keys := map[string]xdr.LedgerKey{
		"trade": stellar.TradeKey(w.contract, id), "owed": stellar.OwedKey(w.contract, w.asset), "instance": stellar.InstanceKey(w.contract),
		"code": stellar.CodeKey(code), "asset": stellar.InstanceKey(w.asset),
	}
	out := map[string]int64{}
	for name, key := range keys {
		entries, latest, err := w.node.Entries(w.t.Context(), key)
		if err != nil {
			w.t.Fatal(err)
		}
		out[name] = -1
		if len(entries) == 1 {
			out[name] = int64(entries[0].LiveUntil) - int64(latest)
		}
	}
	return out
}

// settledAtLast waits for a trade that may be put off before.
func (w *world) settledAtLast(k *settling, id escrow.ID) {
	w.t.Helper()
	w.until("it is settled", func() bool {
		if s := k.Status(); s.PutOffAll > 0 && !s.Busy {
			must(w.net.Advance(10 * time.Second))
		}
		ledger, _ := w.settledIn(id)
		return ledger != 0
	})
}

// Entries that would end before they are no longer needed are extended in time, over and over, so that nothing has ever to be restored; the
// cost is in the day's spending.
func TestLivesAreExtendedBeforeTheyEnd(t *testing.T) {
	for name, sweeps := range map[string]bool{"with a keeper": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, localnet.Options{Settings: shortLives}, 1, "buyer", "seller")
			defer w.stop()
			now := uint64(w.now().Unix())
			due := now + 70_000*ledgerSeconds
			id := w.funded(1, due)[0]
			from := w.latest()
			var k *settling
			if sweeps {
				k = w.keep(func(c *config) { c.SweepEvery, c.Margin = time.Hour, 5_000 })
			}
			const step = 4_000
			for at := now + step*ledgerSeconds; at < due; at += step * ledgerSeconds {
				w.reach(at)
				w.projected()
				if sweeps {
					w.until("it has swept", func() bool { s := k.Status(); return s.Swept.Unix() >= int64(at)-10 && s.Extensions == 0 && !s.Busy })
					w.until("all live", func() bool {
						for _, left := range w.lives(id) {
							if left < 0 {
								return false
							}
						}
						return true
					})
				}
			}
			if !sweeps {
				k = w.keep()
			}
			w.reach(due)
			w.settledAtLast(k, id)
			restored, extended := w.restored(from)
			if restored == sweeps {
				t.Errorf("something was restored: %v, though a keeper extends: %v", restored, sweeps)
			}
			if sweeps && extended < 12 {
				t.Errorf("%d lives were extended", extended)
			}
			t.Logf("%d lives were extended, %d stroops charged", extended, w.charged("keeper 0"))
			w.until("nothing is put off", func() bool { s := k.Status(); return s.PutOffAll == 0 && s.SweepErr == "" })
		})
	}
}

// Everything is archived when the keeper comes back after a long time: the trade, what is owed, the balance, the contract, its code, the asset.
// What is due is settled all the same, and paid out (docs/contract-attacks.md D12).
func TestAfterALongAbsenceEverythingIsRestored(t *testing.T) {
	w := newWorld(t, localnet.Options{Settings: shortLives}, 2, "buyer", "seller")
	defer w.stop()
	due := uint64(w.now().Unix()) + 35_000*ledgerSeconds
	id := w.funded(1, due)[0]
	w.reach(due + 100)
	w.projected()
	for what, left := range w.lives(id) {
		if left >= 0 {
			t.Fatalf("the %s lives for %d ledgers more: it is to be archived", what, left)
		}
	}
	k := w.keep(func(c *config) { c.SweepEvery, c.Margin = time.Hour, 5_000 })
	w.settledAtLast(k, id)
	if kinds := kindsOf(w.events(id)); kinds[len(kinds)-1] != "ended" {
		t.Errorf("%v: it was to be paid out", kinds)
	}
	w.until("the contract is restored", func() bool { l := w.lives(id); return l["code"] >= 0 && l["instance"] >= 0 })
	t.Logf("%d stroops", w.charged("keeper 0")+w.charged("keeper 1"))
	w.until("nothing is put off", func() bool { return k.Status().PutOffAll == 0 })
}

// A hundred trades are extended by one transaction, which the main network's limits have room for.
func TestManyLivesAreExtendedByFewTransactions(t *testing.T) {
	const n = 110
	w := newWorld(t, localnet.Options{Settings: shortLives}, 2, "buyer", "seller")
	defer w.stop()
	now := uint64(w.now().Unix())
	for range n {
		terms := w.terms("buyer", "seller", now+60_000*ledgerSeconds)
		terms.FundBy = now + 50_000*ledgerSeconds
		w.call("seller", escrow.CallOpen{Terms: terms, By: escrow.Seller})
	}
	w.reach(now + 26_000*ledgerSeconds)
	w.projected()
	from := w.latest()
	k := w.keep(func(c *config) { c.SweepEvery, c.Margin = time.Hour, 5_000 })
	w.until("all are extended", func() bool { s := k.Status(); return !s.Swept.IsZero() && s.Extensions == 0 && !s.Busy })
	sizes := map[int]int{}
	for seq := range w.net.Chain().Filled(from, w.latest()) {
		meta, _, err := w.net.Chain().Ledger(seq)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range meta.TransactionEnvelopes() {
			if op := e.Operations()[0].Body; op.ExtendFootprintTtlOp != nil {
				sizes[len(e.V1.Tx.Ext.SorobanData.Resources.Footprint.ReadOnly)]++
			}
		}
	}
	if sizes[100] != 1 || sizes[n-100] != 1 {
		t.Errorf("transactions by how many entries they extend: %v", sizes)
	}
	if s := k.Status(); s.Soonest["trade"] > 5_000 || s.SweepErr != "" {
		t.Errorf("%+v", s)
	}
	t.Logf("%d stroops for all", w.charged("keeper 0")+w.charged("keeper 1"))
}
