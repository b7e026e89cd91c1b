//go:build unix

package bench

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
)

// What `dev` may take.
const (
	startLimit  = time.Second // from exec to the first answer, at the median
	memoryLimit = 300 << 20   // bytes of the process after devTrades trades
	growthLimit = 1.2         // the last thousand trades beside the first
	devTrades   = 10_000
)

// BenchmarkStart is how long `dev` takes from exec to a deployed contract and the first answer of its api, once the contract host has been compiled and
// kept.
func BenchmarkStart(b *testing.B) {
	const starts = 15
	path := buildProgram(b)
	var all []time.Duration
	for i := range starts + 1 {
		began := time.Now()
		p := startDev(b, path)
		err := fetch(b.Context(), p.ready.API+"/platform")
		took := time.Since(began)
		p.stop(b)
		if err != nil {
			b.Fatal(err)
		}
		if i > 0 { // the first has compiled the host, or has read all of it from the disk
			all = append(all, took)
		}
	}
	slices.Sort(all)
	median := all[len(all)/2]
	b.ReportMetric(milliseconds(median), "p50-ms")
	b.ReportMetric(milliseconds(all[len(all)-1]), "most-ms")
	b.ReportMetric(median.Seconds()/startLimit.Seconds(), "of-limit")
	if median > startLimit {
		b.Errorf("dev is ready after %s: the limit is %s", median, startLimit)
	}
}

// BenchmarkTrades is what 10,000 trades of four calls, each simulated, signed and submitted over RPC, leave in `dev`: the memory of its process, and how
// much more of the processors the last thousand takes of it than the first.
func BenchmarkTrades(b *testing.B) {
	const couples, thousand = 8, 1000
	n := setting(b, tradesSetting, devTrades)
	if n%thousand != 0 || n < 2*thousand {
		b.Fatalf("%s is %d: give thousands, two or more", tradesSetting, n)
	}
	p := startDev(b, buildProgram(b))
	defer p.stop(b)
	s := p.platform(b, couples)
	empty := p.status(b, "VmRSS")
	var took []time.Duration
	for range n / thousand {
		var begun atomic.Int64
		began, before := time.Now(), p.worked(b)
		s.all(b, func(c *couple) error {
			for begun.Add(1) <= thousand {
				if err := c.wholeTrade(b); err != nil {
					return err
				}
			}
			return nil
		})
		took = append(took, p.worked(b)-before)
		b.Logf("%s of the processors, %s by the clock: %d MB", took[len(took)-1], time.Since(began).Round(time.Millisecond), p.status(b, "VmRSS")>>20)
	}
	first, last := took[0], took[len(took)-1]
	memory, most := p.status(b, "VmRSS"), p.status(b, "VmHWM")
	growth := last.Seconds() / first.Seconds()
	b.ReportMetric(float64(empty>>20), "MB-before")
	b.ReportMetric(float64(memory>>20), "MB-after")
	b.ReportMetric(float64(most>>20), "MB-most")
	b.ReportMetric(float64(memory)/float64(memoryLimit), "of-limit")
	b.ReportMetric(milliseconds(first/thousand), "first-ms/trade")
	b.ReportMetric(milliseconds(last/thousand), "last-ms/trade")
	b.ReportMetric(growth, "times-first")
	if memory > memoryLimit {
		b.Errorf("%d MB after %d trades: the limit is %d MB", memory>>20, n, memoryLimit>>20)
	}
	if growth > growthLimit {
		b.Errorf("the last thousand trades take %.2f times the first: the limit is %.1f (%v)", growth, growthLimit, took)
	}
}

// wholeTrade is a trade as clients make it.
func (c *couple) wholeTrade(b *testing.B) error {
	t, err := c.terms()
	if err != nil {
		return err
	}
	for _, step := range []struct {
		who  *person
		call escrow.Call
	}{
		{c.seller, escrow.CallOpen{Terms: t, By: escrow.Seller}},
		{c.buyer, escrow.CallFund{Terms: t}},
		{c.seller, escrow.CallDeliver{Terms: t, Proof: escrow.Hash{1}}},
		{c.buyer, escrow.CallRelease{Terms: t, Amount: amount.Int(unit)}},
	} {
		if err := step.who.call(b.Context(), c.p, step.call); err != nil {
			return err
		}
	}
	return nil
}
