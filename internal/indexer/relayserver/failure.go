package relayserver

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/binding"
)

// hostError is the host's own form of an error: Error(Contract, #10), Error(Auth, InvalidAction).
var hostError = regexp.MustCompile(`Error\((\w+), #?(\w+)\)`)

// failureOf classifies the text a simulation failed with. The diagnostic events tell which contract it was that refused: a token's
// #10 is not ours.
func failureOf(text string, events []xdr.DiagnosticEvent) *relay.Failure {
	f := &relay.Failure{Kind: relay.FailedByHost, Detail: detail(text)}
	m := hostError.FindStringSubmatch(text)
	if m == nil {
		return f
	}
	f.Kind = kindOf(m[1], m[2])
	if f.Kind == relay.FailedByContract {
		code, err := strconv.ParseUint(m[2], 10, 32)
		if err != nil {
			f.Kind = relay.FailedByHost
			return f
		}
		f.Code = uint32(code)
		f.Contract = whoRefused(f.Code, events)
	}
	return f
}

// kindOf goes by the names of the host's error types and codes.
func kindOf(errorType, code string) relay.FailureKind {
	switch errorType {
	case "Contract":
		return relay.FailedByContract
	case "Auth":
		return relay.FailedByAuth
	case "Budget":
		return relay.FailedByBudget
	case "Storage":
		// ExceededLimit: outside the footprint. A contract or entry that is missing altogether is not helped by another simulation.
		if code == "ExceededLimit" {
			return relay.FailedByArchive
		}
	}
	return relay.FailedByHost
}

// failureOfEvents finds the reason for a failed transaction in its diagnostic events, of which the node may have none; nil then.
func failureOfEvents(events []xdr.DiagnosticEvent) *relay.Failure {
	for i := len(events) - 1; i >= 0; i-- {
		e, ok := errorOf(events[i])
		if !ok {
			continue
		}
		f := &relay.Failure{Kind: relay.FailedByHost, Detail: detail(e.text)}
		if e.contract != nil {
			f.Kind, f.Code = relay.FailedByContract, *e.contract
			f.Contract = whoRefused(f.Code, events)
			return f
		}
		if m := hostError.FindStringSubmatch(e.text); m != nil {
			f.Kind = kindOf(m[1], m[2])
		}
		return f
	}
	return nil
}

// failureOfCode is all that can be said if the node keeps no diagnostic events; nil for a code that says nothing of the reason.
func failureOfCode(code string) *relay.Failure {
	switch code {
	case "invoke_host_function_resource_limit_exceeded", "invoke_host_function_insufficient_refundable_fee":
		return &relay.Failure{Kind: relay.FailedByBudget, Detail: code}
	case "invoke_host_function_entry_archived":
		return &relay.Failure{Kind: relay.FailedByArchive, Detail: code}
	}
	return nil
}

// An errorEvent is a diagnostic event by which the host reports an error: topics ["error", Error], of the contract that was running.
type errorEvent struct {
	contract *uint32 // the code, if it is a contract's error
	by       *xdr.ContractId
	text     string
}

func errorOf(e xdr.DiagnosticEvent) (errorEvent, bool) {
	body := e.Event.Body.V0
	if body == nil || len(body.Topics) < 2 || body.Topics[0].Type != xdr.ScValTypeScvSymbol || *body.Topics[0].Sym != "error" ||
		body.Topics[1].Type != xdr.ScValTypeScvError {
		return errorEvent{}, false
	}
	out := errorEvent{by: e.Event.ContractId}
	switch scError := body.Topics[1].Error; {
	case scError.Type == xdr.ScErrorTypeSceContract:
		code := uint32(*scError.ContractCode)
		out.contract, out.text = &code, "Error(Contract, #"+strconv.FormatUint(uint64(code), 10)+")"
	case scError.Code != nil:
		out.text = "Error(" + strings.TrimPrefix(scError.Type.String(), "ScErrorTypeSce") + ", " +
			strings.TrimPrefix(scError.Code.String(), "ScErrorCodeScec") + ")"
	}
	out.text += " " + plain(body.Data)
	return out, true
}

// plain is the text that the host put beside an error.
func plain(v xdr.ScVal) string {
	switch {
	case v.Type == xdr.ScValTypeScvString:
		return string(*v.Str)
	case v.Type == xdr.ScValTypeScvVec && v.Vec != nil && *v.Vec != nil && len(**v.Vec) > 0:
		return plain((**v.Vec)[0])
	}
	return ""
}

// whoRefused is the contract whose error with that code brought the call down. The last report of it comes from the outermost frame; going
// back through the reports of the same error, past what only logs, leads inwards to the one that refused first. A call, a return, an event or
// an error that somebody caught ends the way back: what lies before has nothing to do with this failure, even if its number is the same.
func whoRefused(code uint32, events []xdr.DiagnosticEvent) string {
	who := ""
	for i := len(events) - 1; i >= 0; i-- {
		e, isError := errorOf(events[i])
		if !isError {
			if who != "" && !isLog(events[i]) {
				break
			}
			continue
		}
		if e.contract == nil || *e.contract != code || strings.HasSuffix(e.text, caught) {
			break
		}
		if e.by != nil {
			who = binding.Address{Contract: true, Key: *e.by}.String()
		}
	}
	return who
}

// caught is the host's text beside an error that the caller survived.
const caught = "contract try_call failed"

func isLog(e xdr.DiagnosticEvent) bool {
	body := e.Event.Body.V0
	return e.Event.Type == xdr.ContractEventTypeDiagnostic && body != nil && len(body.Topics) > 0 &&
		body.Topics[0].Type == xdr.ScValTypeScvSymbol && *body.Topics[0].Sym == "log"
}

// detail keeps a node's text printable and short.
func detail(s string) string {
	const most = 2000
	s = strings.Map(func(r rune) rune {
		if r == '\n' || unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, s)
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most-len("…")], "") + "…"
	}
	return s
}
