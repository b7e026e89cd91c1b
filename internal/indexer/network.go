package indexer

import (
	"context"
	"errors"
	"fmt"

	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// identify makes sure that the source's ledgers are those of the store: the same passphrase, and the same hash of a ledger that was seen
// before. Test networks are reset under the same passphrase, and then their ledgers begin again at 1.
func (x *Indexer) identify(ctx context.Context) error {
	if _, err := x.config.Source.CheckNetwork(ctx); errors.Is(err, rpc.ErrWrongNetwork) {
		return fmt.Errorf("%w: %w; check the node's URL and the network's passphrase", ErrStopped, err)
	} else if err != nil {
		return err
	}
	stored, err := x.config.Store.Network(ctx)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return x.found(ctx)
	case err != nil:
		return err
	case stored.Passphrase != x.config.Network.Passphrase():
		return otherNetwork(stored.Passphrase, x.config.Network.Passphrase())
	}
	x.trust(stored.First)
	x.trust(stored.Mark)
	x.mark = stored.Mark
	// The mark is the surest sign; the first ledger tells when the source is not that far, as a reset network is at first.
	for _, l := range []store.Ledger{stored.Mark, stored.First} {
		switch found, err := x.compare(ctx, l); {
		case err != nil:
			return err
		case found:
			return nil
		}
	}
	// Neither is there any more: older than all the source keeps, or newer than its tip. Nothing speaks against it.
	return nil
}

func otherNetwork(stored, configured string) error {
	return fmt.Errorf("%w: the store holds trades of the network %q, configured is %q; choose another store, or the other network", ErrStopped, stored, configured)
}

// compare tells whether the source has the ledger; another hash is ErrStopped.
func (x *Indexer) compare(ctx context.Context, l store.Ledger) (found bool, err error) {
	got, _, err := x.config.Source.Ledgers(ctx, l.Seq, 1)
	var gap *rpc.GapError
	switch {
	case errors.As(err, &gap):
		return false, nil
	case err != nil:
		return false, err
	case len(got) == 0:
		return false, nil
	case got[0].Sequence != l.Seq:
		return false, fmt.Errorf("asked for ledger %d, got %d: %w", l.Seq, got[0].Sequence, rpc.ErrAnswer)
	case store.Hash(got[0].Hash) != l.Hash:
		return false, fmt.Errorf("%w: ledger %d was %x when it was read, the source now has %s: the network was reset, or it is another one of the same name; "+
			"begin with an empty store", ErrStopped, l.Seq, l.Hash, got[0].Hash)
	}
	return true, nil
}

// found notes the network in a new store.
func (x *Indexer) found(ctx context.Context) error {
	ledger, hash, err := x.config.Source.LatestHash(ctx)
	if err != nil {
		return err
	}
	x.mark = store.Ledger{Seq: ledger.Sequence, Hash: store.Hash(hash)}
	x.trust(x.mark)
	return x.config.Store.SetNetwork(ctx, x.config.Network.Passphrase(), x.mark)
}

// remark looks at the network again from time to time: the mark must still be the source's, and then becomes a newer ledger. A process that starts
// knows by it alone which of two chains is the stored one, so it is never far behind.
func (x *Indexer) remark(ctx context.Context) error {
	now := x.config.Now()
	if soon := x.latest >= x.mark.Seq+markSoon && now.Sub(x.marked) >= markPause; !soon && x.latest < x.mark.Seq+markLedgers {
		return nil
	}
	x.marked = now
	if err := x.identify(ctx); err != nil {
		return err
	}
	newer, err := x.markable(ctx)
	if err != nil || newer.Seq <= x.mark.Seq {
		return err
	}
	if read := x.furthest(); newer.Seq > read+wildLedgers {
		return nil // far behind, or the source is far ahead of what there is: a ledger that there is not must not be marked
	}
	if err := x.config.Store.Mark(ctx, newer); err != nil {
		return err
	}
	x.mark = newer
	x.trust(newer)
	return nil
}

// furthest is the newest ledger that was read, of any contract.
func (x *Indexer) furthest() (seq uint32) {
	for _, f := range x.follow {
		seq = max(seq, f.Position.Complete())
	}
	return seq
}

// markable is the ledger to mark: the newest, but of several nodes one that two of them have, or else a node which has parted from the others would
// have its word stored. Only when nobody has agreed for long, since the others are gone, say, the node in use is believed all the same.
func (x *Indexer) markable(ctx context.Context) (store.Ledger, error) {
	if nodes, ok := x.config.Source.(agreeing); ok {
		seq, hash, alone := nodes.Agreed()
		if !alone && (seq > x.mark.Seq || x.latest < x.mark.Seq+markAlone) {
			return store.Ledger{Seq: seq, Hash: store.Hash(hash)}, nil
		}
	}
	ledger, hash, err := x.config.Source.LatestHash(ctx)
	return store.Ledger{Seq: ledger.Sequence, Hash: store.Hash(hash)}, err
}

// agreeing is a source of several nodes: it tells what they agree on.
type agreeing interface {
	Agreed() (seq uint32, hash stellar.Hash, alone bool)
}

// truster is a source of several nodes: it wants to know what the store holds, to tell which of them are of another chain.
type truster interface {
	Trust(seq uint32, hash stellar.Hash)
}

func (x *Indexer) trust(l store.Ledger) {
	if t, ok := x.config.Source.(truster); ok {
		t.Trust(l.Seq, stellar.Hash(l.Hash))
	}
}
