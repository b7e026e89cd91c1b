package host

import (
	"context"

	"github.com/stellar/go-stellar-sdk/xdr"
)

// Flags of a request (shim/src/engine.rs).
const (
	flagDiagnostics uint32 = 1 << iota
	flagEnforceAuth
	flagNonRootAuth
	flagAddressV2
	flagNoAdjustment
)

// InvokeRequest is one host function with all that a transaction declares for it.
type InvokeRequest struct {
	Info     Info
	Seed     [32]byte // of the contract's random numbers, different for each transaction
	Source   xdr.AccountId
	Function xdr.HostFunction
	Auth     []xdr.SorobanAuthorizationEntry
	// Data holds the footprint and the limits that are enforced, and in its extension the indices of the read-write entries to be
	// restored first. Its fee is not looked at.
	Data xdr.SorobanTransactionData
	// Diagnostics asks for diagnostic events; they cost nothing that is metered.
	Diagnostics bool
}

// Execution is what running a host function gave, for real or simulated.
type Execution struct {
	Instructions uint64     // metered, also when it failed
	MemoryBytes  uint64     // metered, also when it failed
	Value        *xdr.ScVal // nil if it failed
	Failure      *Failure   // nil if it succeeded
	// Events are the contracts' own, and those of asset contracts, in order. None if it failed.
	Events      []xdr.ContractEvent
	Diagnostics []xdr.DiagnosticEvent // also when it failed
}

// InvokeResult is what a host function did. A failed one changed nothing.
type InvokeResult struct {
	Execution
	// RentFee is what the changes of size and lifetime cost, in stroops, part of the refundable fee.
	RentFee int64
	// Changes has one item for each entry of the footprint, whether it changed or not, in the host's order of keys.
	Changes []Change
}

// Invoke runs a host function with its footprint, limits and authorisations enforced, as validators do when they apply a transaction.
//
// A contract that fails, panics or exceeds its limits is an ordinary result with a Failure. The errors are ErrNotConfigured, a
// *Refused or *EntryArchived (nothing was run), and a *Trap (see there). The host does not look at what the transaction declares
// beyond instructions and memory: read and write bytes, sizes of entries and of the contract are checked by the caller.
func (h *Host) Invoke(ctx context.Context, q InvokeRequest) (InvokeResult, error) {
	request, err := q.MarshalBinary()
	if err != nil {
		return InvokeResult{}, err
	}
	reply, err := h.do(ctx, opInvoke, request)
	if err != nil {
		return InvokeResult{}, err
	}
	return parseInvoke(reply)
}

// MarshalBinary is the request as the module reads it (shim/src/engine.rs), for whoever has another build of it.
func (q InvokeRequest) MarshalBinary() ([]byte, error) {
	f := &frame{}
	var flags uint32
	if q.Diagnostics {
		flags |= flagDiagnostics
	}
	f.head(q.Info, flags)
	f.bytes = append(f.bytes, q.Seed[:]...)
	f.xdr("the source account", q.Source)
	f.xdr("the host function", q.Function)
	f.xdr("the resources", &q.Data.Resources)
	list(f, "authorisation entry", q.Auth)
	archived := archivedIndices(q.Data)
	f.u32(uint32(len(archived)))
	for _, i := range archived {
		f.u32(uint32(i))
	}
	return f.done()
}

func archivedIndices(d xdr.SorobanTransactionData) []xdr.Uint32 {
	if d.Ext.ResourceExt == nil {
		return nil
	}
	return d.Ext.ResourceExt.ArchivedSorobanEntries
}

// UnmarshalBinary reads the module's reply to an InvokeRequest.
func (res *InvokeResult) UnmarshalBinary(reply []byte) (err error) {
	*res, err = parseInvoke(reply)
	return err
}

func parseInvoke(reply []byte) (InvokeResult, error) {
	r := &reader{rest: reply}
	var res InvokeResult
	res.outcome(r)
	res.RentFee = int64(r.u64())
	n := r.count()
	for range n {
		res.Changes = append(res.Changes, parseChange(r))
		if r.err != nil {
			break
		}
	}
	res.Events = values[xdr.ContractEvent](r, "a contract event")
	res.Diagnostics = values[xdr.DiagnosticEvent](r, "a diagnostic event")
	if err := r.done(); err != nil {
		return InvokeResult{}, err
	}
	return res, nil
}

func parseChange(r *reader) Change {
	c := Change{ReadOnly: r.present(), KeyXDR: r.blob()}
	if r.err != nil {
		return c
	}
	r.decode("a changed key", c.KeyXDR, &c.Key)
	c.Entry = optional[xdr.LedgerEntry](r, "a changed entry")
	if r.present() {
		c.TTL = &TTLChange{Before: r.u32(), After: r.u32()}
	}
	return c
}

// outcome reads what both kinds of run begin with.
func (e *Execution) outcome(r *reader) {
	e.Instructions, e.MemoryBytes = r.u64(), r.u64()
	if r.present() {
		e.Value = new(xdr.ScVal)
		r.value("the returned value", e.Value)
		return
	}
	e.Failure = &Failure{}
	r.value("the error", &e.Failure.Error)
	e.Failure.Text = string(r.blob())
}
