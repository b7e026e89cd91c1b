package indexer

import (
	"container/list"
	"context"
	"slices"
	"sync"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// maxCached bounds the trades that are remembered, by their milestones and votes: some 2 kB each, 16 MB in all. More would save little, since
// those of a page that are not remembered are read together.
const maxCached = 8_000

// cache remembers the trades that were changed last and are not over: most events are about one of them. Whoever leads is the only one that changes trades, so
// what is remembered is what is stored, until something goes wrong; then all of it is forgotten.
// It is safe for concurrent use, as long as nobody asks for a trade whose change is being stored.
type cache struct {
	store trades

	mu     sync.Mutex
	weight int
	order  *list.List // of *store.Trade, the one used last in front
	known  map[escrow.ID]*list.Element
}

func newCache(s trades) *cache {
	return &cache{store: s, order: list.New(), known: map[escrow.ID]*list.Element{}}
}

// all gives those of the trades that are stored, in no order. What it gives must not be changed.
func (c *cache) all(ctx context.Context, ids []escrow.ID, give func(*store.Trade)) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var unknown []escrow.ID
	for _, id := range ids {
		if e, ok := c.known[id]; ok {
			c.order.MoveToFront(e)
			give(e.Value.(*store.Trade))
			continue
		}
		unknown = append(unknown, id)
	}
	for part := range slices.Chunk(unknown, store.MaxPage) {
		read, err := c.store.TradesByID(ctx, part)
		if err != nil {
			return err
		}
		for _, t := range read { // each by itself: a pointer into the list would keep all of it
			give(&t)
			c.put(&t)
		}
	}
	return nil
}

// stored takes in what has just been stored.
func (c *cache) stored(changes []store.Change) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, change := range changes {
		if over(change.Trade) {
			if e, ok := c.known[change.ID]; ok {
				c.drop(e)
			}
			continue
		}
		c.put(change.Trade)
	}
}

// over tells whether nothing can happen to a trade any more.
func over(t *store.Trade) bool {
	return (t.Stage == escrow.StageEnded || t.Stage == escrow.StageCancelled) && len(t.Parked) == 0
}

func (c *cache) put(t *store.Trade) {
	if e, ok := c.known[t.ID]; ok {
		c.drop(e)
	}
	c.known[t.ID] = c.order.PushFront(t)
	c.weight += weigh(t)
	for c.weight > maxCached && c.order.Len() > 1 {
		c.drop(c.order.Back())
	}
}

func (c *cache) drop(e *list.Element) {
	t := c.order.Remove(e).(*store.Trade)
	delete(c.known, t.ID)
	c.weight -= weigh(t)
}

// forget forgets everything.
func (c *cache) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.order.Init()
	clear(c.known)
	c.weight = 0
}

func weigh(t *store.Trade) int {
	n := 1 + len(t.Milestones)
	for i := range t.Milestones {
		if d := t.Milestones[i].Dispute; d != nil {
			n += 1 + len(d.Votes)
		}
	}
	return n
}
