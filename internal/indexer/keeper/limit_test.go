package keeper_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/keeper"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// spent is what keepers have spent on this day of the ledgers' clock.
func (w *world) spent() int64 {
	w.t.Helper()
	return must(w.db.Spent(w.t.Context(), store.PurposeKeeper, store.DayOf(w.now().Unix()), "")).Stroops
}

// When the day's limit is reached the keeper stops, and says so once: in the log, in a metric, in the feed. On the next day it goes on.
func TestTheDaysLimitStopsTheKeeper(t *testing.T) {
	t.Parallel()
	w := newWorld(t, localnet.Options{}, 2, "buyer", "seller")
	defer w.stop()
	const day, limit = 86_400, 350_000
	due := (uint64(w.now().Unix())/day+2)*day + 3600 // an hour after midnight
	terms := w.terms("buyer", "seller", due)
	terms.FundBy = due - 1000
	w.fund("buyer", "seller", terms)
	trades := w.funded(7, due)
	w.reach(due)
	w.projected()

	var lines lines
	k := w.keep(func(c *config) { c.Limit, c.Log = limit, lines.logger() })
	w.until("it stops", func() bool {
		s := k.Status()
		_, paused := s.Paused[keeper.Settling]
		if !s.Busy && !paused {
			must(w.net.Advance(5 * time.Second))
		}
		return paused
	})
	spent := w.spent()
	left := k.Status().Due
	if spent > limit || spent == 0 || left == 0 || left == 8 {
		t.Fatalf("%d stroops were spent of %d, and %d trades are due", spent, limit, left)
	}
	if until := k.Status().Paused[keeper.Settling]; until.Unix() != int64(due/day+1)*day {
		t.Errorf("until %s", until)
	}
	charged := func() int64 { return w.charged("keeper 0") + w.charged("keeper 1") }
	before := charged()
	for range 5 {
		must(w.net.Advance(time.Hour))
		ledger := w.latest()
		w.until("it has looked at a later ledger", func() bool { return k.Status().Ledger >= ledger })
	}
	if after := charged(); after != before || w.spent() != spent {
		t.Errorf("it has paid %d stroops after it had stopped", after-before)
	}
	if n := lines.count("reached its limit"); n != 1 {
		t.Errorf("it was logged %d times", n)
	}
	if kinds := k.told(); !slices.Equal(kinds, []string{feed.KindKeeperLimit}) {
		t.Errorf("the feed was told %v", kinds)
	}
	var data struct {
		Limit string `json:"limit_stroops"`
		Until int64  `json:"until"`
	}
	if err := json.Unmarshal(k.notes[0].Data, &data); err != nil || data.Limit != "350000" || data.Until != int64(due/day+1)*day {
		t.Errorf("%s, %v", k.notes[0].Data, err)
	}
	wantMetrics(t, k, `
		# HELP stellar_escrow_keeper_paused 1 while the day's limit keeps it from this work.
		# TYPE stellar_escrow_keeper_paused gauge
		stellar_escrow_keeper_paused{work="extend"} 0
		stellar_escrow_keeper_paused{work="settle"} 1
		# HELP stellar_escrow_keeper_limit_stroops What it may spend in a day.
		# TYPE stellar_escrow_keeper_limit_stroops gauge
		stellar_escrow_keeper_limit_stroops 350000
	`, "stellar_escrow_keeper_paused", "stellar_escrow_keeper_limit_stroops")

	w.reach((due/day + 1) * day)
	w.until("it goes on", func() bool { return k.Status().Due < left && k.Status().Due > 0 || k.Status().Due == 0 })
	w.until("it says so", func() bool { return len(k.told()) > 1 })
	if kinds := k.told(); kinds[1] != feed.KindKeeperLimitEnd {
		t.Errorf("the feed was told %v", kinds)
	}
	for days := (due/day + 2); days < due/day+9; days++ {
		done := 0
		for _, id := range trades {
			if ledger, _ := w.settledIn(id); ledger != 0 {
				done++
			}
		}
		if done == len(trades) {
			return
		}
		w.until("it stops again, or is done", func() bool {
			s := k.Status()
			_, paused := s.Paused[keeper.Settling]
			if !s.Busy && !paused {
				must(w.net.Advance(5 * time.Second)) // who was refused while others were on their way is tried again in a moment
			}
			return paused || s.Due == 0
		})
		if spent := w.spent(); spent > limit {
			t.Errorf("%d stroops in a day", spent)
		}
		w.reach(days * day)
	}
	t.Error("not all are settled after a week")
}

func wantMetrics(t *testing.T, k *settling, want string, names ...string) {
	t.Helper()
	if err := testutil.CollectAndCompare(k.Keeper, strings.NewReader(want), names...); err != nil {
		t.Error(err)
	}
}
