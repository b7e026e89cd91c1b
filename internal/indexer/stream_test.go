package indexer

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stellar/go-stellar-sdk/xdr"

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

func unready(context.Context, *page) {}

// While pages are stored others are fetched, but only so many; and when the reader goes, everybody goes.
func TestReadingAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &endless{}
		x := &Indexer{config: Config{Source: source, Now: time.Now}, metrics: newMetrics()}
		began := time.Now()
		got := 0
		for p := range x.stream(t.Context(), reading{from: store.EndOfLedger(1), most: pagesPerPass, ready: unready}) {
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
		for range x.stream(t.Context(), reading{from: store.EndOfLedger(1), most: pagesPerPass, ready: unready}) {
			time.Sleep(time.Hour) // a store that is stuck
			if n := source.asked.Load(); n > 2 {
				t.Errorf("%d pages were fetched while the first was stored", n)
			}
			break
		}
		synctest.Wait() // a goroutine left behind would be a deadlock to synctest
	})
}

// busy has pages of one ledger each, all of so many events. After fails ledgers it is unavailable; at back it says that its newest is an older one.
type busy struct {
	Source
	contract    stellar.Address
	events      int
	tip         uint32
	fails, back uint32
	after       uint32 // from this ledger on there are only so many, if it is not 0
	then        int
}

// has is how many events there are in a ledger.
func (b *busy) has(seq uint32) int {
	if b.after != 0 && seq >= b.after {
		return b.then
	}
	return b.events
}

func (b *busy) Events(_ context.Context, from rpc.From, _ []stellar.Address, _ uint) (rpc.EventPage, error) {
	seq := store.EventID(from.Cursor).Complete() + 1
	latest := b.tip
	switch seq {
	case b.fails:
		return rpc.EventPage{}, rpc.ErrUnavailable
	case b.back:
		latest--
	}
	page := rpc.EventPage{Cursor: from.Cursor, Kept: rpc.Range{Oldest: rpc.Ledger{Sequence: 1}, Latest: rpc.Ledger{Sequence: latest}}}
	if seq > latest {
		return page, nil
	}
	page.Cursor = string(store.EndOfLedger(seq))
	id := xdr.ContractId(b.contract.Key)
	for i := range b.has(seq) {
		page.Events = append(page.Events, rpc.Event{
			ID: fmt.Sprintf("%019d-%010d", uint64(seq)<<32, i), Ledger: rpc.Ledger{Sequence: seq}, Contract: b.contract,
			Event: xdr.ContractEvent{Type: xdr.ContractEventTypeContract, ContractId: &id, Body: xdr.ContractEventBody{V0: &xdr.ContractEventV0{Data: xdr.ScVal{Type: xdr.ScValTypeScvVoid}}}},
		})
	}
	return page, nil
}

// Pages that are worth it are stored together, and nothing of them is lost, whatever comes between.
func TestPagesAreJoined(t *testing.T) {
	const few, some, full = joinedFrom - 1, pageEvents / 4, pageEvents
	for name, c := range map[string]struct {
		source busy
		ends   []uint32 // ledgers with which what is stored together ends
		failed bool
	}{
		"few events":               {busy{events: few, tip: 4}, []uint32{2, 3, 4}, false},
		"some events":              {busy{events: some, tip: 11}, []uint32{5, 9, 11}, false},
		"as many as are asked for": {busy{events: full, tip: 4}, []uint32{2, 3, 4}, false},
		"an error":                 {busy{events: some, tip: 11, fails: 8}, []uint32{5, 7}, true},
		"a node that lags":         {busy{events: some, tip: 11, back: 8}, []uint32{5, 7, 11}, false},
		"no more events":           {busy{events: some, tip: 7, after: 4}, []uint32{4, 5, 6, 7}, false},
		"hardly any more events":   {busy{events: joinedFrom, tip: 35, after: 3, then: 1}, []uint32{1 + maxJoined, 34, 35}, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := c.source
			b.contract = stellar.Address{Contract: true, Key: [32]byte{1}}
			x := &Indexer{config: Config{Source: &b, Now: time.Now}, metrics: newMetrics()}
			position, i, failed := store.EndOfLedger(1), 0, false
			for p := range x.stream(t.Context(), reading{contracts: []stellar.Address{b.contract}, from: position, most: pagesPerPass, ready: unready}) {
				if failed = p.err != nil; failed {
					break
				}
				if p.odd != nil || p.from != position || i == len(c.ends) || p.to != store.EndOfLedger(c.ends[i]) {
					t.Fatalf("part %d: from %s to %s, %v", i, p.from, p.to, p.odd)
				}
				want := 0
				for seq := p.from.Complete() + 1; seq <= p.to.Complete(); seq++ {
					want += b.has(seq)
				}
				if len(p.facts) != want {
					t.Errorf("part %d: %d events, want %d", i, len(p.facts), want)
				}
				for k, f := range p.facts {
					if f.raw.ID <= position {
						t.Fatalf("part %d: event %d is %s, behind %s", i, k, f.raw.ID, position)
					}
					position = f.raw.ID
				}
				position, i = p.to, i+1
			}
			if failed != c.failed || i != len(c.ends) {
				t.Errorf("%d parts, failed %v", i, failed)
			}
		})
	}
}

// A bound is where another contract waits: what lies after it is not fetched for this one.
func TestReadingEndsAtItsBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &endless{}
		x := &Indexer{config: Config{Source: source, Now: time.Now}, metrics: newMetrics()}
		n := 0
		for range x.stream(t.Context(), reading{from: store.EndOfLedger(1), bound: store.EndOfLedger(4), most: pagesPerPass, ready: unready}) {
			n++
		}
		if n != 3 || source.asked.Load() != 3 {
			t.Errorf("%d pages of %d questions, want 3", n, source.asked.Load())
		}
	})
}
