package indexer

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// endless has empty pages of one ledger each, up to a tip that is far away; each takes a second.
type endless struct {
	Source
	asked atomic.Int64
}

func (e *endless) Events(ctx context.Context, from rpc.From, _ []stellar.Address, _ uint) (rpc.EventPage, error) {
	e.asked.Add(1)
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		return rpc.EventPage{}, ctx.Err()
	}
	next := store.EndOfLedger(store.EventID(from.Cursor).Complete() + 1)
	return rpc.EventPage{Cursor: string(next), Kept: rpc.Range{Oldest: rpc.Ledger{Sequence: 1}, Latest: rpc.Ledger{Sequence: 1 << 20}}}, nil
}

// While pages are stored others are fetched, but only so many; and when the reader goes, everybody goes.
func TestReadingAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &endless{}
		x := &Indexer{config: Config{Source: source, Now: time.Now}, metrics: newMetrics()}
		began := time.Now()
		got := 0
		for p := range x.stream(t.Context(), nil, store.EndOfLedger(1), "") {
			if p.to != store.EndOfLedger(uint32(2+got)) || p.err != nil || p.odd != nil {
				t.Fatalf("page %d: %+v", got, p)
			}
			time.Sleep(time.Second) // storing takes as long as fetching
			got++
		}
		if took := time.Since(began); got != pagesPerPass || took > (pagesPerPass+2)*time.Second {
			t.Errorf("%d pages in %s, want %d in little more than as many seconds", got, took, pagesPerPass)
		}

		source.asked.Store(0)
		for range x.stream(t.Context(), nil, store.EndOfLedger(1), "") {
			time.Sleep(time.Hour) // a store that is stuck
			if n := source.asked.Load(); n > pagesAhead+3 {
				t.Errorf("%d pages were fetched while the first was stored", n)
			}
			break
		}
		synctest.Wait() // a goroutine left behind would be a deadlock to synctest
	})
}

// A bound is where another contract waits: what lies after it is not fetched for this one.
func TestReadingEndsAtItsBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &endless{}
		x := &Indexer{config: Config{Source: source, Now: time.Now}, metrics: newMetrics()}
		n := 0
		for range x.stream(t.Context(), nil, store.EndOfLedger(1), store.EndOfLedger(4)) {
			n++
		}
		if n != 3 || source.asked.Load() != 3 {
			t.Errorf("%d pages of %d questions, want 3", n, source.asked.Load())
		}
	})
}
