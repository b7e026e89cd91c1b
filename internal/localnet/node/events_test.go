package node_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/strkey"
	"github.com/stellar/go-stellar-sdk/toid"
	"github.com/stellar/go-stellar-sdk/txnbuild"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/node"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
)

// eventsOf are the events of a ledger, as text: place, contract, topics, data.
func (w *world) eventsOf(seq uint32, names map[string]string) (list []string) {
	w.t.Helper()
	for e, err := range w.Chain().Events(ledger.EventPlace{Ledger: seq}, ledger.EventPlace{Ledger: seq + 1}, func(*xdr.ContractId) bool { return true }) {
		if err != nil {
			w.t.Fatal(err)
		}
		var topics []string
		for _, t := range e.Event.Body.V0.Topics {
			topics = append(topics, t.String())
		}
		text := fmt.Sprintf("%d.%d.%d %s: %s = %s", e.At.Tx, e.At.Op, e.At.Index, strkey.MustEncode(strkey.VersionByteContract, e.Event.ContractId[:]),
			strings.Join(topics, " "), e.Event.Body.V0.Data.String())
		for from, to := range names {
			text = strings.ReplaceAll(text, from, to)
		}
		list = append(list, text)
	}
	return list
}

// Operations without contracts emit what an asset contract would (CAP-67): transfers, the issuer's mints and burns, freezes, with
// muxed ids and memos; each transaction what it paid, a contract call what it got back.
func TestUnifiedEvents(t *testing.T) {
	w := newWorld(t, node.Options{})
	a, b := w.holder(1000), w.holder(0)
	_, issuer, contract := w.USDC()
	native, err := xdr.MustNewNativeAsset().ContractID(w.Passphrase())
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{a.Address(): "A", b.Address(): "B", issuer: "ISSUER", contract: "USDC", w.friendbot(): "FRIENDBOT",
		strkey.MustEncode(strkey.VersionByteContract, native[:]): "XLM"}
	usdc, xlm := w.asset(), txnbuild.NativeAsset{}
	muxed, err := xdr.MuxedAccountFromAccountId(b.Address(), 77)
	if err != nil {
		t.Fatal(err)
	}
	last := toid.TransactionMask
	withMemo := func(m txnbuild.Memo, op txnbuild.Operation) xdr.TransactionEnvelope {
		p := w.params(a, op)
		p.Memo = m
		return w.signed(p, a).ToXDR()
	}
	for _, c := range []struct {
		name string
		tx   func() xdr.TransactionEnvelope
		want []string
	}{
		{"lumens", func() xdr.TransactionEnvelope {
			return w.tx(a, &txnbuild.Payment{Destination: b.Address(), Amount: "0.0000005", Asset: xlm})
		}, []string{"0.0.0 XLM: fee A = 100", "1.0.0 XLM: transfer A B native = 5"}},
		{"lumens to oneself", func() xdr.TransactionEnvelope {
			return w.tx(a, &txnbuild.Payment{Destination: a.Address(), Amount: "0.0000005", Asset: xlm})
		}, []string{"0.0.0 XLM: fee A = 100", "1.0.0 XLM: transfer A A native = 5"}},
		{"memo", func() xdr.TransactionEnvelope {
			return withMemo(txnbuild.MemoText("rent"), &txnbuild.Payment{Destination: b.Address(), Amount: "0.0000005", Asset: usdc})
		}, []string{"0.0.0 XLM: fee A = 100", "1.0.0 USDC: transfer A B USDC:ISSUER = [{amount 5} {to_muxed_id rent}]"}},
		{"muxed account", func() xdr.TransactionEnvelope {
			return withMemo(nil, &txnbuild.Payment{Destination: muxed.Address(), Amount: "0.0000005", Asset: usdc})
		}, []string{"0.0.0 XLM: fee A = 100", "1.0.0 USDC: transfer A B USDC:ISSUER = [{amount 5} {to_muxed_id 77}]"}},
		{"burn", func() xdr.TransactionEnvelope {
			return w.tx(a, &txnbuild.Payment{Destination: issuer, Amount: "0.0000005", Asset: usdc})
		}, []string{"0.0.0 XLM: fee A = 100", "1.0.0 USDC: burn A USDC:ISSUER = 5"}},
		{"mint", func() xdr.TransactionEnvelope {
			return w.tx(w.Issuer(), &txnbuild.Payment{Destination: a.Address(), Amount: "0.0000005", Asset: usdc})
		}, []string{"0.0.0 XLM: fee ISSUER = 100", "1.0.0 USDC: mint A USDC:ISSUER = 5"}},
		{"freeze", func() xdr.TransactionEnvelope {
			return w.tx(w.Issuer(), &txnbuild.SetTrustLineFlags{Trustor: b.Address(), Asset: usdc, ClearFlags: []txnbuild.TrustLineFlag{txnbuild.TrustLineAuthorized}})
		}, []string{"0.0.0 XLM: fee ISSUER = 100", "1.0.0 USDC: set_authorized B USDC:ISSUER = false"}},
		{"failed", func() xdr.TransactionEnvelope {
			return w.tx(a, &txnbuild.Payment{Destination: b.Address(), Amount: "0.0000005", Asset: usdc})
		}, []string{"0.0.0 XLM: fee A = 100"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.result(c.tx())
			if got := w.eventsOf(w.Chain().Last().Sequence(), names); strings.Join(got, "\n") != strings.Join(c.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}

	o := w.must(w.call(a, scval.Call(scval.MustContract(contract), "transfer", scval.Address(accountAddress(a)), scval.Address(accountAddress(w.Issuer())), scval.I128(1))))
	got := w.eventsOf(o.Ledger, names)
	bill := o.Meta.V4.SorobanMeta.Ext.V1
	paid := int64(100 + bill.TotalNonRefundableResourceFeeCharged + bill.TotalRefundableResourceFeeCharged)
	if int64(o.Result.FeeCharged) != paid || len(got) != 3 {
		t.Fatalf("fee %d, bill %+v, events %v", o.Result.FeeCharged, bill, got)
	}
	var taken, back int64
	if _, err := fmt.Sscanf(got[0], "0.0.0 XLM: fee A = %d", &taken); err != nil {
		t.Errorf("first event %q: %v", got[0], err)
	}
	if _, err := fmt.Sscanf(got[2], fmt.Sprintf("%d.0.0 XLM: fee A = %%d", last), &back); err != nil {
		t.Errorf("last event %q: %v", got[2], err)
	}
	if taken+back != paid || back >= 0 {
		t.Errorf("taken %d and given back %d, want %d together", taken, back, paid)
	}
}

// friendbot's address, from the account that paid for the first one made.
func (w *world) friendbot() string {
	w.t.Helper()
	k := keypair.MustRandom()
	o, err := w.Fund(w.t.Context(), k.Address())
	if err != nil {
		w.t.Fatal(err)
	}
	meta, _, err := w.Chain().Ledger(o.Ledger)
	if err != nil {
		w.t.Fatal(err)
	}
	source := meta.TransactionEnvelopes()[0].SourceAccount()
	return source.Address()
}
