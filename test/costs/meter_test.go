package costs

import (
	"fmt"
	"slices"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/tx"
)

// cost is what one applied transaction used, declared and paid. Bytes are bytes, money is stroops.
type cost struct {
	instructions, memory    uint64
	readEntries, readBytes  uint64 // of the footprint, and from disk
	writtenEntries, written uint64
	events, eventBytes      uint64 // the returned value counts as one of the events' bytes
	declared                xdr.SorobanResources
	diskReads               int // entries of the footprint that lie on disk: accounts, trustlines, what is restored
	size                    int // of the envelope
	authorised, charged     int64
	fixed, refundable, rent int64                 // parts of what was charged; rent is one of the refundable
	extended                map[ledger.Key]uint32 // new lifetimes, by the key whose they are
	failed                  bool
	returned                *xdr.ScVal
}

// core_metrics that the network adds to a transaction's diagnostics, and where they go.
func (c *cost) metrics() map[string]*uint64 {
	return map[string]*uint64{
		"cpu_insn": &c.instructions, "mem_byte": &c.memory, "read_entry": &c.readEntries, "ledger_read_byte": &c.readBytes,
		"write_entry": &c.writtenEntries, "ledger_write_byte": &c.written, "emit_event": &c.events, "emit_event_byte": &c.eventBytes,
	}
}

// measure reads the one transaction of a closed ledger.
func measure(meta xdr.LedgerCloseMeta, passphrase string) (c cost, err error) {
	envelopes := meta.TransactionEnvelopes()
	if len(envelopes) != 1 || meta.V != 2 || len(meta.V2.TxProcessing) != 1 {
		return c, fmt.Errorf("ledger %d has %d transactions, not one", meta.LedgerSequence(), len(envelopes))
	}
	frame, err := tx.Parse(envelopes[0], passphrase)
	if err != nil {
		return c, err
	}
	done := meta.V2.TxProcessing[0]
	v4 := done.TxApplyProcessing.V4
	if v4 == nil || v4.SorobanMeta == nil || v4.SorobanMeta.Ext.V1 == nil {
		return c, fmt.Errorf("ledger %d: the transaction's meta is not that of a contract call", meta.LedgerSequence())
	}
	bill := v4.SorobanMeta.Ext.V1
	c = cost{
		declared: frame.Data().Resources, diskReads: int(frame.DiskReads()), size: frame.Size,
		authorised: int64(envelopes[0].Fee()), charged: int64(done.Result.Result.FeeCharged),
		fixed: int64(bill.TotalNonRefundableResourceFeeCharged), refundable: int64(bill.TotalRefundableResourceFeeCharged), rent: int64(bill.RentFeeCharged),
		extended: map[ledger.Key]uint32{}, failed: !done.Result.Result.Successful(), returned: v4.SorobanMeta.ReturnValue,
	}
	if err := c.readMetrics(v4.DiagnosticEvents); err != nil && frame.Operations()[0].Body.Type == xdr.OperationTypeInvokeHostFunction {
		return c, err
	}
	lives := map[xdr.Hash]ledger.Key{}
	fp := c.declared.Footprint
	for _, k := range slices.Concat(fp.ReadOnly, fp.ReadWrite) {
		if key := ledger.KeyOf(k); key.HasTTL() {
			lk, err := key.TTLKey().LedgerKey()
			if err != nil {
				return c, err
			}
			lives[lk.Ttl.KeyHash] = key
		}
	}
	for _, op := range v4.Operations {
		for _, change := range op.Changes {
			for _, e := range []*xdr.LedgerEntry{change.Created, change.Updated, change.Restored} {
				if e != nil && e.Data.Ttl != nil {
					c.extended[lives[e.Data.Ttl.KeyHash]] = uint32(e.Data.Ttl.LiveUntilLedgerSeq)
				}
			}
		}
	}
	return c, nil
}

// readMetrics fails when the network does not tell one of them: a figure must not be nought because nobody counted.
func (c *cost) readMetrics(events []xdr.DiagnosticEvent) error {
	into := c.metrics()
	for _, e := range events {
		b := e.Event.Body.V0
		if len(b.Topics) != 2 || b.Topics[0].Sym == nil || *b.Topics[0].Sym != "core_metrics" || b.Topics[1].Sym == nil || b.Data.U64 == nil {
			continue
		}
		name := string(*b.Topics[1].Sym)
		if to := into[name]; to != nil {
			*to = uint64(*b.Data.U64)
			delete(into, name)
		}
	}
	if len(into) > 0 {
		return fmt.Errorf("the meta lacks %d of the network's metrics", len(into))
	}
	return nil
}

// plus adds up what several transactions used and paid.
func (c cost) plus(d cost) cost {
	c.instructions += d.instructions
	c.declared.Instructions += d.declared.Instructions
	c.size += d.size
	c.rent += d.rent
	c.authorised += d.authorised
	c.charged += d.charged
	return c
}
