package sim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"
	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"

	"github.com/Abdullahi130/StellarEscrow/internal/indexer/relayserver"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/weather"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
	"github.com/Abdullahi130/StellarEscrow/internal/store/sqlite"
)

// TestSubmissions hands in transactions in all weathers, once or more often, by processes that end and begin again. Each is in a ledger once, or never and
// said to be so; and what is stored of it is what the ledgers say.
func TestSubmissions(t *testing.T) {
	const share = 5 // one such world for so many others
	y := newTally()
	t.Cleanup(func() { // when all of them are over
		if !t.Failed() {
			t.Logf("proved: of %s: each is in a ledger once, or never and said so", y)
			if *worlds >= 2*share { // one world alone, as a failure is run again, need not have had each weather
				y.missing(t, weather.LostAnswer, weather.TryAgainLater, weather.Behind) // without them nothing was tried
			}
		}
	})
	for seed := *first; seed < *first+max(*worlds/share, 1); seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			l, err := theLive()
			if err != nil {
				t.Fatal(err)
			}
			s := newSender(t, l, seed)
			defer func() {
				if t.Failed() {
					t.Logf("%s\nit runs again with\n  go test ./test/sim -run 'TestSubmissions/^%d$' -worlds 1 -seed %d -v", s.world.told(), seed, seed)
				}
			}()
			synctest.Test(t, s.run)
			s.compare(t)
			y.add("transactions", len(s.all))
			for what, n := range s.weather.Seen() {
				y.add(what, n)
			}
		})
	}
}

// sender is a world of one account's transactions.
type sender struct {
	*live
	world   *world // its dice and trace
	weather *weather.Weather
	url     string
	path    string // of the store
	buyer   *keypair.Full
	number  int64 // the last that the buyer had used
	all     []stellar.Transaction
}

func newSender(t *testing.T, l *live, seed uint64) *sender {
	s := &sender{live: l, path: filepath.Join(t.TempDir(), "store.db"), world: &world{t: t, rng: rand.New(rand.NewPCG(seed, 2))}}
	rng := s.world.rng
	var err error
	if s.weather, err = weather.New(l.net.Handler(), weather.Config{}); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.weather)
	t.Cleanup(server.Close)
	s.url = server.URL
	if s.buyer, err = l.account(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s.number, err = l.lastNumber(t.Context(), s.buyer); err != nil {
		t.Fatal(err)
	}
	n := 2 + rng.IntN(4)
	for i := range n {
		valid := uint64(7000) // seconds; two hours are the most that is taken
		if i == n-1 && rng.IntN(3) == 0 {
			valid = 3 // its time may be over before a node takes it
		}
		tx, err := l.opening(t.Context(), s.buyer, s.number+int64(i), (&miner{rng: rng}).random32(), valid)
		if err != nil {
			t.Fatal(err)
		}
		s.all = append(s.all, tx)
	}
	return s
}

// run submits, under a clock of its own.
func (s *sender) run(t *testing.T) {
	w := s.world
	w.began = time.Now()
	client, err := rpc.New(rpc.Config{URL: s.url, Network: s.network, HTTP: noPool()})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.WithoutCancel(t.Context())
	left := map[string]bool{} // not submitted, or nobody said that they were
	for _, tx := range s.all {
		left[tx.Hash(s.network).String()] = true
	}
	// Processes come and go; each hands in what is left and follows what is stored.
	for process := 0; ; process++ {
		last := process == 8
		c := weather.Config{}
		if !last {
			c = weather.Presets()[[]string{"mild", "rough", "storm"}[w.rng.IntN(3)]]
			c.Slow, c.Seed = 0, w.rng.Uint64()
		}
		w.note("process %d, weather %+v", process, c)
		s.weather.Clear()
		if err := s.weather.Set(c); err != nil {
			t.Fatal(err)
		}
		db, err := sqlite.Open(ctx, s.path)
		if err != nil {
			t.Fatal(err)
		}
		door := relayserver.New(relayserver.Config{Node: func() *rpc.Client { return client }, Transactions: db, Now: time.Now})
		life, end := context.WithCancel(ctx)
		var parts sync.WaitGroup
		parts.Go(func() { door.Track(life) })
		for range 3 * len(s.all) {
			tx := s.all[w.rng.IntN(len(s.all))]
			if last { // in their order, until all are
				tx = s.next(left)
			}
			s.submit(life, door, tx, left)
			time.Sleep(time.Duration(w.rng.IntN(2000)) * time.Millisecond)
		}
		time.Sleep(time.Duration(w.rng.IntN(30)) * time.Second)
		done := last && s.settled(life, t, db)
		end()
		parts.Wait()
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if done {
			s.world.note("all have an outcome")
			break
		}
	}
}

