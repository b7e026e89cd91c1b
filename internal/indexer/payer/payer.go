package payer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// Life is how long a transaction may take to be included, by the ledgers' clock, from the one it was prepared at. What has to be restored
// first shares it. Afterwards no ledger takes it, and its source is free.
const Life = 3 * time.Minute

// The bounds of a payment.
const (
	maxRestores = 2   // restoring transactions before a call
	maxTries    = 5   // submissions of one payment whose sequence number is refused
	maxOpen     = 512 // payments whose cost is not known yet, at once
	minSigned   = 12  // ledgers, a minute's, that an authorisation lasts at least

	pauseFirst = 250 * time.Millisecond // before a submission is tried again, doubled each time
)

// Relay is what is asked of the network: internal/relay says what each answer means.
type Relay interface {
	Network(ctx context.Context) (relay.Network, error)
	Account(ctx context.Context, address string) (relay.Account, error)
	Simulate(ctx context.Context, envelope string) (relay.Simulation, error)
	Submit(ctx context.Context, envelope string) (relay.Submission, error)
	Transaction(ctx context.Context, hash string) (relay.Transaction, error)
}

// Store keeps what is spent, and what is sent. internal/store says what each method promises.
type Store interface {
	Reserve(ctx context.Context, s store.Spending, l store.Limits) error
	Settle(ctx context.Context, s store.Spending, reserved int64) error
	AddTransaction(ctx context.Context, t store.Transaction) error
}

// Source signs as the account that sends a transaction; *signer.Signer is one.
type Source interface {
	Account() stellar.Address
	Sign(tx stellar.Transaction, tree stellar.Tree) (stellar.Transaction, error)
}

// Bumper signs as the account that pays for a transaction which another one sends; *signer.Signer is one.
type Bumper interface {
	Account() stellar.Address
	Bump(b stellar.FeeBump, tree stellar.Tree) (stellar.FeeBump, error)
}

// Config is what a payer is made of. All fields but Log are required.
type Config struct {
	Relay   Relay
	Store   Store
	Network stellar.Network
	Now     func() time.Time // the wall clock: which day is spent from
	Log     *slog.Logger     // nil logs nothing
}

// Payer pays for transactions. It is safe for concurrent use; payments from one source are made one after the other, each after the outcome
// of the one before, as its account's sequence numbers want it.
type Payer struct {
	c     Config
	begin chan *open    // to Run
	slots chan struct{} // one is taken by each payment whose cost is not known yet
	ended chan struct{} // Run is over

	mu    sync.Mutex
	turns map[stellar.Address]chan struct{} // taken while one of a source's is on its way; sources are the platform's own, a few
	used  map[stellar.Address]int64         // the highest sequence number that a ledger has taken: a node may lag behind it
}

// New makes a payer; it asks nothing yet. Run must run for it to pay anything.
func New(c Config) *Payer {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Payer{c: c, begin: make(chan *open), slots: make(chan struct{}, maxOpen), ended: make(chan struct{}), turns: map[stellar.Address]chan struct{}{}, used: map[stellar.Address]int64{}}
}

// Payment is one transaction to be paid for. It is given in one of three forms: a call (Tree with its Call, and Auth), another operation
// (Operation), each sent by Source; or Signed, which somebody else sends and has signed, with the Tree of its call.
type Payment struct {
	Source Source // sends it, and pays unless there is a Fee
	Fee    Bumper // pays for it by a fee bump; nil: Source does

	// Tree is the call, and all that it may ask to be authorised (stellar.ExpectedTree). Auth is exactly that, signed, or nothing where
	// nobody authorises; what a simulation asks for is compared with it and never taken.
	Tree stellar.Tree
	Auth []xdr.SorobanAuthorizationEntry

	Operation func(stellar.Envelope) (stellar.Transaction, error) // such as stellar.ExtendTTL; Tree and Auth are then empty
	Signed    *stellar.Transaction                                // Source is then nil, and Fee is not

	Purpose store.Purpose
	Account string // on whose behalf: whom Limits count it for, and whose transactions it is listed among if it is a strkey
	Action  string // what it is called in that list; empty: its function
	Trade   *store.Hash
	Limits  store.Limits // of the day
	Ceiling int64        // the most that one transaction may cost, in stroops, rent included

	// Freed, if set, is called once when nothing of it is on its way any more: Source can then send another. It is called for every
	// payment, at the latest when Run ends.
	Freed func()
}

func (pay *Payment) check() error {
	switch {
	case (pay.Source == nil) == (pay.Signed == nil):
		return errors.New("a payment needs a source, or a transaction that has one")
	case pay.Signed != nil && (pay.Fee == nil || pay.Operation != nil || len(pay.Auth) > 0):
		return errors.New("a transaction that another account sends can be paid for by a fee bump only, and nothing added to it")
	}
	return nil
}

