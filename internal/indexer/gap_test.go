package indexer

import (
	"slices"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

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

	// A node that still has everything ends it, and nothing is missing. What was read ahead of the note that says so is read again.
	c.perPage = 3
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
