package relayserver

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/binding"
)

func contractError(code uint32) xdr.ScVal {
	n := xdr.Uint32(code)
	return xdr.ScVal{Type: xdr.ScValTypeScvError, Error: &xdr.ScError{Type: xdr.ScErrorTypeSceContract, ContractCode: &n}}
}

func hostErr(t xdr.ScErrorType, c xdr.ScErrorCode) xdr.ScVal {
	return xdr.ScVal{Type: xdr.ScValTypeScvError, Error: &xdr.ScError{Type: t, Code: &c}}
}

func by(contract byte, data xdr.ScVal, topics ...xdr.ScVal) xdr.DiagnosticEvent {
	id := xdr.ContractId{contract}
	return xdr.DiagnosticEvent{Event: xdr.ContractEvent{
		Type: xdr.ContractEventTypeDiagnostic, ContractId: &id,
		Body: xdr.ContractEventBody{V0: &xdr.ContractEventV0{Topics: topics, Data: data}},
	}}
}

// The sequences are those that the real host writes, shortened.
func TestWhoRefused(t *testing.T) {
	const ours, token = 1, 2
	called := func(who byte) xdr.DiagnosticEvent { return by(who, scval.String(""), scval.Symbol("fn_call")) }
	failed := func(who byte, code uint32, text string) xdr.DiagnosticEvent {
		return by(who, scval.String(text), scval.Symbol("error"), contractError(code))
	}
	log := func(who byte) xdr.DiagnosticEvent {
		return by(who, scval.String("VM call trapped with HostError"), scval.Symbol("log"))
	}
	name := func(who byte) string { return binding.Address{Contract: true, Key: [32]byte{who}}.String() }
	for _, c := range []struct {
		what   string
		events []xdr.DiagnosticEvent
		want   string
	}{
		{"nobody said anything", nil, ""},
		{"ours alone", []xdr.DiagnosticEvent{called(ours), failed(ours, 4, "escalating Ok(ScErrorType::Contract) frame-exit to Err")}, name(ours)},
		{"a token below ours", []xdr.DiagnosticEvent{
			called(ours), called(token), failed(token, 4, "failing with contract error"), log(token), failed(ours, 4, "contract call failed"), log(ours),
		}, name(token)},
		{"ours, after a token's same number was caught", []xdr.DiagnosticEvent{
			called(ours), called(token), failed(token, 4, "failing with contract error"), failed(ours, 4, "contract try_call failed"),
			failed(ours, 4, "escalating Ok(ScErrorType::Contract) frame-exit to Err"),
		}, name(ours)},
		{"ours, after another call", []xdr.DiagnosticEvent{
			called(token), failed(token, 4, "failing with contract error"), called(ours), failed(ours, 4, "failing with contract error"),
		}, name(ours)},
		{"another number before", []xdr.DiagnosticEvent{failed(token, 9, "failing with contract error"), failed(ours, 4, "failing with contract error")}, name(ours)},
	} {
		if got := whoRefused(4, c.events); got != c.want {
			t.Errorf("%s: %s, want %s", c.what, got, c.want)
		}
		f := failureOfEvents(c.events)
		switch {
		case c.want == "" && f != nil:
			t.Errorf("%s: %+v out of nothing", c.what, f)
		case c.want != "" && (f == nil || f.Kind != relay.FailedByContract || f.Contract != c.want || f.Code != 4):
			t.Errorf("%s: %+v, want number 4 of %s", c.what, f, c.want)
		}
	}
}

