package indexer

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
	"github.com/Abdullahi130/StellarEscrow/internal/store/sqlite"
)

// older stores as a program would that cannot read half of the trades, whose events are kept as they are and have no effect, and that knows no payouts.
type older struct {
	*sqlite.Store
	hidden int // events
}

func unknown(id store.Hash) bool { return id[0]%2 == 0 }

func (o *older) Apply(ctx context.Context, b store.Batch) error {
	b.Events, b.Trades = slices.Clone(b.Events), slices.Clone(b.Trades)
	for i, e := range b.Events {
		if e.Trade != nil && unknown(*e.Trade) {
			b.Events[i].Unread, b.Events[i].Trade = "of a newer contract", nil
			o.hidden++
		}
	}
	b.Trades = slices.DeleteFunc(b.Trades, func(c store.Change) bool { return unknown(store.Hash(c.ID)) })
	for i := range b.Trades {
		b.Trades[i].Payouts, b.Trades[i].Withheld = nil, nil
	}
	return o.Store.Apply(ctx, b)
}

// TestEventsOfANewerContractGetTheirEffect upgrades a program: what it could not read is projected by a rebuild while it follows, and everything
// is then as if it had been read at once.
func TestEventsOfANewerContractGetTheirEffect(t *testing.T) {
	c := newChain(31, 2).play(150)
	path := tempPath(t)
	old := &older{}
	before := newSite(t, c, path, func(config *Config) {
		old.Store = config.Store.(*sqlite.Store)
		config.Store = old
	})
	before.mustCatchUp()
	hidden := len(before.everything().Trades)
	fed := len(before.everything().Feed)
	if n := len(before.payouts()); n > 0 {
		t.Errorf("the old program has stored %d payouts", n)
	}
	before.close()
	if old.hidden < 50 {
		t.Fatalf("%d events were not read: this test sees nothing", old.hidden)
	}

	// The new program follows on while the rebuild runs.
	s := newSite(t, c, path, func(config *Config) { config.Now, config.Poll = time.Now, time.Millisecond })
	defer s.close()
	ctx, cancel := context.WithCancel(t.Context())
	followed := make(chan error, 1)
	go func() { followed <- s.x.Run(ctx) }()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for range 60 {
			c.play(1)
			time.Sleep(2 * time.Millisecond)
		}
	}()
	other, err := sqlite.Open(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	done, err := Rebuild(ctx, c.network, other, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	<-ended
	if _, err := s.x.WaitLedger(ctx, 210); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-followed; err != nil {
		t.Fatal(err)
	}
	// Events of hidden trades that came after the upgrade and before the swap had no effect either: their trades were not known.
	if done.Late < old.hidden || done.Unread != 0 || done.Events < done.Late {
		t.Errorf("%+v, of which %d events the old program could not read", done, old.hidden)
	}
	s.checkTrades(c, c.ledgers[209])

	clean := newSite(t, c, tempPath(t))
	defer clean.close()
	clean.mustCatchUp()
	want, got := clean.everything(), s.everything()
	if len(got.Trades) <= hidden || len(got.Payouts) < 50 {
		t.Errorf("%d trades, before %d; %d payouts", len(got.Trades), hidden, len(got.Payouts))
	}
	kinds := map[string]int{}
	for _, e := range got.Feed[fed:] {
		kinds[e.Kind]++
	}
	if kinds["rebuilt"] != 1 {
		t.Errorf("the feed's entries since the upgrade: %v", kinds)
	}
	want.Feed, got.Feed = nil, nil
	if d := diff(want, got); d != "" {
		t.Errorf("what is stored (-read at once +rebuilt):\n%s", d)
	}
	a, b := must(store.StateHash(t.Context(), clean.store)), must(store.StateHash(t.Context(), s.store))
	if a.Hash != b.Hash {
		t.Errorf("state hash %x, want %x", b.Hash, a.Hash)
	}
	// Once more: nothing is late any more, and nothing changes but the feed.
	done, err = Rebuild(t.Context(), c.network, s.store, slog.New(slog.DiscardHandler))
	if err != nil || done.Late != 0 || done.Events != len(want.Events) {
		t.Errorf("again: %+v, %v", done, err)
	}
	again := s.everything()
	again.Feed = nil
	if d := diff(want, again); d != "" {
		t.Errorf("after a second rebuild (-before +after):\n%s", d)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestARebuildOfAnotherNetworkIsRefused(t *testing.T) {
	c := newChain(32, 1).play(20)
	s := newSite(t, c, tempPath(t))
	defer s.close()
	log := slog.New(slog.DiscardHandler)
	if _, err := Rebuild(t.Context(), c.network, s.store, log); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("of an empty store: %v", err)
	}
	s.mustCatchUp()
	before := s.everything()
	other := must(stellar.NewNetwork("Another ; 2026"))
	if _, err := Rebuild(t.Context(), other, s.store, log); err == nil || !strings.Contains(err.Error(), `"Another ; 2026"`) {
		t.Errorf("of another network: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Rebuild(ctx, c.network, s.store, log); !errors.Is(err, context.Canceled) {
		t.Errorf("one that is stopped: %v", err)
	}
	if d := diff(before, s.everything()); d != "" {
		t.Errorf("what is stored has changed (-before +now):\n%s", d)
	}
}
