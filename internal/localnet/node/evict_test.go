package node_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/node"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
)

// evicted are the keys that a ledger has taken out of the live state.
func (w *world) evicted(seq uint32) (keys []ledger.Key) {
	w.t.Helper()
	meta, ok, err := w.Chain().Ledger(seq)
	if err != nil || !ok {
		w.t.Fatalf("ledger %d: %v", seq, err)
	}
	for _, lk := range meta.V2.EvictedKeys {
		keys = append(keys, ledger.KeyOf(lk))
	}
	return keys
}

// found is what can still be had of an entry, and until when it lives.
func (w *world) found(k ledger.Key) (e *xdr.LedgerEntry, until uint32) {
	w.view(func(v ledger.View) {
		raw, live, ok := ledger.Find(v, k)
		if ok {
			e, until = ledger.Decode(raw), live
		}
	})
	return e, until
}

// kinds are the changes of an operation to entries and to lifetimes, in their order.
func kinds(o node.Outcome) (entries, lifetimes []xdr.LedgerEntryChangeType) {
	for _, c := range o.Meta.V4.Operations[0].Changes {
		lifetime := c.Removed != nil && c.Removed.Type == xdr.LedgerEntryTypeTtl
		for _, e := range []*xdr.LedgerEntry{c.State, c.Created, c.Updated, c.Restored} {
			lifetime = lifetime || e != nil && e.Data.Type == xdr.LedgerEntryTypeTtl
		}
		if lifetime {
			lifetimes = append(lifetimes, c.Type)
		} else {
			entries = append(entries, c.Type)
		}
	}
	return entries, lifetimes
}

