package node_test

import (
	"testing"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/node"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
)

// A sponsor bumps the fee of a contract's transaction: who calls pays nothing, and what was paid too much comes back to the sponsor. From
// protocol 23 on the inner fee may even be less than the resources cost.
func TestFeeBumpOfAContract(t *testing.T) {
	w := newWorld(t, node.Options{})
	user, sponsor := w.account(), w.account()
	probe := w.probe(user)
	call := func(fee func(declared int64) int64) xdr.TransactionEnvelope {
		return w.resigned(w.call(user, scval.Call(probe, "count", scval.Address(accountAddress(user)))), func(tx *xdr.Transaction) {
			tx.Fee = xdr.Uint32(fee(int64(tx.Ext.SorobanData.ResourceFee)))
		}, user)
	}
	whole := func(declared int64) int64 { return declared + 100 }
	over := func(e xdr.TransactionEnvelope, inclusion int64) xdr.TransactionEnvelope {
		return w.bump(e, sponsor, int64(e.V1.Tx.Ext.SorobanData.ResourceFee)+inclusion)
	}
	for _, c := range []struct {
		name string
		tx   func() xdr.TransactionEnvelope
		bump xdr.TransactionResultCode // not applied: what is wrong with the bump
		code xdr.TransactionResultCode // of the inner one
		op   string
	}{
		{"a whole fee inside", func() xdr.TransactionEnvelope { return over(call(whole), 200) }, 0, 0, ""},
		{"no fee inside", func() xdr.TransactionEnvelope { return over(call(func(int64) int64 { return 0 }), 200) }, 0, 0, ""},
		{"less inside than the resources cost", func() xdr.TransactionEnvelope { return over(call(func(d int64) int64 { return d - 1 }), 200) }, 0, 0, ""},
		{"a bid below two operations", func() xdr.TransactionEnvelope { return over(call(whole), 199) }, xdr.TransactionResultCodeTxInsufficientFee, 0, ""},
		{"less than the resources cost in all", func() xdr.TransactionEnvelope { return over(call(whole), -1) }, xdr.TransactionResultCodeTxMalformed, 0, ""},
		{"a contract that refuses", func() xdr.TransactionEnvelope { return over(w.doomed(user, probe, "refuse", 0), 200) },
			0, xdr.TransactionResultCodeTxFailed, "InvokeHostFunctionResultCodeInvokeHostFunctionTrapped"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := c.tx()
			userBefore, sponsorBefore, pool := w.acc(user).Balance, w.acc(sponsor).Balance, w.Chain().Last().Header.FeePool
			r, applied := w.result(e)
			if c.bump != 0 {
				if applied || r.Result.Code != c.bump || r.Result.InnerResultPair != nil {
					t.Errorf("got %v (applied: %v), want %v", r.Result.Code, applied, c.bump)
				}
				return
			}
			code, op := codes(r)
			if !applied || code != c.code || op != c.op && c.code != 0 {
				t.Fatalf("got %v %s (applied: %v), want %v %s", code, op, applied, c.code, c.op)
			}
			if paid := r.Result.InnerResultPair.Result.FeeCharged; paid != 0 {
				t.Errorf("the inner transaction was charged %d", paid)
			}
			if w.acc(user).Balance != userBefore {
				t.Errorf("who called paid %d stroops", userBefore-w.acc(user).Balance)
			}
			paid := sponsorBefore - w.acc(sponsor).Balance
			if paid != r.FeeCharged || paid != w.Chain().Last().Header.FeePool-pool {
				t.Errorf("the sponsor paid %d, was told of %d, and the pool has %d more", paid, r.FeeCharged, w.Chain().Last().Header.FeePool-pool)
			}
			at, _ := w.Chain().Transaction(w.parse(e).Hash)
			meta, _, err := w.Chain().Ledger(at.Ledger)
			if err != nil {
				t.Fatal(err)
			}
			bill := meta.V2.TxProcessing[at.Index].TxApplyProcessing.V4.SorobanMeta.Ext.V1
			if used := bill.TotalNonRefundableResourceFeeCharged + bill.TotalRefundableResourceFeeCharged; paid != used+200 {
				t.Errorf("the sponsor paid %d, want %d for resources and two operations", paid, used)
			}
			if c.code != 0 && bill.TotalRefundableResourceFeeCharged != 0 {
				t.Errorf("a failed call was charged %d for rent and events", bill.TotalRefundableResourceFeeCharged)
			}
		})
	}
}