// next is the first that is left, or any.
func (s *sender) next(left map[string]bool) stellar.Transaction {
	for _, tx := range s.all {
		if left[tx.Hash(s.network).String()] {
			return tx
		}
	}
	return s.all[0]
}

func (s *sender) submit(ctx context.Context, door *relayserver.Server, tx stellar.Transaction, left map[string]bool) {
	text, err := tx.Base64()
	if err != nil {
		s.world.t.Fatal(err)
	}
	hash := tx.Hash(s.network).String()
	got, err := door.Submit(ctx, text)
	s.world.note("%s submitted: %s %s %v", hash[:8], got.State, got.Code, err)
	if err == nil && got.State != relay.SubmissionRejected {
		delete(left, hash)
	}
}

// settled waits until all have an outcome, in fair weather. What was refused because the one before it was missing is submitted again by next.
func (s *sender) settled(ctx context.Context, t *testing.T, db *sqlite.Store) bool {
	const waitSeconds, ledgerEvery = 600, 60 // of the bubble's clock
	for i := range waitSeconds {
		open := 0
		for _, tx := range s.all {
			kept, err := db.Transaction(ctx, store.Hash(tx.Hash(s.network)))
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				t.Fatal(err)
			}
			if err == nil && kept.State == store.TransactionSubmitted {
				open++
			}
		}
		if open == 0 {
			return true
		}
		time.Sleep(time.Second)
		// The network's clock is the machine's and hardly moves meanwhile: a transaction past its time needs one more ledger to be called expired.
		if i%ledgerEvery == ledgerEvery-1 {
			if err := s.closeLedgers(ctx); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Error("transactions have no outcome")
	return true
}

// closeLedgers moves the network's clock on by ten seconds, which closes the ledgers due until then. It asks over HTTP: a call from within this synctest bubble
// would hand the network the bubble's clock.
func (s *sender) closeLedgers(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/advance", strings.NewReader(`{"seconds": 10}`))
	if err != nil {
		return fmt.Errorf("advance the network: %w", err)
	}
	res, err := (&http.Client{Transport: noPool()}).Do(req)
	if err != nil {
		return fmt.Errorf("advance the network: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		detail, _ := io.ReadAll(io.LimitReader(res.Body, 1<<10))
		return fmt.Errorf("advance the network: %s: %s", res.Status, detail)
	}
	return nil
}

// compare holds what is stored against the ledgers.
func (s *sender) compare(t *testing.T) {
	db, err := sqlite.Open(t.Context(), s.path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	included := 0
	opened := map[stellar.Hash]int{}
	from := rpc.From{Ledger: s.start}
	for more := true; more; {
		page, err := s.client.Events(t.Context(), from, []stellar.Address{s.contract}, rpc.MaxEvents)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Events {
			opened[e.Tx]++ // an opening is all that such a transaction does
		}
		more, from = len(page.Events) > 0, rpc.From{Cursor: page.Cursor}
	}
	for i, tx := range s.all {
		hash := tx.Hash(s.network)
		answer, err := s.client.Transaction(t.Context(), hash)
		if err != nil {
			t.Fatal(err)
		}
		kept, err := db.Transaction(t.Context(), store.Hash(hash))
		if err != nil {
			t.Errorf("transaction %d: %v", i, err)
			continue
		}
		s.world.note("transaction %d: %s, stored as %s %s", i, answer.Status, kept.State, kept.Problem)
		is := answer.Status == protocol.TransactionStatusSuccess
		switch {
		case is && (kept.State != store.TransactionIncluded || kept.Ledger != answer.Ledger || opened[hash] != 1):
			t.Errorf("transaction %d is in ledger %d and opened %d trades, stored is %s, %d", i, answer.Ledger, opened[hash], kept.State, kept.Ledger)
		case !is && (i < len(s.all)-1 || kept.State != store.TransactionExpired && kept.State != store.TransactionPrepared || opened[hash] != 0):
			t.Errorf("transaction %d is in no ledger (%s), stored is %s, %d: %s", i, answer.Status, kept.State, kept.Ledger, kept.Problem)
		}
		if is {
			included++
		}
	}
	if now, err := s.lastNumber(t.Context(), s.buyer); err != nil || now != s.number+int64(included) {
		t.Errorf("the account has used %d numbers, %d transactions are in ledgers, %v", now-s.number, included, err)
	}
}
