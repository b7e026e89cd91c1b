package node_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/node"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
)

// The refundable fee has to bear rent and events together: a stroop less is refused, exactly enough is not.
func TestRefundableFeeToTheStroop(t *testing.T) {
	w := newWorld(t, node.Options{})
	user := w.account()
	probe := w.probe(user)
	count := func(change ...func(*txnbuild.InvokeHostFunction)) xdr.TransactionEnvelope {
		return w.call(user, scval.Call(probe, "count", scval.Address(accountAddress(user))), change...)
	}
	bill := w.must(count()).Meta.V4.SorobanMeta.Ext.V1
	exact := bill.TotalNonRefundableResourceFeeCharged + bill.TotalRefundableResourceFeeCharged
	fee := func(f xdr.Int64) func(*txnbuild.InvokeHostFunction) {
		return func(op *txnbuild.InvokeHostFunction) { op.Ext.SorobanData.ResourceFee = f }
	}
	r, _ := w.result(count(fee(exact - 1)))
	if _, op := codes(r); !strings.HasSuffix(op, "InsufficientRefundableFee") {
		t.Errorf("a stroop less than %d: got %s", exact, op)
	}
	o := w.must(count(fee(exact)))
	if o.Result.FeeCharged != exact+100 {
		t.Errorf("charged %d, want %d and the inclusion fee of 100", o.Result.FeeCharged, exact)
	}
}

// Rent is the main network's: 1,000 stroops a kB at its floor, over 1,215 ledgers.
func TestRentOfMainNetwork(t *testing.T) {
	w := newWorld(t, node.Options{})
	user := w.account()
	probe := w.probe(user)
	rent := func(id uint32, size int) int64 {
		o := w.must(w.call(user, scval.Call(probe, "keep", scval.U32(id), scval.Bytes(make([]byte, size)))))
		return int64(o.Meta.V4.SorobanMeta.Ext.V1.RentFeeCharged)
	}
	small, large := rent(1, 100), rent(2, 1100)
	const days120 = 2_073_600
	want := int64(1000) * 1000 * days120 / (1024 * 1215) // for a thousand bytes more
	if got := large - small; got < want-2 || got > want+2 {
		t.Errorf("a thousand bytes for 120 days cost %d stroops, want %d", got, want)
	}
}

// What a contract removes is gone, with its lifetime, and can be written again.
func TestRemovedEntries(t *testing.T) {
	w := newWorld(t, node.Options{})
	user := w.account()
	probe := w.probe(user)
	kept := keepKey(probe, "Kept", 1)
	keep := func() xdr.TransactionEnvelope {
		return w.call(user, scval.Call(probe, "keep", scval.U32(1), scval.Bytes([]byte("x"))))
	}
	w.must(keep())
	o := w.must(w.call(user, scval.Call(probe, "forget", scval.U32(1))))
	if w.entry(kept) != nil || w.entry(kept.TTLKey()) != nil {
		t.Error("the entry or its lifetime is still there")
	}
	removed := 0
	for _, c := range o.Meta.V4.Operations[0].Changes {
		if c.Type == xdr.LedgerEntryChangeTypeLedgerEntryRemoved {
			removed++
		}
	}
	if removed != 2 {
		t.Errorf("%d changes say removed, want the entry and its lifetime", removed)
	}
	w.must(keep())
	if w.entry(kept) == nil {
		t.Error("written again, it is not there")
	}
}

// ExtendFootprintTTL passes over what is archived; RestoreFootprint pays what a new entry of that size pays.
func TestLifetimeOperationsOfArchived(t *testing.T) {
	w := newWorld(t, node.Options{Settings: shortLives})
	user := w.account()
	probe := w.probe(user)
	kept := keepKey(probe, "Kept", 1)
	born := w.must(w.call(user, scval.Call(probe, "keep", scval.U32(1), scval.Bytes(make([]byte, 2000)))))
	extend := lifetimeOp(w, kept, 25_000)
	w.advance(30 * time.Hour)
	o := w.must(w.tx(user, extend))
	if until := w.liveUntil(kept); until >= o.Ledger || o.Meta.V4.SorobanMeta.Ext.V1.RentFeeCharged != 0 {
		t.Errorf("an archived entry was extended to %d in ledger %d for %d stroops", until, o.Ledger, o.Meta.V4.SorobanMeta.Ext.V1.RentFeeCharged)
	}
	o = w.must(w.tx(user, lifetimeOp(w, kept, 0)))
	if got, want := o.Meta.V4.SorobanMeta.Ext.V1.RentFeeCharged, born.Meta.V4.SorobanMeta.Ext.V1.RentFeeCharged; got != want {
		t.Errorf("restoring cost %d stroops of rent, writing it anew %d", got, want)
	}
}

