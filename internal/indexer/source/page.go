package source

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// The bounds of a page: what is read for one at most.
const (
	pageLedgers = 10_000  // as many as a node looks through for one
	pageBytes   = 8 << 20 // of ledgers' metas; far fewer ledgers of a busy network. The SDK's trees of the events in them may take twice as much
)

// Fetch gets verified ledgers from a sequence number on: at least one if there is one, in order. Its errors, and the range that it returns with
// them, are those of rpc.Client.Ledgers.
type Fetch func(ctx context.Context, from uint32) (Fetched, error)

// Fetched are ledgers that follow one another, and what was kept when they were got.
type Fetched struct {
	Ledgers []*Meta
	Kept    rpc.Range
	Early   bool // they were got for an earlier question: by now there may be newer ones
}

// Page makes a page of events out of ledgers. It behaves as rpc.Client.Events does; where a node would go on for as long as it finds ledgers,
// it ends at pageBytes.
func Page(ctx context.Context, network stellar.Network, from rpc.From, contracts []stellar.Address, limit uint, fetch Fetch) (rpc.EventPage, error) {
	if len(contracts) == 0 || len(contracts) > rpc.MaxContracts || limit == 0 || limit > rpc.MaxEvents {
		return rpc.EventPage{}, fmt.Errorf("events of %d contracts, %d a page: not 1 to %d, 1 to %d: %w", len(contracts), limit, rpc.MaxContracts, rpc.MaxEvents,
			rpc.ErrRefused)
	}
	position, next, err := start(from)
	if err != nil {
		return rpc.EventPage{}, err
	}
	wanted := map[xdr.ContractId]bool{}
	for _, a := range contracts {
		if a.Contract {
			wanted[a.Key] = true
		}
	}
	page := rpc.EventPage{Cursor: from.Cursor}
	ledgers, bytes := 0, 0
	for {
		got, err := fetch(ctx, next)
		if err != nil {
			if ledgers > 0 && ctx.Err() == nil {
				return page, nil // what there is so far; the next question meets the error
			}
			return rpc.EventPage{Kept: got.Kept}, err
		}
		page.Kept = got.Kept
		for _, m := range got.Ledgers {
			if m.Sequence != next {
				return rpc.EventPage{Kept: got.Kept}, fmt.Errorf("asked for ledger %d, got %d: %w", next, m.Sequence, rpc.ErrAnswer)
			}
			events, err := m.Events(network, wanted)
			if err != nil {
				return rpc.EventPage{Kept: got.Kept}, err
			}
			for _, e := range events {
				if store.EventID(e.ID) <= position {
					continue
				}
				page.Events, page.Cursor = append(page.Events, e), e.ID
				if uint(len(page.Events)) == limit {
					return page, nil
				}
			}
			page.Cursor = string(store.EndOfLedger(m.Sequence))
			next++
			ledgers, bytes = ledgers+1, bytes+len(m.raw)
			if ledgers >= pageLedgers || bytes >= pageBytes {
				return page, nil
			}
		}
		if len(got.Ledgers) == 0 || !got.Early && next > got.Kept.Latest.Sequence {
			return page, nil
		}
	}
}

// start is where a page begins: behind a position, in a ledger.
func start(from rpc.From) (position store.EventID, ledger uint32, err error) {
	if from.Cursor == "" {
		return "", from.Ledger, nil
	}
	if position, err = store.ParseEventID(from.Cursor); err != nil {
		return "", 0, fmt.Errorf("event cursor: %w: %w", rpc.ErrRefused, err)
	}
	return position, position.Complete() + 1, nil
}

// CheckPage refuses (rpc.ErrAnswer) a page that does not follow the position, is out of order, reaches beyond the newest ledger, or holds
// events of contracts that nobody asked for. One that begins before the oldest ledger that is kept is a *rpc.GapError, whatever it holds:
// some nodes answer 200 and an empty page to a position that they no longer keep.
func CheckPage(page rpc.EventPage, from rpc.From, contracts []stellar.Address) error {
	position, next, err := start(from)
	if err != nil {
		return err
	}
	if err := checkRange(page.Kept); err != nil {
		return err
	}
	if next < page.Kept.Oldest.Sequence {
		return &rpc.GapError{Asked: next, Kept: page.Kept}
	}
	last := position
	for _, e := range page.Events {
		id, err := store.ParseEventID(e.ID)
		switch {
		case err != nil:
			return fmt.Errorf("page behind %s: %w: %w", position, rpc.ErrAnswer, err)
		case id <= last || id.Ledger() != e.Ledger.Sequence || id.Ledger() < next:
			return fmt.Errorf("page behind %s: event %s is out of order: %w", position, e.ID, rpc.ErrAnswer)
		case !slices.Contains(contracts, e.Contract):
			return fmt.Errorf("page behind %s: event %s is of contract %s, which was not asked for: %w", position, e.ID, e.Contract, rpc.ErrAnswer)
		}
		last = id
	}
	if page.Cursor == "" && from.Cursor == "" && len(page.Events) == 0 {
		return nil // the start lies in the future
	}
	end, err := store.ParseEventID(page.Cursor)
	switch {
	case err != nil:
		return fmt.Errorf("page behind %s: %w: %w", position, rpc.ErrAnswer, err)
	case end < last || end > max(position, store.EndOfLedger(page.Kept.Latest.Sequence)):
		return fmt.Errorf("page behind %s: it ends at %s, its events at %s, the newest ledger is %d: %w", position, end, last, page.Kept.Latest.Sequence, rpc.ErrAnswer)
	}
	return nil
}

// checkRange refuses (rpc.ErrAnswer) what cannot be the ledgers that somebody keeps: answers without any say 0.
func checkRange(r rpc.Range) error {
	if r.Oldest.Sequence == 0 || r.Latest.Sequence < r.Oldest.Sequence {
		return fmt.Errorf("it keeps ledgers %d to %d: %w", r.Oldest.Sequence, r.Latest.Sequence, rpc.ErrAnswer)
	}
	return nil
}

// errEmpty is about an answer without the ledgers that it speaks of.
var errEmpty = errors.New("no ledgers, though it has them")
