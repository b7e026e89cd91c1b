package app

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/api"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// projected is the part of a store that the api reads.
type projected interface {
	Contracts(ctx context.Context, after string, limit int) ([]store.Contract, error)
	Trade(ctx context.Context, id escrow.ID) (store.Trade, error)
	Trades(ctx context.Context, f store.TradeFilter) ([]store.Trade, error)
	Events(ctx context.Context, f store.EventFilter) ([]store.Event, error)
}

// reads shows a store to the api in the api's own words: neither knows the other.
type reads struct{ store projected }

var _ api.Trades = reads{}

func (r reads) Contracts(ctx context.Context) ([]api.Followed, error) {
	stored, err := r.followed(ctx)
	if err != nil {
		return nil, told(err)
	}
	followed := make([]api.Followed, len(stored))
	for i, c := range stored {
		followed[i] = api.Followed{Contract: escrow.Address(c.ID), Ledger: c.Position.Complete(), Gap: c.GapOldest != 0}
	}
	return followed, nil
}

// followed are the contracts that an indexer still follows: nobody waits for the others.
func (r reads) followed(ctx context.Context) ([]store.Contract, error) {
	stored, err := r.store.Contracts(ctx, "", store.MaxPage)
	return slices.DeleteFunc(stored, func(c store.Contract) bool { return c.Dropped }), err
}

// Head is the ledger up to which every followed contract is projected.
func (r reads) Head(ctx context.Context) (api.Ledger, error) {
	stored, err := r.followed(ctx)
	if err != nil {
		return api.Ledger{}, told(err)
	}
	var head api.Ledger
	for i, c := range stored {
		if seq := c.Position.Complete(); i == 0 || seq < head.Sequence {
			head = api.Ledger{Sequence: seq, ClosedAt: api.Time(c.At)}
		}
	}
	return head, nil
}

func (r reads) Trade(ctx context.Context, id escrow.ID) (api.Trade, error) {
	t, err := r.store.Trade(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return api.Trade{}, api.ErrNoTrade
	}
	if err != nil {
		return api.Trade{}, told(err)
	}
	return shown(t), nil
}

func (r reads) List(ctx context.Context, f api.TradeFilter) ([]api.Trade, error) {
	found, err := r.store.Trades(ctx, store.TradeFilter{
		Account: string(f.Party), Part: store.Part(f.Role), Stage: f.Stage, Asset: string(f.Asset),
		Page: store.Page{After: store.EventID(f.Before), Newest: true, Limit: f.Limit},
	})
	if err != nil {
		return nil, told(err)
	}
	trades := make([]api.Trade, len(found))
	for i, t := range found {
		trades[i] = shown(t)
	}
	return trades, nil
}

// Events leaves out what could not be read: of a newer contract, it is kept, and not shown as something it may not be.
func (r reads) Events(ctx context.Context, id escrow.ID, after string, limit int) ([]api.Event, error) {
	found, err := r.store.Events(ctx, store.EventFilter{Trade: (*store.Hash)(&id), Read: true, Page: store.Page{After: store.EventID(after), Limit: limit}})
	if err != nil {
		return nil, told(err)
	}
	events := make([]api.Event, len(found))
	for i, e := range found {
		event, err := indexer.Decode(e)
		if err != nil {
			return nil, told(err)
		}
		events[i] = api.Event{ID: string(e.ID), Ledger: e.ID.Ledger(), At: e.ClosedAt, Tx: hex.EncodeToString(e.Tx[:]), Event: event}
	}
	return events, nil
}

// told is an error of the store in the api's words.
func told(err error) error {
	if errors.Is(err, store.ErrUnavailable) {
		return fmt.Errorf("%w: %w", api.ErrUnavailable, err)
	}
	return err
}

