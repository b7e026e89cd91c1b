package indexer

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
	"github.com/Abdullahi130/StellarEscrow/internal/store/sqlite"
)

// site is an indexer with its store, following a chain.
type site struct {
	t     testing.TB
	x     *Indexer
	store *sqlite.Store
	clock time.Time
}

// newSite opens the store at path, and follows all contracts of the chain from ledger 1 on.
func newSite(t testing.TB, c *chain, path string, change ...func(*Config)) *site {
	t.Helper()
	s, err := openSite(t.Context(), c, path, change...)
	if err != nil {
		t.Fatal(err)
	}
	s.t = t
	return s
}

func openSite(ctx context.Context, c *chain, path string, change ...func(*Config)) (*site, error) {
	s, err := sqlite.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	at := &site{store: s, clock: time.Unix(chainStart, 0)}
	config := Config{Network: c.network, Source: c, Store: s, Bus: feed.NewBus(0), Now: func() time.Time { return at.clock }, Poll: time.Second}
	for _, d := range c.contracts {
		config.Contracts = append(config.Contracts, Contract{d.address, 1})
	}
	for _, do := range change {
		do(&config)
	}
	at.x, err = New(config)
	return at, err
}

func (s *site) close() {
	s.t.Helper()
	if err := s.store.Close(); err != nil {
		s.t.Error(err)
	}
}

// catchUp reads until there is nothing more to be had.
func (s *site) catchUp(ctx context.Context) error {
	if err := s.x.start(ctx); err != nil {
		return err
	}
	return s.passes(ctx)
}

func (s *site) passes(ctx context.Context) error {
	for {
		more, err := s.x.pass(ctx)
		if err != nil || !more {
			return err
		}
	}
}

