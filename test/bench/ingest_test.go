package bench

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/store"
	"github.com/Abdullahi130/StellarEscrow/test/bench/ledgers"
)

// BenchmarkIngest follows recorded ledgers to their end, beside bare copying of the rows that come of it, indexes and all, into the same tables,
// and beside one INSERT for each event. One half of the rows is copied before and one after, so that whatever else the machine does slows both.
//
// "ratio" is the rate of ingest in terms of bare copying (it is to be 0.5); indexer-µs, database-µs and copy-µs are what an event takes of the
// processors, of which ingest can use two at a time and copying hardly more than one. "x-insert" is the rate in terms of INSERT (20 is asked; where a
// commit costs next to nothing, as on a disk that does not really flush, nothing can be 20 times as fast).
func BenchmarkIngest(b *testing.B) {
	for _, e := range engines {
		b.Run(e.name, func(b *testing.B) {
			set := recorded(b, ledgers.Plan{Seed: 1, Trades: setting(b, tradesSetting, e.ingest)})
			b.ResetTimer()
			for range b.N {
				final := e.make(b) // made beforehand, so that copying has its rows
				s := final.open(b)
				memory := most(func() { ingest{set: set, store: s}.run(b) })
				first := stateHash(b, s)
				closeStore(b, s)

				c, second := final.copier(b, e.make(b)), e.make(b)
				bare := c.copy(b, 0, 2)
				s = second.open(b)
				ours, theirs := worked(), second.worked(b)
				took := ingest{set: set, store: s}.run(b)
				ours, theirs = worked()-ours, second.worked(b)-theirs
				bare = bare.plus(c.copy(b, 1, 2))
				if again := stateHash(b, s); again != first {
					b.Fatalf("two runs over the same ledgers: %x and %x", first, again)
				}
				closeStore(b, s)
				inserted, inserting := e.make(b).insert(b, final, 2_000)

				events := float64(set.Events)
				b.ReportMetric(ours.Seconds()*1e6/events, "indexer-µs")
				b.ReportMetric(theirs.Seconds()*1e6/events, "database-µs")
				b.ReportMetric(bare.processors.Seconds()*1e6/events, "copy-µs")
				b.ReportMetric(events/took.Seconds(), "events/s")
				b.ReportMetric(events/bare.clock.Seconds(), "bare-events/s")
				b.ReportMetric(bare.clock.Seconds()/took.Seconds(), "ratio")
				b.ReportMetric(events/took.Seconds()/(float64(inserted)/inserting.Seconds()), "x-insert")
				b.ReportMetric(float64(memory.heap)/1e6, "heap-MB")
				b.ReportMetric(float64(memory.resident)/1e6, "resident-MB")
				b.Logf("%d trades, %d events, state %x\n%s", set.Plan.Trades, set.Events, first, sizes(final.sizes(b), set))
			}
		})
	}
}

func stateHash(b *testing.B, s store.StateReader) store.Hash {
	b.Helper()
	state, err := store.StateHash(b.Context(), s)
	if err != nil {
		b.Fatal(err)
	}
	return state.Hash
}

// sizes is what is on disk, in all and for each trade: the largest tables with their indexes, the largest first, and no more lines than a benchmark may log.
func sizes(of map[string]int64, set ledgers.Set) string {
	var out strings.Builder
	total := int64(0)
	for _, n := range of {
		total += n
	}
	line := func(name string, n int64) {
		fmt.Fprintf(&out, "%-12s %12d bytes %6.0f a trade %5.0f an event\n", name, n, float64(n)/float64(set.Plan.Trades), float64(n)/float64(set.Events))
	}
	line("in all", total)
	names := slices.SortedFunc(maps.Keys(of), func(a, b string) int { return cmp.Compare(of[b], of[a]) })
	const most = 7
	for _, name := range names[:min(len(names), most)] {
		line(name, of[name])
	}
	return strings.TrimSpace(out.String())
}
