package sim

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// engine is what a world wants of a store: all that the indexer does, and ways to look at it.
type engine interface {
	indexer.Store
	store.StateReader
	Events(ctx context.Context, f store.EventFilter) ([]store.Event, error)
	FeedEntries(ctx context.Context, after int64, limit int) ([]feed.Entry, error)
	Lead(ctx context.Context, work func(context.Context) error, lost func(error)) error
	Close() error
}

// fate is what becomes of one commit.
type fate int

const (
	well       fate = iota
	before          // the connection drops, and nothing is stored
	after           // it is stored, and the connection drops before anybody is told
	diesBefore      // the process ends, and nothing is stored
	diesAfter       // it is stored, and the process ends
)

func (f fate) String() string {
	return []string{"goes well", "is dropped", "is stored, its answer lost", "never comes: the process ends", "is stored, and the process ends"}[f]
}

// errDropped is what a store says whose connection has dropped.
var errDropped = errors.New("the connection to the store has dropped")

// faulty is a store at whose commits things go wrong.
type faulty struct {
	engine
	die   func() // ends the process: its context
	log   func(format string, args ...any)
	tally *tally

	mu   sync.Mutex
	rng  *rand.Rand
	odds float64 // of a commit that does not go well
}

// calm lets all commits go well from now on.
func (s *faulty) calm() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.odds = 0
}

func (s *faulty) next() fate {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rng.Float64() >= s.odds {
		return well
	}
	return fate(1 + s.rng.IntN(4))
}

// Apply is part of indexer.Store.
func (s *faulty) Apply(ctx context.Context, b store.Batch) error {
	f := s.next()
	if f != well {
		to := store.EventID("")
		for _, m := range b.Moves {
			to = m.To
		}
		s.log("a commit to %s, %d events, %d entries, %s", to, len(b.Events), len(b.Feed), f)
	}
	switch f {
	case before:
		s.tally.add("commits dropped", 1)
		return errDropped
	case diesBefore:
		s.tally.add("commits dropped", 1)
		s.die()
		return ctx.Err()
	}
	err := s.engine.Apply(ctx, b)
	switch {
	case err != nil:
		s.log("a commit is refused: %v", err)
		return err
	case f == after:
		s.tally.add("commits stored unheard", 1)
		return errDropped
	case f == diesAfter:
		s.tally.add("commits stored unheard", 1)
		s.die()
		return ctx.Err()
	}
	return nil
}

// Mark is part of indexer.Store.
func (s *faulty) Mark(ctx context.Context, l store.Ledger) error {
	err := s.engine.Mark(ctx, l)
	s.log("the mark is ledger %d, %x: %v", l.Seq, l.Hash[:4], err)
	return err
}

// Contracts is part of indexer.Store: reading fails as well, now and then.
func (s *faulty) Contracts(ctx context.Context, after string, limit int) ([]store.Contract, error) {
	s.mu.Lock()
	drop := s.rng.Float64() < s.odds/2
	s.mu.Unlock()
	if drop {
		return nil, fmt.Errorf("read the contracts: %w", errDropped)
	}
	return s.engine.Contracts(ctx, after, limit)
}
