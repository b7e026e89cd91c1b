package keeper

import (
	"context"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/payer"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// Node is what is asked of the network beside what paying needs. *rpc.Client is one; its error kinds are part of the interface.
type Node interface {
	// Range says which ledger is the newest.
	Range(ctx context.Context) (rpc.Range, error)
	// Entries asks for at most 200 ledger entries, and how long they live.
	Entries(ctx context.Context, keys ...xdr.LedgerKey) (entries []rpc.Entry, latest uint32, err error)
}

// Store is what is read of the projection, and kept of the keeper's own. internal/store says what each method promises.
type Store interface {
	Due(ctx context.Context, until uint64, after store.Due, limit int) ([]store.Due, error)
	TradesByID(ctx context.Context, ids []escrow.ID) ([]store.Trade, error)
	Trades(ctx context.Context, f store.TradeFilter) ([]store.Trade, error)
	Events(ctx context.Context, f store.EventFilter) ([]store.Event, error)
	Transactions(ctx context.Context, f store.TransactionFilter) ([]store.Transaction, error)
	Spent(ctx context.Context, p store.Purpose, day uint32, account string) (store.Spent, error)
	Lease(ctx context.Context, names []string, holder string, now, until uint64) (store.Lease, error)
	EndLease(ctx context.Context, l store.Lease) error
}

// Payer carries a transaction through, from its simulation to the ledger that has it. *payer.Payer is one; its errors are part of the interface.
type Payer interface {
	Pay(ctx context.Context, p payer.Payment) (relay.Transaction, error)
}

// Signer is the key of one account; *signer.Signer with the job of a keeper is one, and refuses all but settle, extend and restore.
type Signer = payer.Source
