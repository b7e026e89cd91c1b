package ledger

import (
	"fmt"
	"iter"
	"sort"

	"github.com/stellar/go-stellar-sdk/toid"
	"github.com/stellar/go-stellar-sdk/xdr"
)

// View is what can be read at one moment: the last ledger, and the entries as of it. Its reader closes it.
type View struct {
	*Snapshot
	Last Closed
}

// View returns the newest.
func (c *Chain) View() View {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return View{Snapshot: c.state.Snapshot(), Last: c.last}
}

// Last is the last closed ledger.
func (c *Chain) Last() Closed {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.last
}

// Ledgers yields the metas from ledger first to ledger last, as far as they exist, in order.
func (c *Chain) Ledgers(first, last uint32) iter.Seq2[xdr.LedgerCloseMeta, error] {
	return func(yield func(xdr.LedgerCloseMeta, error) bool) {
		c.mu.RLock()
		rows := c.rows
		last = min(last, c.last.Sequence())
		c.mu.RUnlock()
		first = max(first, FirstLedger)
		for seq := first; seq <= last; {
			r := rows[sort.Search(len(rows), func(i int) bool { return rows[i].first > seq })-1]
			if r.run == nil {
				if !yield(c.filled(r)) {
					return
				}
				seq++
				continue
			}
			c.mu.RLock() // the run at the end may be growing
			one := r.run.at(seq - r.first + 1)
			length, hashes := r.run.length, r.run.hashes
			c.mu.RUnlock()
			for ; seq <= last && seq-r.first < length; seq++ {
				if i := seq - r.first + 1; i%stepLedgers == 0 && one.Hash != hashes[i/stepLedgers] {
					yield(xdr.LedgerCloseMeta{}, fmt.Errorf("%w: ledger %d does not follow from those before it", ErrDamaged, seq))
					return
				}
				if !yield(EmptyMeta(one, r.run.live), nil) {
					return
				}
				one = r.run.after(one.Hash, seq-r.first+2)
			}
		}
	}
}

func (c *Chain) filled(r row) (meta xdr.LedgerCloseMeta, err error) {
	raw := r.meta
	switch {
	case raw != nil:
	case c.journal != nil:
		raw, err = c.journal.read(r.place)
	default:
		raw, err = c.past.read(r.place)
	}
	if err != nil {
		return meta, err
	}
	if err := meta.UnmarshalBinary(raw); err != nil {
		return meta, fmt.Errorf("read ledger %d: %w", r.first, err)
	}
	return meta, nil
}

// Filled yields the sequences of the ledgers from first to last that have transactions, or were closed for other reasons than time.
func (c *Chain) Filled(first, last uint32) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		c.mu.RLock()
		rows := c.rows
		c.mu.RUnlock()
		for i := sort.Search(len(rows), func(i int) bool { return rows[i].first >= first }); i < len(rows) && rows[i].first <= last; i++ {
			if rows[i].run == nil && !yield(rows[i].first) {
				return
			}
		}
	}
}

// Ledger returns the meta of one ledger. It answers false when there is none.
func (c *Chain) Ledger(seq uint32) (xdr.LedgerCloseMeta, bool, error) {
	for meta, err := range c.Ledgers(seq, seq) {
		return meta, err == nil && seq >= FirstLedger, err
	}
	return xdr.LedgerCloseMeta{}, false, nil
}

// Transaction finds a transaction by its hash, or by that of the transaction inside a fee bump.
func (c *Chain) Transaction(hash xdr.Hash) (TxPlace, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	at, ok := c.byHash[hash]
	return at, ok
}

// Event is a contract event with its place in the network's order.
type Event struct {
	At        EventPlace
	CloseTime int64
	Tx        xdr.Hash
	// Successful tells whether the transaction was: fees are taken in any case, and say so.
	Successful bool
	Event      xdr.ContractEvent
}

// EventPlace orders all events: Tx counts from 1, 0 is before all transactions; Op from 0.
type EventPlace struct{ Ledger, Tx, Op, Index uint32 }