func TestKindsOfFailure(t *testing.T) {
	for text, want := range map[string]relay.FailureKind{
		"HostError: Error(Contract, #10)\n\nEvent log":       relay.FailedByContract,
		"HostError: Error(Contract, #99999999999)":           relay.FailedByHost,
		"HostError: Error(Auth, InvalidAction)":              relay.FailedByAuth,
		"HostError: Error(Budget, ExceededLimit)":            relay.FailedByBudget,
		"HostError: Error(Storage, ExceededLimit)":           relay.FailedByArchive,
		"HostError: Error(Storage, MissingValue)":            relay.FailedByHost,
		"HostError: Error(WasmVm, InvalidAction)":            relay.FailedByHost,
		"Transaction contains more than one operation":       relay.FailedByHost,
		"HostError: Error(Value, InvalidInput), #10, Error(": relay.FailedByHost,
	} {
		if got := failureOf(text, nil); got.Kind != want || got.Detail != text {
			t.Errorf("%q: %+v, want %s", text, got, want)
		}
	}
	for _, c := range []struct {
		value xdr.ScVal
		want  relay.FailureKind
	}{
		{hostErr(xdr.ScErrorTypeSceBudget, xdr.ScErrorCodeScecExceededLimit), relay.FailedByBudget},
		{hostErr(xdr.ScErrorTypeSceStorage, xdr.ScErrorCodeScecExceededLimit), relay.FailedByArchive},
		{hostErr(xdr.ScErrorTypeSceAuth, xdr.ScErrorCodeScecInvalidAction), relay.FailedByAuth},
		{hostErr(xdr.ScErrorTypeSceWasmVm, xdr.ScErrorCodeScecInvalidAction), relay.FailedByHost},
	} {
		if got := failureOfEvents([]xdr.DiagnosticEvent{by(1, scval.String("why"), scval.Symbol("error"), c.value)}); got == nil || got.Kind != c.want || !strings.Contains(got.Detail, "why") {
			t.Errorf("%s: %+v, want %s", c.value, got, c.want)
		}
	}
}

// A node's text ends in logs and answers: it stays short and printable.
func FuzzDetail(f *testing.F) {
	f.Add("HostError: Error(Contract, #10)\x1b[31m\x00")
	f.Add(strings.Repeat("ä", 1500))
	f.Fuzz(func(t *testing.T, s string) {
		got := failureOf(s, nil).Detail
		if len(got) > 2000 || !utf8.ValidString(got) || strings.ContainsAny(got, "\x00\x1b\r\u202e") {
			t.Errorf("%q became %q", s, got)
		}
	})
}

func TestResultCodes(t *testing.T) {
	for _, c := range []struct {
		result xdr.TransactionResult
		want   string
	}{
		{xdr.TransactionResult{Result: xdr.TransactionResultResult{Code: xdr.TransactionResultCodeTxBadSeq}}, "tx_bad_seq"},
		{xdr.TransactionResult{Result: xdr.TransactionResultResult{Code: xdr.TransactionResultCodeTxFailed, Results: &[]xdr.OperationResult{}}}, "tx_failed"},
		{xdr.TransactionResult{Result: xdr.TransactionResultResult{Code: xdr.TransactionResultCodeTxFailed, Results: &[]xdr.OperationResult{{
			Code: xdr.OperationResultCodeOpExceededWorkLimit,
		}}}}, "op_exceeded_work_limit"},
		{xdr.TransactionResult{Result: xdr.TransactionResultResult{Code: xdr.TransactionResultCodeTxFailed, Results: &[]xdr.OperationResult{{
			Tr: &xdr.OperationResultTr{
				Type:                     xdr.OperationTypeInvokeHostFunction,
				InvokeHostFunctionResult: &xdr.InvokeHostFunctionResult{Code: xdr.InvokeHostFunctionResultCodeInvokeHostFunctionEntryArchived},
			},
		}}}}, "invoke_host_function_entry_archived"},
		{xdr.TransactionResult{Result: xdr.TransactionResultResult{Code: xdr.TransactionResultCodeTxFailed, Results: &[]xdr.OperationResult{{
			Tr: &xdr.OperationResultTr{
				Type:                   xdr.OperationTypeRestoreFootprint,
				RestoreFootprintResult: &xdr.RestoreFootprintResult{Code: xdr.RestoreFootprintResultCodeRestoreFootprintMalformed},
			},
		}}}}, "restore_footprint_malformed"},
	} {
		if got := resultCode(c.result); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}
