package node_test

import (
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/node"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/settings"
)

const day = 24 * time.Hour

// keepKey is the entry that the test contract's keep(id) and lend(id) write.
func keepKey(contract xdr.ScAddress, name string, id uint32) ledger.Key {
	durability := xdr.ContractDataDurabilityPersistent
	if name == "Lent" {
		durability = xdr.ContractDataDurabilityTemporary
	}
	sym := xdr.ScSymbol(name)
	v := &xdr.ScVec{{Type: xdr.ScValTypeScvSymbol, Sym: &sym}, scval.U32(id)}
	return ledger.KeyOf(xdr.LedgerKey{Type: xdr.LedgerEntryTypeContractData, ContractData: &xdr.LedgerKeyContractData{
		Contract: contract, Key: xdr.ScVal{Type: xdr.ScValTypeScvVec, Vec: &v}, Durability: durability}})
}

func (w *world) liveUntil(k ledger.Key) (until uint32) {
	w.view(func(v ledger.View) { until, _ = ledger.LiveUntil(v, k) })
	return until
}

func (w *world) advance(d time.Duration) {
	w.t.Helper()
	if _, err := w.Advance(d); err != nil {
		w.t.Fatal(err)
	}
}

func lifetimeOp(w *world, k ledger.Key, extendTo uint32) txnbuild.Operation {
	w.t.Helper()
	lk, err := k.LedgerKey()
	if err != nil {
		w.t.Fatal(err)
	}
	var data xdr.SorobanTransactionData
	err = w.Simulate(w.t.Context(), func(s node.Simulation) (err error) {
		if extendTo > 0 {
			data, err = s.Host.SimulateExtend(w.t.Context(), s.Info, []xdr.LedgerKey{lk}, extendTo)
		} else {
			data, err = s.Host.SimulateRestore(w.t.Context(), s.Info, []xdr.LedgerKey{lk})
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	ext := xdr.TransactionExt{V: 1, SorobanData: &data}
	if extendTo > 0 {
		return &txnbuild.ExtendFootprintTtl{ExtendTo: extendTo, Ext: ext}
	}
	return &txnbuild.RestoreFootprint{Ext: ext}
}

// shortLife is the least life of a persistent entry with shortLives, in ledgers: 28 hours, so that tests need not make millions.
const shortLife = 20_000

// shortLives are the main network's settings with shorter lives.
func shortLives(cpu, memory xdr.ContractCostParams) settings.Network {
	n := settings.MainNetwork(cpu, memory)
	for i, e := range n.Entries {
		if e.ConfigSettingId == xdr.ConfigSettingIdConfigSettingStateArchival {
			short := *e.StateArchivalSettings
			short.MinPersistentTtl = shortLife
			n.Entries[i].StateArchivalSettings = &short
		}
	}
	n, err := settings.New("short lives", n.Entries)
	if err != nil {
		panic(err)
	}
	return n
}

// A persistent entry lives for so many ledgers; then it is archived and comes back, by the call that needs it or by an operation.
func TestArchival(t *testing.T) {
	w := newWorld(t, node.Options{Settings: shortLives})
	user := w.account()
	probe := w.probe(user)
	kept := keepKey(probe, "Kept", 1)
	w.must(w.call(user, scval.Call(probe, "keep", scval.U32(1), scval.Bytes([]byte("memory")))))
	written := w.Chain().Last().Sequence()
	if got, want := w.liveUntil(kept), written+shortLife-1; got != want {
		t.Fatalf("live until ledger %d, want %d", got, want)
	}

	o := w.must(w.tx(user, lifetimeOp(w, kept, 25_000)))
	if got, want := w.liveUntil(kept), o.Ledger+25_000; got != want {
		t.Errorf("extended: live until ledger %d, want %d", got, want)
	}
	if rent := o.Meta.V4.SorobanMeta.Ext.V1.RentFeeCharged; rent <= 0 {
		t.Errorf("extending cost %d stroops of rent", rent)
	}

	w.advance(36 * time.Hour) // 25,920 ledgers: all is archived, instance and code too
	stale := w.call(user, scval.Call(probe, "kept", scval.U32(1)), func(op *txnbuild.InvokeHostFunction) {
		op.Ext.SorobanData.Ext = xdr.SorobanTransactionDataExt{}
	})
	r, applied := w.result(stale)
	if _, op := codes(r); !applied || op != "InvokeHostFunctionResultCodeInvokeHostFunctionEntryArchived" {
		t.Errorf("a call that does not restore: got %s (applied: %v)", op, applied)
	}

	e := w.call(user, scval.Call(probe, "kept", scval.U32(1)))
	if n := len(e.V1.Tx.Ext.SorobanData.Ext.ResourceExt.ArchivedSorobanEntries); n != 3 {
		t.Errorf("the simulation lists %d archived entries, want instance, code and data", n)
	}
	o = w.must(e)
	if v := o.Meta.V4.SorobanMeta.ReturnValue; v.Bytes == nil || string(*v.Bytes) != "memory" {
		t.Errorf("restored value: got %v", v)
	}
	kinds := map[xdr.LedgerEntryChangeType]int{}
	for _, c := range o.Meta.V4.Operations[0].Changes {
		kinds[c.Type]++
	}
	if kinds[xdr.LedgerEntryChangeTypeLedgerEntryRestored] != 6 || len(kinds) != 1 {
		t.Errorf("changes of a call that only restores: got %v, want 3 entries and 3 lifetimes restored", kinds)
	}
	if got, want := w.liveUntil(kept), o.Ledger+shortLife-1; got != want {
		t.Errorf("restored: live until ledger %d, want %d", got, want)
	}

	w.advance(30 * time.Hour)
	o = w.must(w.tx(user, lifetimeOp(w, kept, 0)))
	if got, want := w.liveUntil(kept), o.Ledger+shortLife-1; got != want {
		t.Errorf("restored by an operation: live until ledger %d, want %d", got, want)
	}
	if w.entry(kept).LastModifiedLedgerSeq >= xdr.Uint32(o.Ledger) {
		t.Error("RestoreFootprint has modified the entry itself")
	}
}

// A temporary entry is gone when its life ends, and taken away when the next ledger with transactions closes.
func TestTemporaryEntriesVanish(t *testing.T) {
	w := newWorld(t, node.Options{})
	user := w.account()
	probe := w.probe(user)
	lent := keepKey(probe, "Lent", 1)
	w.must(w.call(user, scval.Call(probe, "lend", scval.U32(1), scval.U32(5))))
	until := w.liveUntil(lent)
	if got := until - w.Chain().Last().Sequence() + 1; got != 17_280 {
		t.Errorf("a temporary entry lives %d ledgers, want 17280", got)
	}
	w.advance(day + time.Minute)
	// Lending again must not meet the old entry.
	o := w.must(w.call(user, scval.Call(probe, "lend", scval.U32(2), scval.U32(6))))
	meta, _, err := w.Chain().Ledger(o.Ledger)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(meta.V2.EvictedKeys); n != 2 || ledger.KeyOf(meta.V2.EvictedKeys[0]) != lent || ledger.KeyOf(meta.V2.EvictedKeys[1]) != lent.TTLKey() {
		t.Errorf("evicted keys: got %d", n)
	}
	if w.entry(lent) != nil || w.entry(lent.TTLKey()) != nil {
		t.Error("the entry or its lifetime is still there")
	}
	if w.entry(keepKey(probe, "Lent", 2)) == nil {
		t.Error("the new entry was evicted too")
	}
}

// Rent of an operation equals what the host charges for the same extension inside a contract call.
func TestRentOfOperationAndContractAgree(t *testing.T) {
	w := newWorld(t, node.Options{})
	user := w.account()
	probe := w.probe(user)
	for _, id := range []uint32{1, 2} {
		w.must(w.call(user, scval.Call(probe, "keep", scval.U32(id), scval.Bytes(make([]byte, 3000)))))
	}
	byOperation := w.must(w.tx(user, lifetimeOp(w, keepKey(probe, "Kept", 1), 2_600_000)))
	byContract := w.must(w.call(user, scval.Call(probe, "extend", scval.U32(2), scval.U32(2_600_000))))
	// The second was written a ledger later, so it extends by as many ledgers as the first.
	a, b := byOperation.Meta.V4.SorobanMeta.Ext.V1.RentFeeCharged, byContract.Meta.V4.SorobanMeta.Ext.V1.RentFeeCharged
	if a != b || a == 0 {
		t.Errorf("rent: the operation paid %d, the contract call %d", a, b)
	}
}

// The clock: ledgers close when there is something to close, every five seconds otherwise, and times never repeat.
func TestClock(t *testing.T) {
	w := newWorld(t, node.Options{})
	start := w.Chain().Last()
	if got := start.CloseTime(); got != w.clock.Now().Unix() {
		t.Errorf("the last ledger of a new network closed at %d, want now, %d", got, w.clock.Now().Unix())
	}
	var keys []*keypair.Full
	for range 3 { // within one second of the machine's clock
		keys = append(keys, w.account())
	}
	if last := w.Chain().Last(); last.CloseTime() != start.CloseTime()+3 || last.Sequence() != start.Sequence()+3 {
		t.Errorf("after three transactions in a second: ledger %d at %d", last.Sequence()-start.Sequence(), last.CloseTime()-start.CloseTime())
	}
	w.clock.move(7 * time.Second) // 4 seconds after the last ledger
	if last, err := w.Last(); err != nil || last.Sequence() != start.Sequence()+3 {
		t.Errorf("4 seconds later: ledger +%d, %v; want +3", last.Sequence()-start.Sequence(), err)
	}
	w.clock.move(time.Second)
	if last, err := w.Last(); err != nil || last.Sequence() != start.Sequence()+4 || last.CloseTime() != start.CloseTime()+8 {
		t.Errorf("5 seconds later: ledger +%d at +%d, %v; want +4 at +8", last.Sequence()-start.Sequence(), last.CloseTime()-start.CloseTime(), err)
	}
	last, err := w.Advance(time.Hour)
	if err != nil || last.Sequence() != start.Sequence()+4+720 {
		t.Errorf("an hour later: ledger +%d, %v; want +724", last.Sequence()-start.Sequence(), err)
	}
	o := w.must(w.tx(keys[0], &txnbuild.Payment{Destination: keys[1].Address(), Amount: "1", Asset: txnbuild.NativeAsset{}}))
	if o.CloseTime != w.Now().Unix()+1 {
		t.Errorf("the next transaction closed at %d, want a second after the last ledger, %d", o.CloseTime, w.Now().Unix()+1)
	}
	if _, err := w.Advance(-time.Second); err == nil {
		t.Error("the clock went back")
	}
}
