package keeper_test

import (
	"context"
	"crypto/rand"
	"log/slog"
	"sync"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/keeper"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/payer"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/localnettest"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

type config = keeper.Config

// settling is a keeper under test, and what it tells.
type settling struct {
	*keeper.Keeper
	wake chan struct{}
	stop func()

	mu    sync.Mutex
	notes []feed.Note
}

func (s *settling) note(_ context.Context, n feed.Note) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notes = append(s.notes, n)
	return nil
}

func (s *settling) told() (kinds []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.notes {
		kinds = append(kinds, n.Kind)
	}
	return kinds
}

// keep runs a keeper with a payer of its own, as a process does.
func (w *world) keep(change ...func(*keeper.Config)) *settling {
	w.t.Helper()
	s := &settling{wake: make(chan struct{}, 1)}
	p := payer.New(payer.Config{Relay: w.relay, Store: w.db, Network: w.node.Network(), Now: w.now, Log: localnettest.Log(w.t)})
	c := keeper.Config{
		Contracts: []stellar.Address{w.contract}, Node: func() keeper.Node { return w.node }, Store: w.db, Payer: p, Keys: w.keepers, Limit: 1000 * xlm,
		Note: s.note, Now: w.now, Rand: rand.Reader, Wake: s.wake, Poll: 50 * time.Millisecond, SweepEvery: 365 * 24 * time.Hour, Log: slog.New(slog.NewTextHandler(w.t.Output(), nil)),
	}
	for _, do := range change {
		do(&c)
	}
	s.Keeper = must(keeper.New(c))
	stopPayer := w.run(p.Run)
	stopKeeper := w.run(func(ctx context.Context) {
		if err := s.Run(ctx); err != nil {
			w.t.Errorf("the keeper: %v", err)
		}
	})
	s.stop = func() { stopKeeper(); stopPayer() }
	w.running = append(w.running, s)
	return s
}

// stop ends all keepers while there is a network yet, which is gone with the test.
func (w *world) stop() {
	var all sync.WaitGroup
	for _, s := range w.running {
		all.Go(s.stop)
	}
	all.Wait()
}
