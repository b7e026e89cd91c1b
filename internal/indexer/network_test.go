package indexer

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

func TestAnotherNetworkStopsIt(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(c *chain, config *Config)
		says string
	}{
		{"the node serves another network", func(c *chain, _ *Config) { c.err = fmt.Errorf("asked: %w", rpc.ErrWrongNetwork) }, "another network"},
		{"the store belongs to another network", func(_ *chain, config *Config) {
			other, err := stellar.NewNetwork("Another ; 2026")
			if err != nil {
				t.Fatal(err)
			}
			config.Network = other
		}, `"Chain of the tests ; 2026"`},
		{"the network was reset and is as far again", func(c *chain, _ *Config) { reset(c, 80) }, "was reset"},
		{"the network was reset and is not as far", func(c *chain, _ *Config) { reset(c, 30) }, "was reset"},
	} {
		t.Run(c.name, func(t *testing.T) {
			chain := newChain(11, 1).play(25)
			path := tempPath(t)
			s := newSite(t, chain, path)
			s.mustCatchUp()
			chain.play(30)
			s.mustCatchUp()
			before := s.everything()
			s.close()

			s = newSite(t, chain, path, func(config *Config) { c.do(chain, config) })
			defer s.close()
			err := s.x.Run(t.Context())
			if !errors.Is(err, ErrStopped) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want ErrStopped, one line that says %s", err, c.says)
			}
			if status := s.x.Status(); status.State != Stopped || status.Err == "" {
				t.Errorf("status %+v", status)
			}
			after := s.everything()
			if said := after.Feed[len(before.Feed):]; c.name != "the store belongs to another network" {
				if len(said) != 1 || said[0].Kind != feed.KindStopped || !strings.Contains(string(said[0].Data), c.says) {
					t.Errorf("the feed's readers are told %v", said)
				}
				after.Feed = after.Feed[:len(before.Feed)]
			}
			if d := diff(before, after); d != "" {
				t.Errorf("what is stored has changed (-before +now):\n%s", d)
			}
			if _, err := s.x.WaitLedger(t.Context(), 1000); !errors.Is(err, ErrStopped) {
				t.Errorf("wait: %v, want ErrStopped", err)
			}
		})
	}
}

// reset begins the chain anew, with other ledgers, and plays it.
func reset(c *chain, ledgers int) {
	c.ledgers, c.salt = nil, c.salt+1
	c.play(ledgers)
}

// TestAResetWhileItRunsStopsIt resets the network between two questions.
func TestAResetWhileItRunsStopsIt(t *testing.T) {
	c := newChain(12, 1).play(50)
	s := newSite(t, c, tempPath(t))
	defer s.close()
	s.mustCatchUp()
	before := s.everything()
	reset(c, 20) // behind where it is: at first only a node that lags
	err := s.passes(t.Context())
	if !errors.Is(err, rpc.ErrUnavailable) {
		t.Errorf("a node that went back: %v, want ErrUnavailable", err)
	}
	if err := s.x.start(t.Context()); err != nil {
		t.Errorf("ledger 50 is neither there nor another yet: %v", err)
	}
	c.play(40)
	if err := s.catchUp(t.Context()); !errors.Is(err, ErrStopped) {
		t.Errorf("a reset network: %v, want ErrStopped", err)
	}
	if d := diff(before, s.everything()); d != "" {
		t.Errorf("what is stored has changed (-before +now):\n%s", d)
	}
}

// TestANodeThatLagsALittle is what a pool of nodes behind one address looks like.
func TestANodeThatLagsALittle(t *testing.T) {
	c := newChain(18, 1).play(40)
	s := newSite(t, c, tempPath(t))
	defer s.close()
	s.mustCatchUp()
	before := s.everything()
	for _, shown := range []int{39, 40, 30, 38} {
		c.shown = shown
		if err := s.passes(t.Context()); err != nil {
			t.Errorf("newest ledger %d: %v", shown, err)
		}
		if status := s.x.Status(); status.State != Following || status.Latest != 40 || status.Ledger != 40 {
			t.Errorf("newest ledger %d: %+v", shown, status)
		}
	}
	c.shown = 40 - sourceLagLedgers - 1
	if err := s.passes(t.Context()); !errors.Is(err, rpc.ErrUnavailable) {
		t.Errorf("far behind: %v, want ErrUnavailable", err)
	}
	if d := diff(before, s.everything()); d != "" {
		t.Errorf("what is stored has changed (-before +now):\n%s", d)
	}
}

