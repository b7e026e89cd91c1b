package node

import (
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/settings"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/tx"
)

// budget is what is left of a ledger's limits.
type budget struct {
	operations                 int
	contractTxs                uint32
	instructions               int64
	txBytes                    uint32
	readEntries, readBytes     uint32
	writeEntries, writtenBytes uint32
}

func newBudget(l settings.Limits) *budget {
	return &budget{operations: ledger.MaxTxSetSize, contractTxs: l.LedgerContractTxs, instructions: l.LedgerInstructions,
		txBytes: l.LedgerTxBytes, readEntries: l.LedgerDiskReadEntries, readBytes: l.LedgerDiskReadBytes,
		writeEntries: l.LedgerWriteEntries, writtenBytes: l.LedgerWriteBytes}
}

// fits takes a transaction's part, if it is still there. A ledger's limits are above those of one transaction, which are checked when
// it is handed in, so nothing waits for ever.
func (b *budget) fits(f *tx.Frame) bool {
	ops := len(f.Operations())
	if !f.Contract() {
		if ops > b.operations {
			return false
		}
		b.operations -= ops
		return true
	}
	q := f.Data().Resources
	reads, writes := f.DiskReads(), uint32(len(q.Footprint.ReadWrite))
	if b.contractTxs < 1 || int64(q.Instructions) > b.instructions || uint32(f.Size) > b.txBytes || reads > b.readEntries ||
		uint32(q.DiskReadBytes) > b.readBytes || writes > b.writeEntries || uint32(q.WriteBytes) > b.writtenBytes {
		return false
	}
	b.contractTxs--
	b.instructions -= int64(q.Instructions)
	b.txBytes -= uint32(f.Size)
	b.readEntries -= reads
	b.readBytes -= uint32(q.DiskReadBytes)
	b.writeEntries -= writes
	b.writtenBytes -= uint32(q.WriteBytes)
	return true
}
