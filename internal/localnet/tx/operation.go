package tx

import (
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
)

// operation is one operation of a transaction.
type operation struct {
	xdr.Operation
	index int
	frame *Frame
}

func (o *operation) muxedSource() xdr.MuxedAccount {
	if o.SourceAccount != nil {
		return *o.SourceAccount
	}
	return o.frame.tx.SourceAccount
}

func (o *operation) source() xdr.AccountId {
	m := o.muxedSource()
	return m.ToAccountId()
}

func (o *operation) contract() bool { return ContractOperation(o.Body.Type) }

// ContractOperation tells the operations that run the contract host, or move lifetimes, from all others.
func ContractOperation(t xdr.OperationType) bool {
	switch t {
	case xdr.OperationTypeInvokeHostFunction, xdr.OperationTypeExtendFootprintTtl, xdr.OperationTypeRestoreFootprint:
		return true
	}
	return false
}

// Indices of an account's thresholds.
const (
	thresholdLow    = 1
	thresholdMedium = 2
	thresholdHigh   = 3
)

func (o *operation) threshold() int {
	switch o.Body.Type {
	case xdr.OperationTypeSetTrustLineFlags, xdr.OperationTypeExtendFootprintTtl, xdr.OperationTypeRestoreFootprint:
		return thresholdLow
	case xdr.OperationTypeSetOptions:
		s := o.Body.SetOptionsOp
		if s.MasterWeight != nil || s.LowThreshold != nil || s.MedThreshold != nil || s.HighThreshold != nil || s.Signer != nil {
			return thresholdHigh
		}
	}
	return thresholdMedium
}

// checkSignature tells whether the operation's source has agreed.
func (o *operation) checkSignature(r ledger.Reader, c *checker, applying bool) opCode {
	if a := account(r, o.source()); a != nil {
		if !c.enough(signersOf(a), int(a.Thresholds[o.threshold()])) {
			return opCode{outer: xdr.OperationResultCodeOpBadAuth}
		}
		return opCode{}
	}
	if applying || o.SourceAccount == nil {
		return opCode{outer: xdr.OperationResultCodeOpNoAccount}
	}
	// An earlier operation may create the account; its own key signs until then.
	if !c.enough([]xdr.Signer{{Key: accountSigner(o.source()), Weight: 1}}, 0) {
		return opCode{outer: xdr.OperationResultCodeOpBadAuth}
	}
	return opCode{}
}

// check tells whether the operation is well formed, by itself and by the network's limits.
func (o *operation) check(l *Ledger, diagnostics *diagnostics) opCode {
	b := o.Body
	switch b.Type {
	case xdr.OperationTypeCreateAccount:
		return checkCreateAccount(b.CreateAccountOp, o.source())
	case xdr.OperationTypePayment:
		if b.PaymentOp.Amount <= 0 || !validAsset(b.PaymentOp.Asset) {
			return own(xdr.PaymentResultCodePaymentMalformed)
		}
	case xdr.OperationTypeChangeTrust:
		return checkChangeTrust(b.ChangeTrustOp, o.source())
	case xdr.OperationTypeSetOptions:
		return checkSetOptions(b.SetOptionsOp, o.source())
	case xdr.OperationTypeSetTrustLineFlags:
		return checkSetTrustLineFlags(b.SetTrustLineFlagsOp, o.source())
	case xdr.OperationTypeInvokeHostFunction:
		return checkInvoke(l.Limits, b.InvokeHostFunctionOp, diagnostics)
	case xdr.OperationTypeExtendFootprintTtl:
		return checkExtend(l.Limits, b.ExtendFootprintTtlOp, o.frame.Data().Resources.Footprint, diagnostics)
	case xdr.OperationTypeRestoreFootprint:
		return checkRestore(o.frame.Data().Resources.Footprint, diagnostics)
	default:
		return opCode{outer: xdr.OperationResultCodeOpNotSupported}
	}
	return opCode{}
}

// applyClassic does an operation that needs no contract host. Its changes are in d whether or not it succeeds.
func (o *operation) applyClassic(l *Ledger, d *ledger.Delta, ev *eventLog) opCode {
	if account(d, o.source()) == nil {
		return opCode{outer: xdr.OperationResultCodeOpNoAccount}
	}
	switch o.Body.Type {
	case xdr.OperationTypeCreateAccount:
		return o.createAccount(l, d, ev)
	case xdr.OperationTypePayment:
		return o.pay(l, d, ev)
	case xdr.OperationTypeChangeTrust:
		return o.changeTrust(l, d)
	case xdr.OperationTypeSetOptions:
		return o.setOptions(l, d)
	case xdr.OperationTypeSetTrustLineFlags:
		return o.setTrustLineFlags(d, ev)
	}
	return opCode{outer: xdr.OperationResultCodeOpNotSupported}
}