// Less orders places.
func (p EventPlace) Less(q EventPlace) bool {
	if p.Ledger != q.Ledger {
		return p.Ledger < q.Ledger
	}
	if p.Tx != q.Tx {
		return p.Tx < q.Tx
	}
	if p.Op != q.Op {
		return p.Op < q.Op
	}
	return p.Index < q.Index
}

// Events yields the events from the given place (inclusive) to another (exclusive), in order, but those of contracts (nil: of none) that
// are not wanted. Ledgers in which no wanted one has said anything are not read.
func (c *Chain) Events(from, to EventPlace, wanted func(*xdr.ContractId) bool) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		c.mu.RLock()
		rows, some := c.rows, c.sources.marked(wanted)
		c.mu.RUnlock()
		for i := sort.Search(len(rows), func(i int) bool { return rows[i].first >= from.Ledger }); i < len(rows) && rows[i].first <= to.Ledger; i++ {
			if rows[i].from&some == 0 {
				continue
			}
			meta, err := c.filled(rows[i])
			if err != nil {
				yield(Event{}, err)
				return
			}
			for _, e := range Events(meta) {
				if !e.At.Less(from) && e.At.Less(to) && wanted(e.Event.ContractId) && !yield(e, nil) {
					return
				}
			}
		}
	}
}

// Events lists the events of a ledger in their order, with the places that RPC servers give them: taking fees comes before all
// transactions, giving back what was not used after all.
func Events(meta xdr.LedgerCloseMeta) []Event {
	var before, during, after []Event
	seq := meta.LedgerSequence()
	for i, t := range meta.V2.TxProcessing {
		v4 := t.TxApplyProcessing.V4
		if v4 == nil {
			continue
		}
		tx := uint32(i + 1)
		add := func(list []Event, e xdr.ContractEvent, at EventPlace) []Event {
			return append(list, Event{At: at, CloseTime: meta.LedgerCloseTime(), Tx: t.Result.TransactionHash,
				Successful: t.Result.Successful(), Event: e})
		}
		var afterTx []Event
		for _, e := range v4.Events {
			switch e.Stage {
			case xdr.TransactionEventStageTransactionEventStageBeforeAllTxs:
				before = add(before, e.Event, EventPlace{seq, 0, 0, uint32(len(before))})
			case xdr.TransactionEventStageTransactionEventStageAfterTx:
				afterTx = add(afterTx, e.Event, EventPlace{seq, tx, toid.OperationMask, uint32(len(afterTx))})
			case xdr.TransactionEventStageTransactionEventStageAfterAllTxs:
				after = add(after, e.Event, EventPlace{seq, toid.TransactionMask, 0, uint32(len(after))})
			}
		}
		for op, m := range v4.Operations {
			for n, e := range m.Events {
				during = add(during, e, EventPlace{seq, tx, uint32(op), uint32(n)})
			}
		}
		during = append(during, afterTx...)
	}
	return append(append(before, during...), after...)
}

// Changes is what a ledger did to the entries (nil: removed), which were before as r has them.
func Changes(r Reader, meta xdr.LedgerCloseMeta) map[Key][]byte {
	all := map[Key][]byte{}
	for _, t := range meta.V2.TxProcessing {
		Replay(all, t.FeeProcessing)
	}
	for _, t := range meta.V2.TxProcessing {
		if v4 := t.TxApplyProcessing.V4; v4 != nil {
			Replay(all, v4.TxChangesBefore)
			for _, op := range v4.Operations {
				Replay(all, op.Changes)
			}
			Replay(all, v4.TxChangesAfter)
		}
	}
	for _, t := range meta.V2.TxProcessing {
		Replay(all, t.PostTxApplyFeeProcessing)
	}
	for _, u := range meta.V2.UpgradesProcessing {
		Replay(all, u.Changes)
	}
	for _, lk := range meta.V2.EvictedKeys {
		k := KeyOf(lk)
		if k.HasTTL() && !k.Temporary() {
			entry, changed := all[k]
			if !changed {
				entry, _ = r.Get(k)
			}
			all[k.archived()] = entry
		}
		all[k] = nil
	}
	return all
}
