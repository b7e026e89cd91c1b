package bench

import (
	"context"
	"log/slog"
	"slices"
	"sync"
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

// BenchmarkRelease is a buyer's release, simulated over RPC, signed, submitted and in a ledger, one after the other, and by many at once. Client and network
// are in this process, and what the processors do for both is held to the limits: other work on the machine changes that less than it does the clock.
func BenchmarkRelease(b *testing.B) {
	b.Run("one", func(b *testing.B) {
		const releases = 15 * batch
		p := newPlatform(b, 1, slog.DiscardHandler)
		took := make([]time.Duration, 0, releases)
		var work least
		p.all(b, func(c *couple) error {
			return c.releases(b.Context(), func() bool { return len(took) < releases }, func(d time.Duration) {
				took = append(took, d)
				work.done()
			})
		})
		slices.Sort(took)
		b.ReportMetric(milliseconds(took[0]), "least-ms")
		b.ReportMetric(milliseconds(took[len(took)/2]), "p50-ms")
		b.ReportMetric(milliseconds(work.each), "processors-ms")
		b.ReportMetric(work.each.Seconds()/releaseLimit.Seconds(), "of-limit")
		if work.each > releaseLimit {
			b.Errorf("a release takes %s of the processors: the limit is %s", work.each, releaseLimit)
		}
	})
	b.Run("many", func(b *testing.B) {
		const couples, lasts = 16, 10 * time.Second
		p := newPlatform(b, couples, slog.DiscardHandler)
		var work least
		began := time.Now()
		p.all(b, func(c *couple) error {
			return c.releases(b.Context(), func() bool { return time.Since(began) < lasts }, func(time.Duration) { work.done() })
		})
		clock := float64(work.n) / time.Since(began).Seconds()
		each := (work.before - work.first) / time.Duration(max(work.n/batch-1, 1)*batch) // of all: those of a batch have begun at different times
		rate := 2 / each.Seconds()
		b.ReportMetric(clock, "releases/s")
		b.ReportMetric(milliseconds(each), "processors-ms")
		b.ReportMetric(rate, "releases/s-of-two")
		b.ReportMetric(rate/releasesLeast, "of-least")
		if rate < releasesLeast {
			b.Errorf("two processors do %.0f releases a second: at least %.0f are asked", rate, releasesLeast)
		}
	})
}

// batch is how many releases are counted together.
const batch = 20

// least is the least that the processors did for each of a batch of releases.
type least struct {
	mu     sync.Mutex
	n      int
	first  time.Duration // worked when the first batch was done
	before time.Duration // and when the last was
	each   time.Duration
}

func (l *least) done() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.n++; l.n%batch != 0 {
		return
	}
	now := worked()
	if each := (now - l.before) / batch; l.before != 0 && (l.each == 0 || each < l.each) {
		l.each = each
	}
	if l.first == 0 {
		l.first = now
	}
	l.before = now
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
