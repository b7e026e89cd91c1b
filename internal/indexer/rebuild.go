package indexer

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// RebuildStore is the part of a store that Rebuild needs. internal/store says what each method promises.
type RebuildStore interface {
	Network(ctx context.Context) (store.Network, error)
	Contracts(ctx context.Context, after string, limit int) ([]store.Contract, error)
	Rebuild(ctx context.Context) (store.Rebuilding, error)
}

// Rebuilt is what a rebuild has done.
type Rebuilt struct {
	Events int // all that are stored
	Late   int // of them, that had had no effect before, and have one now
	Unread int // that have none
}

// swaps bounds how often a rebuild catches up with what was stored while it tried to swap.
const swaps = 100

// Rebuild projects every stored event anew, beside what is there, and puts the result in its place: after an upgrade, events of a newer contract
// that had no effect get theirs, and an error of an earlier program in what is projected is gone. Others go on following and reading
// meanwhile. The feed tells of it, and of each event that has had its effect late. Whatever ends it early leaves everything as it was.
func Rebuild(ctx context.Context, network stellar.Network, s RebuildStore, log *slog.Logger) (done Rebuilt, err error) {
	stored, err := s.Network(ctx)
	if err != nil {
		return done, fmt.Errorf("rebuild: %w", err)
	}
	if stored.Passphrase != network.Passphrase() { // the ids of trades are of one network
		return done, fmt.Errorf("rebuild: the store holds trades of the network %q, configured is %q: choose another store, or the other network", stored.Passphrase, network.Passphrase())
	}
	beside, err := s.Rebuild(ctx)
	if err != nil {
		return done, fmt.Errorf("rebuild: %w", err)
	}
	defer func() { err = errors.Join(err, beside.Close()) }()
	r := rebuild{network: network, beside: beside, trades: newCache(beside), read: map[string]store.EventID{}, changed: map[store.EventID]store.Reading{}}
	for range swaps {
		contracts, err := s.Contracts(ctx, "", maxContracts)
		if err != nil {
			return done, fmt.Errorf("rebuild: %w", err)
		}
		for _, c := range contracts {
			if err := r.contract(ctx, c.ID, log); err != nil {
				return done, fmt.Errorf("rebuild contract %s: %w", c.ID, err)
			}
		}
		err = beside.Swap(ctx, r.read, func(ctx context.Context, rest store.Rest) (store.Finish, error) {
			var f store.Finish
			f, done, err = r.finish(ctx, rest)
			return f, err
		})
		if errors.Is(err, store.ErrBehind) {
			continue
		}
		if err != nil {
			return done, fmt.Errorf("rebuild: %w", err)
		}
		return done, nil
	}
	return done, fmt.Errorf("rebuild: events are stored faster than they are projected anew: %w; try again when the indexer has caught up", store.ErrBehind)
}

// rebuild is a projection that is being made anew.
type rebuild struct {
	network stellar.Network
	beside  store.Rebuilding
	trades  *cache
	read    map[string]store.EventID // how far each contract is
	events  int
	unread  int
	changed map[store.EventID]store.Reading // what is read in another way than before
	late    []fact                          // that have an effect now, and had none
}

// rebuildPage is what is read and written at once.
const rebuildPage = store.MaxRebuildPage

// contract projects all that is stored of a contract, as far as it goes: while one page is written, the next one is read and decoded.
func (r *rebuild) contract(ctx context.Context, id string, log *slog.Logger) error {
	type page struct {
		facts []fact
		err   error
	}
	ctx, cancel := context.WithCancel(ctx)
	pages := make(chan page, 1)
	var reader sync.WaitGroup
	defer reader.Wait()
	defer cancel()
	from := r.read[id]
	reader.Go(func() {
		defer close(pages)
		for after := from; ; {
			events, err := r.beside.Events(ctx, id, after, rebuildPage)
			p := page{err: err}
			if err == nil {
				p.facts, p.err = again(r.network, events)
			}
			select {
			case pages <- p:
			case <-ctx.Done():
				return
			}
			if p.err != nil || len(events) < rebuildPage {
				return
			}
			after = events[len(events)-1].ID
		}
	})
	for p := range pages {
		if p.err != nil {
			return p.err
		}
		if len(p.facts) == 0 {
			continue
		}
		b := r.builder()
		if err := r.project(ctx, b, p.facts); err != nil {
			return err
		}
		if err := r.beside.Write(ctx, b.batch.Trades); err != nil {
			return err
		}
		r.trades.stored(b.batch.Trades)
		r.read[id] = p.facts[len(p.facts)-1].raw.ID
		log.Info("projected anew", "contract", id, "ledger", r.read[id].Ledger())
	}
	return ctx.Err()
}

