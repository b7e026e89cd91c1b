package tx

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
)

// Applied is what became of one transaction, as a LedgerCloseMeta says it.
type Applied struct {
	Frame *Frame
	Meta  xdr.TransactionResultMetaV1
	// Problem is why the node itself failed on this transaction (result txINTERNAL_ERROR), for its log.
	Problem error
}

// Apply applies frames in their order: first all fees, then each transaction, then what was paid too much. The changes are in d, the
// fees in l.Header.FeePool. seed feeds the contracts' random numbers.
//
// A transaction that fails, whatever its contract does, has its result code and takes nothing else with it. The error is ctx's.
func Apply(ctx context.Context, l *Ledger, d *ledger.Delta, frames []*Frame, seed xdr.Hash) ([]Applied, error) {
	var list []*application
	for i, f := range frames {
		a := &application{l: l, f: f, seed: subSeed(seed, uint64(i))}
		a.takeFee(d)
		list = append(list, a)
	}
	var done []Applied
	for _, a := range list {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("apply transaction %x: %w", a.f.Hash, err)
		}
		a.run(ctx, d)
	}
	if err := ctx.Err(); err != nil { // what the last one did may be half of it
		return nil, fmt.Errorf("apply transactions: %w", err)
	}
	for _, a := range list {
		a.refund(d)
		done = append(done, a.done())
	}
	return done, nil
}

func subSeed(seed xdr.Hash, i uint64) [32]byte {
	return sha256.Sum256(binary.BigEndian.AppendUint64(seed[:], i))
}

// application is one transaction being applied.
type application struct {
	l    *Ledger
	f    *Frame
	seed [32]byte
	o    *outcome
	g    diagnostics
	meta xdr.TransactionMetaV4

	fees, refunds xdr.LedgerEntryChanges
	bill          bill
	returned      *xdr.ScVal
	problem       error
}

// bill is the resource fee of a contract transaction, in stroops.
type bill struct {
	fixed    int64 // taken in any case
	most     int64 // what may be taken for rent and events
	rent     int64
	consumed int64 // rent and events
}

func (a *application) takeFee(d *ledger.Delta) {
	ltx := d.Nested()
	payer := account(ltx, a.f.FeeSource())
	var fee int64
	if payer != nil {
		fee = min(a.f.feeBid(int64(a.l.Header.BaseFee)), int64(payer.Balance))
		payer.Balance -= xdr.Int64(fee)
		putAccount(ltx, payer)
		a.l.Header.FeePool += xdr.Int64(fee)
	}
	a.o = newOutcome(a.f, fee)
	a.fees = ltx.Meta()
	ltx.Commit()
	if fee != 0 {
		a.meta.Events = append(a.meta.Events, feeEvent(a.l.Passphrase, a.f.FeeSource(), fee, xdr.TransactionEventStageTransactionEventStageBeforeAllTxs))
	}
}

// run applies the transaction. What it has put into d when something of ours breaks is complete in itself: the fee, the sequence
// number, or nothing.
func (a *application) run(ctx context.Context, d *ledger.Delta) {
	defer func() {
		if r := recover(); r != nil {
			a.internal(fmt.Errorf("panic: %v", r))
		}
	}()
	if err := a.apply(ctx, d); err != nil {
		a.internal(err)
	}
}

func (a *application) internal(err error) {
	a.problem = err
	a.o.fail(xdr.TransactionResultCodeTxInternalError)
	a.bill.rent, a.bill.consumed = 0, 0
	a.meta.Operations = nil
}

func (a *application) apply(ctx context.Context, d *ledger.Delta) error {
	if a.f.bump != nil {
		ltx := d.Nested()
		dropOneTimeSigner(ltx, a.f.FeeSource(), a.f.Hash)
		a.meta.TxChangesBefore = append(a.meta.TxChangesBefore, ltx.Meta()...)
		ltx.Commit()
	}
	ltx := d.Nested()
	v := &validation{l: a.l, r: ltx, f: a.f, g: &a.g, signatures: newChecker(a.f, a.f.contents, a.f.signatures, true), applying: true,
		window: window{a.l.closeTime(), a.l.closeTime()}}
	if err := v.price(ctx); err != nil {
		return err
	}
	if a.f.Contract() {
		a.bill = bill{fixed: v.fixed, most: a.f.resourceFee() - v.fixed}
	}
	useSequence, ok := v.common(a.o)
	if useSequence {
		a.useSequence(ltx)
	}
	ok = a.checkSignatures(ltx, v.signatures, ok)
	a.meta.TxChangesBefore = append(a.meta.TxChangesBefore, ltx.Meta()...)
	ltx.Commit()
	if !ok {
		return nil
	}
	if a.f.Contract() {
		return a.contract(ctx, d)
	}
	a.classic(d)
	return nil
}