// At the newest ledger the mark is never many ledgers behind, and the network is not looked at more often than now and then.
func TestTheMarkIsNear(t *testing.T) {
	c := newChain(19, 1).play(10)
	s := newSite(t, c, tempPath(t))
	defer s.close()
	s.mustCatchUp()
	marks := map[uint32]bool{}
	for range 60 {
		c.play(1)
		s.clock = s.clock.Add(5 * time.Second)
		for range 2 { // the source speaks of a newer ledger in the pass before
			if err := s.passes(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		n := must(s.store.Network(t.Context()))
		marks[n.Mark.Seq] = true
		if behind := len(c.ledgers) - int(n.Mark.Seq); behind > markSoon {
			t.Fatalf("the mark is %d ledgers behind", behind)
		}
	}
	if len(marks) < 5 || len(marks) > 12 {
		t.Errorf("in 60 ledgers the mark was in %d places", len(marks))
	}
}

func TestTheMarkMovesOn(t *testing.T) {
	c := newChain(13, 1).play(10)
	s := newSite(t, c, tempPath(t))
	defer s.close()
	s.mustCatchUp()
	c.play(markLedgers + 5)
	if err := s.passes(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.play(1) // the source speaks of a newer ledger in the pass before
	if err := s.passes(t.Context()); err != nil {
		t.Fatal(err)
	}
	n, err := s.store.Network(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n.First.Seq != 10 || n.Mark.Seq < markLedgers || n.Mark.Hash != store.Hash(c.ledgers[n.Mark.Seq-1].hash) {
		t.Errorf("first %d, mark %d", n.First.Seq, n.Mark.Seq)
	}
}

// A source that is wrong about its newest ledger by far, for a moment, is not believed for ever: neither is the network marked there, nor is the
// indexer behind ever after.
func TestALedgerThatThereIsNot(t *testing.T) {
	c := newChain(20, 1).play(30)
	s := newSite(t, c, tempPath(t))
	defer s.close()
	s.mustCatchUp()
	wild := &boaster{Source: c, by: 1_000_000}
	s.x.config.Source = wild
	s.clock = s.clock.Add(time.Minute)
	if err := s.passes(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := s.x.Status().Latest; got < 1_000_000 {
		t.Fatalf("the newest ledger is %d: this test sees nothing", got)
	}
	s.clock = s.clock.Add(time.Minute)
	_ = s.passes(t.Context())
	if n := must(s.store.Network(t.Context())); n.Mark.Seq > 30 {
		t.Errorf("ledger %d is marked", n.Mark.Seq)
	}
	wild.by = 0
	c.play(2)
	if err := s.passes(t.Context()); err != nil {
		t.Fatal(err)
	}
	if status := s.x.Status(); status.State != Following || status.Latest != 32 || status.Ledger != 32 {
		t.Errorf("%+v", status)
	}
}

// boaster says of its newest ledger that it is another.
type boaster struct {
	Source
	by uint32
}

func (b *boaster) Events(ctx context.Context, from rpc.From, contracts []stellar.Address, limit uint) (rpc.EventPage, error) {
	page, err := b.Source.Events(ctx, from, contracts, limit)
	page.Kept.Latest.Sequence += b.by
	return page, err
}

func (b *boaster) LatestHash(ctx context.Context) (rpc.Ledger, stellar.Hash, error) {
	l, h, err := b.Source.LatestHash(ctx)
	l.Sequence += b.by
	return l, h, err
}
