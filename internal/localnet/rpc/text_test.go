package rpc

import (
	"testing"

	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/host"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
)

// The event log reads as the host's own does (soroban-env-host, events/mod.rs), since clients show and search it.
func TestFailureText(t *testing.T) {
	seven, two := xdr.Uint32(7), xdr.Int128Parts{Lo: 2}
	problem := xdr.ScVal{Type: xdr.ScValTypeScvError, Error: &xdr.ScError{Type: xdr.ScErrorTypeSceContract, ContractCode: &seven}}
	code := xdr.ScErrorCodeScecInvalidAction
	auth := xdr.ScVal{Type: xdr.ScValTypeScvError, Error: &xdr.ScError{Type: xdr.ScErrorTypeSceAuth, Code: &code}}
	id := xdr.ContractId{}
	address := xdr.ScVal{Type: xdr.ScValTypeScvAddress, Address: &xdr.ScAddress{Type: xdr.ScAddressTypeScAddressTypeContract, ContractId: &id}}
	raw, text := xdr.ScBytes(make([]byte, 32)), xdr.ScString("why \"é\"\t\\\x00")
	bytes := xdr.ScVal{Type: xdr.ScValTypeScvBytes, Bytes: &raw}
	amount := xdr.ScVal{Type: xdr.ScValTypeScvI128, I128: &two}
	str := xdr.ScVal{Type: xdr.ScValTypeScvString, Str: &text}
	vec := &xdr.ScVec{str, amount, {Type: xdr.ScValTypeScvVoid}, auth}
	m := &xdr.ScMap{{Key: scval.Symbol("k"), Val: bytes}}
	event := func(kind xdr.ContractEventType, from *xdr.ContractId, data xdr.ScVal, topics ...xdr.ScVal) xdr.DiagnosticEvent {
		return xdr.DiagnosticEvent{Event: xdr.ContractEvent{Type: kind, ContractId: from,
			Body: xdr.ContractEventBody{V0: &xdr.ContractEventV0{Topics: topics, Data: data}}}}
	}
	log := []xdr.DiagnosticEvent{
		event(xdr.ContractEventTypeDiagnostic, nil, xdr.ScVal{Type: xdr.ScValTypeScvVoid}, scval.Symbol("fn_call"), bytes, scval.Symbol("refuse")),
		event(xdr.ContractEventTypeContract, &id, xdr.ScVal{Type: xdr.ScValTypeScvMap, Map: &m}, scval.Symbol("paid"), address),
		event(xdr.ContractEventTypeDiagnostic, &id, xdr.ScVal{Type: xdr.ScValTypeScvVec, Vec: &vec}, scval.Symbol("error"), problem),
	}
	got := failureText(&host.Failure{Text: "HostError: Error(Contract, #7)\nmore", Error: *problem.Error}, log)
	const c = "CAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABSC4"
	const zeros = "0000000000000000000000000000000000000000000000000000000000000000"
	want := `HostError: Error(Contract, #7)

Event log (newest first):
   0: [Diagnostic Event] contract:` + c + `, topics:[error, Error(Contract, #7)], data:["why "\xc3\xa9"\t\\\0", 2, Void, Error(Auth, InvalidAction)]
   1: [Failed Contract Event (not emitted)] contract:` + c + `, topics:[paid, ` + c + `], data:{k: Bytes(` + zeros + `)}
   2: [Diagnostic Event] topics:[fn_call, ` + c + `, refuse], data:Void
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	// An error that the host did not make itself, so that none of its events tells of it, has none of them.
	limit := xdr.ScErrorCodeScecExceededLimit
	spent := &host.Failure{Text: "HostError: Error(Budget, ExceededLimit)", Error: xdr.ScError{Type: xdr.ScErrorTypeSceBudget, Code: &limit}}
	for name, events := range map[string][]xdr.DiagnosticEvent{"without events": nil, "with those of another": log} {
		if got := failureText(spent, events); got != "HostError: Error(Budget, ExceededLimit)\nDebugInfo not available\n" {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestFeeDistribution(t *testing.T) {
	if d := distribution(nil); d != (protocol.FeeDistribution{}) {
		t.Errorf("of nothing: %+v", d)
	}
	var fees []uint64
	for i := range uint64(100) {
		fees = append(fees, 100-i) // 100 … 1
	}
	d := distribution(append(fees, 42))
	if d.Min != 1 || d.Max != 100 || d.Mode != 42 || d.P50 != 50 || d.P99 != 99 || d.P10 != 11 || d.TransactionCount != 101 {
		t.Errorf("%+v", d)
	}
}
