package ledger

import (
	"bytes"
	"slices"
	"sync"
)

// Reader finds an entry of the live state, as XDR of a LedgerEntry that nobody changes, whether its life has ended or not. What has been
// taken out of the live state since, Find finds.
type Reader interface {
	Get(Key) (entry []byte, ok bool)
}

// Entries are a Reader of themselves.
type Entries map[Key][]byte

// Get is part of Reader.
func (e Entries) Get(k Key) ([]byte, bool) {
	entry, ok := e[k]
	return entry, ok && entry != nil
}

// State is the newest version of all entries, together with those older versions that a Snapshot still looks at. One goroutine
// applies changes, any number read snapshots meanwhile.
type State struct {
	mu      sync.RWMutex
	entries map[Key][]version // oldest first
	now     uint64            // how many times Apply was called
	open    map[uint64]int    // snapshots by their version
	// replaced are the changes whose entries may still have older versions for a snapshot's sake, oldest change first.
	replaced []replacement
}

// replacement is a change of an entry: when no snapshot before at is open, what was under key before goes.
type replacement struct {
	at  uint64
	key Key
}

type version struct {
	at    uint64
	entry []byte // nil: removed
}

// NewState is a state without entries.
func NewState() *State {
	return &State{entries: map[Key][]version{}, open: map[uint64]int{}}
}

// Snapshot is the state as it was at one moment. Its reader closes it.
type Snapshot struct {
	state *State
	at    uint64
	once  sync.Once
}

// Snapshot returns the state as it is now.
func (s *State) Snapshot() *Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[s.now]++
	return &Snapshot{state: s, at: s.now}
}

// Get is part of Reader.
func (sn *Snapshot) Get(k Key) ([]byte, bool) {
	sn.state.mu.RLock()
	defer sn.state.mu.RUnlock()
	versions := sn.state.entries[k]
	for i := len(versions) - 1; i >= 0; i-- {
		if versions[i].at <= sn.at {
			return versions[i].entry, versions[i].entry != nil
		}
	}
	return nil, false
}

// Close lets the state forget what only this snapshot needed. A second Close does nothing.
func (sn *Snapshot) Close() {
	sn.once.Do(func() {
		sn.state.mu.Lock()
		defer sn.state.mu.Unlock()
		if sn.state.open[sn.at]--; sn.state.open[sn.at] == 0 {
			delete(sn.state.open, sn.at)
		}
	})
}

// Apply makes the changes (nil: removed) the newest version. Snapshots taken before do not see them. It copies the entries: the buffer of an encoder has
// up to as much again behind them, which would stay as long as they do.
func (s *State) Apply(changes map[Key][]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now++
	for k, entry := range changes {
		s.entries[k] = append(s.entries[k], version{s.now, bytes.Clone(entry)})
		s.replaced = append(s.replaced, replacement{s.now, k})
	}
	s.forget()
}

// forget lets go of the versions that no snapshot sees any more. Whoever applies a ledger has a snapshot of the one before, so of most entries that is
// found at the next ledger only, in which they have no part.
func (s *State) forget() {
	oldest := s.now
	for at := range s.open {
		oldest = min(oldest, at)
	}
	done := 0
	for ; done < len(s.replaced) && s.replaced[done].at <= oldest; done++ {
		k := s.replaced[done].key
		versions := s.entries[k]
		drop := 0
		for drop+1 < len(versions) && versions[drop+1].at <= oldest {
			drop++
		}
		switch {
		case drop+1 == len(versions) && versions[drop].entry == nil:
			delete(s.entries, k)
		case drop > 0:
			s.entries[k] = slices.Clone(versions[drop:]) // what was dropped would go on in the old array
		}
	}
	s.replaced = s.replaced[done:]
}

// Each calls f with every entry of the newest version, in no order, until f returns false.
func (s *State) Each(f func(Key, []byte) bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for k, versions := range s.entries {
		if e := versions[len(versions)-1].entry; e != nil && !f(k, e) {
			return
		}
	}
}
