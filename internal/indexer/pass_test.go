package indexer

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

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
