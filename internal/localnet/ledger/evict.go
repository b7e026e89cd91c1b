package ledger

import (
	"container/heap"

	"github.com/stellar/go-stellar-sdk/xdr"
)

// Evictor knows when temporary entries end, so that they need not be looked for. It serves one goroutine, the one that closes
// ledgers.
type Evictor struct{ due dueHeap }

type dueEntry struct {
	until uint32
	key   Key
}

// NewEvictor looks through a state once.
func NewEvictor(s *State) *Evictor {
	v := &Evictor{}
	var found []Key
	s.Each(func(k Key, _ []byte) bool {
		if k.HasTTL() && k.Temporary() {
			found = append(found, k)
		}
		return true
	})
	sn := s.Snapshot()
	defer sn.Close()
	for _, k := range found {
		v.note(sn, k)
	}
	return v
}

// Note takes in what a ledger changed.
func (v *Evictor) Note(d *Delta) {
	for k, entry := range d.All() {
		if entry != nil && k.HasTTL() && k.Temporary() {
			v.note(d, k)
		}
	}
}

func (v *Evictor) note(r Reader, k Key) {
	if until, ok := LiveUntil(r, k); ok {
		heap.Push(&v.due, dueEntry{until, k})
	}
}

// Evict removes up to limit temporary entries whose life ended before d's ledger, and returns their keys, each followed by that of
// its lifetime, as a LedgerCloseMeta lists them.
func (v *Evictor) Evict(d *Delta, limit int) []xdr.LedgerKey {
	var evicted []xdr.LedgerKey
	for len(v.due) > 0 && v.due[0].until < d.Ledger() && limit > 0 {
		next := heap.Pop(&v.due).(dueEntry)
		until, ok := LiveUntil(d, next.key)
		if !ok { // removed since
			continue
		}
		if until >= d.Ledger() { // extended since
			heap.Push(&v.due, dueEntry{until, next.key})
			continue
		}
		for _, k := range []Key{next.key, next.key.TTLKey()} {
			lk, err := k.LedgerKey()
			if err != nil {
				panic(err)
			}
			evicted = append(evicted, lk)
		}
		d.Remove(next.key)
		limit--
	}
	return evicted
}

type dueHeap []dueEntry

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].until < h[j].until }
func (h dueHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *dueHeap) Push(x any)        { *h = append(*h, x.(dueEntry)) }
func (h *dueHeap) Pop() any {
	last := len(*h) - 1
	e := (*h)[last]
	*h = (*h)[:last]
	return e
}
