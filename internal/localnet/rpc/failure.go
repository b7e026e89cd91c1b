package rpc

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stellar/go-stellar-sdk/strkey"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/host"
)

// failureText is the host's error with its event log, in the form that the host itself gives it when built for servers. Clients
// read the contract's error number from the first line.
func failureText(f *host.Failure, events []xdr.DiagnosticEvent) string {
	var b strings.Builder
	first, _, _ := strings.Cut(f.Text, "\n")
	b.WriteString(first)
	b.WriteString("\n")
	// The host takes its events along when it makes an error of its own, which it writes among them first; one of its budget, say, has none.
	own := func(d xdr.DiagnosticEvent) bool {
		topics := d.Event.Body.V0.Topics
		return len(topics) > 1 && topics[0].Sym != nil && *topics[0].Sym == "error" && topics[1].Error != nil && topics[1].Error.Equals(f.Error)
	}
	if !slices.ContainsFunc(events, own) {
		b.WriteString("DebugInfo not available\n")
		return b.String()
	}
	b.WriteString("\nEvent log (newest first):\n")
	for i := range events {
		fmt.Fprintf(&b, "   %d: %s\n", i, eventText(events[len(events)-1-i]))
	}
	return b.String()
}

func eventText(d xdr.DiagnosticEvent) string {
	var b strings.Builder
	kind := map[xdr.ContractEventType]string{xdr.ContractEventTypeSystem: "System", xdr.ContractEventTypeContract: "Contract",
		xdr.ContractEventTypeDiagnostic: "Diagnostic"}[d.Event.Type]
	if d.Event.Type != xdr.ContractEventTypeDiagnostic && !d.InSuccessfulContractCall {
		fmt.Fprintf(&b, "[Failed %s Event (not emitted)] ", kind)
	} else {
		fmt.Fprintf(&b, "[%s Event] ", kind)
	}
	if id := d.Event.ContractId; id != nil {
		fmt.Fprintf(&b, "contract:%s, ", strkey.MustEncode(strkey.VersionByteContract, id[:]))
	}
	body := d.Event.Body.V0
	b.WriteString("topics:[")
	call := len(body.Topics) > 1 && body.Topics[0].Sym != nil && *body.Topics[0].Sym == "fn_call"
	for i, t := range body.Topics {
		if i > 0 {
			b.WriteString(", ")
		}
		if i == 1 && call && t.Bytes != nil && len(*t.Bytes) == 32 { // the called contract
			b.WriteString(strkey.MustEncode(strkey.VersionByteContract, *t.Bytes))
			continue
		}
		b.WriteString(valueText(t))
	}
	fmt.Fprintf(&b, "], data:%s", valueText(body.Data))
	return b.String()
}

func valueText(v xdr.ScVal) string {
	switch v.Type {
	case xdr.ScValTypeScvVoid:
		return "Void"
	case xdr.ScValTypeScvError:
		return errorText(*v.Error)
	case xdr.ScValTypeScvTimepoint:
		return fmt.Sprintf("TimePoint(%d)", *v.Timepoint)
	case xdr.ScValTypeScvDuration:
		return fmt.Sprintf("Duration(%d)", *v.Duration)
	case xdr.ScValTypeScvBytes:
		return fmt.Sprintf("Bytes(%x)", []byte(*v.Bytes))
	case xdr.ScValTypeScvString:
		return `"` + escaped(*v.Str) + `"`
	case xdr.ScValTypeScvVec:
		var list []string
		if *v.Vec != nil {
			for _, e := range **v.Vec {
				list = append(list, valueText(e))
			}
		}
		return "[" + strings.Join(list, ", ") + "]"
	case xdr.ScValTypeScvMap:
		var list []string
		if *v.Map != nil {
			for _, e := range **v.Map {
				list = append(list, valueText(e.Key)+": "+valueText(e.Val))
			}
		}
		return "{" + strings.Join(list, ", ") + "}"
	case xdr.ScValTypeScvLedgerKeyContractInstance:
		return "LedgerKeyContractInstance"
	case xdr.ScValTypeScvLedgerKeyNonce:
		return fmt.Sprintf("LedgerKeyNonce(%d)", v.NonceKey.Nonce)
	}
	return v.String() // numbers, booleans, symbols, addresses
}

// escaped writes a text's bytes as the host does: quotes stay as they are, what is not printable ASCII is in hexadecimal (the crate escape-bytes).
func escaped[T ~string](text T) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		switch {
		case c == 0:
			b.WriteString(`\0`)
		case c == '\t':
			b.WriteString(`\t`)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\r':
			b.WriteString(`\r`)
		case c == '\\':
			b.WriteString(`\\`)
		case c >= ' ' && c <= '~':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, `\x%02x`, c)
		}
	}
	return b.String()
}

func errorText(e xdr.ScError) string {
	kind := strings.TrimPrefix(e.Type.String(), "ScErrorTypeSce")
	if e.ContractCode != nil {
		return fmt.Sprintf("Error(%s, #%d)", kind, *e.ContractCode)
	}
	return fmt.Sprintf("Error(%s, %s)", kind, strings.TrimPrefix(e.Code.String(), "ScErrorCodeScec"))
}