// A persistent entry whose life has ended is taken out of the live state by the next ledger (CAP-62), is still to be had, and comes back by
// whatever restores it, with changes as the main network's metas have them.
func TestArchivedEntriesLeaveTheLiveState(t *testing.T) {
	const (
		restored = xdr.LedgerEntryChangeTypeLedgerEntryRestored
		updated  = xdr.LedgerEntryChangeTypeLedgerEntryUpdated
		removed  = xdr.LedgerEntryChangeTypeLedgerEntryRemoved
	)
	for _, c := range []struct {
		name string
		does func(w *world, user *keypair.Full, probe xdr.ScAddress) xdr.TransactionEnvelope
		// of the entry and its lifetime; instance and code are restored besides
		entry, lifetime []xdr.LedgerEntryChangeType
		gone            bool
	}{
		{"a call that reads it", func(w *world, user *keypair.Full, probe xdr.ScAddress) xdr.TransactionEnvelope {
			return w.call(user, scval.Call(probe, "kept", scval.U32(1)))
		}, []xdr.LedgerEntryChangeType{restored}, []xdr.LedgerEntryChangeType{restored}, false},
		{"a call that changes it", func(w *world, user *keypair.Full, probe xdr.ScAddress) xdr.TransactionEnvelope {
			return w.call(user, scval.Call(probe, "keep", scval.U32(1), scval.Bytes([]byte("other"))))
		}, []xdr.LedgerEntryChangeType{restored, updated}, []xdr.LedgerEntryChangeType{restored}, false},
		{"a call that extends it", func(w *world, user *keypair.Full, probe xdr.ScAddress) xdr.TransactionEnvelope {
			return w.call(user, scval.Call(probe, "extend", scval.U32(1), scval.U32(50_000)))
		}, []xdr.LedgerEntryChangeType{restored}, []xdr.LedgerEntryChangeType{restored, updated}, false},
		{"a call that removes it", func(w *world, user *keypair.Full, probe xdr.ScAddress) xdr.TransactionEnvelope {
			return w.call(user, scval.Call(probe, "forget", scval.U32(1)))
		}, []xdr.LedgerEntryChangeType{restored, removed}, []xdr.LedgerEntryChangeType{restored, removed}, true},
		{"an operation", func(w *world, user *keypair.Full, probe xdr.ScAddress) xdr.TransactionEnvelope {
			return w.tx(user, lifetimeOp(w, keepKey(probe, "Kept", 1), 0))
		}, []xdr.LedgerEntryChangeType{restored}, []xdr.LedgerEntryChangeType{restored}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			w := openWorld(t, node.Options{Settings: shortLives, DataDir: dir})
			user := w.account()
			probe := w.probe(user)
			kept := keepKey(probe, "Kept", 1)
			w.must(w.call(user, scval.Call(probe, "keep", scval.U32(1), scval.Bytes([]byte("memory")))))
			before := w.entry(kept)
			w.advance(30 * time.Hour)
			if w.entry(kept) == nil {
				t.Error("the entry has left the live state without a ledger that says so")
			}
			o := w.must(w.tx(user, &txnbuild.Payment{Destination: w.Issuer().Address(), Amount: "1", Asset: txnbuild.NativeAsset{}}))
			keys := w.evicted(o.Ledger)
			if i := slices.Index(keys, kept); i < 0 || keys[i+1] != kept.TTLKey() || len(keys) < 6 { // and instance, code, the issuer's asset
				t.Fatalf("the ledger after its life has taken %d keys out, not it and its lifetime", len(keys))
			}
			if w.entry(kept) != nil || w.entry(kept.TTLKey()) != nil {
				t.Error("the entry or its lifetime is in the live state still")
			}
			if e, until := w.found(kept); e == nil || until != 0 || e.LastModifiedLedgerSeq != before.LastModifiedLedgerSeq {
				t.Errorf("out of the live state it is %v, living until %d", e, until)
			}

			o = w.must(c.does(w, user, probe))
			entries, lifetimes := kinds(o)
			more := 2 // instance and code
			if c.name == "an operation" {
				more = 0
			}
			wantEntries, wantLifetimes := slices.Clone(c.entry), slices.Clone(c.lifetime)
			for range more {
				wantEntries, wantLifetimes = append(wantEntries, restored), append(wantLifetimes, restored)
			}
			slices.Sort(entries)
			slices.Sort(lifetimes)
			slices.Sort(wantEntries)
			slices.Sort(wantLifetimes)
			if !slices.Equal(entries, wantEntries) || !slices.Equal(lifetimes, wantLifetimes) {
				t.Errorf("changes of entries %v, of lifetimes %v; want %v, %v", entries, lifetimes, wantEntries, wantLifetimes)
			}
			for _, change := range o.Meta.V4.Operations[0].Changes {
				if r := change.Restored; r != nil && uint32(r.LastModifiedLedgerSeq) != o.Ledger {
					t.Errorf("restored as of ledger %d, in ledger %d", r.LastModifiedLedgerSeq, o.Ledger)
				}
			}
			e, until := w.found(kept)
			if (e == nil) != c.gone || e != nil && until < o.Ledger {
				t.Errorf("afterwards it is %v, living until %d", e, until)
			}
			if got := w.evicted(o.Ledger); len(got) != 0 {
				t.Errorf("the ledger that restores takes %d keys out", len(got))
			}

			// The metas alone give the state, and so does the disk.
			all := w.all()
			if hashOf(w.replay()) != hashOf(all) {
				t.Error("the ledgers' changes add up to another state")
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			again := newWorld(t, node.Options{Settings: shortLives, DataDir: dir, Now: w.clock.Now})
			if reopened := again.all(); !maps.EqualFunc(reopened, all, func(a, b []byte) bool { return string(a) == string(b) }) {
				t.Errorf("opened again, the state has %d entries, before %d, or others", len(reopened), len(all))
			}
			again.advance(30 * time.Hour)
			if _, err := again.Fund(t.Context(), keypair.MustRandom().Address()); err != nil {
				t.Fatal(err)
			}
			if got := again.evicted(again.Chain().Last().Sequence()); c.name == "a call that reads it" && !slices.Contains(got, kept) {
				t.Error("opened again, the network does not take it out a second time")
			}
		})
	}
}

// Who writes an entry again and again is taken out once, when its last life has ended.
func TestExtendedEntriesStay(t *testing.T) {
	w := newWorld(t, node.Options{Settings: shortLives})
	user := w.account()
	probe := w.probe(user)
	kept := keepKey(probe, "Kept", 1)
	w.must(w.call(user, scval.Call(probe, "keep", scval.U32(1), scval.Bytes([]byte("x")))))
	w.must(w.call(user, scval.Call(probe, "extend", scval.U32(1), scval.U32(40_000))))
	w.advance(30 * time.Hour)
	o := w.must(w.tx(user, &txnbuild.Payment{Destination: w.Issuer().Address(), Amount: "1", Asset: txnbuild.NativeAsset{}}))
	if slices.Contains(w.evicted(o.Ledger), kept) {
		t.Error("an entry that was extended was taken out when its first life ended")
	}
	w.advance(30 * time.Hour)
	o = w.must(w.tx(user, &txnbuild.Payment{Destination: w.Issuer().Address(), Amount: "1", Asset: txnbuild.NativeAsset{}}))
	if !slices.Contains(w.evicted(o.Ledger), kept) {
		t.Error("an entry that was extended was not taken out at its end")
	}
}
