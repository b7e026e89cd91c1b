package indexer

import (
	"bytes"
	"context"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// counted is a store of trades that counts how often it is read, and how many trades were asked for.
type counted struct {
	trades       map[escrow.ID]store.Trade
	reads, asked int
}

func (c *counted) TradesByID(_ context.Context, ids []escrow.ID) (all []store.Trade, err error) {
	c.reads, c.asked = c.reads+1, c.asked+len(ids)
	if len(ids) > store.MaxPage {
		return nil, store.ErrLimit
	}
	for _, id := range ids {
		if t, ok := c.trades[id]; ok {
			all = append(all, t)
		}
	}
	return all, nil
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
			trade := store.Trade{ID: id, LastDeadline: uint64(i), Milestones: make([]store.Milestone, 1+random.IntN(20)), Stage: escrow.Stage(random.IntN(5))}
			if random.IntN(3) == 0 {
				trade.Parked = []escrow.Parcel{{}}
			}
			s.trades[id] = trade
			c.stored([]store.Change{{Trade: &trade}})
		default:
			ids := []escrow.ID{id, numbered(3000 + i)} // the second is not there
			for range random.IntN(3) {
				ids = append(ids, numbered(random.IntN(3000)))
			}
			slices.SortFunc(ids, func(a, b escrow.ID) int { return bytes.Compare(a[:], b[:]) })
			ids = slices.Compact(ids)
			asked += len(ids)
			checkAll(t, s, c, ids)
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

func checkAll(t *testing.T, s *counted, c *cache, ids []escrow.ID) {
	t.Helper()
	got := map[escrow.ID]*store.Trade{}
	if err := c.all(t.Context(), ids, func(one *store.Trade) { got[one.ID] = one }); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, id := range ids {
		want, there := s.trades[id]
		if is, ok := got[id]; ok != there || there && (is.LastDeadline != want.LastDeadline || len(is.Milestones) != len(want.Milestones)) {
			t.Fatalf("got %+v, want %d, there %v", is, want.LastDeadline, there)
		}
		if there {
			n++
		}
	}
	if len(got) != n {
		t.Fatalf("%d trades, want %d", len(got), n)
	}
}

// Trades that are over make room for others; one with money to be claimed is not over.
func TestWhatIsOverIsForgotten(t *testing.T) {
	for _, stage := range []escrow.Stage{escrow.StageOpen, escrow.StageAgreed, escrow.StageFunded, escrow.StageEnded, escrow.StageCancelled} {
		for _, parked := range [][]escrow.Parcel{nil, {{}}} {
			c := newCache(&counted{})
			trade := store.Trade{ID: numbered(1), Stage: stage, Parked: parked}
			c.put(&store.Trade{ID: numbered(1)})
			c.stored([]store.Change{{Trade: &trade}})
			over := (stage == escrow.StageEnded || stage == escrow.StageCancelled) && parked == nil
			if (len(c.known) == 0) != over || (c.weight == 0) != over {
				t.Errorf("%s, %d parked: %d are known", stage, len(parked), len(c.known))
			}
		}
	}
}

// Of a page that is all about trades nobody knows, the store is asked a few times, not once for each.
func TestAPageOfUnknownTradesIsFewQuestions(t *testing.T) {
	s := &counted{trades: map[escrow.ID]store.Trade{}}
	c := newCache(s)
	var ids []escrow.ID
	for i := range 2*store.MaxPage + 1 {
		ids = append(ids, numbered(i))
		s.trades[ids[i]] = store.Trade{ID: ids[i], LastDeadline: uint64(i)}
	}
	checkAll(t, s, c, ids)
	if s.reads != 3 || s.asked != len(ids) {
		t.Errorf("%d questions for %d of %d trades", s.reads, s.asked, len(ids))
	}
	checkAll(t, s, c, ids)
	if s.reads != 3 {
		t.Errorf("what is known was asked for again: %d questions", s.reads)
	}
}