func (r *rebuild) builder() *builder {
	return &builder{network: r.network, trades: r.trades, touched: map[escrow.ID]touched{}}
}

// project works out what facts change, and what becomes of those that had no effect, or have none now.
func (r *rebuild) project(ctx context.Context, b *builder, facts []fact) error {
	if err := b.read(ctx, facts); err != nil {
		return err
	}
	for _, f := range facts {
		was, unread := f.raw.Unread, f.unread
		if unread == nil && f.raw.Trade != nil {
			unread = b.bring(f)
		}
		now := ""
		if unread != nil {
			now = unread.Error()
			r.unread++
		}
		if r.events++; now != was {
			r.changed[f.raw.ID] = store.Reading{Trade: f.raw.Trade, Unread: now}
		}
		if now == "" && was != "" {
			r.late = append(r.late, f)
		}
	}
	return nil
}

// finish projects the rest, and tells the feed. It leaves r as it was, so that it can be asked again.
func (r *rebuild) finish(ctx context.Context, rest store.Rest) (store.Finish, Rebuilt, error) {
	last := *r
	last.changed, last.late = maps.Clone(r.changed), slices.Clone(r.late)
	b := last.builder()
	b.head = rest.Head
	facts, err := again(r.network, rest.Events)
	if err != nil {
		return store.Finish{}, Rebuilt{}, err
	}
	if err := last.project(ctx, b, facts); err != nil {
		return store.Finish{}, Rebuilt{}, err
	}
	done := Rebuilt{Events: last.events, Late: len(last.late), Unread: last.unread}
	data, err := json.Marshal(map[string]int{"events": done.Events, "late": done.Late, "unread": done.Unread})
	if err != nil {
		return store.Finish{}, Rebuilt{}, err
	}
	if err := b.note(feed.Note{Kind: feed.KindRebuilt, Data: data}); err != nil {
		return store.Finish{}, Rebuilt{}, err
	}
	slices.SortFunc(last.late, func(x, y fact) int { return cmp.Compare(x.raw.ID, y.raw.ID) })
	for _, f := range last.late {
		n, err := f.note(nil)
		if err == nil {
			err = b.note(n)
		}
		if err != nil {
			return store.Finish{}, Rebuilt{}, err
		}
	}
	return store.Finish{Trades: b.batch.Trades, Events: last.changed, Feed: b.batch.Feed}, done, nil
}

// again reads stored events as facts reads those of a source.
func again(network stellar.Network, events []store.Event) ([]fact, error) {
	out := make([]fact, len(events))
	var contract stellar.Address
	id := ""
	for i, e := range events {
		if e.Contract != id { // nearly always the same
			parsed, err := stellar.ParseAddress(e.Contract)
			if err != nil {
				return nil, fmt.Errorf("stored event %s: %w", e.ID, err)
			}
			contract, id = parsed, e.Contract
		}
		var body xdr.ContractEvent
		if err := xdr.SafeUnmarshal(e.Body, &body); err != nil {
			return nil, fmt.Errorf("stored event %s: %w", e.ID, err)
		}
		f := fact{raw: e, contract: contract}
		if f.event, f.unread = stellar.DecodeEvent(contract, body); f.unread == nil && f.event.Trade != nil {
			f.raw.Trade = (*store.Hash)(f.event.Trade)
			f.identify(network)
		}
		out[i] = f
	}
	return out, nil
}
