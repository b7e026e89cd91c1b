package relayserver

import (
	"fmt"
	"strings"
	"unicode"

	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// outcome reads what became of an included transaction.
func outcome(answer protocol.GetTransactionResponse, out *relay.Transaction) error {
	out.Ledger = relay.Ledger{Sequence: answer.Ledger, CloseTime: uint64(max(answer.LedgerCloseTime, 0))}
	out.Order = uint32(max(answer.ApplicationOrder, 0))
	var result xdr.TransactionResult
	if err := xdr.SafeUnmarshalBase64(answer.ResultXDR, &result); err != nil {
		return fmt.Errorf("result: %w", err)
	}
	out.FeeCharged = int64(result.FeeCharged)
	switch answer.Status {
	case protocol.TransactionStatusFailed:
		out.State, out.Code = relay.TransactionFailed, resultCode(result)
		events, err := decodeAll[xdr.DiagnosticEvent](answer.DiagnosticEventsXDR)
		if err != nil {
			return fmt.Errorf("diagnostic events: %w", err)
		}
		if out.Failure = failureOfEvents(events); out.Failure == nil {
			out.Failure = failureOfCode(out.Code)
		}
		return nil
	case protocol.TransactionStatusSuccess:
		out.State = relay.TransactionIncluded
	default:
		return fmt.Errorf("status %.40q", answer.Status)
	}
	for _, ofOperation := range answer.Events.ContractEventsXDR {
		out.Events = append(out.Events, ofOperation...)
	}
	var meta xdr.TransactionMeta
	if err := xdr.SafeUnmarshalBase64(answer.ResultMetaXDR, &meta); err != nil {
		return fmt.Errorf("meta: %w", err)
	}
	if value := returned(meta); value != nil {
		text, err := stellar.Encode(*value)
		if err != nil {
			return err
		}
		out.Value = text
	}
	return nil
}

// returned is what the call returned; nil if the transaction made none.
func returned(meta xdr.TransactionMeta) *xdr.ScVal {
	switch {
	case meta.V4 != nil && meta.V4.SorobanMeta != nil:
		return meta.V4.SorobanMeta.ReturnValue
	case meta.V3 != nil && meta.V3.SorobanMeta != nil:
		return &meta.V3.SorobanMeta.ReturnValue
	}
	return nil
}

// resultCode names why a transaction failed as its XDR does in JSON (SEP-51): tx_bad_seq, or for a failed operation its own reason,
// invoke_host_function_trapped. Of a fee bump it is why the transaction inside failed, unless the bump itself is the reason.
func resultCode(result xdr.TransactionResult) string {
	code := result.Result.Code
	if inner := result.Result.InnerResultPair; inner != nil {
		code = inner.Result.Result.Code
	}
	if results, ok := result.OperationResults(); ok && code == xdr.TransactionResultCodeTxFailed && len(results) > 0 {
		op := results[0]
		switch tr := op.Tr; {
		case tr == nil:
			return snake(strings.TrimPrefix(op.Code.String(), "OperationResultCode"))
		case tr.InvokeHostFunctionResult != nil:
			return snake(strings.TrimPrefix(tr.InvokeHostFunctionResult.Code.String(), "InvokeHostFunctionResultCode"))
		case tr.ExtendFootprintTtlResult != nil:
			return snake(strings.TrimPrefix(tr.ExtendFootprintTtlResult.Code.String(), "ExtendFootprintTtlResultCode"))
		case tr.RestoreFootprintResult != nil:
			return snake(strings.TrimPrefix(tr.RestoreFootprintResult.Code.String(), "RestoreFootprintResultCode"))
		}
	}
	return snake(strings.TrimPrefix(code.String(), "TransactionResultCode"))
}

func snake(camel string) string {
	var out strings.Builder
	for i, r := range camel {
		if unicode.IsUpper(r) && i > 0 {
			out.WriteByte('_')
		}
		out.WriteRune(unicode.ToLower(r))
	}
	return out.String()
}
