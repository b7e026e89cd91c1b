package bench

import (
	"log/slog"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/indexer"
	"github.com/Abdullahi130/StellarEscrow/test/bench/ledgers"
)

// BenchmarkRebuild projects all stored events anew, beside the ingest that stored them: "ratio" is the rate of the first in terms of the second; it
// is to be 1.
func BenchmarkRebuild(b *testing.B) {
	set := recorded(b, ledgers.Plan{Seed: 1, Trades: trades(b)})
	network, err := set.Network()
	if err != nil {
		b.Fatal(err)
	}
	for _, e := range engines {
		b.Run(e.name, func(b *testing.B) {
			for range b.N {
				s := e.make(b).open(b)
				took := ingest{set: set, store: s}.run(b)
				before := stateHash(b, s)
				var rebuilding time.Duration
				memory := most(func() {
					began := time.Now()
					done, err := indexer.Rebuild(b.Context(), network, s, slog.New(slog.DiscardHandler))
					rebuilding = time.Since(began)
					if err != nil || done.Events != set.Events || done.Unread != 0 {
						b.Fatalf("%+v, %v", done, err)
					}
				})
				if after := stateHash(b, s); after != before {
					b.Fatalf("the state was %x and is %x", before, after)
				}
				closeStore(b, s)
				b.ReportMetric(float64(set.Events)/took.Seconds(), "ingest-events/s")
				b.ReportMetric(float64(set.Events)/rebuilding.Seconds(), "events/s")
				b.ReportMetric(took.Seconds()/rebuilding.Seconds(), "ratio")
				b.ReportMetric(float64(memory.heap)/1e6, "heap-MB")
			}
		})
	}
}