// source is the account whose sequence number is used.
func (pay *Payment) source() stellar.Address {
	if pay.Signed != nil {
		return pay.Signed.Source()
	}
	return pay.Source.Account()
}

// Pay sends a transaction and waits until a ledger has it, or none can have it any more. It returns what became of it and no error only if
// it did what it should. Errors, told apart by errors.Is:
//   - ErrFails: the call fails, found by simulating it (nothing is spent) or in a ledger (paid for; Transaction is the failed one).
//     errors.As gives a *FailedError with the network's reason.
//   - ErrTooDear: it would cost more than Ceiling. store.ErrSpent: the day's limit. stellar.ErrTree: it asks for another authorisation than the
//     expected one. ErrNoAccount: the source does not exist. Nothing was sent.
//   - ErrRejected: no node took it; a *RejectedError has the code. It has cost nothing, unless a ledger has it all the same: then the day
//     counts it. ErrExpired: its time is over, or its number used by another; it has cost nothing. Where the node does not know all ledgers that
//     could have it, the day counts it at its most all the same.
//   - ErrStopped: Run has ended; if it was sent, it may still be included. ErrBusy: too many are on their way.
//   - relay's kinds, the signer's refusals, the store's errors, the context's own: whether it was sent, the text says.
//
// When ctx ends after it was sent it stays on its way, and Run settles its cost all the same.
func (p *Payer) Pay(ctx context.Context, pay Payment) (relay.Transaction, error) {
	sent, err := p.send(ctx, pay)
	if sent == nil {
		return relay.Transaction{}, err
	}
	return sent.Outcome(ctx)
}

// Send is Pay without the wait for the outcome: its errors are those of Pay that say that nothing is on its way, and ErrRejected. Of what may
// have arrived though the answer was lost the state is pending, as of what has: whoever sent it again would pay twice. Archived entries that
// need a transaction of their own are waited for; on protocol 23 and later calls restore what they need themselves, so that only an Operation
// waits.
func (p *Payer) Send(ctx context.Context, pay Payment) (*Sent, error) {
	sent, err := p.send(ctx, pay)
	switch {
	case err == nil:
		return sent, nil
	case sent == nil || errors.Is(err, ErrRejected):
		return nil, err
	}
	p.c.Log.Warn("whether a payment arrived is not known; it is followed", "tx", sent.Hash, "err", err)
	return sent, nil
}

// send returns what was sent or may have been, also beside an error.
func (p *Payer) send(ctx context.Context, pay Payment) (sent *Sent, err error) {
	freed := sync.OnceFunc(func() {
		if pay.Freed != nil {
			pay.Freed()
		}
	})
	defer func() {
		if sent == nil {
			freed()
		}
	}()
	if err := pay.check(); err != nil {
		return nil, err
	}
	if pay.Signed == nil {
		turn, err := p.turn(ctx, pay.source())
		if err != nil {
			return nil, fmt.Errorf("pay from %s: waiting for the payment before: %w", pay.source(), err)
		}
		before := freed
		freed = sync.OnceFunc(func() { turn(); before() })
	}
	notAfter := uint64(0)
	for n := 0; ; n++ {
		ready, restore, err := p.prepare(ctx, &pay, notAfter)
		if err != nil {
			return nil, fmt.Errorf("pay from %s: %w", pay.source(), err)
		}
		if restore == nil {
			return p.dispatch(ctx, &pay, ready, freed)
		}
		if n == maxRestores {
			return nil, fmt.Errorf("pay from %s: %d transactions have restored archived entries, and the network asks for another: %w", pay.source(), n, relay.ErrUnavailable)
		}
		notAfter = restore.notAfter
		first, err := p.dispatch(ctx, &pay, *restore, func() {})
		if first == nil {
			return nil, fmt.Errorf("restore archived entries: %w", err)
		}
		if _, err := first.Outcome(ctx); err != nil {
			return nil, fmt.Errorf("restore archived entries: %w", err)
		}
	}
}

// turn waits until nothing of the source's is on its way, and gives it to the next one when it is called.
func (p *Payer) turn(ctx context.Context, source stellar.Address) (release func(), err error) {
	p.mu.Lock()
	turn := p.turns[source]
	if turn == nil {
		turn = make(chan struct{}, 1)
		p.turns[source] = turn
	}
	p.mu.Unlock()
	select {
	case turn <- struct{}{}:
		return func() { <-turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-p.ended:
		return nil, ErrStopped
	}
}
