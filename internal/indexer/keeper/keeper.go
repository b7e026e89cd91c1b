package keeper

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// Config is what a keeper is made of. Contracts, Node, Store, Payer, Keys, Limit, Now, Rand and Note are required.
type Config struct {
	Contracts []stellar.Address // those that are followed: what they need is kept from being archived
	// Node is the one to ask now, of one network always; it may be another each time.
	Node  func() Node
	Store Store
	Payer Payer
	// Keys are those of the accounts that pay, each with the job of a keeper. One makes one transaction a ledger, so there should be as many as
	// trades may become due together: 1 to MaxKeys. Every process has the same, in the same order.
	Keys []Signer
	// Limit bounds what is spent in a day (UTC), in stroops. Extending lives may use half of it, settling and restoring all.
	// A month of the rulebook's code, the larger one, takes some 12 XLM, of which 11 are charged (docs/costs.md, "Rent"), and to restore it some 49:
	// with a limit of less than 25 XLM it is not extended, with one of less than 50 not restored.
	Limit int64
	// Ceiling is the most that settling one trade with payouts may cost, in stroops (DefaultCeiling if 0): a token in it may be somebody's who wants it
	// to be dear. Above it the trade is settled without payouts, which calls no token.
	Ceiling int64
	// Note writes an entry into the feed (indexer.Replica has it): that the limit is reached, and that it no longer is.
	Note func(context.Context, feed.Note) error
	Now  func() time.Time // the wall clock, and the Payer's: which day is spent from
	Rand io.Reader
	// Wake has a value when there is a new ledger; nil: the keeper finds out by looking, every Poll (DefaultPoll if 0).
	Wake <-chan struct{}
	Poll time.Duration
	// SweepEvery is how often lives are looked at (DefaultSweep if 0). What would end within Margin ledgers is extended (DefaultMargin if 0).
	SweepEvery time.Duration
	Margin     uint32
	Log        *slog.Logger // nil logs nothing
}

// The bounds of keeping, and what Config's zeros stand for.
const (
	MaxKeys       = 200 // so that one question tells all their balances
	DefaultPoll   = time.Second
	DefaultSweep  = 6 * time.Hour
	DefaultMargin = 14 * dayLedgers
	// DefaultCeiling is five times what the largest trade declares at most (TestTheLargestTradeIsOneTransaction).
	DefaultCeiling = 5_000_000

	dayLedgers    = 24 * 60 * 60 / ledgerSeconds
	ledgerSeconds = 5 // about: nothing but how far to extend is computed from it (docs/contract-attacks.md K5)

	balancesEvery = time.Minute      // how often the accounts' balances and the day's spending are asked for
	countEvery    = 30 * time.Second // how often everything that is due is counted, beside what there are keys for
	stopWait      = 7 * time.Second  // for what is on its way when the keeper is stopped
)

// Validate reports everything that is missing or makes no sense, at once.
func (c Config) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf("keeper: "+format, args...)) }
	for _, field := range []struct {
		name    string
		missing bool
	}{
		{"Node", c.Node == nil}, {"Store", c.Store == nil}, {"Payer", c.Payer == nil}, {"Note", c.Note == nil}, {"Now", c.Now == nil}, {"Rand", c.Rand == nil},
	} {
		if field.missing {
			bad("%s is not given", field.name)
		}
	}
	if len(c.Contracts) == 0 {
		bad("there is no contract to keep")
	}
	if len(c.Keys) == 0 || len(c.Keys) > MaxKeys {
		bad("%d keys: 1 to %d can be used", len(c.Keys), MaxKeys)
	}
	seen := map[stellar.Address]bool{}
	for _, key := range c.Keys {
		if seen[key.Account()] {
			bad("the key of %s is given twice: an account has one transaction in a ledger", key.Account())
		}
		seen[key.Account()] = true
	}
	if c.Limit <= 0 || c.Ceiling < 0 {
		bad("a limit of %d stroops a day and one of %d for settling a trade: nothing can be paid", c.Limit, c.Ceiling)
	}
	if c.Poll < 0 || c.SweepEvery < 0 {
		bad("times between two looks of %s and %s", c.Poll, c.SweepEvery)
	}
	return errors.Join(errs...)
}

// Keeper settles and extends while it Runs. It is a prometheus.Collector, before and after that too.
type Keeper struct {
	c       Config
	metrics *metrics

	mu     sync.Mutex
	status Status
}

// New checks the configuration; it asks nothing yet.
func New(c Config) (*Keeper, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.Poll == 0 {
		c.Poll = DefaultPoll
	}
	if c.SweepEvery == 0 {
		c.SweepEvery = DefaultSweep
	}
	if c.Margin == 0 {
		c.Margin = DefaultMargin
	}
	if c.Ceiling == 0 {
		c.Ceiling = DefaultCeiling
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	k := &Keeper{c: c, metrics: newMetrics()}
	k.status = Status{State: Waiting, Limit: c.Limit}
	return k, nil
}

// Run keeps until ctx ends, which is no error. The process that leads runs it; where two believe that they do, one of them acts. It may be run
// again when it has ended.
//
// When ctx ends, what was already sent is still waited for, for a while: so that the day's spending says what was charged.
func (k *Keeper) Run(ctx context.Context) error {
	turn, err := newTurn(k.c)
	if err != nil {
		return err
	}
	s := newShift(k, turn)
	defer s.end(context.WithoutCancel(ctx))
	for ctx.Err() == nil {
		s.look(ctx)
		s.wait(ctx)
	}
	return nil
}
