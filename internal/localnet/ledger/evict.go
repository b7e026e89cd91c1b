package ledger

import (
	"container/heap"

	"github.com/stellar/go-stellar-sdk/xdr"
)

// Evictor knows when entries end, so that they need not be looked for. It serves one goroutine, the one that closes ledgers.
type Evictor struct {
	due   dueHeap
	known map[Key]bool // those in due, each once
}

type dueEntry struct {
	until uint32
	key   Key
}

// NewEvictor looks through a state once.
func NewEvictor(s *State) *Evictor {
	v := &Evictor{known: map[Key]bool{}}
	var found []Key
	s.Each(func(k Key, _ []byte) bool {
		if k.HasTTL() {
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
		if entry != nil && k.HasTTL() {
			v.note(d, k)
		}
	}
}

// note remembers an entry. Where its life has been extended since, that is seen when it would have ended.
func (v *Evictor) note(r Reader, k Key) {
	if v.known[k] {
		return
	}
	if until, ok := LiveUntil(r, k); ok {
		v.known[k] = true
		heap.Push(&v.due, dueEntry{until, k})
	}
}

// Evict takes up to limit entries whose life ended before d's ledger out of the live state: temporary ones are gone, persistent ones
// archived. It returns their keys, each followed by that of its lifetime, as a LedgerCloseMeta lists them.
func (v *Evictor) Evict(d *Delta, limit int) []xdr.LedgerKey {
	var evicted []xdr.LedgerKey
	for len(v.due) > 0 && v.due[0].until < d.Ledger() && limit > 0 {
		next := heap.Pop(&v.due).(dueEntry)
		delete(v.known, next.key)
		until, ok := LiveUntil(d, next.key)
		if !ok { // removed since
			continue
		}
		if until >= d.Ledger() { // extended since
			v.note(d, next.key)
			continue
		}
		for _, k := range []Key{next.key, next.key.TTLKey()} {
			lk, err := k.LedgerKey()
			if err != nil {
				panic(err)
			}
			evicted = append(evicted, lk)
		}
		if next.key.Temporary() {
			d.Remove(next.key)
		} else {
			d.Archive(next.key)
		}
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
