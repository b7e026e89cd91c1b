package indexer

import (
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// counted is a store of trades that counts how often it is read.
type counted struct {
	trades map[escrow.ID]store.Trade
	reads  int
}

func (c *counted) Trade(_ context.Context, id escrow.ID) (store.Trade, error) {
	c.reads++
	t, ok := c.trades[id]
	if !ok {
		return t, store.ErrNotFound
	}
	return t, nil
}

func numbered(n int) (id escrow.ID) {
	binary.BigEndian.PutUint64(id[:], uint64(n))
	return id
}

// Whatever is stored and read in whatever order, the cache says what the store says, and never holds more than it may.
func TestTheCacheSaysWhatTheStoreSays(t *testing.T) {
	s := &counted{trades: map[escrow.ID]store.Trade{}}
	c := newCache(s)
	random := rand.New(rand.NewPCG(3, 4))
	asked := 0
	for i := range 60_000 {
		id := numbered(random.IntN(3000))
		switch random.IntN(20) {
		case 0:
			c.forget()
		case 1, 2, 3, 4, 5, 6:
			trade := store.Trade{ID: id, LastDeadline: uint64(i), Milestones: make([]store.Milestone, 1+random.IntN(20))}
			s.trades[id] = trade
			c.stored([]store.Change{{Trade: &trade}})
		default:
			asked++
			want, there := s.trades[id]
			got, err := c.Trade(t.Context(), id)
			if there != (err == nil) || !there && !errors.Is(err, store.ErrNotFound) || got.LastDeadline != want.LastDeadline || len(got.Milestones) != len(want.Milestones) {
				t.Fatalf("step %d: got %d (%v), want %d (%v)", i, got.LastDeadline, err, want.LastDeadline, there)
			}
		}
		if c.weight > maxCached || c.order.Len() != len(c.known) {
			t.Fatalf("step %d: %d weigh %d, %d are known", i, c.order.Len(), c.weight, len(c.known))
		}
	}
	if s.reads >= asked {
		t.Errorf("%d questions, %d of them to the store", asked, s.reads)
	}
	// Without being told to forget, it holds as much as it may.
	for i := range 3 * maxCached {
		trade := store.Trade{ID: numbered(i), Milestones: make([]store.Milestone, 4)}
		c.stored([]store.Change{{Trade: &trade}})
	}
	if c.weight > maxCached || c.weight < maxCached-10 {
		t.Errorf("it holds %d", c.weight)
	}
}