// One signature counts once, however often it is there.
func TestSignatureCountsOnce(t *testing.T) {
	w := newWorld(t, node.Options{})
	main, second := w.account(), keypair.MustRandom()
	w.must(w.signed(w.params(main, &txnbuild.SetOptions{Signer: &txnbuild.Signer{Address: second.Address(), Weight: 1}, MediumThreshold: threshold(2)}), main).ToXDR())
	pay := &txnbuild.Payment{Destination: w.Issuer().Address(), Amount: "1", Asset: txnbuild.NativeAsset{}}
	r, applied := w.result(w.signed(w.params(main, pay), main, main).ToXDR())
	if applied || r.Successful() {
		t.Errorf("the same signature twice made a payment that needs two: %v", r.Result.Code)
	}
}

// checkOutcome holds what a submitter was told against what the ledger has of its transaction, of which there may be others in it.
func (w *world) checkOutcome(hash xdr.Hash, o node.Outcome) {
	at, ok := w.Chain().Transaction(hash)
	meta, _, err := w.Chain().Ledger(at.Ledger)
	if !ok || err != nil {
		w.t.Errorf("transaction %s is in no ledger: %v", hash.HexString(), err)
		return
	}
	t := meta.V2.TxProcessing[at.Index]
	want := node.Outcome{Hash: hash, Ledger: at.Ledger, CloseTime: meta.LedgerCloseTime(), Result: t.Result.Result, Meta: t.TxApplyProcessing}
	text := func(o node.Outcome) string {
		result, err := xdr.MarshalBase64(o.Result)
		applied, metaErr := xdr.MarshalBase64(o.Meta)
		return fmt.Sprint(o.Hash, o.Ledger, o.CloseTime, result, err, applied, metaErr)
	}
	if text(o) != text(want) {
		w.t.Errorf("whoever submitted %s was told of %s in ledger %d, or not as the ledger has it", hash.HexString(), o.Hash.HexString(), o.Ledger)
	}
}

// A ledger takes what fits its limits; what does not, the next one takes.
func TestLedgerLimits(t *testing.T) {
	// One may be taken before the others are there, which leaves three.
	w := newWorld(t, node.Options{})
	var users []*keypair.Full
	for range 4 {
		users = append(users, w.account())
	}
	probe := w.probe(users[0])
	end := make(chan node.Outcome, len(users))
	var envelopes []xdr.TransactionEnvelope
	for _, u := range users { // 580,000,000 instructions a ledger, so two of these fit
		envelopes = append(envelopes, w.call(u, scval.Call(probe, "count", scval.Address(accountAddress(u))), func(op *txnbuild.InvokeHostFunction) {
			op.Ext.SorobanData.Resources.Instructions = 250_000_000
			op.Ext.SorobanData.ResourceFee += 500_000
		}))
	}
	w.Pause(func() {
		for _, e := range envelopes {
			go func() {
				o, err := w.Submit(t.Context(), e)
				if err != nil {
					t.Error(err)
				}
				w.checkOutcome(w.parse(e).Hash, o)
				end <- o
			}()
		}
		w.waitQueued(len(envelopes))
	})
	ledgers := map[uint32]int{}
	for range envelopes {
		o := <-end
		ledgers[o.Ledger]++
	}
	most := 0
	for _, n := range ledgers {
		most = max(most, n)
	}
	if most != 2 {
		t.Errorf("transactions by ledger: %v, want two in one and no more", ledgers)
	}
}