// useSequence uses up the sequence number and notes when.
func (a *application) useSequence(d *ledger.Delta) {
	source := account(d, a.f.Source())
	source.SeqNum = a.f.tx.SeqNum
	v3 := extension(source).Ext.V3
	v3.SeqLedger, v3.SeqTime = xdr.Uint32(a.l.sequence()), xdr.TimePoint(a.l.closeTime())
	putAccount(d, source)
}

// checkSignatures checks those of the operations, if all else is valid, and takes the one-time signers away at any rate.
func (a *application) checkSignatures(d *ledger.Delta, c *checker, valid bool) bool {
	all := true
	if valid {
		for i := range a.f.operations {
			op := &a.f.operations[i]
			if code := op.checkSignature(d, c, false); !code.ok() {
				a.o.ops[i] = opResult(op.Body.Type, code)
				all = false
			}
		}
	}
	dropOneTimeSigner(d, a.f.Source(), a.f.contents)
	for i := range a.f.operations {
		dropOneTimeSigner(d, a.f.operations[i].source(), a.f.contents)
	}
	switch {
	case !valid:
	case !all:
		a.o.fail(xdr.TransactionResultCodeTxFailed)
	case !c.allUsed():
		a.o.fail(xdr.TransactionResultCodeTxBadAuthExtra)
	default:
		return true
	}
	return false
}

// dropOneTimeSigner takes a transaction's own hash from the signers of an account: it has done its duty.
func dropOneTimeSigner(d *ledger.Delta, id xdr.AccountId, hash xdr.Hash) {
	if acc := account(d, id); acc != nil && removeSigner(acc, preAuthSigner(hash)) {
		putAccount(d, acc)
	}
}

// classic applies operations that need no contract host: all of them, or none if one fails.
func (a *application) classic(d *ledger.Delta) {
	ltx := d.Nested()
	var metas []xdr.OperationMetaV2
	for i := range a.f.operations {
		op := &a.f.operations[i]
		ev := &eventLog{passphrase: a.l.Passphrase, memo: a.f.tx.Memo}
		opd := ltx.Nested()
		code := op.check(a.l, &a.g)
		if code.ok() {
			code = op.applyClassic(a.l, opd, ev)
		}
		a.o.ops[i] = opResult(op.Body.Type, code)
		if !code.ok() {
			a.o.fail(xdr.TransactionResultCodeTxFailed)
			continue
		}
		metas = append(metas, xdr.OperationMetaV2{Changes: opd.Meta(), Events: ev.list})
		opd.Commit()
	}
	if a.o.ok() {
		a.meta.Operations = metas
		ltx.Commit()
	}
}

// contract applies the one operation of a contract transaction.
func (a *application) contract(ctx context.Context, d *ledger.Delta) error {
	op := &a.f.operations[0]
	code := op.check(a.l, &a.g)
	if code.ok() {
		var err error
		if code, err = a.runContract(ctx, d, op); err != nil {
			return err
		}
	}
	if !code.ok() {
		a.o.ops[0] = opResult(op.Body.Type, code)
		a.o.fail(xdr.TransactionResultCodeTxFailed)
		a.bill.rent, a.bill.consumed = 0, 0
	}
	return nil
}

// refund gives back what of the refundable resource fee was not used; of a failed transaction, all of it.
func (a *application) refund(d *ledger.Delta) {
	back := a.bill.most - a.bill.consumed
	if !a.f.Contract() || back <= 0 {
		return
	}
	ltx := d.Nested()
	payer := account(ltx, a.f.FeeSource())
	if payer == nil || !addLumens(a.l.Header, payer, back) {
		return
	}
	putAccount(ltx, payer)
	a.refunds = ltx.Meta()
	ltx.Commit()
	a.l.Header.FeePool -= xdr.Int64(back)
	a.o.fee -= back
	a.meta.Events = append(a.meta.Events, feeEvent(a.l.Passphrase, a.f.FeeSource(), -back, xdr.TransactionEventStageTransactionEventStageAfterAllTxs))
}

func (a *application) done() Applied {
	if a.f.Contract() {
		a.meta.DiagnosticEvents = a.g.list
		a.meta.SorobanMeta = &xdr.SorobanTransactionMetaV2{ReturnValue: a.returned,
			Ext: xdr.SorobanTransactionMetaExt{V: 1, V1: &xdr.SorobanTransactionMetaExtV1{
				TotalNonRefundableResourceFeeCharged: xdr.Int64(a.bill.fixed),
				TotalRefundableResourceFeeCharged:    xdr.Int64(a.bill.consumed),
				RentFeeCharged:                       xdr.Int64(a.bill.rent),
			}}}
	}
	return Applied{Frame: a.f, Problem: a.problem, Meta: xdr.TransactionResultMetaV1{
		Result:                   xdr.TransactionResultPair{TransactionHash: a.f.Hash, Result: a.o.result()},
		FeeProcessing:            a.fees,
		TxApplyProcessing:        xdr.TransactionMeta{V: 4, V4: &a.meta},
		PostTxApplyFeeProcessing: a.refunds,
	}}
}
