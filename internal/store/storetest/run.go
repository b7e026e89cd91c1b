package storetest

import (
	"context"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// Engine is a store as its users together need it.
type Engine interface {
	Network(ctx context.Context) (store.Network, error)
	SetNetwork(ctx context.Context, passphrase string, first store.Ledger) error
	Mark(ctx context.Context, l store.Ledger) error

	Follow(ctx context.Context, contract string, start uint32) error
	Contracts(ctx context.Context, after string, limit int) ([]store.Contract, error)
	Apply(ctx context.Context, b store.Batch) error

	Events(ctx context.Context, f store.EventFilter) ([]store.Event, error)
	Unread(ctx context.Context, after store.EventID, limit int) ([]store.Event, error)

	Trade(ctx context.Context, id escrow.ID) (store.Trade, error)
	Trades(ctx context.Context, f store.TradeFilter) ([]store.Trade, error)

	FeedHead(ctx context.Context) (feed.Head, error)
	FeedEntries(ctx context.Context, after int64, limit int) ([]feed.Entry, error)

	AddTransaction(ctx context.Context, t store.Transaction) error
	ForgetPrepared(ctx context.Context, before uint64, limit int) error
	Transaction(ctx context.Context, h store.Hash) (store.Transaction, error)
	UpdateTransaction(ctx context.Context, from store.TransactionState, t store.Transaction) error
	Transactions(ctx context.Context, f store.TransactionFilter) ([]store.Transaction, error)
}

type testCase struct {
	name string
	run  func(t *testing.T, s Engine)
}

// Run runs every case on an empty store of its own, which open makes and cleans up after. An engine that ran none has failed.
func Run(t *testing.T, open func(t *testing.T) Engine) {
	ran := 0
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := open(t)
			ran++
			c.run(t, s)
		})
	}
	if t.Failed() {
		return
	}
	if ran == 0 {
		t.Error("no case of storetest ran")
	}
	t.Logf("storetest: %d of %d cases ran", ran, len(cases))
}

var cases = []testCase{
	{"the network is said once, marks only rise", networkOnce},
	{"contracts keep their start", contractsStart},
	{"contracts are paged", contractsPaged},
	{"a batch is stored whole", batchWhole},
	{"a batch applied twice changes nothing", batchTwice},
	{"a batch with a flaw changes nothing", batchFlawed},
	{"one of two writers of the same batch wins", batchRace},
	{"an empty page moves the position", emptyPage},
	{"a gap is kept until it ends", gapKept},
	{"a trade comes back as it was stored", tradeRound},
	{"only touched milestones are written", touchedOnly},
	{"trades are read as of one moment", tradeSnapshot},
	{"lists of trades hold what the filter says", tradeLists},
	{"lists of events hold what the filter says", eventLists},
	{"events without effect are listed", unreadList},
	{"the feed is resumed by sequence", feedResumed},
	{"a transaction goes through its states", transactionStates},
	{"prepared transactions are forgotten", preparedForgotten},
	{"a transaction is projected with its ledger", transactionProjected},
	{"lists of transactions hold what the filter says", transactionLists},
	{"a page has one to MaxPage rows", pageSizes},
}
