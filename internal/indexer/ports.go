package indexer

import (
	"context"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// Source is where ledgers come from. *rpc.Client is one: the error kinds of that package are part of the interface.
type Source interface {
	// CheckNetwork returns rpc.ErrWrongNetwork if the source serves another network than the one it was made for.
	CheckNetwork(ctx context.Context) (protocol uint32, err error)
	// LatestHash is the newest ledger and its hash.
	LatestHash(ctx context.Context) (rpc.Ledger, stellar.Hash, error)
	// Ledgers lists ledgers from a sequence number on: *rpc.GapError if it no longer has that one, none if it does not have it yet.
	Ledgers(ctx context.Context, from uint32, limit uint) ([]rpc.ClosedLedger, rpc.Range, error)
	// Events is a page of the contracts' events after From, in the order of the chain: *rpc.GapError if it no longer has what comes next.
	Events(ctx context.Context, from rpc.From, contracts []stellar.Address, limit uint) (rpc.EventPage, error)
}

// Store is what is kept. internal/store says what each method promises.
type Store interface {
	Network(ctx context.Context) (store.Network, error)
	SetNetwork(ctx context.Context, passphrase string, first store.Ledger) error
	Mark(ctx context.Context, l store.Ledger) error
	Follow(ctx context.Context, contract string, start uint32) error
	FollowOnly(ctx context.Context, contracts []string) error
	Contracts(ctx context.Context, after string, limit int) ([]store.Contract, error)
	TradesByID(ctx context.Context, ids []escrow.ID) ([]store.Trade, error)
	Unread(ctx context.Context, after store.EventID, limit int) ([]store.Event, error)
	FeedHead(ctx context.Context) (feed.Head, error)
	FeedEntries(ctx context.Context, after int64, limit int) ([]feed.Entry, error)
	Apply(ctx context.Context, b store.Batch) error
}
