package tx

import "github.com/stellar/go-stellar-sdk/xdr"

// outcome is a transaction's result while it comes about.
type outcome struct {
	frame *Frame
	code  xdr.TransactionResultCode // of the innermost transaction
	bump  xdr.TransactionResultCode // of the fee bump itself, success while it stands
	ops   []xdr.OperationResult
	fee   int64
}

func newOutcome(f *Frame, fee int64) *outcome {
	o := &outcome{frame: f, fee: fee}
	for _, op := range f.operations {
		o.ops = append(o.ops, opResult(op.Body.Type, opCode{}))
	}
	return o
}

func (o *outcome) ok() bool {
	return o.code == xdr.TransactionResultCodeTxSuccess && o.bump == xdr.TransactionResultCodeTxSuccess
}

// fail sets the innermost code.
func (o *outcome) fail(c xdr.TransactionResultCode) { o.code = c }

// result is the XDR form. A fee bump's inner transaction pays nothing (protocol 25).
func (o *outcome) result() xdr.TransactionResult {
	if o.frame.bump == nil {
		return xdr.TransactionResult{FeeCharged: xdr.Int64(o.fee), Result: xdr.TransactionResultResult{Code: o.code, Results: o.results()}}
	}
	if o.bump != xdr.TransactionResultCodeTxSuccess {
		return xdr.TransactionResult{FeeCharged: xdr.Int64(o.fee), Result: xdr.TransactionResultResult{Code: o.bump}}
	}
	code := xdr.TransactionResultCodeTxFeeBumpInnerSuccess
	if o.code != xdr.TransactionResultCodeTxSuccess {
		code = xdr.TransactionResultCodeTxFeeBumpInnerFailed
	}
	return xdr.TransactionResult{FeeCharged: xdr.Int64(o.fee), Result: xdr.TransactionResultResult{Code: code,
		InnerResultPair: &xdr.InnerTransactionResultPair{TransactionHash: o.frame.contents,
			Result: xdr.InnerTransactionResult{Result: xdr.InnerTransactionResultResult{Code: o.code, Results: o.results()}}}}}
}

func (o *outcome) results() *[]xdr.OperationResult {
	if o.code == xdr.TransactionResultCodeTxSuccess || o.code == xdr.TransactionResultCodeTxFailed {
		return &o.ops
	}
	return nil
}

// opCode is how an operation ended: in a code of the frame around all operations, or in its own. Zero is success.
type opCode struct {
	outer xdr.OperationResultCode
	own   int32
	mute  bool // it failed, and its code does not say so
}

func (c opCode) ok() bool { return c == opCode{} }

func own[C ~int32](c C) opCode { return opCode{own: int32(c)} }

// opResult is the XDR form of a code. A successful host function's hash is set by who knows it.
func opResult(t xdr.OperationType, c opCode) xdr.OperationResult {
	if c.outer != xdr.OperationResultCodeOpInner || !supported(t) {
		if c.ok() {
			c.outer = xdr.OperationResultCodeOpNotSupported
		}
		return xdr.OperationResult{Code: c.outer}
	}
	tr := &xdr.OperationResultTr{Type: t}
	switch t {
	case xdr.OperationTypeCreateAccount:
		tr.CreateAccountResult = &xdr.CreateAccountResult{Code: xdr.CreateAccountResultCode(c.own)}
	case xdr.OperationTypePayment:
		tr.PaymentResult = &xdr.PaymentResult{Code: xdr.PaymentResultCode(c.own)}
	case xdr.OperationTypeChangeTrust:
		tr.ChangeTrustResult = &xdr.ChangeTrustResult{Code: xdr.ChangeTrustResultCode(c.own)}
	case xdr.OperationTypeSetOptions:
		tr.SetOptionsResult = &xdr.SetOptionsResult{Code: xdr.SetOptionsResultCode(c.own)}
	case xdr.OperationTypeSetTrustLineFlags:
		tr.SetTrustLineFlagsResult = &xdr.SetTrustLineFlagsResult{Code: xdr.SetTrustLineFlagsResultCode(c.own)}
	case xdr.OperationTypeInvokeHostFunction:
		tr.InvokeHostFunctionResult = &xdr.InvokeHostFunctionResult{Code: xdr.InvokeHostFunctionResultCode(c.own)}
		if c.own == 0 {
			tr.InvokeHostFunctionResult.Success = &xdr.Hash{}
		}
	case xdr.OperationTypeExtendFootprintTtl:
		tr.ExtendFootprintTtlResult = &xdr.ExtendFootprintTtlResult{Code: xdr.ExtendFootprintTtlResultCode(c.own)}
	case xdr.OperationTypeRestoreFootprint:
		tr.RestoreFootprintResult = &xdr.RestoreFootprintResult{Code: xdr.RestoreFootprintResultCode(c.own)}
	}
	return xdr.OperationResult{Code: xdr.OperationResultCodeOpInner, Tr: tr}
}

func supported(t xdr.OperationType) bool {
	switch t {
	case xdr.OperationTypeCreateAccount, xdr.OperationTypePayment, xdr.OperationTypeChangeTrust, xdr.OperationTypeSetOptions,
		xdr.OperationTypeSetTrustLineFlags, xdr.OperationTypeInvokeHostFunction, xdr.OperationTypeExtendFootprintTtl,
		xdr.OperationTypeRestoreFootprint:
		return true
	}
	return false
}
