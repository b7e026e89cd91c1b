package source_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
	"github.com/Abdullahi130/StellarEscrow/internal/store/sqlite"
)

// projected is what an indexer stored.
type projected struct {
	Trades []store.Trade
	Events []store.Event
	Feed   []feed.Entry
}

// project follows the contracts by one source up to the newest recorded ledger.
func project(t *testing.T, w *world, s indexer.Source) (p projected) {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "store.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	c := indexer.Config{Network: w.network, Source: s, Store: db, Bus: feed.NewBus(0), Now: time.Now, Poll: time.Millisecond}
	for _, a := range w.contracts {
		c.Contracts = append(c.Contracts, indexer.Contract{Address: a, Start: 2})
	}
	x, err := indexer.New(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- x.Run(ctx) }()
	if _, err := x.WaitLedger(ctx, w.last); err != nil {
		t.Errorf("%v; %+v", err, x.Status())
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	ctx = t.Context()
	if p.Trades, err = db.Trades(ctx, store.TradeFilter{Page: store.Page{Limit: store.MaxPage}}); err == nil {
		if p.Events, err = db.Events(ctx, store.EventFilter{Page: store.Page{Limit: store.MaxPage}}); err == nil {
			p.Feed, err = db.FeedEntries(ctx, 0, store.MaxPage)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// An indexer stores the same, to the last byte and to the hashes of the feed, whatever its ledgers came from.
func TestSourcesGiveOneProjection(t *testing.T) {
	w := theWorld(t)
	want := project(t, w, w.client)
	disputed := 0
	for _, trade := range want.Trades {
		for _, m := range trade.Milestones {
			if m.Dispute != nil {
				disputed++
			}
		}
	}
	if len(want.Trades) != 4 || len(want.Feed) != len(want.Events) || len(want.Events) < 24 || disputed != 1 {
		t.Fatalf("%d trades, %d disputed, %d events, %d entries of the feed", len(want.Trades), disputed, len(want.Events), len(want.Feed))
	}
	for _, e := range want.Events {
		if e.Unread != "" {
			t.Errorf("event %s %s: %s", e.ID, e.Kind, e.Unread)
		}
	}
	for name, s := range w.sources(t) {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(want, project(t, w, s), cmp.AllowUnexported(amount.Int128{})); diff != "" {
				t.Errorf("(-events of a node, +%s):\n%s", name, diff)
			}
		})
	}
}
