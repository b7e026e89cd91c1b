package rpc_test

import (
	"testing"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/rpc"
)

// What the fee statistics count of a transaction (stellar-rpc, feewindow.go): a charge is divided by the operations of the envelope, also where the results name
// none because the transaction failed as a whole.
func TestInclusionFee(t *testing.T) {
	ops := func(kind xdr.OperationType, n int) (list []xdr.Operation) {
		for range n {
			list = append(list, xdr.Operation{Body: xdr.OperationBody{Type: kind}})
		}
		return list
	}
	resources := &xdr.SorobanTransactionMetaV2{Ext: xdr.SorobanTransactionMetaExt{V: 1, V1: &xdr.SorobanTransactionMetaExtV1{
		TotalNonRefundableResourceFeeCharged: 500, TotalRefundableResourceFeeCharged: 300}}}
	for _, c := range []struct {
		name       string
		operations []xdr.Operation
		resources  *xdr.SorobanTransactionMetaV2
		charged    xdr.Int64
		fee        uint64
		contract   bool
		none       bool
	}{
		{name: "a payment", operations: ops(xdr.OperationTypePayment, 1), charged: 100, fee: 100},
		{name: "three that failed as one", operations: ops(xdr.OperationTypeSetOptions, 3), charged: 300, fee: 100},
		{name: "a call", operations: ops(xdr.OperationTypeInvokeHostFunction, 1), resources: resources, charged: 907, fee: 107, contract: true},
		{name: "an extension", operations: ops(xdr.OperationTypeExtendFootprintTtl, 1), resources: resources, charged: 900, fee: 100, contract: true},
		{name: "a restoration", operations: ops(xdr.OperationTypeRestoreFootprint, 1), resources: resources, charged: 900, fee: 100, contract: true},
		{name: "a call that does not say what it cost", operations: ops(xdr.OperationTypeInvokeHostFunction, 1), charged: 900, contract: true, none: true},
	} {
		m := xdr.TransactionResultMetaV1{TxApplyProcessing: xdr.TransactionMeta{V: 4, V4: &xdr.TransactionMetaV4{SorobanMeta: c.resources}}}
		m.Result.Result.FeeCharged = c.charged
		if fee, ok := rpc.InclusionFee(m, c.operations, c.contract); ok == c.none || fee != c.fee {
			t.Errorf("%s: got %d %v, want %d %v", c.name, fee, ok, c.fee, !c.none)
		}
		if fee, ok := rpc.InclusionFee(m, c.operations, !c.contract); ok {
			t.Errorf("%s: among the others it counts %d", c.name, fee)
		}
	}
}
