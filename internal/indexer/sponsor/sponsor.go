package sponsor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/Abdullahi130/StellarEscrow/internal/indexer/payer"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/signer"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// Relay is what is asked of the network.
type Relay interface {
	payer.Relay
	Read(ctx context.Context, call string) (relay.Reading, error)
}

// Store keeps the days' spending, what is sent, and who has which channel account. internal/store says what each method promises.
type Store interface {
	payer.Store
	Spent(ctx context.Context, purpose store.Purpose, day uint32, account string) (store.Spent, error)
	Lease(ctx context.Context, names []string, holder string, now, until uint64) (store.Lease, error)
	EndLease(ctx context.Context, l store.Lease) error
}

// Share is what one account, or nobody's calls together, may cost on one day. 0 lets nothing through.
type Share struct {
	Stroops      int64
	Transactions int64
}

// Limits bound what is paid for. 0 lets nothing through.
type Limits struct {
	Ceiling int64 // for one transaction, in stroops, rent included
	Day     int64 // in all, in stroops
	Account Share // for whoever authorises a call
	Shared  Share // for all calls that nobody authorises: settle, extend, a claim that is pushed to its owner, a cancel when its time has come
}

// Config is what a sponsor is made of. All fields but Own and Log are required.
type Config struct {
	Relay   Relay
	Store   Store
	Network stellar.Network
	Follows func() []stellar.Address // the escrow contracts
	Own     func() []stellar.Address // accounts of the platform's beside those of Keys: keeper, admin, fee receiver …
	Keys    signer.Pool              // of at most store.MaxPage channel accounts

	Assets []stellar.Address // whose trades are paid for
	Limits Limits

	Now  func() time.Time // the wall clock
	Rand io.Reader        // names leases: it must never repeat itself, as crypto/rand's Reader
	Log  *slog.Logger     // nil logs nothing
}

// Sponsor pays for what traders do. It is safe for concurrent use, and several processes may use the same accounts and store.
type Sponsor struct {
	c        Config
	payer    *payer.Payer
	channels *channels
	flights  flights
	refusals *prometheus.CounterVec
	paid     prometheus.Counter
	leaving  chan struct{} // Run is about to end
}

// sendTime bounds the sending of one request; whoever asks may leave before.
const sendTime = 40 * time.Second

var _ prometheus.Collector = (*Sponsor)(nil)

// New makes a sponsor; it asks nothing yet. Run must run for it to pay anything.
func New(c Config) (*Sponsor, error) {
	switch n := len(c.Keys.Channels); {
	case c.Keys.Fee == nil:
		return nil, errors.New("sponsor: there is no fee account: give it a key")
	case n == 0 || n > store.MaxPage:
		return nil, fmt.Errorf("sponsor: %d channel accounts: give it the keys of 1 to %d", n, store.MaxPage)
	case len(c.Assets) == 0:
		return nil, errors.New("sponsor: no asset is listed whose trades are paid for")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	s := &Sponsor{c: c, flights: flights{on: map[flightKey]*flight{}}, channels: newChannels(c), refusals: newRefusals(), paid: newPaid(), leaving: make(chan struct{})}
	s.payer = payer.New(payer.Config{Relay: c.Relay, Store: c.Store, Network: c.Network, Now: c.Now, Log: c.Log})
	return s, nil
}

// Run follows what was sent until it is known what it cost. It returns when ctx ends; it is run once.
func (s *Sponsor) Run(ctx context.Context) {
	context.AfterFunc(ctx, func() { close(s.leaving) }) // who sends something keeps the payer waiting
	s.payer.Run(ctx)
}

// Sponsor implements the method of relay.Relay. Once it has begun to send, it goes on whether the caller waits or not: whoever has lost the
// connection asks again, and is then told what became of that, instead of having it sent a second time.
func (s *Sponsor) Sponsor(ctx context.Context, r relay.SponsorRequest) (relay.Sponsorship, error) {
	wanted, err := s.read(ctx, r)
	if err != nil {
		return s.answer(relay.Sponsorship{}, err)
	}
	return s.flights.once(ctx, wanted.key, func(landed func()) (relay.Sponsorship, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendTime)
		defer cancel()
		go func() {
			select {
			case <-s.leaving:
				cancel()
			case <-ctx.Done():
			}
		}()
		out, err := s.send(ctx, wanted, landed)
		select {
		case <-s.leaving:
			if errors.Is(err, context.Canceled) { // by us: the caller is to ask another process
				err = fmt.Errorf("%w: %w", payer.ErrStopped, err)
			}
		default:
		}
		return s.answer(out, err)
	})
}

// send submits what was asked for. landed is called once when nothing of it is on its way any more.
func (s *Sponsor) send(ctx context.Context, w wanted, landed func()) (relay.Sponsorship, error) {
	pay := payer.Payment{
		Fee: s.c.Keys.Fee, Tree: w.tree, Auth: w.auth, Signed: w.signed, Purpose: store.PurposeSponsor, Account: w.account, Trade: w.trade,
		Limits: s.limits(w.account), Ceiling: s.c.Limits.Ceiling, Freed: landed,
	}
	if w.signed == nil {
		channel, free, err := s.channels.lease(ctx)
		if err != nil {
			landed()
			return relay.Sponsorship{}, err
		}
		pay.Source, pay.Freed = channel, sync.OnceFunc(func() { free(); landed() })
	}
	sent, err := s.payer.Send(ctx, pay)
	if err != nil {
		if rejected := (*payer.RejectedError)(nil); errors.As(err, &rejected) && w.signed == nil {
			s.c.Log.Warn("no node takes what a channel account sends: have the accounts XLM?", "tx", rejected.Hash, "result", rejected.Code)
		}
		return relay.Sponsorship{}, err
	}
	return relay.Sponsorship{Hash: sent.Hash, State: sent.State, Ledger: sent.Ledger}, nil
}

// nobody is the name that calls count under which nobody authorises. It is no account's address.
const nobody = "nobody"

func (s *Sponsor) limits(account string) store.Limits {
	share := s.c.Limits.Account
	if account == nobody {
		share = s.c.Limits.Shared
	}
	return store.Limits{Stroops: s.c.Limits.Day, AccountStroops: share.Stroops, AccountTransactions: share.Transactions}
}

// Over is a relay that pays, where r does not.
func Over(r relay.Relay, s *Sponsor) relay.Relay { return over{r, s} }

type over struct {
	relay.Relay
	sponsor *Sponsor
}

// Sponsor implements relay.Relay.
func (o over) Sponsor(ctx context.Context, r relay.SponsorRequest) (relay.Sponsorship, error) {
	return o.sponsor.Sponsor(ctx, r)
}
