package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/feed"
)

// ErrRebuilding is returned for a rebuild while another one is under way, in whatever process.
var ErrRebuilding = errors.New("another rebuild is under way")

// ErrBehind is returned by Rebuilding.Swap when more than MaxRest events have not been read. Nothing was changed: read on, and swap again.
var ErrBehind = errors.New("the rebuild is too far behind")

const (
	// MaxRebuildPage is the most that one call of Rebuilding.Events returns.
	MaxRebuildPage = 10_000
	// MaxRest is the most events that Rebuilding.Swap hands over: batches wait while they are read.
	MaxRest = 20_000
)

// Rebuilding is a projection under way that is made anew, from the stored events, beside the live one. A store's method Rebuild begins it with
// no trades; it reads events, contract by contract, and writes what follows from them, while others go on reading and applying batches to the
// live one; Swap puts it in the live one's place. It is for one goroutine, but for Events, which any may call.
//
// Until Swap has returned nil everything live is as it was, whatever ends this: what a rebuild has left behind that did not come to its Close the
// next one removes. An error of the connection is this rebuild's end; begin another.
type Rebuilding interface {
	// Events lists a contract's stored events behind after (empty for the beginning), those that are Unread among them, in the order of the
	// chain, at most limit, which is 1 to MaxRebuildPage (ErrLimit). A contract's events are only ever added behind those it has; those of one
	// contract may come later than later ones of another.
	Events(ctx context.Context, contract string, after EventID, limit int) ([]Event, error)

	// Trade and TradesByID are the store's methods of these names, of the new projection.
	Trade(ctx context.Context, id escrow.ID) (Trade, error)
	TradesByID(ctx context.Context, ids []escrow.ID) ([]Trade, error)

	// Write stores changes in the new projection, all or none of them. A contract's trades have to come in the order in which they were
	// opened, as they do from its events.
	Write(ctx context.Context, changes []Change) error

	// Swap makes the new projection the live one, in one transaction during which batches wait. read says for each contract up to which event
	// Events has been read; finish is given the rest, and may ask for trades of the new projection, but must not wait for anything that is
	// written to the store. What it returns is stored together with the swap. Readers see the one projection or the other. finish's error is
	// returned as it is; after any error the live projection is as it was, and Swap may be called again.
	Swap(ctx context.Context, read map[string]EventID, finish func(context.Context, Rest) (Finish, error)) error

	// Close removes what was not swapped.
	Close() error
}

// Rest is what a rebuild has not read when it swaps.
type Rest struct {
	Events []Event   // of all contracts, in the order of their ids
	Head   feed.Head // of the feed
}

// Finish is what is stored together with a swap.
type Finish struct {
	Trades []Change // that follow from the rest
	// Events are those that are read in another way than when they were stored.
	Events map[EventID]Reading
	// Feed has at least one entry: whoever has read trades before the swap must not make a batch of them, and is told so by the feed's head.
	Feed []feed.Entry
}

// Reading is what becomes of a stored event that is read anew: its Event.Trade and Event.Unread, empty for one that has had an effect after all.
type Reading struct {
	Trade  *Hash
	Unread string
}

// Check refuses what contradicts itself.
func (f Finish) Check() error {
	if len(f.Feed) == 0 {
		return errors.New("the feed does not tell of it")
	}
	for id := range f.Events {
		if _, err := ParseEventID(string(id)); err != nil {
			return err
		}
	}
	return CheckChanges(f.Trades)
}

// CheckChanges refuses changes that contradict each other or themselves, or name milestones that there are not.
func CheckChanges(changes []Change) error {
	trades := make(map[escrow.ID]bool, len(changes))
	for _, c := range changes {
		if trades[c.ID] {
			return fmt.Errorf("trade %s: changed for the second time", c.ID)
		}
		trades[c.ID] = true
		for _, i := range c.Milestones {
			if i < 0 || i >= len(c.Trade.Milestones) {
				return fmt.Errorf("trade %s: milestone %d of %d", c.ID, i, len(c.Trade.Milestones))
			}
		}
		if err := checkPayouts(c); err != nil {
			return err
		}
	}
	return nil
}

// CheckRebuildPage returns ErrLimit for a limit outside 1 to MaxRebuildPage, and an error for an after that is no event id.
func CheckRebuildPage(after EventID, limit int) error {
	if limit < 1 || limit > MaxRebuildPage {
		return fmt.Errorf("list of %d events: %w: it is 1 to %d", limit, ErrLimit, MaxRebuildPage)
	}
	return Page{After: after, Limit: 1}.Check()
}
