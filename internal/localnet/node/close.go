package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/tx"
)

// maxEvicted is how many entries a ledger takes out of the live state at most (the main network's MaxEntriesToArchive).
const maxEvicted = 1000

// ErrClosed is what a transaction that waits for its ledger ends with when the network is closed.
var ErrClosed = errors.New("the network has been closed")

// closer closes a ledger whenever a transaction waits.
func (n *Node) closer(ctx context.Context) {
	defer close(n.done)
	for {
		select {
		case <-ctx.Done():
			for _, e := range n.queue.take(func(*tx.Frame) bool { return true }) {
				n.queue.finish(e, nil, ErrClosed)
			}
			return
		case <-n.queue.wake:
		}
		for ctx.Err() == nil && !n.queue.empty() {
			if n.pause(ctx) != nil {
				break
			}
			n.closeWaiting(ctx)
		}
	}
}

// pause waits until the next ledger is no further ahead of the clock than MaxAhead.
func (n *Node) pause(ctx context.Context) error {
	next := time.Unix(n.chain.Last().CloseTime()+1, 0)
	ahead := next.Sub(n.Now())
	if n.opts.MaxAhead == 0 || ahead <= n.opts.MaxAhead {
		return nil
	}
	t := time.NewTimer(ahead - n.opts.MaxAhead)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// closeWaiting closes one ledger with as many of the waiting transactions as fit, and tells those who wait.
func (n *Node) closeWaiting(ctx context.Context) {
	n.write.Lock()
	defer n.write.Unlock()
	batch := n.queue.take(newBudget(n.set.Limits).fits)
	err := n.closeWith(ctx, batch)
	if err == nil {
		return
	}
	if ctx.Err() != nil {
		err = ErrClosed
	} else {
		n.opts.Log.Error("a ledger could not be closed", "ledger", n.chain.Last().Sequence()+1, "err", err)
	}
	for _, e := range batch {
		select {
		case <-e.end:
		default:
			n.queue.finish(e, nil, fmt.Errorf("close ledger %d: %w", n.chain.Last().Sequence()+1, err))
		}
	}
}

// closeWith closes a ledger with a batch. Its caller holds n.write.
func (n *Node) closeWith(ctx context.Context, batch []*queued) error {
	now := n.Now().Unix()
	if err := n.emptyUntil(now - 1); err != nil {
		return err
	}
	view := n.chain.View()
	defer view.Close()
	l := n.ledgerAfter(view.Last, now)

	// Since a transaction was handed in, another may have used its sequence number or spent its fee.
	var still []*queued
	for _, e := range batch {
		v, err := tx.Check(ctx, l, view, e.frame)
		if err != nil {
			return err
		}
		if !v.Valid {
			n.opts.Log.Warn("a transaction is not valid any more", "tx", e.frame.Hash.HexString(), "result", v.Result.Result.Code.String())
			n.queue.finish(e, &v, nil)
			continue
		}
		still = append(still, e)
	}
	if len(still) == 0 {
		return nil
	}
	frames := make([]*tx.Frame, len(still))
	for i, e := range still {
		frames[i] = e.frame
	}
	outcomes, err := n.closeLedger(ctx, view, l, frames)
	if err != nil {
		return err
	}
	for _, e := range still {
		e.outcome = outcomes[e.frame.Hash]
		n.queue.finish(e, nil, nil)
	}
	return nil
}

// ledgerAfter is the ledger that closes at the given time, or as soon after as it may. Its host reads what it is given.
func (n *Node) ledgerAfter(last ledger.Closed, unix int64) *tx.Ledger {
	h := last.Header
	h.LedgerSeq++
	h.ScpValue = xdr.StellarValue{CloseTime: xdr.TimePoint(max(unix, last.CloseTime()+1))}
	return &tx.Ledger{Passphrase: n.opts.Passphrase, Limits: n.set.Limits, Header: &h, PreviousClose: last.CloseTime(),
		Host: func(r ledger.Reader) tx.Host {
			n.closing.reader = r
			return n.closing
		}}
}

// closeLedger applies frames in a ledger after view.Last, stores it, and says what became of each. Its caller holds n.write.
func (n *Node) closeLedger(ctx context.Context, view ledger.View, l *tx.Ledger, frames []*tx.Frame) (map[xdr.Hash]Outcome, error) {
	began := time.Now()
	classic, contract := phases(frames)
	set := ledger.TxSet(view.Last.Hash, envelopes(classic), envelopes(contract))
	header := ledger.Next(view.Last, set, int64(l.Header.ScpValue.CloseTime))
	l.Header = &header
	sortForApply(classic, header.ScpValue.TxSetHash)
	sortForApply(contract, header.ScpValue.TxSetHash)
	d := ledger.NewDelta(view, uint32(header.LedgerSeq))
	applied, err := tx.Apply(ctx, l, d, append(classic, contract...), header.ScpValue.TxSetHash)
	if err != nil {
		return nil, err
	}
	evicted := n.evictor.Evict(d, maxEvicted)
	if err := n.store(header, set, applied, evicted, d, nil); err != nil {
		return nil, err
	}
	n.opts.Log.Debug("closed a ledger", "ledger", uint32(header.LedgerSeq), "transactions", len(applied), "took", time.Since(began))
	outcomes := make(map[xdr.Hash]Outcome, len(applied))
	for _, a := range applied {
		outcomes[a.Frame.Hash] = Outcome{Hash: a.Frame.Hash, Ledger: uint32(header.LedgerSeq), CloseTime: int64(header.ScpValue.CloseTime), Result: a.Meta.Result.Result, Meta: a.Meta.TxApplyProcessing}
		if a.Problem != nil {
			n.opts.Log.Error("the network failed on a transaction", "tx", a.Frame.Hash.HexString(), "err", a.Problem)
		}
	}
	return outcomes, nil
}

// store seals a ledger and adds it to the chain.
func (n *Node) store(header xdr.LedgerHeader, set xdr.GeneralizedTransactionSet, applied []tx.Applied, evicted []xdr.LedgerKey, d *ledger.Delta, upgrades []xdr.UpgradeEntryMeta) error {
	var results []xdr.TransactionResultPair
	var metas []xdr.TransactionResultMetaV1
	for _, a := range applied {
		results, metas = append(results, a.Meta.Result), append(metas, a.Meta)
	}
	done := ledger.Seal(header, results, d.All())
	err := n.chain.Append(xdr.LedgerCloseMeta{V: 2, V2: &xdr.LedgerCloseMetaV2{
		LedgerHeader:                    xdr.LedgerHeaderHistoryEntry{Hash: done.Hash, Header: done.Header},
		TxSet:                           set,
		TxProcessing:                    metas,
		UpgradesProcessing:              upgrades,
		TotalByteSizeOfLiveSorobanState: xdr.Uint64(n.set.Limits.LiveSorobanStateBytes),
		EvictedKeys:                     evicted,
	}})
	if err != nil {
		return err
	}
	n.evictor.Note(d)
	return nil
}

// phases splits transactions into those without and those with contracts, which are applied in this order.
func phases(frames []*tx.Frame) (classic, contract []*tx.Frame) {
	for _, f := range frames {
		if f.Contract() {
			contract = append(contract, f)
		} else {
			classic = append(classic, f)
		}
	}
	return classic, contract
}

// sortForApply puts transactions into the order that they are applied in, which nobody can choose: by their hash, crossed with that of the set (stellar-core,
// ApplyTxSorter).
func sortForApply(frames []*tx.Frame, set xdr.Hash) {
	crossed := func(f *tx.Frame) (h xdr.Hash) {
		for i := range h {
			h[i] = f.Signed[i] ^ set[i]
		}
		return h
	}
	slices.SortFunc(frames, func(a, b *tx.Frame) int {
		x, y := crossed(a), crossed(b)
		return bytes.Compare(x[:], y[:])
	})
}

func envelopes(frames []*tx.Frame) []xdr.TransactionEnvelope {
	var list []xdr.TransactionEnvelope
	for _, f := range frames {
		list = append(list, f.Envelope)
	}
	return list
}
