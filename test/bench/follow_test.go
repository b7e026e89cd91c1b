package bench

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
	"github.com/Abdullahi130/StellarEscrow/test/bench/ledgers"
)

// ingest is one run of the whole indexer over recorded ledgers.
type ingest struct {
	set    ledgers.Set
	store  engine
	follow []string // contracts; those of the set if nil
	// turn is given the share of the events that is stored, after each batch. What it takes is not counted.
	turn func(done float64)
}

// run follows the ledgers to their end and returns how long it took.
func (in ingest) run(b *testing.B) time.Duration {
	b.Helper()
	network, err := in.set.Network()
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	watched := &watched{engine: in.store, in: in, end: store.EndOfLedger(in.set.Last), stop: cancel}
	config := indexer.Config{Network: network, Source: openFiles(b, in.set), Store: watched, Bus: feed.NewBus(0), Now: time.Now}
	if in.follow == nil {
		in.follow = in.set.Contracts
	}
	for _, c := range in.follow {
		a, err := stellar.ParseAddress(c)
		if err != nil {
			b.Fatal(err)
		}
		config.Contracts = append(config.Contracts, indexer.Contract{Address: a, Start: ledgers.First})
	}
	x, err := indexer.New(config)
	if err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	if err := x.Run(ctx); err != nil {
		b.Fatal(err)
	}
	took := time.Since(began) - watched.paused
	if s := x.Status(); watched.events != in.set.Events || s.Unread != 0 {
		b.Fatalf("%d events of %d were stored; the indexer is %+v", watched.events, in.set.Events, s)
	}
	return took
}

// watched is a store that counts what is stored in it, and ends the run with the last ledger.
type watched struct {
	engine
	in     ingest
	end    store.EventID
	stop   func()
	events int
	paused time.Duration
}

// Apply is the store's.
func (w *watched) Apply(ctx context.Context, batch store.Batch) error {
	if err := w.engine.Apply(ctx, batch); err != nil {
		return err
	}
	w.events += len(batch.Events)
	if w.in.turn != nil {
		// The pages that are on their way are read meanwhile, and count; then nothing of ours is at work while the turn lasts.
		rest()
		began := time.Now()
		w.in.turn(float64(w.events) / float64(w.in.set.Events))
		w.paused += time.Since(began)
	}
	if len(batch.Moves) > 0 && batch.Moves[0].To == w.end {
		w.stop()
	}
	return nil
}

// rest returns when this process has next to nothing to do, or at last after a few seconds.
func rest() {
	const look, idle, most = 10 * time.Millisecond, time.Millisecond, 500
	for last, n := worked(), 0; n < most; n++ {
		time.Sleep(look)
		now := worked()
		if now-last < idle {
			return
		}
		last = now
	}
}

// worked is the time that processors have worked for this process.
func worked() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
