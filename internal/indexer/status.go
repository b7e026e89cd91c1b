package indexer

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// State is what the indexer is doing.
type State string

// The states of the indexer.
const (
	Starting    State = "starting"    // has not yet heard of the source
	CatchingUp  State = "catching up" // has ledgers to read
	Following   State = "following"   // has read every ledger there is
	InGap       State = "gap"         // a contract's next ledger is no longer to be had; the others go on
	Unreachable State = "unreachable" // the source or the store does not answer; tries again
	Stopped     State = "stopped"     // must not go on
	Standby     State = "standby"     // another process follows; this one takes over when that is gone
)

// States are all of them.
var States = []State{Starting, CatchingUp, Following, InGap, Unreachable, Stopped, Standby}

// Status is how the indexer is.
type Status struct {
	State State
	// Ledger is the newest one all of whose events are projected, for every contract; LedgerAt its close time (or, while far behind, that of
	// a ledger before it), unix seconds. Both are 0 before the first page.
	Ledger   uint32
	LedgerAt uint64
	// Latest is the newest ledger the source has spoken of, Oldest the first that it keeps; LatestAt the close time of Latest.
	Latest, Oldest uint32
	LatestAt       uint64
	Contracts      []ContractStatus
	Unread         int       // events that had no effect, at least
	Err            string    // of the last attempt; empty if it went well
	Progress       time.Time // when a position last moved; zero before
}

// Lag is how many ledgers there are to read.
func (s Status) Lag() uint32 { return s.Latest - min(s.Ledger, s.Latest) }

// ContractStatus is how far a contract is.
type ContractStatus struct {
	ID        string `json:"contract"`
	Start     uint32 `json:"start_ledger"`
	Ledger    uint32 `json:"ledger"`               // the newest one all of whose events are projected
	GapOldest uint32 `json:"gap_oldest,omitempty"` // not 0: the ledgers from Ledger+1 up to before this one were not to be had
}

type status struct {
	mu    sync.Mutex
	now   Status
	moves chan struct{} // closed and replaced when Ledger grows or State becomes Stopped
}

func newStatus() *status {
	return &status{now: Status{State: Starting}, moves: make(chan struct{})}
}

// Status is how the indexer is now.
func (x *Indexer) Status() Status {
	x.status.mu.Lock()
	defer x.status.mu.Unlock()
	s := x.status.now
	s.Contracts = slices.Clone(s.Contracts)
	return s
}

// WaitLedger returns as soon as every event up to ledger n is projected, for every contract, with how far it then is. It ends with ctx, or
// when the indexer has stopped (ErrStopped), and then also says how far it is.
func (x *Indexer) WaitLedger(ctx context.Context, n uint32) (uint32, error) {
	for {
		x.status.mu.Lock()
		now, moves := x.status.now, x.status.moves
		x.status.mu.Unlock()
		switch {
		case now.Ledger >= n:
			return now.Ledger, nil
		case now.State == Stopped:
			return now.Ledger, fmt.Errorf("wait for ledger %d, projected is %d: %w", n, now.Ledger, ErrStopped)
		}
		select {
		case <-ctx.Done():
			return now.Ledger, fmt.Errorf("wait for ledger %d, projected is %d: %w", n, now.Ledger, ctx.Err())
		case <-moves:
		}
	}
}

// change makes a new status under the lock, and wakes whoever waits.
func (s *status) change(do func(*Status)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do(&s.now)
	close(s.moves)
	s.moves = make(chan struct{})
}

func (s *status) begin(all map[string]*followed, unread int) {
	s.change(func(now *Status) {
		now.Unread = unread
		now.reckon(all)
	})
}

// source takes in what the source has. wild says that a newer ledger of which it spoke before was none.
func (s *status) source(kept rpc.Range, wild bool) {
	s.change(func(now *Status) {
		now.Oldest, now.Err = kept.Oldest.Sequence, ""
		if wild || kept.Latest.Sequence >= now.Latest {
			now.Latest, now.LatestAt = kept.Latest.Sequence, kept.Latest.CloseTime
		}
		now.settle()
	})
}

func (s *status) moved(all map[string]*followed, unread int, at time.Time) {
	s.change(func(now *Status) {
		now.Unread += unread
		now.Progress = at
		now.reckon(all)
	})
}

func (s *status) failed(err error) {
	s.change(func(now *Status) { now.State, now.Err = Unreachable, err.Error() })
}

func (s *status) stopped(err error) {
	s.change(func(now *Status) { now.State, now.Err = Stopped, fmt.Sprint(err) })
}

// reckon works out how far all contracts are.
func (s *Status) reckon(all map[string]*followed) {
	s.Contracts = nil
	for _, f := range slices.SortedFunc(maps.Values(all), func(a, b *followed) int { return cmp.Compare(a.ID, b.ID) }) {
		c := ContractStatus{ID: f.ID, Start: f.Start, Ledger: f.Position.Complete(), GapOldest: f.GapOldest}
		if len(s.Contracts) == 0 || c.Ledger < s.Ledger {
			s.Ledger, s.LedgerAt = c.Ledger, f.At
		}
		s.Contracts = append(s.Contracts, c)
	}
	s.settle()
}

// settle is the state that follows from the numbers.
func (s *Status) settle() {
	switch {
	case slices.ContainsFunc(s.Contracts, func(c ContractStatus) bool { return c.GapOldest != 0 }):
		s.State = InGap
	case s.Latest == 0:
		s.State = Starting
	case s.Ledger >= s.Latest:
		s.State = Following
	default:
		s.State = CatchingUp
	}
}
