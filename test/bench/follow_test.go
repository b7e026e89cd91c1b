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
	watched := &watched{engine: in.store, end: store.EndOfLedger(in.set.Last), stop: cancel}
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
	took := time.Since(began)
	if s := x.Status(); watched.events != in.set.Events || s.Unread != 0 {
		b.Fatalf("%d events of %d were stored; the indexer is %+v", watched.events, in.set.Events, s)
	}
	return took
}

// watched is a store that counts what is stored in it, and ends the run with the last ledger.
type watched struct {
	engine
	end    store.EventID
	stop   func()
	events int
}

// Apply is the store's.
func (w *watched) Apply(ctx context.Context, batch store.Batch) error {
	if err := w.engine.Apply(ctx, batch); err != nil {
		return err
	}
	w.events += len(batch.Events)
	if len(batch.Moves) > 0 && batch.Moves[0].To == w.end {
		w.stop()
	}
	return nil
}

// worked is the time that processors have worked for this process.
func worked() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
