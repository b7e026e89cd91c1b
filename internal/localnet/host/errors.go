package host

import (
	"errors"
	"strings"

	"github.com/stellar/go-stellar-sdk/xdr"
)

// ErrNotConfigured is returned by calls that need the network's settings before Configure read them.
var ErrNotConfigured = errors.New("the host is not configured: put the network's settings into the ledger, then call Configure")

// Refused says why the host did not run a request at all: XDR nested too deeply, a key that cannot be restored, settings that are
// missing. Nothing was executed and nothing is charged. A contract's own failure is no Refused but a Failure in the result.
type Refused struct{ Reason string }

func (r *Refused) Error() string { return "refused by the host: " + r.Reason }

// EntryArchived refuses an invocation whose footprint names an entry that is archived and is not among those that the transaction
// restores (InvokeHostFunctionResultCode ENTRY_ARCHIVED).
type EntryArchived struct{ Key xdr.LedgerKey }

func (e *EntryArchived) Error() string {
	return "refused by the host: the " + e.Key.Type.String() + " entry is archived and not listed for restoring"
}

// Trap is the end of a call inside the module: a panic of the host, memory beyond the bound, a ledger that could not be read.
// The instance is gone, the Host goes on with a new one. Unwrap gives the cause.
type Trap struct {
	Panic string // the panic's text, when there was one
	Cause error
}

// Error is one line; the stack inside the module is in the cause's text.
func (t *Trap) Error() string {
	if t.Panic != "" {
		return "the host stopped: " + strings.Join(strings.Fields(t.Panic), " ")
	}
	line, _, _ := strings.Cut(t.Cause.Error(), "\n")
	return "the host stopped: " + line
}

func (t *Trap) Unwrap() error { return t.Cause }

// Failure is how a host function failed.
type Failure struct {
	Error xdr.ScError
	// Text is the host's own, first line "HostError: Error(Contract, #5)". The event log that a real server adds to it is in the
	// diagnostic events.
	Text string
}
