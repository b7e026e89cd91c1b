package host

import (
	"context"

	"github.com/stellar/go-stellar-sdk/xdr"
)

// Resources is what a transaction's resource fee depends on.
type Resources struct {
	Instructions     uint32
	DiskReadEntries  uint32 // classic entries of the footprint, and contract entries that are restored
	WriteEntries     uint32 // read-write entries of the footprint
	DiskReadBytes    uint32
	WriteBytes       uint32
	EventBytes       uint32 // XDR of the contract events and of the returned value
	TransactionBytes uint32 // XDR of the envelope
}

// ResourceFee computes the fee for resources in stroops by the configured rates: the part that is charged in any case, and the part
// for events that is refunded as far as it is not used. Rent is not in it.
func (h *Host) ResourceFee(ctx context.Context, q Resources) (fixed, refundable int64, err error) {
	f := &frame{}
	for _, v := range []uint32{q.Instructions, q.DiskReadEntries, q.WriteEntries, q.DiskReadBytes, q.WriteBytes, q.EventBytes, q.TransactionBytes} {
		f.u32(v)
	}
	reply, err := h.do(ctx, opResourceFee, f.bytes)
	if err != nil {
		return 0, 0, err
	}
	r := &reader{rest: reply}
	fixed, refundable = int64(r.u64()), int64(r.u64())
	return fixed, refundable, r.done()
}

// RentChange is a new lifetime for an entry of contract data or code that stays as it is.
type RentChange struct {
	EntryXDR []byte // of a LedgerEntry
	Before   uint32 // the last ledger it was live in; 0 if it was archived and is being restored
	After    uint32 // the last ledger it is live in now
}

// RentFee computes the rent in stroops that an ExtendFootprintTTL or RestoreFootprint operation pays when it is applied in ledger
// sequence. For Invoke it is in the result. An entry that has no lifetime is a *Refused.
func (h *Host) RentFee(ctx context.Context, sequence uint32, changes []RentChange) (int64, error) {
	f := &frame{}
	f.u32(sequence)
	f.u32(uint32(len(changes)))
	for _, c := range changes {
		f.blob(c.EntryXDR)
		f.u32(c.Before)
		f.u32(c.After)
	}
	reply, err := h.do(ctx, opRentFee, f.bytes)
	if err != nil {
		return 0, err
	}
	r := &reader{rest: reply}
	fee := int64(r.u64())
	return fee, r.done()
}

// DefaultCosts returns the cost tables that the host's crate was calibrated with, for instructions and for memory: the values of two
// ConfigSetting entries of a new network. A network's own differ in a few rows. It works before Configure.
func (h *Host) DefaultCosts(ctx context.Context) (cpu, memory xdr.ContractCostParams, err error) {
	reply, err := h.do(ctx, opDefaultCosts, nil)
	if err != nil {
		return nil, nil, err
	}
	r := &reader{rest: reply}
	r.value("the cost of instructions", &cpu)
	r.value("the cost of memory", &memory)
	return cpu, memory, r.done()
}
