package keeper

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

const (
	turnName = "keeper"
	// turnFor is how long a turn lasts, in seconds of wall time, and turnAgain how long before its end it is taken again. A keeper that is
	// killed keeps the others waiting for no longer than turnFor.
	turnFor   = 10
	turnAgain = 6
)

// turn is the right to act, held by one keeper of all that use the same store. Whoever leads the store runs the keeper; but one that has lost
// the lead may not know it yet, and two that settled the same trade with two accounts would pay for it twice: the second transaction fails,
// and is charged.
type turn struct {
	store  Store
	holder string
	now    func() time.Time
	held   store.Lease // Until is 0 without
	since  time.Time   // nobody else has had it since
}

func newTurn(c Config) (*turn, error) {
	raw := make([]byte, 16)
	if _, err := io.ReadFull(c.Rand, raw); err != nil {
		return nil, fmt.Errorf("keeper: draw a name for its turns: %w", err)
	}
	return &turn{store: c.Store, holder: hex.EncodeToString(raw), now: c.Now}, nil
}

// take tells whether it is this keeper's turn. What it began in an earlier one may still be on its way when another takes over.
func (t *turn) take(ctx context.Context) (bool, error) {
	now := uint64(t.now().Unix())
	if now+turnAgain < t.held.Until {
		return true, nil
	}
	free := now
	if t.held.Until > 0 {
		// It may be taken by whoever finds that its time is over. Asked as of its own end it is free for us unless somebody did since: theirs ends later.
		free = t.held.Until
	}
	got, err := t.store.Lease(ctx, []string{turnName}, t.holder, free, max(now, free)+turnFor)
	switch {
	case err == nil:
		if t.held.Until == 0 {
			t.since = t.now()
		}
		t.held = got
		return true, nil
	case errors.Is(err, store.ErrNoneFree):
		t.held = store.Lease{}
		return false, nil
	}
	return now < t.held.Until, err // it lasts yet, though the store does not answer
}

// lasts tells whether it is this keeper's turn still: time has passed since it was taken.
func (t *turn) lasts() bool { return uint64(t.now().Unix()) < t.held.Until }

// end gives it back.
func (t *turn) end(ctx context.Context) error {
	if t.held.Until == 0 {
		return nil
	}
	held := t.held
	t.held = store.Lease{}
	return t.store.EndLease(ctx, held)
}