func shown(t store.Trade) api.Trade {
	progress := make([]api.Progress, len(t.Milestones))
	for i, m := range t.Milestones {
		progress[i] = api.Progress{
			DeliveredAt: m.DeliveredAt, Proof: m.Proof, ToSeller: m.ToSeller, ToBuyer: m.ToBuyer, Fee: m.Fee,
			EndedAt: m.EndedAt, EndedBy: m.EndedBy, Outcome: m.Outcome, Dispute: shownDispute(m.Dispute),
		}
	}
	return api.Trade{
		ID: t.ID, Contract: escrow.Address(t.Contract), Terms: t.Terms, State: t.State(), Milestones: progress,
		Opened:  api.Moment{Event: string(t.Opened.Event), At: t.Opened.At},
		Updated: api.Moment{Event: string(t.Updated.Event), At: t.Updated.At}, EndedAt: t.EndedAt,
	}
}

func shownDispute(d *store.Dispute) *api.DisputeRecord {
	if d == nil {
		return nil
	}
	votes := make([]api.Vote, len(d.Votes))
	for i, v := range d.Votes {
		votes[i] = api.Vote{Role: v.Role, SellerPpm: v.SellerPpm, Hash: v.Hash, At: v.At}
	}
	return &api.DisputeRecord{
		By: d.By, Reason: d.Reason, Since: d.Since, Aside: d.Aside, AppealBy: d.AppealBy, AppealedAt: d.AppealedAt, RuledAt: d.RuledAt,
		Votes: votes, Silent: d.Silent, Paid: d.Paid,
	}
}

// prepared keeps what the api prepared in the store, so that a restart forgets none of it, until a day after its end.
type prepared struct {
	store interface {
		AddTransaction(ctx context.Context, t store.Transaction) error
		ForgetPrepared(ctx context.Context, before uint64, limit int) error
		Transaction(ctx context.Context, h store.Hash) (store.Transaction, error)
	}
	now func() time.Time
}

var _ api.Transactions = prepared{}

const (
	keptPastEnd = 24 * time.Hour // how long an expired one is still said to be expired
	forgotten   = 100            // at most, by each that is kept: more than come in
)

func (p prepared) Put(ctx context.Context, t api.Transaction) error {
	hash, err := stellar.ParseHash(t.Hash)
	if err != nil {
		return err
	}
	var envelope xdr.TransactionEnvelope
	if err := stellar.Decode("transaction", t.Envelope, &envelope); err != nil {
		return err
	}
	raw, err := envelope.MarshalBinary()
	if err != nil {
		return fmt.Errorf("transaction %s: %w", t.Hash, err)
	}
	now := uint64(p.now().Unix())
	err = p.store.AddTransaction(ctx, store.Transaction{
		Hash: hash, State: store.TransactionPrepared, Trade: (*store.Hash)(t.Trade), Action: t.Action, Account: string(t.Source),
		Envelope: raw, ValidUntil: t.ValidUntil, CreatedAt: now, UpdatedAt: now,
	})
	if errors.Is(err, store.ErrMoved) { // the very same one was prepared before
		return nil
	}
	if err != nil {
		return told(err)
	}
	return told(p.store.ForgetPrepared(ctx, uint64(max(p.now().Add(-keptPastEnd).Unix(), 0)), forgotten))
}

func (p prepared) Get(ctx context.Context, hash string) (api.Transaction, bool, error) {
	h, err := stellar.ParseHash(hash)
	if err != nil {
		return api.Transaction{}, false, err
	}
	t, err := p.store.Transaction(ctx, h)
	if errors.Is(err, store.ErrNotFound) {
		return api.Transaction{}, false, nil
	}
	if err != nil {
		return api.Transaction{}, false, told(err)
	}
	var envelope xdr.TransactionEnvelope
	if err := envelope.UnmarshalBinary(t.Envelope); err != nil {
		return api.Transaction{}, false, fmt.Errorf("stored transaction %s: %w", hash, err)
	}
	text, err := stellar.Encode(envelope)
	if err != nil {
		return api.Transaction{}, false, fmt.Errorf("stored transaction %s: %w", hash, err)
	}
	return api.Transaction{
		Hash: hash, Trade: (*escrow.ID)(t.Trade), Action: t.Action, Source: escrow.Address(t.Account), Envelope: text,
		PreparedAt: t.CreatedAt, ValidUntil: t.ValidUntil,
	}, true, nil
}
