package relayserver

import (
	"encoding/json"
	"testing"

	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

func base64Of(t testing.TB, v any) string {
	t.Helper()
	text, err := xdr.MarshalBase64(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// FuzzOutcome: a node says what became of a transaction. Whatever it says, it is told as included or failed, with a reason and a value that can be read, or
// refused.
func FuzzOutcome(f *testing.F) {
	void := xdr.ScVal{Type: xdr.ScValTypeScvVoid}
	meta := base64Of(f, xdr.TransactionMeta{V: 4, V4: &xdr.TransactionMetaV4{SorobanMeta: &xdr.SorobanTransactionMetaV2{ReturnValue: &void}}})
	good := base64Of(f, xdr.TransactionResult{FeeCharged: 7, Result: xdr.TransactionResultResult{Code: xdr.TransactionResultCodeTxSuccess, Results: &[]xdr.OperationResult{}}})
	trapped := base64Of(f, xdr.TransactionResult{Result: xdr.TransactionResultResult{Code: xdr.TransactionResultCodeTxFailed, Results: &[]xdr.OperationResult{{
		Tr: &xdr.OperationResultTr{Type: xdr.OperationTypeInvokeHostFunction, InvokeHostFunctionResult: &xdr.InvokeHostFunctionResult{
			Code: xdr.InvokeHostFunctionResultCodeInvokeHostFunctionTrapped,
		}},
	}}}})
	f.Add("SUCCESS", good, meta, "")
	f.Add("SUCCESS", good, "AAAA", "")
	f.Add("FAILED", trapped, "", base64Of(f, xdr.DiagnosticEvent{Event: xdr.ContractEvent{Body: xdr.ContractEventBody{V0: &xdr.ContractEventV0{
		Topics: []xdr.ScVal{void}, Data: void,
	}}}}))
	f.Add("FAILED", base64Of(f, xdr.TransactionResult{Result: xdr.TransactionResultResult{Code: xdr.TransactionResultCodeTxBadSeq}}), "", "AAAA")
	f.Add("NOT_FOUND", good, meta, "")
	f.Fuzz(func(t *testing.T, status, result, meta, event string) {
		if len(result)+len(meta)+len(event) > stellar.MaxXDR {
			return
		}
		answer := protocol.GetTransactionResponse{TransactionDetails: protocol.TransactionDetails{Status: status, ResultXDR: result, ResultMetaXDR: meta}}
		if event != "" {
			answer.DiagnosticEventsXDR = []string{event}
		}
		var out relay.Transaction
		if err := outcome(answer, &out); err != nil {
			return
		}
		switch out.State {
		case relay.TransactionFailed:
			if out.Code == "" {
				t.Errorf("failed, and not why: %+v", out)
			}
		case relay.TransactionIncluded:
			var v xdr.ScVal
			if out.Value != "" && xdr.SafeUnmarshalBase64(out.Value, &v) != nil {
				t.Errorf("a value that is none: %q", out.Value)
			}
		default:
			t.Errorf("neither included nor failed: %+v", out)
		}
		if text, err := json.Marshal(out); err != nil || len(text) > 4*stellar.MaxXDR {
			t.Errorf("it is told in %d bytes, %v", len(text), err)
		}
	})
}

// FuzzTranslate: a node says what a simulation would do. Whatever it says, it is told with resources that can be read, as a failure, or refused.
func FuzzTranslate(f *testing.F) {
	data := base64Of(f, xdr.SorobanTransactionData{Resources: xdr.SorobanResources{Instructions: 5}})
	value := base64Of(f, xdr.ScVal{Type: xdr.ScValTypeScvVoid})
	for _, answer := range []string{
		`{"transactionData":"` + data + `","minResourceFee":"7","results":[{"auth":["AAAA"],"xdr":"` + value + `"}],"latestLedger":3}`,
		`{"transactionData":"` + data + `","results":[{}],"restorePreamble":{"transactionData":"AAAA","minResourceFee":"1"}}`,
		`{"error":"HostError: Error(Contract, #10)","events":["AAAA"]}`, `{"error":"HostError: Error(Contract, #4294967296)"}`, `{}`, `{"transactionData":"AAAA"}`,
	} {
		f.Add(answer)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var answer protocol.SimulateTransactionResponse
		if len(text) > stellar.MaxXDR || json.Unmarshal([]byte(text), &answer) != nil {
			return
		}
		sim, err := translate(answer)
		if err != nil {
			return
		}
		var data xdr.SorobanTransactionData
		if sim.Failure == nil && stellar.Decode("resources", sim.TransactionData, &data) != nil {
			t.Errorf("no failure, and no resources: %+v", sim)
		}
		if (sim.Failure != nil) != (answer.Error != "") {
			t.Errorf("the node says %q, told is %+v", answer.Error, sim.Failure)
		}
		for _, text := range sim.Events {
			var e xdr.ContractEvent
			if err := stellar.Decode("event", text, &e); err != nil {
				t.Errorf("an event that is none: %v", err)
			}
		}
	})
}
