package bench

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
	"github.com/Abdullahi130/StellarEscrow/internal/store/storetest"
	"github.com/Abdullahi130/StellarEscrow/test/bench/ledgers"
)

// way is a way to ingest something; several are compared.
type way struct {
	set    ledgers.Set
	follow []string
	before func(b *testing.B, s engine) // fills the store; not timed
}

// compare lets all ways take turns, several times, and returns the least that each took for an event: what else the machine does can only add to it.
func compare(b *testing.B, make func(*testing.B) database, ways ...way) []cost {
	b.Helper()
	const rounds = 3
	least := slices.Repeat([]cost{{time.Hour, time.Hour}}, len(ways))
	for range rounds {
		for i, w := range ways {
			d := make(b)
			s := d.open(b)
			if w.before != nil {
				w.before(b, s)
			}
			took := costOf(b, d, func() { ingest{set: w.set, store: s, follow: w.follow}.run(b) })
			n := time.Duration(w.set.Events)
			least[i] = cost{min(least[i].clock, took.clock/n), min(least[i].processors, took.processors/n)}
			closeStore(b, s)
		}
	}
	return least
}

// report says what more costs beside less, in percent.
func (less cost) report(b *testing.B, name string, more cost) {
	b.Helper()
	b.ReportMetric(100*(more.clock.Seconds()/less.clock.Seconds()-1), name+"-%")
	b.ReportMetric(100*(more.processors.Seconds()/less.processors.Seconds()-1), name+"-processors-%")
}

// BenchmarkContracts is what one more followed contract costs: one in which nothing happens, and one that half of the same trades are in.
// 10 % are allowed.
func BenchmarkContracts(b *testing.B) {
	n := trades(b) / 2
	one, two := recorded(b, ledgers.Plan{Seed: 1, Trades: n}), recorded(b, ledgers.Plan{Seed: 1, Trades: n, Contracts: 2})
	idle := stellar.Address{Contract: true, Key: [32]byte{1}}.String()
	for _, e := range engines {
		b.Run(e.name, func(b *testing.B) {
			for range b.N {
				took := compare(b, e.make, way{set: one}, way{set: one, follow: append([]string{idle}, one.Contracts...)}, way{set: two})
				b.ReportMetric(1/took[0].clock.Seconds(), "events/s")
				took[0].report(b, "idle", took[1])
				took[0].report(b, "busy", took[2])
			}
		})
	}
}

// BenchmarkEnded is what it costs that a hundred times as many trades are stored, nearly all of them ended. 10 % are allowed.
func BenchmarkEnded(b *testing.B) {
	set := recorded(b, ledgers.Plan{Seed: 1, Trades: trades(b) / 4})
	few := trades(b) / 100
	for _, e := range engines {
		b.Run(e.name, func(b *testing.B) {
			for range b.N {
				filled := func(n int) func(*testing.B, engine) {
					return func(b *testing.B, s engine) { fill(b, s, n) }
				}
				took := compare(b, e.make, way{set: set, before: filled(few)}, way{set: set, before: filled(100 * few)})
				b.ReportMetric(float64(few), "trades-before")
				b.ReportMetric(1/took[0].clock.Seconds(), "events/s")
				took[0].report(b, "100-times", took[1])
			}
		})
	}
}

// fill stores the trades of a workload, of a contract of its own, without their feed: what is ingested begins it. All of them lie before what is
// ingested, as ended trades do: new rows then go to the end of what is in the order of the chain.
func fill(b *testing.B, s engine, n int) {
	b.Helper()
	if err := s.Follow(b.Context(), storetest.Contract, ledgers.First-1); err != nil {
		b.Fatal(err)
	}
	earlier := places{}
	position := store.EndOfLedger(ledgers.First - 2)
	for batch := range (storetest.Workload{Seed: 9, Trades: n, Together: min(n, 2_000), Events: 20_000}).Batches() {
		batch.Feed = nil
		for i := range batch.Events {
			batch.Events[i].ID = earlier.of(batch.Events[i].ID)
		}
		for i := range batch.Trades {
			t := batch.Trades[i].Clone() // the workload goes on with its own
			t.Opened.Event, t.Updated.Event = earlier.of(t.Opened.Event), earlier.of(t.Updated.Event)
			batch.Trades[i].Trade = t
			for k := range batch.Trades[i].Payouts {
				batch.Trades[i].Payouts[k].Event = earlier.of(batch.Trades[i].Payouts[k].Event)
			}
		}
		batch.Moves[0].From = position
		if n := len(batch.Events); n > 0 {
			position = batch.Events[n-1].ID
		}
		batch.Moves[0].To = position
		if err := s.Apply(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
	ended := 0
	stage := escrow.StageEnded
	list, err := s.Trades(b.Context(), store.TradeFilter{Contract: storetest.Contract, Stage: &stage, Page: store.Page{Limit: store.MaxPage}})
	if ended = len(list); err != nil || ended < min(n/2, store.MaxPage) {
		b.Fatalf("%d of %d trades have ended: %v", ended, n, err)
	}
}

// places are events' places in the ledger before those that are ingested, in the order in which they are asked for.
type places map[store.EventID]store.EventID

func (p places) of(id store.EventID) store.EventID {
	if _, ok := p[id]; !ok {
		p[id] = store.EventID(fmt.Sprintf("%019d-%010d", uint64(ledgers.First-1)<<32+uint64(len(p))+1<<12, 0))
	}
	return p[id]
}
