package e2e

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/Abdullahi130/StellarEscrow/contract/vectors"
	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
	"github.com/Abdullahi130/StellarEscrow/internal/store/sqlite"
	ledgers "github.com/Abdullahi130/StellarEscrow/test/chain"
)

// projected is built with an indexer behind it.
type projected struct {
	*built
	store    *sqlite.Store
	source   *recorded
	indexer  *indexer.Indexer
	stop     func() error
	compared int

	reconciledTrades int // of the story
	payouts          payouts
}

func newProjected(t *testing.T, stories []*vectors.Story) (*projected, error) {
	b, err := newBuilt(t.Context(), passphrase, stories)
	if err != nil {
		return nil, err
	}
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "store.db"))
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	p := &projected{built: b, store: s, source: &recorded{}}
	b.included = p.follow
	return p, nil
}

// Reset begins a story in a new contract, and follows it from here on.
func (p *projected) Reset(s *vectors.Story) (uint64, error) {
	start, err := p.built.Reset(s)
	if err != nil {
		return 0, err
	}
	p.compared, p.reconciledTrades = 0, 0
	if err := p.beginPayouts(s); err != nil {
		return 0, err
	}
	first := p.source.close(p.built.chain, start, nil)
	wake := make(chan struct{}, 1)
	p.source.wake = wake
	p.indexer, err = indexer.New(indexer.Config{
		Network: p.net, Contracts: []indexer.Contract{{Address: p.contract, Start: first}}, Source: p.source, Store: p.store, Bus: feed.NewBus(0), Now: time.Now,
		Poll: time.Minute, Wake: wake,
	})
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithCancel(p.ctx)
	done := make(chan error, 1)
	go func() { done <- p.indexer.Run(ctx) }()
	p.stop = func() error { cancel(); return <-done }
	return start, nil
}

// over ends the story: everything the contract said had its effect.
func (p *projected) over() error {
	if p.stop == nil {
		return nil
	}
	unread := p.indexer.Status().Unread
	report, err := p.reconciled()
	p.reconciledTrades += report.Trades
	err = errors.Join(err, p.stop())
	if unread != 0 {
		err = errors.Join(err, fmt.Errorf("%d events had no effect", unread))
	}
	return err
}

// follow hands the call's events to the indexer, and compares when it has read them.
func (p *projected) follow(c *vectors.Call, did done) error {
	var events []rpc.Event
	for i, e := range did.events {
		events = append(events, rpc.Event{ID: fmt.Sprintf("%019d-%010d", int64(p.chain.Last.Sequence())<<32|1<<12, i), Tx: random32(), TxIndex: 1, Contract: p.contract, Event: e})
	}
	// The indexer tries again for ever: bounded, the failure says what kept it.
	ctx, cancel := context.WithTimeout(p.ctx, time.Minute)
	defer cancel()
	if _, err := p.indexer.WaitLedger(ctx, p.source.close(p.chain, c.At, events)); err != nil {
		return fmt.Errorf("%w (the indexer is %s: %s)", err, p.indexer.Status().State, p.indexer.Status().Err)
	}
	if err := p.compare(c); err != nil {
		return err
	}
	var said []escrow.Event
	for _, raw := range did.events {
		e, err := stellar.DecodeEvent(p.contract, raw)
		if err != nil {
			return err
		}
		said = append(said, e.Event)
	}
	return p.comparePayouts(c, said)
}

// compare reads the call's trade from the contract and from the store, field by field: whatever events do not carry must follow from the rules.
func (p *projected) compare(c *vectors.Call) error {
	if c.Trade == "" {
		return nil
	}
	seen, err := p.view(c.At, "trade", c.Trade)
	if err != nil {
		return err
	}
	id, err := p.ID(p.Terms[c.Trade])
	if err != nil {
		return err
	}
	stored, err := p.store.Trade(p.ctx, id)
	if err != nil {
		return err
	}
	want, ok := seen.(*escrow.Trade)
	if !ok || want == nil {
		return fmt.Errorf("the contract knows no trade %s", id)
	}
	same := cmp.Options{cmp.AllowUnexported(amount.Int128{}), cmpopts.EquateEmpty()}
	if d := cmp.Diff(*want, stored.State(), same); d != "" {
		return fmt.Errorf("the contract and the store differ (-contract +stored):\n%s", d)
	}
	if d := cmp.Diff(p.Terms[c.Trade], stored.Terms, same); d != "" {
		return fmt.Errorf("the terms differ (-story +stored):\n%s", d)
	}
	p.compared++
	return nil
}

// recorded is a Source of what was closed here: a node that has only the ledgers since the last story began.
type recorded struct {
	mu      sync.Mutex
	ledgers []rpc.ClosedLedger
	events  []rpc.Event
	wake    chan<- struct{}
}

// close takes in the chain's last ledger with its events, and returns its number.
func (r *recorded) close(c *chain, at uint64, events []rpc.Event) uint32 {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := rpc.Ledger{Sequence: c.Last.Sequence(), CloseTime: at}
	for i := range events {
		events[i].Ledger = l
	}
	r.ledgers, r.events = append(r.ledgers, rpc.ClosedLedger{Ledger: l, Hash: stellar.Hash(c.Last.Hash)}), append(r.events, events...)
	select {
	case r.wake <- struct{}{}:
	default: // it is told already, or nobody listens yet
	}
	return l.Sequence
}

func (r *recorded) kept() rpc.Range {
	return rpc.Range{Oldest: r.ledgers[0].Ledger, Latest: r.ledgers[len(r.ledgers)-1].Ledger}
}

func (r *recorded) CheckNetwork(context.Context) (uint32, error) { return ledgers.Protocol, nil }

func (r *recorded) LatestHash(context.Context) (rpc.Ledger, stellar.Hash, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.ledgers[len(r.ledgers)-1]
	return l.Ledger, l.Hash, nil
}

func (r *recorded) Ledgers(_ context.Context, from uint32, limit uint) ([]rpc.ClosedLedger, rpc.Range, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := slices.IndexFunc(r.ledgers, func(l rpc.ClosedLedger) bool { return l.Sequence >= from })
	if at < 0 {
		return nil, r.kept(), nil
	}
	return r.ledgers[at:min(len(r.ledgers), at+int(limit))], r.kept(), nil
}

func (r *recorded) Events(_ context.Context, from rpc.From, contracts []stellar.Address, _ uint) (rpc.EventPage, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	page := rpc.EventPage{Cursor: string(max(store.EventID(from.Cursor), store.EndOfLedger(r.kept().Latest.Sequence))), Kept: r.kept()}
	for _, e := range r.events {
		if e.ID > from.Cursor && slices.Contains(contracts, e.Contract) {
			page.Events = append(page.Events, e)
		}
	}
	return page, nil
}
