package keeper

import (
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// How long a trade that could not be settled is left alone: at first, doubled each time, and at most.
const (
	laterFirst = 10 * time.Second
	// laterAgain is the same where nothing is wrong with the trade: the next ledger may do, but the same moment will not.
	laterAgain = 2 * time.Second
	laterMost  = time.Hour
	// laterSettled is how long one that was settled is left alone while the projection still has it as due: when it is that far behind, the
	// contract is asked again, and says that nothing is due.
	laterSettled = 10 * time.Minute
	// maxPutOffShown is how many of those that are put off a Status lists.
	maxPutOffShown = 100
)

// attempt is what is known of a trade that is due, beside what is stored. It is about one time at which it became due: when the projection has
// another one, it starts afresh.
type attempt struct {
	due     store.Due
	busy    bool      // one of the keys is at it
	settled bool      // done, and not projected yet
	until   time.Time // not tried before
	tries   int       // in vain
	noPush  bool      // with payouts it failed in a ledger, and was paid for: not again
	why     Reason
	err     string
}

// attempts are those of all trades that are due and were tried.
type attempts map[escrow.ID]*attempt

// ready tells whether a due trade is to be settled now.
func (a attempts) ready(d store.Due, now time.Time) bool {
	known := a[d.Trade]
	switch {
	case known == nil:
		return true
	case known.busy:
		return false
	case known.due.At != d.At:
		delete(a, d.Trade)
		return true
	}
	return !now.Before(known.until)
}

// begin marks a trade as being settled.
func (a attempts) begin(d store.Due) *attempt {
	known := a[d.Trade]
	if known == nil {
		known = &attempt{due: d}
		a[d.Trade] = known
	}
	known.busy, known.settled = true, false
	return known
}

// putOff leaves it alone for a while.
func (t *attempt) putOff(now time.Time, why Reason, err error) {
	t.busy, t.why, t.err = false, why, err.Error()
	if !why.ofTrade() {
		t.until = now.Add(laterAgain) // nothing is wrong with the trade
		return
	}
	wait := laterFirst << min(t.tries, 16)
	t.tries++
	t.until = now.Add(min(wait, laterMost))
}

// done leaves it alone until the projection has followed.
func (t *attempt) done(now time.Time) {
	*t = attempt{due: t.due, settled: true, until: now.Add(laterSettled)}
}

// forget drops what is no longer due. listed are all that are.
func (a attempts) forget(listed map[escrow.ID]bool) {
	for id, t := range a {
		if !t.busy && !listed[id] {
			delete(a, id)
		}
	}
}
