package ledger

import "sync"

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

// Apply makes the changes (nil: removed) the newest version. Snapshots taken before do not see them.
func (s *State) Apply(changes map[Key][]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now++
	oldest := s.now
	for at := range s.open {
		oldest = min(oldest, at)
	}
	for k, entry := range changes {
		versions := append(s.entries[k], version{s.now, entry})
		// All but the newest of those that the oldest snapshot can see are out of reach.
		drop := 0
		for drop+1 < len(versions) && versions[drop+1].at <= oldest {
			drop++
		}
		versions = versions[drop:]
		if len(versions) == 1 && versions[0].entry == nil {
			delete(s.entries, k)
			continue
		}
		s.entries[k] = versions
	}
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
