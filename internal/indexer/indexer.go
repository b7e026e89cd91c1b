package indexer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// Contract is a contract to follow, and the ledger to begin with: the one that deployed it, or an earlier one.
type Contract struct {
	Address stellar.Address
	Start   uint32
}

// Config says what to follow. Network, Contracts, Source, Store, Bus and Now are required.
type Config struct {
	Network   stellar.Network
	Contracts []Contract
	Source    Source
	Store     Store
	Bus       *feed.Bus // told of each new entry of the feed
	// Publish, if there are other processes to be told of new entries, does that, and tells Bus. Nil tells Bus alone.
	Publish func(head int64)
	Now     func() time.Time
	// Poll is how long to wait at the tip between two questions; DefaultPoll if 0. A value from Wake ends the wait early: whoever closes
	// ledgers in this process can say so.
	Poll time.Duration
	Wake <-chan struct{}
	Log  *slog.Logger // nil logs nothing
}

// The bounds of following.
const (
	DefaultPoll  = time.Second
	pageEvents   = 10_000           // asked for at once, as many as RPC gives: large batches are what the store is quick at
	retryFirst   = time.Second / 5  // after an error of the source or the store, doubled each time
	retryMost    = 10 * time.Second // at most
	retryGap     = 30 * time.Second // how often a gap is looked at again
	markLedgers  = 100              // after so many ledgers the network is looked at again
	markSoon     = 10               // and after so many already if that is markPause ago
	markPause    = 10 * time.Second
	markAlone    = 2000 // and after so many, nearly three hours, what one node says is marked though no other one says it too
	wildLedgers  = 1000 // more than an hour of ledgers do not vanish
	sayTries     = 8    // to write into the feed that it has stopped: for half a minute
	maxContracts = store.MaxPage

	// sourceLagLedgers is how far the source may be behind what is stored without failing. source/pool, where nodes are held against each other,
	// has a narrower bound of its own; this one is also for a source that is one node, or an address with several of them.
	sourceLagLedgers = 10
)

// Indexer follows contracts. Make it with New, then Run it once.
type Indexer struct {
	config Config
	follow map[string]*followed // by address; those of the configuration
	head   feed.Head
	mark   store.Ledger // the newest ledger whose hash was seen
	marked time.Time    // when that was looked at last
	latest uint32       // the newest ledger the source has spoken of; it never goes back
	status *status

	trades  *cache
	metrics *metrics

	notices chan notice   // from others
	waiting []notice      // taken, and not stored yet
	over    chan struct{} // closed when Run has ended
}

// followed is a contract as it is being read.
type followed struct {
	store.Contract
	address stellar.Address
	retryAt time.Time // in a gap: not before
}

