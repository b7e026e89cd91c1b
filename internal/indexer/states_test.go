package indexer

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

func tempPath(t *testing.T) string { return filepath.Join(t.TempDir(), "store.db") }

// TestTheSizeOfPagesChangesNothing reads one chain in pages of different sizes, with restarts between, and compares all that is stored.
func TestTheSizeOfPagesChangesNothing(t *testing.T) {
	c := newChain(7, 2).play(60)
	var want everything
	for i, size := range []struct {
		events int
		window uint32
	}{{50, 100}, {1, 1}, {2, 100}, {3, 7}, {1000, 1000}} {
		c.perPage, c.window = size.events, size.window
		path := tempPath(t)
		for visible := 1; visible <= len(c.ledgers); visible += 25 {
			c.shown = visible
			s := newSite(t, c, path)
			s.mustCatchUp()
			s.close()
		}
		c.shown = len(c.ledgers)
		s := newSite(t, c, path)
		s.mustCatchUp()
		s.checkTrades(c, c.ledgers[len(c.ledgers)-1])
		got := s.everything()
		s.close()
		if i == 0 {
			want = got
			continue
		}
		if d := diff(want, got); d != "" {
			t.Fatalf("pages of %+v (-want +got):\n%s", size, d)
		}
	}
}

func TestContractsStartWhereTheyAre(t *testing.T) {
	c := newChain(8, 3).play(90)
	c.perPage, c.window = 4, 6
	path := tempPath(t)
	s := newSite(t, c, path, func(config *Config) { config.Contracts = config.Contracts[:1] })
	s.mustCatchUp()
	s.close()
	// The other two come later, one of them from the middle.
	s = newSite(t, c, path, func(config *Config) { config.Contracts[2].Start = 45 })
	defer s.close()
	s.mustCatchUp()
	if groups := s.x.groups(); len(groups) != 1 || len(groups[0]) != 3 {
		t.Errorf("at the tip the contracts are read in %d groups", len(groups))
	}
	all := s.everything()
	count := map[string]int{}
	for _, e := range all.Events {
		count[e.Contract]++
	}
	want := map[string]int{}
	for _, l := range c.ledgers {
		for _, e := range l.events {
			if id := e.Contract.String(); e.Contract != c.contracts[2].address || l.Sequence >= 45 {
				want[id]++
			}
		}
	}
	if d := diff(want, count); d != "" {
		t.Errorf("events by contract (-want +got):\n%s", d)
	}
	// What happens to a trade that was opened before the start is kept, and has no effect.
	status := s.x.Status()
	unread, err := s.store.Unread(t.Context(), "", store.MaxPage)
	if err != nil {
		t.Fatal(err)
	}
	if len(unread) == 0 || status.Unread != len(unread) {
		t.Errorf("%d events without effect, the status says %d", len(unread), status.Unread)
	}
	for _, e := range unread {
		if e.Contract != c.contracts[2].address.String() || !strings.Contains(e.Unread, "opened before the first ledger") {
			t.Errorf("event %s of %s: %s", e.ID, e.Contract, e.Unread)
		}
	}

	err = newSite(t, c, path, func(config *Config) { config.Contracts[2].Start = 46 }).catchUp(t.Context())
	if !errors.Is(err, ErrStopped) || !errors.Is(err, store.ErrMoved) {
		t.Errorf("another start for a followed contract: %v, want ErrStopped", err)
	}
}

