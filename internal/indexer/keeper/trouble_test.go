package keeper_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/keeper"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/signer"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
	"github.com/Abdullahi130/StellarEscrow/internal/secret"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// An account that cannot pay does nobody harm: the others do its work, and its balance says why.
func TestAnAccountThatCannotPayRests(t *testing.T) {
	w := newWorld(t, localnet.Options{}, 1, "buyer", "seller")
	defer w.stop()
	poor := must(keypair.Random()) // no account has it
	w.keys["poor"] = poor
	w.keepers = append([]keeper.Signer{must(signer.New(signer.Config{
		Job: signer.Keeper, Account: w.address("poor"), Seed: func() secret.Secret { return secret.New(poor.Seed()) }, Network: w.node.Network(),
		Follows: func() []stellar.Address { return []stellar.Address{w.contract} }, MaxFee: 1000 * xlm, Now: w.now,
	}))}, w.keepers...)
	due := uint64(w.now().Unix()) + 3_000
	trades := w.funded(3, due)
	k := w.keep()
	w.reach(due)
	for _, id := range trades {
		w.settledAtLast(k, id)
	}
	w.until("its balance is shown", func() bool { return len(k.Status().Balances) == 2 })
	if s := k.Status(); s.Balances[poor.Address()] != 0 || s.Balances[w.address("keeper 0").String()] == 0 {
		t.Errorf("%v", s.Balances)
	}
	if n := testutil.ToFloat64(metricOf(t, k, "stellar_escrow_keeper_failures_total", "account")); n < 1 {
		t.Errorf("%g failures of accounts were counted", n)
	}
}

// metricOf is one sample of the keeper's, as a metric of its own.
func metricOf(t *testing.T, k *settling, name, label string) prometheus.Collector {
	t.Helper()
	r := prometheus.NewPedanticRegistry()
	r.MustRegister(k.Keeper)
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	g := prometheus.NewGauge(prometheus.GaugeOpts{Name: "found"})
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name && (label == "" || len(m.GetLabel()) == 1 && m.GetLabel()[0].GetValue() == label) {
				g.Set(m.GetCounter().GetValue() + m.GetGauge().GetValue())
				return g
			}
		}
	}
	t.Fatalf("there is no %s of %q", name, label)
	return nil
}

// away is a node that does not answer at times.
type away struct {
	*rpc.Client
	gone atomic.Bool
}

func (a *away) Range(ctx context.Context) (rpc.Range, error) {
	if a.gone.Load() {
		return rpc.Range{}, fmt.Errorf("getHealth: %w", rpc.ErrUnavailable)
	}
	return a.Client.Range(ctx)
}

func (a *away) Entries(ctx context.Context, keys ...xdr.LedgerKey) ([]rpc.Entry, uint32, error) {
	if a.gone.Load() {
		return nil, 0, fmt.Errorf("getLedgerEntries: %w", rpc.ErrUnavailable)
	}
	return a.Client.Entries(ctx, keys...)
}

// While the node does not answer the keeper says so, and goes on by itself.
func TestTheKeeperOutlivesItsNode(t *testing.T) {
	w := newWorld(t, localnet.Options{}, 1, "buyer", "seller")
	defer w.stop()
	due := uint64(w.now().Unix()) + 3_000
	id := w.funded(1, due)[0]
	node := &away{Client: w.node}
	node.gone.Store(true)
	var log lines
	k := w.keep(func(c *config) { c.Node, c.Log = func() keeper.Node { return node }, log.logger() })
	w.until("it says so", func() bool { return k.Status().Err != "" })
	w.reach(due)
	time.Sleep(200 * time.Millisecond) // it looks several times
	if n := log.count("cannot look"); n != 1 {
		t.Errorf("it was logged %d times", n)
	}
	node.gone.Store(false)
	w.settledAtLast(k, id)
	w.until("all is well", func() bool { return k.Status().Err == "" })
}

// What the feed could not be told is told later, once.
func TestTheFeedIsToldLater(t *testing.T) {
	w := newWorld(t, localnet.Options{}, 1, "buyer", "seller")
	defer w.stop()
	due := uint64(w.now().Unix()) + 3_000
	w.funded(2, due)
	var k *settling
	var fails atomic.Int32
	fails.Store(3)
	k = w.keep(func(c *config) {
		told := c.Note
		c.Limit = 1000 // nothing can be paid
		c.Note = func(ctx context.Context, n feed.Note) error {
			if fails.Add(-1) >= 0 {
				return errors.New("another process follows")
			}
			return told(ctx, n)
		}
	})
	w.reach(due)
	w.until("it is told", func() bool {
		if fails.Load() < 3 {
			must(w.net.Advance(10 * time.Second))
		}
		return len(k.told()) > 0
	})
	time.Sleep(200 * time.Millisecond) // it looks several times
	if kinds := k.told(); len(kinds) != 1 || kinds[0] != feed.KindKeeperLimit {
		t.Errorf("%v", kinds)
	}
	if s := k.Status(); s.Spent != 0 || s.Due != 2 {
		t.Errorf("%+v", s)
	}
}

// Every metric that dashboards and alerts are made of is there, and sound.
func TestMetrics(t *testing.T) {
	w := newWorld(t, localnet.Options{}, 1, "buyer", "seller")
	defer w.stop()
	due := uint64(w.now().Unix()) + 3_000
	id := w.funded(1, due)[0]
	k := w.keep()
	w.until("it has swept", func() bool { s := k.Status(); return !s.Swept.IsZero() && len(s.Balances) > 0 && !s.Busy })
	w.reach(due)
	w.settledAtLast(k, id)
	w.until("it has counted", func() bool { s := k.Status(); return s.Due == 0 && s.Spent == w.charged("keeper 0") && s.Spent > 0 })
	if problems, err := testutil.CollectAndLint(k.Keeper); err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
	account := w.address("keeper 0").String()
	for _, c := range []struct {
		name, label string
		want        float64
	}{
		{"keeper_due_trades", "", 0}, {"keeper_oldest_due_seconds", "", 0}, {"keeper_settled_total", "", 1}, {"keeper_failures_total", "failed", 0},
		{"keeper_extended_entries_total", "", 0}, {"keeper_spent_stroops", "", float64(w.charged("keeper 0"))}, {"keeper_limit_stroops", "", 1000 * xlm},
		{"keeper_balance_stroops", account, float64(localnet.FriendbotLumens*xlm - w.charged("keeper 0"))}, {"keeper_paused", "settle", 0}, {"keeper_paused", "extend", 0},
		{"keeper_put_off_trades", "", 0}, {"keeper_failed_stroops_total", "", 0}, {"keeper_archived_entries", "", 0}, {"keeper_acts", "", 1},
	} {
		if got := testutil.ToFloat64(metricOf(t, k, "stellar_escrow_"+c.name, c.label)); got != c.want {
			t.Errorf("%s{%s} is %g, want %g", c.name, c.label, got, c.want)
		}
	}
	for _, kind := range []string{"code", "instance"} {
		if got := testutil.ToFloat64(metricOf(t, k, "stellar_escrow_soonest_lapse_ledgers", kind)); got < 2_000_000 {
			t.Errorf("the %s ends in %g ledgers", kind, got)
		}
	}
	k.stop()
	if got := testutil.ToFloat64(metricOf(t, k, "stellar_escrow_keeper_acts", "")); got != 0 {
		t.Error("one that does not run acts")
	}
}
