package node_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/txnbuild"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/node"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
)

// What was good when it was simulated, and no longer when it is applied: the codes of the asset contract (soroban-env-host,
// builtin_contracts/contract_error.rs) and of stellar-core.
func TestTheWorldChanged(t *testing.T) {
	usdcTransfer := func(w *world, from, to xdr.ScAddress) xdr.HostFunction {
		_, _, contract := w.USDC()
		return scval.Call(scval.MustContract(contract), "transfer", scval.Address(from), scval.Address(to), scval.I128(10))
	}
	// Each row prepares a transaction, and then something happens.
	for _, c := range []struct {
		name, code, text string
		prepare          func(*world) (xdr.TransactionEnvelope, func())
	}{
		{"the receiver's trustline is gone", "Trapped", "trustline entry is missing for account", func(w *world) (xdr.TransactionEnvelope, func()) {
			a, b := w.holder(100), w.holder(0)
			return w.call(a, usdcTransfer(w, accountAddress(a), accountAddress(b))), func() {
				w.must(w.tx(b, &txnbuild.ChangeTrust{Line: txnbuild.ChangeTrustAssetWrapper{Asset: w.asset()}, Limit: "0"}))
			}
		}},
		{"the receiver is frozen", "Trapped", "balance is deauthorized", func(w *world) (xdr.TransactionEnvelope, func()) {
			a, b := w.holder(100), w.holder(0)
			return w.call(a, usdcTransfer(w, accountAddress(a), accountAddress(b))), func() { w.freeze(b.Address()) }
		}},
		{"the sender is frozen", "Trapped", "balance is deauthorized", func(w *world) (xdr.TransactionEnvelope, func()) {
			a, b := w.holder(100), w.holder(0)
			return w.call(a, usdcTransfer(w, accountAddress(a), accountAddress(b))), func() { w.freeze(a.Address()) }
		}},
		{"the money is gone", "Trapped", "resulting balance is not within the allowed range", func(w *world) (xdr.TransactionEnvelope, func()) {
			a, b := w.holder(10), w.holder(0)
			e := w.call(a, usdcTransfer(w, accountAddress(a), accountAddress(b)))
			return w.resigned(e, func(tx *xdr.Transaction) { tx.SeqNum++ }, a), func() {
				w.must(w.tx(a, &txnbuild.Payment{Destination: b.Address(), Amount: "0.0000001", Asset: w.asset()}))
			}
		}},
		{"the receiver's trustline is full", "Trapped", "resulting balance is not within the allowed range", func(w *world) (xdr.TransactionEnvelope, func()) {
			a, b := w.holder(100), w.holder(0)
			return w.call(a, usdcTransfer(w, accountAddress(a), accountAddress(b))), func() {
				w.must(w.tx(b, &txnbuild.ChangeTrust{Line: txnbuild.ChangeTrustAssetWrapper{Asset: w.asset()}, Limit: "0.0000009"}))
			}
		}},
		{"the entry is archived", "EntryArchived", "trying to access an archived contract data entry", func(w *world) (xdr.TransactionEnvelope, func()) {
			a := w.account()
			probe := w.probe(a)
			w.must(w.call(a, scval.Call(probe, "keep", scval.U32(1), scval.Bytes([]byte("x")))))
			return w.call(a, scval.Call(probe, "kept", scval.U32(1))), func() { w.advance(30 * time.Hour) }
		}},
		{"the code is archived", "EntryArchived", "trying to access an archived contract code entry", func(w *world) (xdr.TransactionEnvelope, func()) {
			a := w.account()
			probe := w.probe(a)
			e := w.call(a, scval.Call(probe, "count", scval.Address(accountAddress(a))))
			return e, func() { w.advance(30 * time.Hour) }
		}},
		{"somebody has taken the entry down", "Success", "", func(w *world) (xdr.TransactionEnvelope, func()) {
			a, b := w.account(), w.account()
			probe := w.probe(a)
			w.must(w.call(a, scval.Call(probe, "keep", scval.U32(1), scval.Bytes([]byte("x")))))
			return w.call(b, scval.Call(probe, "kept", scval.U32(1))), func() { w.must(w.call(a, scval.Call(probe, "forget", scval.U32(1)))) }
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, node.Options{Settings: shortLives})
			e, happens := c.prepare(w)
			happens()
			o, err := w.Submit(t.Context(), e)
			if err != nil {
				t.Fatal(err)
			}
			_, op := codes(o.Result)
			texts := said(o.Meta.V4.DiagnosticEvents)
			if !strings.HasSuffix(op, "InvokeHostFunction"+c.code) || !strings.Contains(strings.Join(texts, "\n"), c.text) {
				t.Errorf("got %s %q, want …%s %q", op, texts, c.code, c.text)
			}
		})
	}
}

func (w *world) freeze(address string) {
	w.t.Helper()
	if _, err := w.FreezeUSDC(w.t.Context(), address, true); err != nil {
		w.t.Fatal(err)
	}
}

// Two bring the same archived entry back: the second pays for its call, and no rent.
func TestRestoredMeanwhile(t *testing.T) {
	w := newWorld(t, node.Options{Settings: shortLives})
	a, b := w.account(), w.account()
	probe := w.probe(a)
	w.must(w.call(a, scval.Call(probe, "keep", scval.U32(1), scval.Bytes(make([]byte, 2000)))))
	w.advance(30 * time.Hour)
	kept := scval.Call(probe, "kept", scval.U32(1))
	first, second := w.call(a, kept), w.call(b, kept)
	rent := func(o node.Outcome) int64 { return int64(o.Meta.V4.SorobanMeta.Ext.V1.RentFeeCharged) }
	if got := rent(w.must(first)); got == 0 {
		t.Error("who restores pays no rent")
	}
	o := w.must(second)
	if got := rent(o); got != 0 {
		t.Errorf("who comes second pays %d stroops of rent for what lives", got)
	}
	for _, c := range o.Meta.V4.Operations[0].Changes {
		if c.Type == xdr.LedgerEntryChangeTypeLedgerEntryRestored {
			t.Errorf("who comes second restores: %v", c)
		}
	}
}

// Between the host's own events and what the call used, a failed call's diagnostics say what it failed with.
func TestFailureAmongDiagnostics(t *testing.T) {
	w := newWorld(t, node.Options{})
	a := w.account()
	e := w.doomed(a, w.probe(a), "refuse", 0)
	o, err := w.Submit(t.Context(), e)
	if err != nil || o.Successful() {
		t.Fatalf("%v, successful %v", err, o.Successful())
	}
	var told []string
	for _, d := range o.Meta.V4.DiagnosticEvents {
		topics := d.Event.Body.V0.Topics
		text := string(*topics[0].Sym)
		if text == "error" || text == "host_fn_failed" {
			text += " " + topics[1].Error.Type.String()
		}
		if n := len(told); n == 0 || told[n-1] != text {
			told = append(told, text)
		}
	}
	if want := []string{"fn_call", "error ScErrorTypeSceContract", "host_fn_failed ScErrorTypeSceContract", "core_metrics"}; !slices.Equal(told, want) {
		t.Errorf("the diagnostics tell %q, want %q", told, want)
	}
}
