package keeper

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// State is what the keeper is doing.
type State string

// The states of a keeper.
const (
	Waiting State = "waiting" // does not run, or another one acts
	Keeping State = "keeping"
)

// Status is how the keeper is.
type Status struct {
	State State `json:"state"`
	// Ledger is the newest one it has looked at.
	Ledger uint32 `json:"ledger"`
	// Due is how many trades are due and not settled; OldestDue for how long the first of them has been, in seconds of the ledgers' time.
	Due       int    `json:"due"`
	OldestDue uint64 `json:"oldest_due_seconds"`
	// PutOff are trades that could not be settled, the most often tried first, at most 100; PutOffAll is how many there are.
	PutOff    []PutOff `json:"put_off"`
	PutOffAll int      `json:"put_off_all"`
	// Limit and Spent are of this day, in stroops; what is reserved for transactions on their way is in Spent.
	Limit int64 `json:"limit_stroops,string"`
	Spent int64 `json:"spent_stroops,string"`
	// Paused says until when the limit keeps it from a kind of work.
	Paused   map[Work]time.Time `json:"paused"`
	Balances map[string]int64   `json:"balances_stroops"` // of its accounts
	// Soonest says for each kind of entry that is needed for longer than it lives in how many ledgers the first one ends, as of the last sweep.
	Soonest    map[Kind]uint32 `json:"soonest_lapse_ledgers"`
	Archived   int             `json:"archived"`   // entries that are needed and archived, as of the last sweep
	Looked     int             `json:"looked_at"`  // entries whose lives the last sweep has looked at
	Extensions int             `json:"extensions"` // transactions that extend what it has found, still to be sent
	Busy       bool            `json:"busy"`       // something that it has sent is in no ledger yet
	Swept      time.Time       `json:"swept"`      // when the last sweep ended; zero before
	SweepErr   string          `json:"sweep_err,omitempty"`
	Err        string          `json:"err,omitempty"` // what keeps it from looking; empty if nothing does
}

// PutOff is a trade that could not be settled.
type PutOff struct {
	Trade string    `json:"trade"`
	Why   Reason    `json:"why"`
	Err   string    `json:"err"`
	Tries int       `json:"tries"`
	Until time.Time `json:"until"` // then it is tried again
}

// Status is how the keeper is now.
func (k *Keeper) Status() Status {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := k.status
	s.PutOff, s.Paused, s.Balances, s.Soonest = slices.Clone(s.PutOff), maps.Clone(s.Paused), maps.Clone(s.Balances), maps.Clone(s.Soonest)
	return s
}

func (k *Keeper) show(change func(*Status)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	change(&k.status)
}

// report copies what a shift knows.
func (s *shift) report(st *Status, now time.Time) {
	st.Ledger, st.Extensions, st.Busy = s.latest.Sequence, len(s.extensions), len(s.busy) > 0
	st.Paused = map[Work]time.Time{}
	for w, until := range s.pauses.until {
		if now.Before(until) {
			st.Paused[w] = until
		}
	}
	st.PutOff = nil
	for id, t := range s.trades {
		if t.tries > 0 && !t.settled {
			st.PutOff = append(st.PutOff, PutOff{id.String(), t.why, t.err, t.tries, t.until})
		}
	}
	st.PutOffAll = len(st.PutOff)
	slices.SortFunc(st.PutOff, func(a, b PutOff) int { return cmp.Or(cmp.Compare(b.Tries, a.Tries), cmp.Compare(a.Trade, b.Trade)) })
	st.PutOff = st.PutOff[:min(len(st.PutOff), maxPutOffShown)]
}
