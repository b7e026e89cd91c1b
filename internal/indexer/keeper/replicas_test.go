package keeper_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/indexer/keeper"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// cut is a store that can be out of reach.
type cut struct {
	keeper.Store
	off atomic.Bool
}

func (c *cut) Due(ctx context.Context, until uint64, after store.Due, limit int) ([]store.Due, error) {
	if c.off.Load() {
		return nil, errors.New("no store")
	}
	return c.Store.Due(ctx, until, after, limit)
}

func (c *cut) Lease(ctx context.Context, names []string, holder string, now, until uint64) (store.Lease, error) {
	if c.off.Load() {
		return store.Lease{}, errors.New("no store")
	}
	return c.Store.Lease(ctx, names, holder, now, until)
}

// Two processes that both believe that they lead settle each trade once, with the same accounts, and pay for nothing in vain; when the one that
// acts stops, or loses the store, the other goes on.
func TestTwoKeepersPayOnceForEachTrade(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*settling, *cut){
		"one stops":           func(k *settling, _ *cut) { k.stop() },
		"one loses its store": func(_ *settling, c *cut) { c.off.Store(true) },
	} {
		t.Run(name, func(t *testing.T) {
			const n = 20
			w := newWorld(t, localnet.Options{}, 3, "buyer", "seller")
			defer w.stop()
			due := uint64(w.now().Unix()) + 3_000
			trades := w.funded(n, due)
			var stores [2]cut
			var keepers [2]*settling
			for i := range stores {
				stores[i].Store = w.db
				keepers[i] = w.keep(func(c *config) { c.Store = &stores[i] })
			}
			from := w.reach(due)
			count := func() (done int) {
				for _, id := range trades {
					if ledger, _ := w.settledIn(id); ledger != 0 {
						done++
					}
				}
				return done
			}
			w.until("some are settled", func() bool { return count() >= n/4 })
			acts := 0
			if keepers[1].Status().State == keeper.Keeping {
				acts = 1
			}
			end(keepers[acts], &stores[acts])
			w.until("all are settled", func() bool {
				done := count()
				if done < n && !keepers[0].Status().Busy && !keepers[1].Status().Busy {
					must(w.net.Advance(time.Second)) // until the turn of the one is over
				}
				return done == n
			})
			for _, id := range trades {
				if _, times := w.settledIn(id); times != 1 {
					t.Errorf("trade %s was settled %d times", id, times)
				}
			}
			if ok, failed, wasted := w.sent(from); ok != n || failed != 0 {
				t.Errorf("%d transactions for %d trades, %d failed and cost %d stroops", ok, n, failed, wasted)
			}
			total := int64(0)
			for _, name := range []string{"keeper 0", "keeper 1", "keeper 2"} {
				total += w.charged(name)
			}
			w.until("the day says what the accounts were charged", func() bool { return w.spent() == total })
		})
	}
}

// selfish is a store in which it is always one's turn.
type selfish struct{ keeper.Store }

func (selfish) Lease(_ context.Context, names []string, holder string, _, until uint64) (store.Lease, error) {
	return store.Lease{Name: names[0], Holder: holder, Until: until}, nil
}

func (selfish) EndLease(context.Context, store.Lease) error { return nil }

// Even if both act at once, which turns keep them from, nothing is settled twice, and hardly anything is paid for in vain.
func TestKeepersWithoutTurnsSettleOnce(t *testing.T) {
	t.Parallel()
	const n = 10
	w := newWorld(t, localnet.Options{}, 5, "buyer", "seller")
	defer w.stop()
	due := uint64(w.now().Unix()) + 3_000
	trades := w.funded(n, due)
	alone := func(c *config) { c.Store = selfish{w.db} }
	a, b := w.keep(alone), w.keep(alone)
	from := w.reach(due)
	for _, id := range trades {
		w.until("all are settled", func() bool {
			if one, two := a.Status(), b.Status(); one.PutOffAll+two.PutOffAll > 0 && !one.Busy && !two.Busy {
				must(w.net.Advance(10 * time.Second))
			}
			ledger, _ := w.settledIn(id)
			return ledger != 0
		})
	}
	for _, id := range trades {
		if _, times := w.settledIn(id); times != 1 {
			t.Errorf("trade %s was settled %d times", id, times)
		}
	}
	ok, failed, wasted := w.sent(from)
	t.Logf("%d transactions for %d trades, %d failed and cost %d stroops", ok, n, failed, wasted)
	if ok != n || failed > n/2 {
		t.Errorf("%d transactions for %d trades, %d failed", ok, n, failed)
	}
}
