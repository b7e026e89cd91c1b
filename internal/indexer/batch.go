package indexer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// trades reads trades as they are stored.
type trades interface {
	Trade(ctx context.Context, id escrow.ID) (store.Trade, error)
}

// builder works out what follows from a page of events.
type builder struct {
	network stellar.Network
	trades  trades
	head    feed.Head
	batch   store.Batch
	// touched are the trades of the batch by id: as they are after its events so far; at points into batch.Trades.
	touched map[escrow.ID]touched
}

type touched struct {
	trade *store.Trade // nil: not stored, and not opened in this batch
	at    int          // -1: not changed so far
}

// build makes the batch of a page of events, which lie within the moves and are in order. head is the last entry of the feed.
func build(ctx context.Context, network stellar.Network, trades trades, head feed.Head, moves []store.Move, events []rpc.Event) (store.Batch, error) {
	b := builder{network: network, trades: trades, head: head, batch: store.Batch{Moves: moves}, touched: map[escrow.ID]touched{}}
	for _, e := range events {
		if err := b.add(ctx, e); err != nil {
			return store.Batch{}, fmt.Errorf("event %s: %w", e.ID, err)
		}
	}
	return b.batch, nil
}

// add stores an event, projects it and writes the feed's entry. Its error is the store's; an event that cannot be read is kept as it is.
func (b *builder) add(ctx context.Context, e rpc.Event) error {
	raw, err := normalise(e)
	if err != nil {
		return err
	}
	event, unread := stellar.DecodeEvent(e.Contract, e.Event)
	if unread == nil && event.Trade != nil {
		raw.Trade = (*store.Hash)(event.Trade)
		unread, err = b.project(ctx, raw, e.Contract, event)
		if err != nil {
			return err
		}
	}
	note := feed.Note{
		Kind: raw.Kind, Contract: raw.Contract, Event: string(raw.ID), Ledger: e.Ledger.Sequence, ClosedAt: int64(raw.ClosedAt), Tx: e.Tx.String(),
	}
	if unread != nil {
		raw.Unread = unread.Error()
		note.Kind = feed.KindUnread
		note.Data, err = json.Marshal(map[string]string{"kind": raw.Kind, "why": raw.Unread})
	} else {
		note.Data, err = json.Marshal(event.Event)
	}
	if err != nil {
		return fmt.Errorf("describe %s: %w", raw.Kind, err)
	}
	if raw.Trade != nil {
		note.Trade = escrow.ID(*raw.Trade).String()
	}
	b.batch.Events = append(b.batch.Events, raw)
	return b.note(note)
}

func (b *builder) note(n feed.Note) error {
	entry, err := b.head.Next(n)
	if err != nil {
		return err
	}
	b.batch.Feed, b.head = append(b.batch.Feed, entry), entry.Head()
	return nil
}

// project brings the event's trade forward. unread says why it could not.
func (b *builder) project(ctx context.Context, raw store.Event, contract stellar.Address, event stellar.Event) (unread, err error) {
	id := *event.Trade
	known, ok := b.touched[id]
	if !ok {
		stored, err := b.trades.Trade(ctx, id)
		switch {
		case err == nil:
			known = touched{&stored, -1}
		case errors.Is(err, store.ErrNotFound):
			known = touched{nil, -1}
		default:
			return nil, err
		}
		b.touched[id] = known
	}
	at := store.Point{Event: raw.ID, At: raw.ClosedAt}
	opened, opens := event.Event.(escrow.Opened)
	switch {
	case opens && known.trade != nil:
		return fmt.Errorf("the trade was opened before, by event %s: %w", known.trade.Opened.Event, errUnreadable), nil
	case opens:
		// Whoever signs later signs these terms: they must be the ones that the id stands for, whatever the source says.
		if hashed, err := stellar.TermsID(b.network, contract, opened.Terms); err != nil || hashed != id {
			return fmt.Errorf("its terms are not those of trade %s: %w", id, errUnreadable), nil
		}
		known.trade, unread = open(id, raw.Contract, opened, at)
		if unread != nil {
			return unread, nil
		}
		b.touched[id] = b.change(known, every)
		return nil, nil
	case known.trade == nil:
		return fmt.Errorf("its trade was opened before the first ledger that was read: %w", errUnreadable), nil
	case known.trade.Contract != raw.Contract:
		return fmt.Errorf("its trade is in contract %s: %w", known.trade.Contract, errUnreadable), nil
	}
	after, milestone, unread := project(known.trade, event.Event, at)
	if unread != nil {
		return unread, nil
	}
	known.trade = after
	b.touched[id] = b.change(known, milestone)
	return nil, nil
}

// change puts the trade as it is now, and the milestone if one was touched, into the batch.
func (b *builder) change(t touched, milestone int) touched {
	if t.at < 0 {
		t.at = len(b.batch.Trades)
		b.batch.Trades = append(b.batch.Trades, store.Change{})
	}
	c := &b.batch.Trades[t.at]
	c.Trade = t.trade
	for i := range t.trade.Milestones {
		if (milestone == i || milestone == every) && !slices.Contains(c.Milestones, i) {
			c.Milestones = append(c.Milestones, i)
		}
	}
	return t
}

// normalise is the event as every source stores it: same id, same bytes.
func normalise(e rpc.Event) (store.Event, error) {
	id, err := store.ParseEventID(e.ID)
	if err != nil {
		return store.Event{}, err
	}
	body, err := e.Event.MarshalBinary()
	if err != nil {
		return store.Event{}, fmt.Errorf("encode: %w", err)
	}
	return store.Event{ID: id, Contract: e.Contract.String(), ClosedAt: e.Ledger.CloseTime, Tx: e.Tx, Kind: kind(e), Body: body}, nil
}

// kind is the event's first topic, cut to what a name may have; "?" if it is none.
func kind(e rpc.Event) string {
	const longest = 32 // a symbol's
	if v0 := e.Event.Body.V0; v0 != nil && len(v0.Topics) > 0 {
		if sym, ok := v0.Topics[0].GetSym(); ok && len(sym) > 0 && len(sym) <= longest {
			return string(sym)
		}
	}
	return "?"
}

// Decode is a stored event in the words of the rules, for readers of the store. It fails for an event whose kind this program does not
// know; such an event is Unread.
func Decode(e store.Event) (stellar.Event, error) {
	contract, err := stellar.ParseAddress(e.Contract)
	if err != nil {
		return stellar.Event{}, fmt.Errorf("event %s: %w", e.ID, err)
	}
	var body xdr.ContractEvent
	if err := xdr.SafeUnmarshal(e.Body, &body); err != nil {
		return stellar.Event{}, fmt.Errorf("event %s: %w", e.ID, err)
	}
	event, err := stellar.DecodeEvent(contract, body)
	if err != nil {
		return stellar.Event{}, fmt.Errorf("event %s: %w", e.ID, err)
	}
	return event, nil
}