func TestAGapIsAStateAndNeverAJump(t *testing.T) {
	c := newChain(9, 2).play(30)
	path := tempPath(t)
	late := func(config *Config) { config.Contracts = config.Contracts[1:] }
	s := newSite(t, c, path, late)
	s.mustCatchUp()
	s.close()

	// While nobody looks, the node forgets; contract 0 is new and would have to start in what it forgot.
	c.play(30)
	c.oldest = 45
	kinds := func(s *site) (all []string) {
		for _, e := range s.everything().Feed {
			if e.Kind == feed.KindGap || e.Kind == feed.KindGapEnd {
				all = append(all, e.Kind+string(e.Data))
			}
		}
		slices.Sort(all)
		return all
	}
	want := []string{`gap{"from":1,"oldest":45}`, `gap{"from":31,"oldest":45}`}
	var before everything
	for i := range 3 { // it is said once, however often the program starts and looks
		s = newSite(t, c, path)
		s.mustCatchUp()
		s.clock = s.clock.Add(retryGap)
		if err := s.passes(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := kinds(s); !slices.Equal(got, want) {
			t.Errorf("start %d: the feed says %v, want %v", i, got, want)
		}
		status := s.x.Status()
		if status.State != InGap || status.Ledger != 0 || status.Latest != 60 || status.Oldest != 45 {
			t.Errorf("start %d: %+v", i, status)
		}
		for _, contract := range status.Contracts {
			if contract.GapOldest != 45 || contract.Ledger != 30 && contract.Ledger != 0 {
				t.Errorf("start %d: %+v, want no step beyond the gap", i, contract)
			}
		}
		if now := s.everything(); i == 0 {
			before = now
		} else if d := diff(before, now); d != "" {
			t.Errorf("start %d changed what is stored (-before +now):\n%s", i, d)
		}
		s.close()
	}

	// A node that still has everything ends it, and nothing is missing.
	s = newSite(t, c, path)
	defer s.close()
	s.mustCatchUp()
	c.oldest = 1
	if err := s.passes(t.Context()); err != nil {
		t.Fatal(err)
	}
	if status := s.x.Status(); status.State != InGap {
		t.Errorf("a gap was looked at again before its time: %+v", status)
	}
	s.clock = s.clock.Add(retryGap)
	if err := s.passes(t.Context()); err != nil {
		t.Fatal(err)
	}
	if status := s.x.Status(); status.State != Following || status.Ledger != 60 {
		t.Errorf("after the gap: %+v", status)
	}
	s.checkTrades(c, c.ledgers[59])
	want = append(want, `gap_end{"from":1,"oldest":45}`, `gap_end{"from":31,"oldest":45}`)
	slices.Sort(want)
	if got := kinds(s); !slices.Equal(got, want) {
		t.Errorf("the feed says %v, want %v", got, want)
	}
	s.mustCatchUp()
	if s.x.Status().Unread != 0 {
		t.Error("an event had no effect after the gap was filled")
	}
}

// TestOneContractsGapLeavesTheOthersAlone also covers the node that answers 200 and nothing to a position it no longer keeps.
func TestOneContractsGapLeavesTheOthersAlone(t *testing.T) {
	c := newChain(10, 2).play(40)
	s := newSite(t, c, tempPath(t), func(config *Config) { config.Contracts[1].Start = 30 })
	defer s.close()
	c.oldest, c.bend = 1, func(p *rpc.EventPage) {
		if p.Kept.Oldest = c.ledgers[24].Ledger; p.Cursor < string(store.EndOfLedger(25)) {
			p.Events, p.Cursor = nil, string(store.EndOfLedger(40))
		}
	}
	c.window = 5
	s.mustCatchUp()
	byID := map[string]ContractStatus{}
	for _, contract := range s.x.Status().Contracts {
		byID[contract.ID] = contract
	}
	stuck, going := byID[c.contracts[0].address.String()], byID[c.contracts[1].address.String()]
	if stuck.Ledger != 0 || stuck.GapOldest != 25 || going.Ledger != 40 || going.GapOldest != 0 {
		t.Errorf("got %+v and %+v", stuck, going)
	}
	if len(s.everything().Events) == 0 {
		t.Error("the other contract's events were not read")
	}
}

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
			if d := diff(before, s.everything()); d != "" {
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

func TestPagesThatMakeNoSenseAreNotStored(t *testing.T) {
	for _, c := range []struct {
		name string
		bend func(p *rpc.EventPage)
	}{
		{"two events exchanged", func(p *rpc.EventPage) { p.Events[0], p.Events[1] = p.Events[1], p.Events[0] }},
		{"an event twice", func(p *rpc.EventPage) { p.Events = append(p.Events[:1], p.Events...) }},
		{"an event of the page before", func(p *rpc.EventPage) { p.Events[0].ID = string(store.EndOfLedger(0)) }},
		{"an event that says another ledger", func(p *rpc.EventPage) { p.Events[1].Ledger.Sequence++ }},
		{"a cursor in front of its events", func(p *rpc.EventPage) { p.Cursor = p.Events[0].ID }},
		{"a cursor beyond the newest ledger", func(p *rpc.EventPage) { p.Cursor = string(store.EndOfLedger(41)) }},
		{"a cursor that is none", func(p *rpc.EventPage) { p.Cursor = "12" }},
		{"no cursor", func(p *rpc.EventPage) { p.Cursor = "" }},
		{"an event of a contract that was not asked for", func(p *rpc.EventPage) { p.Events[0].Contract.Key[0]++ }},
		{"an id that is none", func(p *rpc.EventPage) { p.Events[0].ID = "x" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			chain := newChain(14, 1).play(40)
			s := newSite(t, chain, tempPath(t))
			defer s.close()
			bent := false
			chain.bend = func(p *rpc.EventPage) {
				if len(p.Events) > 2 {
					bent = true
					p.Events = slices.Clone(p.Events)
					c.bend(p)
				}
			}
			if err := s.catchUp(t.Context()); !errors.Is(err, rpc.ErrAnswer) || !bent {
				t.Errorf("got %v, want ErrAnswer", err)
			}
			if all := s.everything(); len(all.Events)+len(all.Trades)+len(all.Feed) != 0 {
				t.Errorf("%d events were stored", len(all.Events))
			}
			chain.bend = nil
			s.mustCatchUp()
			s.checkTrades(chain, chain.ledgers[39])
		})
	}
}

// TestAnEventFromANewerContractIsKept puts events between the others that this program cannot read.
func TestAnEventFromANewerContractIsKept(t *testing.T) {
	c := newChain(15, 1).play(60)
	var strange []rpc.Event
	for i := range c.ledgers {
		l := &c.ledgers[i]
		if i%7 != 3 || len(l.events) == 0 {
			continue
		}
		e := l.events[len(l.events)-1]
		e.ID = fmt.Sprintf("%019d-%010d", int64(l.Sequence)<<32|9<<12, 0)
		body := *e.Event.Body.V0
		switch i % 3 {
		case 0: // a kind that is not known
			name := xdr.ScSymbol("teleported")
			body.Topics = []xdr.ScVal{{Type: xdr.ScValTypeScvSymbol, Sym: &name}}
		case 1: // a known kind with another data
			flag := true
			body.Data = xdr.ScVal{Type: xdr.ScValTypeScvBool, B: &flag}
		case 2: // no topics at all
			body.Topics = nil
		}
		e.Event.Body.V0 = &body
		l.events = append(l.events, e)
		strange = append(strange, e)
	}
	s := newSite(t, c, tempPath(t))
	defer s.close()
	s.mustCatchUp()
	s.checkTrades(c, c.ledgers[59])
	unread, err := s.store.Unread(t.Context(), "", store.MaxPage)
	if err != nil {
		t.Fatal(err)
	}
	if len(unread) != len(strange) || len(strange) < 3 || s.x.Status().Unread != len(strange) {
		t.Fatalf("%d events were kept without effect, the status says %d, want %d", len(unread), s.x.Status().Unread, len(strange))
	}
	told := 0
	for _, e := range s.everything().Feed {
		if e.Kind == feed.KindUnread {
			told++
		}
	}
	for i, e := range unread {
		raw, err := strange[i].Event.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		if string(e.ID) != strange[i].ID || string(e.Body) != string(raw) {
			t.Errorf("event %s was not kept as it came", strange[i].ID)
		}
		if _, err := Decode(e); err == nil {
			t.Errorf("event %s, %s, can be read after all", e.ID, e.Kind)
		}
	}
	if told != len(strange) {
		t.Errorf("the feed tells of %d, want %d", told, len(strange))
	}
}

// TestRunGoesOnByItself lets time pass in a bubble: ledgers close, the source fails for a while, somebody waits for a ledger.
func TestRunGoesOnByItself(t *testing.T) {
	path := tempPath(t)
	synctest.Test(t, func(t *testing.T) {
		c := newChain(16, 1).play(5)
		wake := make(chan struct{})
		asked := &counter{Source: c}
		s := newSite(t, c, path, func(config *Config) {
			config.Source, config.Now, config.Poll, config.Wake = asked, time.Now, time.Hour, wake
		})
		defer s.close()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- s.x.Run(ctx) }()
		if n, err := s.x.WaitLedger(ctx, 5); err != nil || n != 5 {
			t.Errorf("wait for ledger 5: %d, %v", n, err)
		}

		// A ledger that closes is read at once when somebody says so, not after Poll.
		begin := time.Now()
		c.play(1)
		wake <- struct{}{}
		if n, err := s.x.WaitLedger(ctx, 6); err != nil || n != 6 || time.Since(begin) > time.Second {
			t.Errorf("wait for ledger 6: %d, %v, after %v", n, err, time.Since(begin))
		}

		// Nobody can wait beyond their own patience.
		short, stop := context.WithTimeout(ctx, 5*time.Second)
		if n, err := s.x.WaitLedger(short, 7); !errors.Is(err, context.DeadlineExceeded) || n != 6 {
			t.Errorf("wait for ledger 7: %d, %v", n, err)
		}
		stop()

		// The source is away for an hour: it is asked again and again, but not more often than every half minute.
		before := asked.n.Load()
		c.set(func() { c.err = fmt.Errorf("away: %w", rpc.ErrUnavailable) })
		wake <- struct{}{}
		synctest.Wait()
		if status := s.x.Status(); status.State != Unreachable || !strings.Contains(status.Err, "away") {
			t.Errorf("while the source is away: %+v", status)
		}
		time.Sleep(time.Hour)
		if n := asked.n.Load() - before; n < 100 || n > 150 {
			t.Errorf("asked %d times in an hour", n)
		}
		c.set(func() { c.err = nil })
		c.play(3)
		time.Sleep(retryMost)
		synctest.Wait()
		if status := s.x.Status(); status.State != Following || status.Ledger != 9 || status.Err != "" || status.Lag() != 0 {
			t.Errorf("when it is back: %+v", status)
		}
		cancel()
		if err := <-done; err != nil {
			t.Errorf("stopped by its context: %v", err)
		}
	})
}

// counter counts how often the network is asked for, which is what every attempt begins with.
type counter struct {
	Source
	n atomic.Int64
}

func (c *counter) CheckNetwork(ctx context.Context) (uint32, error) {
	c.n.Add(1)
	return c.Source.CheckNetwork(ctx)
}

func TestConfigurationIsChecked(t *testing.T) {
	c := newChain(17, 1)
	good := Contract{c.contracts[0].address, 1}
	for name, contracts := range map[string][]Contract{
		"none": nil, "twice the same": {good, good}, "an account": {{stellar.Address{}, 1}}, "too many": make([]Contract, maxContracts+1),
	} {
		if _, err := New(Config{Contracts: contracts}); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