// New checks the configuration. It asks nobody anything yet.
func New(c Config) (*Indexer, error) {
	if c.Poll == 0 {
		c.Poll = DefaultPoll
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Publish == nil {
		c.Publish = c.Bus.Publish
	}
	if len(c.Contracts) == 0 || len(c.Contracts) > maxContracts {
		return nil, fmt.Errorf("indexer: %d contracts to follow: name 1 to %d", len(c.Contracts), maxContracts)
	}
	x := &Indexer{config: c, follow: map[string]*followed{}, status: newStatus(), trades: newCache(c.Store), metrics: newMetrics(), notices: make(chan notice), over: make(chan struct{})}
	for _, contract := range c.Contracts {
		id := contract.Address.String()
		if !contract.Address.Contract || x.follow[id] != nil {
			return nil, fmt.Errorf("indexer: follow %s: it is no contract's address (C…), or is named twice", id)
		}
		x.follow[id] = &followed{address: contract.Address}
	}
	return x, nil
}

// ErrStopped is wrapped by the errors that end Run for good: another network, a reset one, a store that belongs to another one. Starting
// again with the same configuration will end the same way.
var ErrStopped = errors.New("the indexer cannot go on")

// Run follows the contracts until ctx ends, which is no error, or until it must not go on (ErrStopped). Whatever else happens, an
// unreachable node, a store that cannot be written, a gap, it shows in Status and tries again.
func (x *Indexer) Run(ctx context.Context) error {
	defer close(x.over)
	err := x.run(ctx)
	if ctx.Err() != nil && !errors.Is(err, ErrStopped) {
		return nil // whatever failed while it was ended: the lead is lost with its database, say
	}
	x.status.stopped(err)
	if err := x.sayStopped(ctx, err); err != nil && ctx.Err() == nil {
		x.config.Log.Error("the feed's readers could not be told that it stopped", "err", err)
	}
	return err
}

func (x *Indexer) run(ctx context.Context) error {
	known := false // that the source and the store are of one network, and where we are
	wait := retryFirst
	for ctx.Err() == nil {
		var more bool
		err := error(nil)
		if !known {
			err = x.start(ctx)
		}
		if err == nil {
			known = true
			more, err = x.pass(ctx)
		}
		switch {
		case errors.Is(err, ErrStopped) || ctx.Err() != nil:
			return err
		case err != nil:
			// After an error anything may have changed: another node, another network, another writer of the store.
			known = false
			x.status.failed(err)
			x.metrics.failures.Inc()
			x.config.Log.Warn("the indexer tries again", "err", err, "wait", wait)
			sleep(ctx, wait)
			wait = min(2*wait, retryMost)
			continue
		}
		wait = retryFirst
		if !more {
			x.rest(ctx)
		}
	}
	return ctx.Err()
}

// sleep ends with the time or the context.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// rest waits at the tip, until it is time to ask again or there is something to do.
func (x *Indexer) rest(ctx context.Context) {
	timer := time.NewTimer(x.config.Poll)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-x.config.Wake:
	case n := <-x.notices:
		x.waiting = append(x.waiting, n)
	}
}

// start finds out whose ledgers these are, and where each contract is.
func (x *Indexer) start(ctx context.Context) error {
	x.trades.forget()
	if err := x.identify(ctx); err != nil {
		return err
	}
	var ids []string
	for _, c := range x.config.Contracts {
		ids = append(ids, c.Address.String())
		if err := x.config.Store.Follow(ctx, c.Address.String(), c.Start); errors.Is(err, store.ErrMoved) {
			return fmt.Errorf("%w: %w", ErrStopped, err)
		} else if err != nil {
			return err
		}
	}
	if err := x.config.Store.FollowOnly(ctx, ids); err != nil {
		return err
	}
	stored, err := x.config.Store.Contracts(ctx, "", maxContracts)
	if err != nil {
		return err
	}
	for _, c := range stored {
		if f := x.follow[c.ID]; f != nil { // one that is no longer configured stays where it is
			f.Contract, f.retryAt = c, time.Time{}
		}
	}
	if x.head, err = x.config.Store.FeedHead(ctx); err != nil {
		return err
	}
	if err := x.sayResumed(ctx); err != nil {
		return err
	}
	unread, err := x.config.Store.Unread(ctx, "", store.MaxPage)
	if err != nil {
		return err
	}
	x.config.Publish(x.head.Seq)
	x.status.begin(x.follow, len(unread))
	return nil
}

// heard takes in what the source says it has. A newest ledger below one it has spoken of before comes from a node that lags behind another
// of its pool, or from another network: whose it is, is looked at again.
func (x *Indexer) heard(ctx context.Context, kept rpc.Range) error {
	wild := kept.Latest.Sequence+wildLedgers < x.latest // nothing was that far: whoever said so was wrong, or it is another network
	if kept.Latest.Sequence < x.latest {
		if err := x.identify(ctx); err != nil {
			return err
		}
	}
	x.status.source(kept, wild)
	if kept.Latest.Sequence < x.latest && !wild {
		return nil
	}
	x.latest = kept.Latest.Sequence
	return nil
}
