package e2e

import (
	"context"
	"crypto/rand"
	"sync"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/keeper"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/payer"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/signer"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/localnettest"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/secret"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// run does something until stop, or until the test ends.
func (w *live) run(do func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { do(ctx) })
	stop = func() { cancel(); running.Wait() }
	w.t.Cleanup(stop)
	return stop
}

// follow runs an indexer, which fills the store.
func (w *live) follow() (stop func()) {
	w.t.Helper()
	kept, err := w.node.Range(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	ix, err := indexer.New(indexer.Config{
		Network: w.node.Network(), Contracts: []indexer.Contract{{Address: w.contract, Start: kept.Oldest.Sequence}}, Source: w.node, Store: w.db,
		Bus: feed.NewBus(0), Now: time.Now, Poll: 20 * time.Millisecond, Log: localnettest.Log(w.t),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	stop = w.run(func(ctx context.Context) {
		if err := ix.Run(ctx); err != nil {
			w.t.Errorf("the indexer: %v", err)
		}
	})
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	if _, err := ix.WaitLedger(ctx, w.latest()); err != nil {
		w.t.Fatal(err)
	}
	return stop
}

// meanwhile lets something happen between the simulation of a transaction and its submission, once.
type meanwhile struct {
	payer.Relay
	once sync.Once
	do   func()
}

func (m *meanwhile) Submit(ctx context.Context, envelope string) (relay.Submission, error) {
	m.once.Do(m.do)
	return m.Relay.Submit(ctx, envelope)
}

// keep runs a keeper until the test ends, as a process does; something happens before its first transaction is sent.
func (w *live) keep(before func()) (stop func()) {
	w.t.Helper()
	w.keys["keeper"] = localnettest.FundedKey(w.t, w.net)
	now := func() time.Time { return time.Unix(int64(w.now()), 0) }
	key, err := signer.New(signer.Config{
		Job: signer.Keeper, Account: w.address("keeper"), Seed: func() secret.Secret { return secret.New(w.keys["keeper"].Seed()) }, Network: w.node.Network(),
		Follows: func() []stellar.Address { return []stellar.Address{w.contract} }, MaxFee: 1000 * usdc, Now: now,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	pays := payer.New(payer.Config{Relay: &meanwhile{Relay: w.relay, do: before}, Store: w.db, Network: w.node.Network(), Now: now, Log: localnettest.Log(w.t)})
	k, err := keeper.New(keeper.Config{
		Contracts: []stellar.Address{w.contract}, Node: func() keeper.Node { return w.node }, Store: w.db, Payer: pays, Keys: []keeper.Signer{key}, Limit: 1000 * usdc,
		Note: func(context.Context, feed.Note) error { return nil }, Now: now, Rand: rand.Reader, Poll: 50 * time.Millisecond, SweepEvery: 365 * 24 * time.Hour,
		Log: localnettest.Log(w.t),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	stopPayer := w.run(pays.Run)
	stopKeeper := w.run(func(ctx context.Context) {
		if err := k.Run(ctx); err != nil {
			w.t.Errorf("the keeper: %v", err)
		}
	})
	return func() { stopKeeper(); stopPayer() }
}

// until waits for what happens in other goroutines, as long as no failure of theirs can last.
func (w *live) until(what string, done func() bool) {
	w.t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for !done() {
		if time.Now().After(deadline) {
			w.t.Fatalf("in vain waited until %s", what)
		}
		time.Sleep(20 * time.Millisecond) // a network and an indexer of their own; there is no clock to step
	}
}