func (s *site) mustCatchUp() {
	s.t.Helper()
	if err := s.catchUp(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// everything is all that a store has read of the chain.
type everything struct {
	Contracts []store.Contract
	Events    []store.Event
	Trades    []store.Trade
	Payouts   []storedPayout
	Feed      []feed.Entry
}

func (s *site) everything() (all everything) {
	s.t.Helper()
	ctx := context.WithoutCancel(s.t.Context())
	var err error
	if all.Contracts, err = s.store.Contracts(ctx, "", store.MaxPage); err != nil {
		s.t.Fatal(err)
	}
	page := store.Page{Limit: store.MaxPage}
	for more := true; more; {
		list, err := s.store.Events(ctx, store.EventFilter{Page: page})
		if err != nil {
			s.t.Fatal(err)
		}
		if all.Events, more = append(all.Events, list...), len(list) == page.Limit; more {
			page.After = list[len(list)-1].ID
		}
	}
	page.After = ""
	for more := true; more; {
		list, err := s.store.Trades(ctx, store.TradeFilter{Page: page})
		if err != nil {
			s.t.Fatal(err)
		}
		if all.Trades, more = append(all.Trades, list...), len(list) == page.Limit; more {
			page.After = list[len(list)-1].Opened.Event
		}
	}
	all.Payouts = s.payouts()
	for more := true; more; {
		list, err := s.store.FeedEntries(ctx, int64(len(all.Feed)), store.MaxPage)
		if err != nil {
			s.t.Fatal(err)
		}
		all.Feed, more = append(all.Feed, list...), len(list) == store.MaxPage
	}
	return all
}

// diff compares what is stored with what the contracts hold, field by field.
func diff(want, got any) string {
	return gocmp.Diff(want, got, gocmp.AllowUnexported(amount.Int128{}), cmpopts.EquateEmpty())
}

// checkTrades compares every trade with the contract's at the end of the ledger.
func (s *site) checkTrades(c *chain, at ledger) {
	s.t.Helper()
	got := map[escrow.ID]store.Trade{}
	all := s.everything()
	for _, t := range all.Trades {
		got[t.ID] = t
	}
	count := 0
	for i, trades := range at.trades {
		for id, want := range trades {
			count++
			stored, ok := got[id]
			if !ok {
				s.t.Errorf("ledger %d: trade %s is not stored", at.Sequence, id)
				continue
			}
			if d := diff(want, stored.State()); d != "" {
				s.t.Errorf("ledger %d: trade %s (-contract +stored):\n%s", at.Sequence, id, d)
			}
			if d := diff(*c.contracts[i].terms[id], stored.Terms); d != "" {
				s.t.Errorf("ledger %d: terms of trade %s (-contract +stored):\n%s", at.Sequence, id, d)
			}
			if ended := stored.Stage >= escrow.StageEnded; ended != (stored.EndedAt != 0) {
				s.t.Errorf("ledger %d: trade %s is %s and ended at %d", at.Sequence, id, stored.Stage, stored.EndedAt)
			}
			s.checkMoney(stored)
		}
	}
	if len(got) != count {
		s.t.Errorf("ledger %d: %d trades are stored, the contracts hold %d", at.Sequence, len(got), count)
	}
}

// checkMoney says that what went to the two sides and what is left of a milestone is its amount, whatever happened.
func (s *site) checkMoney(t store.Trade) {
	s.t.Helper()
	funded := t.Stage == escrow.StageFunded || t.Stage == escrow.StageEnded
	for i, m := range t.Milestones {
		want := amount.Int128{}
		if funded {
			want = t.Terms.Milestones[i].Amount
		}
		if sum := m.Left.Plus(m.ToSeller).Plus(m.ToBuyer); sum != want {
			s.t.Errorf("trade %s, milestone %d: left, to the seller and to the buyer are %s, want %s", t.ID, i, sum.Units(), want.Units())
		}
		if ended := m.EndedAt != 0; funded && ended != (m.Left.Sign() == 0) {
			s.t.Errorf("trade %s, milestone %d: ended at %d with %s left", t.ID, i, m.EndedAt, m.Left.Units())
		}
	}
}

// TestTheProjectionIsWhatTheContractsHold follows random trades ledger by ledger and compares after each.
func TestTheProjectionIsWhatTheContractsHold(t *testing.T) {
	worlds, ledgers := 4, 300
	if testing.Short() {
		worlds = 2
	}
	kinds := map[string]int{}
	for seed := range uint64(worlds) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			c := newChain(seed, 1+int(seed%3))
			c.play(1)
			s := newSite(t, c, filepath.Join(t.TempDir(), "store.db"))
			defer s.close()
			s.mustCatchUp()
			for n := 1; n < ledgers; {
				step := 1 + c.rng.IntN(40)
				c.play(step)
				n += step
				if err := s.passes(t.Context()); err != nil {
					t.Fatal(err)
				}
				s.checkTrades(c, c.ledgers[len(c.ledgers)-1])
				if t.Failed() {
					return
				}
			}
			s.checkFeed(c)
			s.checkPayouts(c)
			for _, l := range c.ledgers {
				for _, e := range l.events {
					kinds[kind(e)]++
				}
			}
		})
	}
	// A random walk that never came past an event has not tested it.
	for _, kind := range []string{
		"opened", "accepted", "funded", "cancelled", "delivered", "released", "refunded", "disputed", "offered", "split", "evidence", "voted", "ruled", "appealed", "settled", "silent", "costs",
		"ended", "parked", "claimed", "collected", "fee_proposed", "anchor_set",
	} {
		if kinds[kind] == 0 && !t.Failed() {
			t.Errorf("no %s event was met", kind)
		}
	}
	t.Logf("events met: %v", kinds)
}

// checkFeed says that the feed has one entry for each event, in the order of the chain, and that its chain holds.
func (s *site) checkFeed(c *chain) {
	s.t.Helper()
	all := s.everything()
	var ids []string
	for _, l := range c.ledgers[:c.shown] {
		for _, e := range l.events {
			ids = append(ids, e.ID)
		}
	}
	var head feed.Head
	for i, e := range all.Feed {
		if err := head.Check(e); err != nil {
			s.t.Fatal(err)
		}
		if i >= len(ids) || e.Event != ids[i] {
			s.t.Fatalf("entry %d is about event %s, the chain has %d events", e.Seq, e.Event, len(ids))
		}
		head = e.Head()
	}
	if len(all.Feed) != len(ids) || len(all.Events) != len(ids) {
		s.t.Errorf("%d entries and %d events, the chain has %d events", len(all.Feed), len(all.Events), len(ids))
	}
	for _, e := range all.Events {
		if e.Unread != "" {
			s.t.Errorf("event %s, %s, had no effect: %s", e.ID, e.Kind, e.Unread)
		}
		if _, err := Decode(e); err != nil {
			s.t.Error(err)
		}
	}
}

func tempPath(t *testing.T) string { return filepath.Join(t.TempDir(), "store.db") }
