package bench

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
)

// What a whole release may take in localnet, simulated, signed, submitted and in a ledger, and how many a second two processors have to do.
const (
	releaseLimit  = 5 * time.Millisecond
	releasesLeast = 400.0
)

// BenchmarkRelease is a buyer's release simulated over RPC, signed, submitted and in a ledger, one after the other, and by many at once. Client and network are in this process, and
// what the processors do for both is held to the limits: other work on the machine hardly changes that, and what the clock says very much.
func BenchmarkRelease(b *testing.B) {
	b.Run("one", func(b *testing.B) {
		const releases = 150
		p := newPlatform(b, 1, slog.DiscardHandler)
		took := make([]time.Duration, 0, releases)
		before := worked()
		p.all(b, func(c *couple) error {
			return c.releases(b.Context(), func() bool { return len(took) < releases }, func(d time.Duration) { took = append(took, d) })
		})
		each := (worked() - before) / releases
		slices.Sort(took)
		b.ReportMetric(milliseconds(took[0]), "least-ms")
		b.ReportMetric(milliseconds(took[len(took)/2]), "p50-ms")
		b.ReportMetric(milliseconds(each), "processors-ms")
		b.ReportMetric(each.Seconds()/releaseLimit.Seconds(), "of-limit")
		if each > releaseLimit {
			b.Errorf("a release takes %s of the processors: the limit is %s", each, releaseLimit)
		}
	})
	b.Run("many", func(b *testing.B) {
		const couples, warm, lasts = 16, 2 * time.Second, 10 * time.Second
		p := newPlatform(b, couples, slog.DiscardHandler)
		var done atomic.Int64
		var before time.Duration
		var begin sync.Once
		warmed := time.Now().Add(warm)
		end := warmed.Add(lasts)
		p.all(b, func(c *couple) error {
			return c.releases(b.Context(), func() bool { return time.Now().Before(end) }, func(time.Duration) {
				if time.Now().After(warmed) {
					begin.Do(func() { before = worked() })
					done.Add(1)
				}
			})
		})
		each := (worked() - before) / time.Duration(max(done.Load(), 1))
		rate := 2 / each.Seconds()
		b.ReportMetric(float64(done.Load())/lasts.Seconds(), "releases/s")
		b.ReportMetric(milliseconds(each), "processors-ms")
		b.ReportMetric(rate, "releases/s-of-two")
		b.ReportMetric(rate/releasesLeast, "of-least")
		if rate < releasesLeast {
			b.Errorf("two processors do %.0f releases a second: at least %.0f are asked", rate, releasesLeast)
		}
	})
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// releases funds a trade and releases it stroop by stroop, and tells how long each took.
func (c *couple) releases(ctx context.Context, more func() bool, done func(time.Duration)) error {
	t, err := c.terms()
	if err != nil {
		return err
	}
	if err := c.seller.call(ctx, c.p, escrow.CallOpen{Terms: t, By: escrow.Seller}); err != nil {
		return err
	}
	if err := c.buyer.call(ctx, c.p, escrow.CallFund{Terms: t}); err != nil {
		return err
	}
	for more() {
		began := time.Now()
		if err := c.buyer.call(ctx, c.p, escrow.CallRelease{Terms: t, Amount: amount.Int(1)}); err != nil {
			return err
		}
		done(time.Since(began))
	}
	return nil
}
