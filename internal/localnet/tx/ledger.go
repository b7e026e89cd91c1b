package tx

import (
	"context"
	"time"

	"github.com/stellar/go-stellar-sdk/network"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/host"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/settings"
)

// Host is what is asked of the contract host (host.Host, reading the same entries as the transaction).
type Host interface {
	ResourceFee(context.Context, host.Resources) (fixed, refundable int64, err error)
	RentFee(ctx context.Context, sequence uint32, changes []host.RentChange) (int64, error)
	Invoke(context.Context, host.InvokeRequest) (host.InvokeResult, error)
}

// Ledger is the ledger that transactions are applied in, or the next one when they are only checked.
type Ledger struct {
	Passphrase string
	Limits     settings.Limits
	// Header has the sequence, the close time and the fees. Applying moves what is paid into its FeePool.
	Header *xdr.LedgerHeader
	// PreviousClose is when the ledger before it closed, in Unix seconds.
	PreviousClose int64
	// Host returns a host that reads r, for one call. It is called for contract transactions only.
	Host func(r ledger.Reader) Host
}

func (l *Ledger) sequence() uint32 { return uint32(l.Header.LedgerSeq) }

func (l *Ledger) closeTime() uint64 { return uint64(l.Header.ScpValue.CloseTime) }

// Info is the ledger as contracts see it.
func (l *Ledger) Info() host.Info {
	return host.Info{Protocol: uint32(l.Header.LedgerVersion), Sequence: l.sequence(), Time: time.Unix(int64(l.closeTime()), 0),
		BaseReserve: uint32(l.Header.BaseReserve), NetworkID: network.ID(l.Passphrase)}
}

// minInclusionFee is what a transaction with that many operations must offer, in stroops.
func (l *Ledger) minInclusionFee(operations int64) int64 {
	return int64(l.Header.BaseFee) * max(1, operations)
}

// resourceFee is what the declared resources of a contract transaction cost: the part that is taken at any rate, and that for
// events, of which eventBytes are known.
func (l *Ledger) resourceFee(ctx context.Context, r ledger.Reader, f *Frame, eventBytes uint32) (fixed, refundable int64, err error) {
	q := f.Data().Resources
	return l.Host(r).ResourceFee(ctx, host.Resources{Instructions: uint32(q.Instructions), DiskReadEntries: f.DiskReads(),
		WriteEntries: uint32(len(q.Footprint.ReadWrite)), DiskReadBytes: uint32(q.DiskReadBytes), WriteBytes: uint32(q.WriteBytes),
		EventBytes: eventBytes, TransactionBytes: uint32(f.innerSize)})
}
