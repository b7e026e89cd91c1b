package node

import (
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/settings"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/tx"
)

// budget is what is left of a ledger's limits.
type budget struct {
	begun                      bool
	operations                 int64
	contractTxs, instructions  int64
	txBytes                    int64
	readEntries, readBytes     int64
	writeEntries, writtenBytes int64
}

func newBudget(l settings.Limits) *budget {
	return &budget{operations: ledger.MaxTxSetSize, contractTxs: int64(l.LedgerContractTxs),
		instructions: l.LedgerInstructions, txBytes: int64(l.LedgerTxBytes),
		readEntries: int64(l.LedgerDiskReadEntries), readBytes: int64(l.LedgerDiskReadBytes),
		writeEntries: int64(l.LedgerWriteEntries), writtenBytes: int64(l.LedgerWriteBytes)}
}

// fits takes a transaction's part, if it is still there. The first one of a ledger always fits, or it would wait for ever; what a
// single one may declare is checked when it is handed in.
func (b *budget) fits(f *tx.Frame) bool {
	if b.begun && !b.has(f) {
		return false
	}
	b.begun = true
	if !f.Contract() {
		b.operations -= f.LedgerOperations()
		return true
	}
	q := f.Data().Resources
	b.contractTxs -= f.LedgerOperations()
	b.instructions -= int64(q.Instructions)
	b.txBytes -= f.LedgerBytes()
	b.readEntries -= int64(f.DiskReads())
	b.readBytes -= int64(q.DiskReadBytes)
	b.writeEntries -= int64(len(q.Footprint.ReadWrite))
	b.writtenBytes -= int64(q.WriteBytes)
	return true
}

func (b *budget) has(f *tx.Frame) bool {
	if !f.Contract() {
		return f.LedgerOperations() <= b.operations
	}
	q := f.Data().Resources
	return f.LedgerOperations() <= b.contractTxs && int64(q.Instructions) <= b.instructions && f.LedgerBytes() <= b.txBytes &&
		int64(f.DiskReads()) <= b.readEntries && int64(q.DiskReadBytes) <= b.readBytes &&
		int64(len(q.Footprint.ReadWrite)) <= b.writeEntries && int64(q.WriteBytes) <= b.writtenBytes
}
