package source

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"sync"

	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// Reader has ledgers to read: a node (*rpc.Client), or anything else with the same methods.
type Reader interface {
	CheckNetwork(ctx context.Context) (protocol uint32, err error)
	LatestHash(ctx context.Context) (rpc.Ledger, stellar.Hash, error)
	Ledgers(ctx context.Context, from uint32, limit uint) ([]rpc.ClosedLedger, rpc.Range, error)
}

// The bounds of fetching.
const (
	fetchFirst  = 8       // ledgers asked for at once before it is known how large they are
	fetchMost   = 200     // a node gives no more at once
	fetchTarget = 8 << 20 // bytes of metas that are good to have at once
)

// Ledgers is the verify mode: it takes a node's ledgers instead of its events, checks each of them and that they are one chain, and finds
// the events itself. Ledgers that are not what they should be are a *MismatchError or a *BreakError. It is safe for concurrent use.
type Ledgers struct {
	network stellar.Network
	reader  Reader
	chain   *Chain

	mu     sync.Mutex
	size   uint    // how many to ask for
	recent Fetched // the last: the next page often begins among them
}

// NewLedgers reads ledgers of the network. Those that share a chain must agree.
func NewLedgers(network stellar.Network, reader Reader, chain *Chain) *Ledgers {
	return &Ledgers{network: network, reader: reader, chain: chain, size: fetchFirst}
}

// Trust takes the store's word for a ledger: see Chain.Trust.
func (l *Ledgers) Trust(seq uint32, hash stellar.Hash) { l.chain.Trust(seq, hash) }

// Link is a ledger that was read, with the one before it, as far as it is remembered. A pool asks for it, to see that what one node gives
// continues what another gave.
func (l *Ledgers) Link(seq uint32) (Link, bool) { return l.chain.Link(seq) }

// Forget drops what was read, but the store's word: a node that was wrong may have been set right.
func (l *Ledgers) Forget() {
	l.chain.Forget()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.recent = Fetched{}
}

// CheckNetwork is the reader's.
func (l *Ledgers) CheckNetwork(ctx context.Context) (protocol uint32, err error) {
	return l.reader.CheckNetwork(ctx)
}

// LatestHash is the newest ledger, checked.
func (l *Ledgers) LatestHash(ctx context.Context) (rpc.Ledger, stellar.Hash, error) {
	latest, hash, err := l.reader.LatestHash(ctx)
	if err != nil {
		return rpc.Ledger{}, stellar.Hash{}, err
	}
	list, _, err := l.verified(ctx, latest.Sequence, 1)
	switch {
	case err != nil:
		return rpc.Ledger{}, stellar.Hash{}, err
	case len(list) == 0:
		return rpc.Ledger{}, stellar.Hash{}, fmt.Errorf("ledger %d is the newest: %w: %w", latest.Sequence, rpc.ErrAnswer, errEmpty)
	case list[0].Hash != hash:
		return rpc.Ledger{}, stellar.Hash{}, &BreakError{latest.Sequence, latest.Sequence, fmt.Sprintf("as the newest it is %s, by itself %s", hash, list[0].Hash)}
	}
	return rpc.Ledger{Sequence: list[0].Sequence, CloseTime: list[0].CloseTime}, hash, nil
}

// Ledgers are the reader's, checked.
func (l *Ledgers) Ledgers(ctx context.Context, from uint32, limit uint) ([]rpc.ClosedLedger, rpc.Range, error) {
	list, kept, err := l.verified(ctx, from, limit)
	return closed(list), kept, err
}

func closed(list []*Meta) []rpc.ClosedLedger {
	var all []rpc.ClosedLedger
	for _, m := range list {
		all = append(all, m.Closed())
	}
	return all
}

// Closed is the ledger as rpc.Client.Ledgers gives it.
func (m *Meta) Closed() rpc.ClosedLedger {
	return rpc.ClosedLedger{Ledger: rpc.Ledger{Sequence: m.Sequence, CloseTime: m.CloseTime}, Hash: m.Hash, Meta: base64.StdEncoding.EncodeToString(m.raw)}
}

// Events finds the events in the ledgers; otherwise it is as rpc.Client.Events.
func (l *Ledgers) Events(ctx context.Context, from rpc.From, contracts []stellar.Address, limit uint) (rpc.EventPage, error) {
	return Page(ctx, l.network, from, contracts, limit, l.Fetch)
}

// Fetch gets as many ledgers as are good to have at once, checked: see Fetch.
func (l *Ledgers) Fetch(ctx context.Context, from uint32) (Fetched, error) {
	l.mu.Lock()
	size, recent := l.size, l.recent
	l.mu.Unlock()
	if n := len(recent.Ledgers); n > 0 && from >= recent.Ledgers[0].Sequence && from <= recent.Ledgers[n-1].Sequence {
		recent.Ledgers, recent.Early = recent.Ledgers[from-recent.Ledgers[0].Sequence:], true
		return recent, nil
	}
	for {
		list, kept, err := l.verified(ctx, from, size)
		if errors.Is(err, rpc.ErrTooLarge) && size > 1 {
			size /= 2
			continue
		}
		got := Fetched{Ledgers: list, Kept: kept}
		if err != nil {
			return got, err
		}
		total := 0
		for _, m := range list {
			total += len(m.raw)
		}
		if n := len(list); n > 0 {
			size = uint(min(max(fetchTarget/(total/n+1), 1), fetchMost))
		}
		l.mu.Lock()
		l.size, l.recent = size, got
		l.mu.Unlock()
		return got, nil
	}
}

// verified gets ledgers, checks each, and that they are of the chain.
func (l *Ledgers) verified(ctx context.Context, from uint32, limit uint) ([]*Meta, rpc.Range, error) {
	list, kept, err := l.reader.Ledgers(ctx, from, limit)
	if err != nil {
		return nil, kept, err
	}
	if err := checkRange(kept); err != nil {
		return nil, kept, fmt.Errorf("ledgers from %d: %w", from, err)
	}
	if len(list) == 0 && from >= kept.Oldest.Sequence && from <= kept.Latest.Sequence {
		return nil, kept, fmt.Errorf("ledgers from %d: %w: %w", from, rpc.ErrAnswer, errEmpty)
	}
	metas := make([]*Meta, len(list))
	links := make([]Link, len(list))
	for i, c := range list {
		raw, err := base64.StdEncoding.DecodeString(c.Meta)
		if err != nil {
			return nil, kept, fmt.Errorf("ledger %d: meta: %w: %w", c.Sequence, rpc.ErrAnswer, err)
		}
		m, err := ReadMeta(raw)
		if err != nil {
			return nil, kept, fmt.Errorf("ledger %d: %w", c.Sequence, err)
		}
		if m.Sequence != c.Sequence || m.Hash != c.Hash || m.CloseTime != c.CloseTime || i == 0 && m.Sequence != from {
			return nil, kept, fmt.Errorf("asked for ledgers from %d: ledger %d, hash %s, closed at %d, is told as ledger %d, hash %s, closed at %d: %w", from,
				m.Sequence, m.Hash, m.CloseTime, c.Sequence, c.Hash, c.CloseTime, rpc.ErrAnswer)
		}
		if err := m.Verify(); err != nil {
			return nil, kept, err
		}
		metas[i], links[i] = m, m.Link()
	}
	if err := l.chain.Add(links...); err != nil {
		return nil, kept, err
	}
	return metas, kept, nil
}
