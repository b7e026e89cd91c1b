package tx

import (
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
)

// diagnostics collects diagnostic events: why something failed, and what a contract call used.
type diagnostics struct{ list []xdr.DiagnosticEvent }

// fault is an "error" event with a text and numbers, as the node adds to the contract host's own.
func (g *diagnostics) fault(kind xdr.ScErrorType, code xdr.ScErrorCode, text string, args ...xdr.ScVal) {
	data := scval.String(text)
	if len(args) > 0 {
		vec := &xdr.ScVec{data}
		*vec = append(*vec, args...)
		data = xdr.ScVal{Type: xdr.ScValTypeScvVec, Vec: &vec}
	}
	problem := &xdr.ScError{Type: kind}
	if kind == xdr.ScErrorTypeSceContract {
		problem.ContractCode = new(xdr.Uint32)
	} else {
		problem.Code = &code
	}
	g.push(false, data, scval.Symbol("error"), xdr.ScVal{Type: xdr.ScValTypeScvError, Error: problem})
}

// exceeded is a fault about a limit, with what was asked for and what is allowed.
func (g *diagnostics) exceeded(kind xdr.ScErrorType, text string, got, limit uint64) {
	g.fault(kind, xdr.ScErrorCodeScecExceededLimit, text, scval.U64(got), scval.U64(limit))
}

// metric is one number of what a call used.
func (g *diagnostics) metric(success bool, name string, n uint64) {
	g.push(success, scval.U64(n), scval.Symbol("core_metrics"), scval.Symbol(name))
}

func (g *diagnostics) push(success bool, data xdr.ScVal, topics ...xdr.ScVal) {
	g.list = append(g.list, xdr.DiagnosticEvent{InSuccessfulContractCall: success, Event: xdr.ContractEvent{
		Type: xdr.ContractEventTypeDiagnostic, Body: xdr.ContractEventBody{V: 0, V0: &xdr.ContractEventV0{Topics: topics, Data: data}}}})
}
