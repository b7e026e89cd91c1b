package host

import (
	"context"

	"github.com/stellar/go-stellar-sdk/xdr"
)

// AuthMode says what a simulation does about authorisation.
type AuthMode int

const (
	// RecordAuth grants every require_auth and records what would have to be signed. An authorisation asked for by a contract that
	// is not below the address's root call fails.
	RecordAuth AuthMode = iota
	// RecordAuthNonRoot is RecordAuth that also records authorisations below calls that do not need the address's own.
	RecordAuthNonRoot
	// EnforceAuth checks the entries given and records none.
	EnforceAuth
)

// SimulateRequest is a host function to be tried on the ledger as it is, without declaring anything.
type SimulateRequest struct {
	Info Info
	// Seed feeds the contract's random numbers and the nonces of recorded authorisations: never use one twice, or the nonces collide.
	Seed     [32]byte
	Source   xdr.AccountId
	Function xdr.HostFunction
	AuthMode AuthMode
	Auth     []xdr.SorobanAuthorizationEntry // for EnforceAuth
	// AddressV2 records credentials of the newer kind (protocol 27), which the official clients do not ask for by default.
	AddressV2 bool
	// InstructionLeeway is the least number of instructions to declare beyond those measured; 50,000 or 4 % at any rate.
	InstructionLeeway uint32
	// Exact declares what was measured, without any reserve.
	Exact       bool
	Diagnostics bool
}

// SimulateResult is what a host function would do, and what a transaction has to declare for it.
type SimulateResult struct {
	Execution
	// Auth is what has to be signed (recorded, signatures void), or the entries that were given.
	Auth []xdr.SorobanAuthorizationEntry
	// Data is ready for the transaction: footprint, resources with a reserve, resource fee in stroops, and the indices of archived
	// entries that the transaction will restore. nil if it failed.
	Data *xdr.SorobanTransactionData
	// Modified has the read-write entries, before and after. None if it failed.
	Modified []Modified
}

// Modified is an entry before and after; nil where it does not exist or is archived.
type Modified struct{ Before, After *xdr.LedgerEntry }

// Archived lists the keys that the transaction will restore before it runs.
func (s *SimulateResult) Archived() []xdr.LedgerKey {
	if s.Data == nil {
		return nil
	}
	var keys []xdr.LedgerKey
	for _, i := range archivedIndices(*s.Data) {
		if rw := s.Data.Resources.Footprint.ReadWrite; int(i) < len(rw) {
			keys = append(keys, rw[i])
		}
	}
	return keys
}

// Simulate tries a host function on the ledger and records its footprint, its authorisations and its cost. Nothing changes.
// A contract that fails is an ordinary result with a Failure. Errors are as for Invoke, without *EntryArchived: archived entries are
// read as if restored, and listed.
func (h *Host) Simulate(ctx context.Context, q SimulateRequest) (SimulateResult, error) {
	request, err := q.MarshalBinary()
	if err != nil {
		return SimulateResult{}, err
	}
	reply, err := h.do(ctx, opSimulate, request)
	if err != nil {
		return SimulateResult{}, err
	}
	return parseSimulate(reply)
}

// MarshalBinary is the request as the module reads it (shim/src/engine.rs), for whoever has another build of it.
func (q SimulateRequest) MarshalBinary() ([]byte, error) {
	f := &frame{}
	var flags uint32
	if q.Diagnostics {
		flags |= flagDiagnostics
	}
	switch q.AuthMode {
	case EnforceAuth:
		flags |= flagEnforceAuth
	case RecordAuthNonRoot:
		flags |= flagNonRootAuth
	}
	if q.AddressV2 {
		flags |= flagAddressV2
	}
	if q.Exact {
		flags |= flagNoAdjustment
	}
	f.head(q.Info, flags)
	f.bytes = append(f.bytes, q.Seed[:]...)
	f.u32(q.InstructionLeeway)
	f.xdr("the source account", q.Source)
	f.xdr("the host function", q.Function)
	list(f, "authorisation entry", q.Auth)
	return f.done()
}

// UnmarshalBinary reads the module's reply to a SimulateRequest.
func (res *SimulateResult) UnmarshalBinary(reply []byte) (err error) {
	*res, err = parseSimulate(reply)
	return err
}

func parseSimulate(reply []byte) (SimulateResult, error) {
	r := &reader{rest: reply}
	var res SimulateResult
	res.outcome(r)
	res.Auth = values[xdr.SorobanAuthorizationEntry](r, "an authorisation entry")
	res.Data = optional[xdr.SorobanTransactionData](r, "the transaction data")
	res.Events = values[xdr.ContractEvent](r, "a contract event")
	res.Diagnostics = values[xdr.DiagnosticEvent](r, "a diagnostic event")
	n := r.count()
	for range n {
		m := Modified{Before: optional[xdr.LedgerEntry](r, "an entry before"), After: optional[xdr.LedgerEntry](r, "an entry after")}
		if r.err != nil {
			break
		}
		res.Modified = append(res.Modified, m)
	}
	if err := r.done(); err != nil {
		return SimulateResult{}, err
	}
	return res, nil
}

// SimulateExtend tells what an ExtendFootprintTTL operation on keys has to declare, so that each lives until ledger
// i.Sequence + extendTo at least. Entries that do not exist or live longer already are left out of the footprint.
// An archived entry, or a key of a kind that has no lifetime, is a *Refused.
func (h *Host) SimulateExtend(ctx context.Context, i Info, keys []xdr.LedgerKey, extendTo uint32) (xdr.SorobanTransactionData, error) {
	return h.simulateTTL(ctx, i, 0, extendTo, keys)
}

// SimulateRestore tells what a RestoreFootprint operation on keys has to declare. Live entries are left out of the footprint; a key
// that does not exist, or is not persistent contract data or code, is a *Refused.
func (h *Host) SimulateRestore(ctx context.Context, i Info, keys []xdr.LedgerKey) (xdr.SorobanTransactionData, error) {
	return h.simulateTTL(ctx, i, 1, 0, keys)
}

func (h *Host) simulateTTL(ctx context.Context, i Info, kind, extendTo uint32, keys []xdr.LedgerKey) (xdr.SorobanTransactionData, error) {
	var data xdr.SorobanTransactionData
	f := &frame{}
	f.head(i, 0)
	f.u32(kind)
	f.u32(extendTo)
	list(f, "key", keys)
	request, err := f.done()
	if err != nil {
		return data, err
	}
	reply, err := h.do(ctx, opSimulateTTL, request)
	if err != nil {
		return data, err
	}
	r := &reader{rest: reply}
	r.value("the transaction data", &data)
	return data, r.done()
}
