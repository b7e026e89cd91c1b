package indexer

import (
	"context"
	"fmt"
	"slices"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// trades reads trades as they are stored: those that are, of at most store.MaxPage ids.
type trades interface {
	TradesByID(ctx context.Context, ids []escrow.ID) ([]store.Trade, error)
}

// lookup gives those of the trades that there are before a page of events, in no order. What it gives must not be changed.
type lookup interface {
	all(ctx context.Context, ids []escrow.ID, give func(*store.Trade)) error
}

// builder works out what follows from a page of events.
type builder struct {
	network stellar.Network
	trades  lookup
	head    feed.Head
	batch   store.Batch
	// touched are the trades of the batch by id: as they are after its events so far; at points into batch.Trades.
	touched map[escrow.ID]touched
}

type touched struct {
	trade *store.Trade // nil: not stored, and not opened in this batch
	at    int          // -1: not changed so far
}

// build makes the batch of what a page says, which lies within the moves and is in order. head is the last entry of the feed. It lets
// go of the facts as it goes.
func build(ctx context.Context, network stellar.Network, trades lookup, head feed.Head, moves []store.Move, facts []fact) (store.Batch, error) {
	b := builder{network: network, trades: trades, head: head, batch: store.Batch{Moves: moves}, touched: map[escrow.ID]touched{}}
	if err := b.read(ctx, facts); err != nil {
		return store.Batch{}, err
	}
	for i, f := range facts {
		if err := b.add(f); err != nil {
			return store.Batch{}, fmt.Errorf("event %s: %w", f.raw.ID, err)
		}
		facts[i] = fact{} // the batch has what is needed of it, and a page of them is several megabytes
	}
	return b.batch, nil
}

// read gets the trades that the events are about ready, all at once: asked for one by one, each event that opens a trade would wait for an
// answer that there is none.
func (b *builder) read(ctx context.Context, facts []fact) error {
	var ids []escrow.ID
	for _, f := range facts {
		if f.unread != nil || f.raw.Trade == nil {
			continue
		}
		id := escrow.ID(*f.raw.Trade)
		if _, ok := b.touched[id]; !ok {
			b.touched[id] = touched{nil, -1}
			ids = append(ids, id)
		}
	}
	return b.trades.all(ctx, ids, func(t *store.Trade) { b.touched[t.ID] = touched{t, -1} })
}

// add stores an event, projects it and writes the feed's entry. An event that cannot be read is kept as it is.
func (b *builder) add(f fact) (err error) {
	unread := f.unread
	if unread == nil && f.raw.Trade != nil {
		unread = b.bring(f)
	}
	note := f.said
	if unread != nil {
		f.raw.Unread = unread.Error()
	}
	if unread != nil || note.Kind == "" {
		if note, err = f.note(unread); err != nil {
			return err
		}
	}
	b.batch.Events = append(b.batch.Events, f.raw)
	return b.note(note)
}

func (b *builder) note(n feed.Note) error {
	entry, err := b.head.Next(n)
	if err != nil {
		return err
	}
	entry.Note = feed.Note{} // its payload has all of it, and thousands of them wait for the store
	b.batch.Feed, b.head = append(b.batch.Feed, entry), entry.Head()
	return nil
}

// bring brings an event's trade forward. unread says why it could not.
func (b *builder) bring(f fact) (unread error) {
	raw, event := f.raw, f.event
	id := *event.Trade
	known := b.touched[id]
	at := store.Point{Event: raw.ID, At: raw.ClosedAt}
	opened, opens := event.Event.(escrow.Opened)
	switch {
	case opens && known.trade != nil:
		return fmt.Errorf("the trade was opened before, by event %s: %w", known.trade.Opened.Event, errUnreadable)
	case opens:
		// Whoever signs later signs these terms: they must be the ones that the id stands for, whatever the source says.
		if hashed, err := f.termsID(b.network, opened); err != nil || hashed != id {
			return fmt.Errorf("its terms are not those of trade %s: %w", id, errUnreadable)
		}
		known.trade, unread = open(id, raw.Contract, opened, at)
		if unread != nil {
			return unread
		}
		b.touched[id] = b.change(known, raw.ID, effect{milestone: every})
		return nil
	case known.trade == nil:
		return fmt.Errorf("its trade was opened before the first ledger that was read: %w", errUnreadable)
	case known.trade.Contract != raw.Contract:
		return fmt.Errorf("its trade is in contract %s: %w", known.trade.Contract, errUnreadable)
	}
	after, did, unread := project(known.trade, event.Event, at)
	if unread != nil {
		return unread
	}
	known.trade = after
	b.touched[id] = b.change(known, raw.ID, did)
	return nil
}

// change puts the trade as it is now, the milestone if one was touched, and what was paid into the batch.
func (b *builder) change(t touched, event store.EventID, did effect) touched {
	if t.at < 0 {
		t.at = len(b.batch.Trades)
		b.batch.Trades = append(b.batch.Trades, store.Change{})
	}
	c := &b.batch.Trades[t.at]
	c.Trade = t.trade
	for i := range t.trade.Milestones {
		if (did.milestone == i || did.milestone == every) && !slices.Contains(c.Milestones, i) {
			c.Milestones = append(c.Milestones, i)
		}
	}
	c.Payouts = append(c.Payouts, did.payouts...)
	for _, p := range did.parked {
		park(c, event, p)
	}
	return t
}
