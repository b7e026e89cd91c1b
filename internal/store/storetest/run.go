package storetest

import (
	"context"
	"flag"
	"strings"
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
	FollowOnly(ctx context.Context, contracts []string) error
	Contracts(ctx context.Context, after string, limit int) ([]store.Contract, error)
	Apply(ctx context.Context, b store.Batch) error

	Events(ctx context.Context, f store.EventFilter) ([]store.Event, error)
	Unread(ctx context.Context, after store.EventID, limit int) ([]store.Event, error)

	Trade(ctx context.Context, id escrow.ID) (store.Trade, error)
	TradesByID(ctx context.Context, ids []escrow.ID) ([]store.Trade, error)
	Trades(ctx context.Context, f store.TradeFilter) ([]store.Trade, error)
	Due(ctx context.Context, until uint64, after store.Due, limit int) ([]store.Due, error)

	Payouts(ctx context.Context, f store.PayoutFilter) ([]store.ListedPayout, error)

	ReadState(ctx context.Context, visit func(*store.Trade) error, paid func(opened store.EventID, p store.Payout) error) ([]store.Contract, error)

	Rebuild(ctx context.Context) (store.Rebuilding, error)

	FeedHead(ctx context.Context) (feed.Head, error)
	FeedEntries(ctx context.Context, after int64, limit int) ([]feed.Entry, error)

	AddTransaction(ctx context.Context, t store.Transaction) error
	ForgetPrepared(ctx context.Context, before uint64, limit int) error
	Transaction(ctx context.Context, h store.Hash) (store.Transaction, error)
	UpdateTransaction(ctx context.Context, from store.TransactionState, t store.Transaction) error
	Transactions(ctx context.Context, f store.TransactionFilter) ([]store.Transaction, error)

	Reserve(ctx context.Context, s store.Spending, l store.Limits) error
	Settle(ctx context.Context, s store.Spending, reserved int64) error
	Spent(ctx context.Context, purpose store.Purpose, day uint32, account string) (store.Spent, error)

	Lease(ctx context.Context, names []string, holder string, now, until uint64) (store.Lease, error)
	EndLease(ctx context.Context, l store.Lease) error
}

type testCase struct {
	name string
	run  func(t *testing.T, s Engine)
}

// Run runs every case on an empty store of its own, which open makes and cleans up after. It counts: an engine that has run fewer cases than
// there are, and so than another one, has failed, unless it was skipped as a whole because it is not there (which open says), or the
// command line asked for some cases only.
func Run(t *testing.T, open func(t *testing.T) Engine) {
	ran, skipped, asked := 0, 0, 0
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			asked++
			t.Cleanup(func() {
				if t.Skipped() {
					skipped++
				}
			})
			s := open(t)
			c.run(t, s)
			ran++
		})
	}
	t.Logf("storetest: %d of %d cases ran", ran, len(cases))
	switch {
	case t.Failed():
	case skipped == asked && asked > 0:
		t.Skipf("storetest: none of %d cases ran, the engine is not there", len(cases))
	case ran == 0, skipped > 0, asked < len(cases) && !filtered():
		t.Errorf("storetest: %d of %d cases ran, %d were skipped", ran, len(cases), skipped)
	}
}

// filtered tells whether the command line asks for some cases only.
func filtered() bool {
	run, skip := flag.Lookup("test.run"), flag.Lookup("test.skip")
	return run != nil && strings.Contains(run.Value.String(), "/") || skip != nil && strings.Contains(skip.Value.String(), "/")
}

var cases = []testCase{
	{"the network is said once, marks only rise", networkOnce},
	{"contracts keep their start", contractsStart},
	{"contracts are paged", contractsPaged},
	{"nobody waits for a contract that is not followed any more", contractsDropped},
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
	{"trades are read by their ids", tradesByID},
	{"a trade is due when its next clock runs out", dueMoves},
	{"the list of due trades is that of the stored ones", dueList},
	{"payouts are listed by trade and by account", payoutLists},
	{"what was not paid after all is no payout", payoutsWithheld},
	{"thousands of payouts are read", payoutsMany},
	{"lists of events hold what the filter says", eventLists},
	{"events without effect are listed", unreadList},
	{"the feed is resumed by sequence", feedResumed},
	{"a batch may be of the feed alone", feedAlone},
	{"a transaction goes through its states", transactionStates},
	{"prepared transactions are forgotten", preparedForgotten},
	{"a transaction is projected with its ledger", transactionProjected},
	{"lists of transactions hold what the filter says", transactionLists},
	{"spending ends at its limits", spendingLimits},
	{"a reservation is settled", spendingSettled},
	{"of those who reserve at once some are refused", spendingRace},
	{"a lease is one holder's until its time", leases},
	{"of those who lease at once each has another one", leaseRace},
	{"a page has one to MaxPage rows", pageSizes},
	{"text orders by its bytes", textOrder},
	{"any text comes back", anyText},
	{"numbers go to their ends", numberEnds},
	{"thousands of events are one batch", bigBatch},
	{"writers of several contracts lose nothing", contractsRace},
	{"a batch that is cancelled is stored or not", cancelledMidway},
	{"a projection is made anew while the live one goes on", rebuildBeside},
	{"a swap stores what was not read", rebuildFinishes},
	{"a swap that fails changes nothing", rebuildFails},
	{"one rebuild at a time", rebuildAlone},
	{"a state hash is that of what is stored", hashMeans},
	{"a state hash sees every field", hashSees},
	{"a state hash sees every payout", hashOfPayouts},
}
