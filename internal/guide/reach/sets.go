package reach

import (
	"iter"
	mathbits "math/bits"
)

// sets gives each set of ports a number, so that a cluster's few sets are united and compared once for its millions of pairs.
type sets struct {
	list   []Ports
	ids    map[string]int32
	unions map[[2]int32]int32
	meets  map[[2]int32]int32
}

// The two that nearly every answer is.
const (
	noPorts    int32 = 0
	everyPorts int32 = 1
)

func newSets() *sets {
	s := &sets{ids: map[string]int32{}, unions: map[[2]int32]int32{}, meets: map[[2]int32]int32{}}
	s.id(Ports{})
	s.id(Everything())
	return s
}

func (s *sets) id(p Ports) int32 {
	k := p.key()
	id, ok := s.ids[k]
	if !ok {
		id = int32(len(s.list))
		s.list, s.ids[k] = append(s.list, p), id
	}
	return id
}

func (s *sets) union(a, b int32) int32 {
	switch {
	case a == b || b == noPorts || a == everyPorts:
		return a
	case a == noPorts || b == everyPorts:
		return b
	}
	k := [2]int32{min(a, b), max(a, b)}
	id, ok := s.unions[k]
	if !ok {
		id = s.id(s.list[a].Union(s.list[b]))
		s.unions[k] = id
	}
	return id
}

func (s *sets) meet(a, b int32) int32 {
	switch {
	case a == b || b == everyPorts || a == noPorts:
		return a
	case a == everyPorts || b == noPorts:
		return b
	}
	k := [2]int32{min(a, b), max(a, b)}
	id, ok := s.meets[k]
	if !ok {
		id = s.id(s.list[a].Intersect(s.list[b]))
		s.meets[k] = id
	}
	return id
}

// bits is a set of small numbers.
type bits []uint64

func newBits(n int) bits { return make(bits, (n+63)/64) }

func (b bits) set(i int)      { b[i/64] |= 1 << (i % 64) }
func (b bits) has(i int) bool { return b[i/64]>>(i%64)&1 == 1 }

// all are the set's numbers, ascending.
func (b bits) all() iter.Seq[int] {
	return func(yield func(int) bool) {
		for i, word := range b {
			for ; word != 0; word &= word - 1 {
				if !yield(i*64 + mathbits.TrailingZeros64(word)) {
					return
				}
			}
		}
	}
}
