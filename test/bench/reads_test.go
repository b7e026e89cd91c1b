package bench

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
	"github.com/Abdullahi130/StellarEscrow/test/bench/ledgers"
)

// reader is what the api and the stream ask of a store.
type reader interface {
	Trade(ctx context.Context, id escrow.ID) (store.Trade, error)
	Trades(ctx context.Context, f store.TradeFilter) ([]store.Trade, error)
	Events(ctx context.Context, f store.EventFilter) ([]store.Event, error)
	FeedEntries(ctx context.Context, after int64, limit int) ([]feed.Entry, error)
}

// listed is how many rows a list asks for, as clients do.
const listed = 20

// BenchmarkReads asks a store of many trades for what the api asks it for: trades one by one, and lists of 20, one question after the other.
func BenchmarkReads(b *testing.B) {
	set := recorded(b, ledgers.Plan{Seed: 1, Trades: trades(b)})
	for _, e := range engines {
		b.Run(e.name, func(b *testing.B) {
			s := e.make(b).open(b)
			defer closeStore(b, s)
			ingest{set: set, store: s}.run(b)
			r, ok := s.(reader)
			if !ok {
				b.Fatalf("%T is not what the api reads", s)
			}
			known := sample(b, r)
			open := escrow.StageFunded
			random := rand.New(rand.NewPCG(1, 2))
			any := func() *store.Trade { return &known[random.IntN(len(known))] }
			trades := func(f store.TradeFilter) (int, error) {
				f.Limit = listed
				all, err := r.Trades(b.Context(), f)
				return len(all), err
			}
			for _, question := range []struct {
				name string
				ask  func() (rows int, err error)
			}{
				{"trade", func() (int, error) { _, err := r.Trade(b.Context(), any().ID); return 1, err }},
				{"trades-newest", func() (int, error) { return trades(store.TradeFilter{Page: store.Page{Newest: true}}) }},
				{"trades-page", func() (int, error) { return trades(store.TradeFilter{Page: store.Page{After: any().Opened.Event}}) }},
				{"trades-of-account", func() (int, error) {
					return trades(store.TradeFilter{Account: string(any().Terms.Buyer), Page: store.Page{Newest: true}})
				}},
				{"trades-of-arbitrator-funded", func() (int, error) {
					return trades(store.TradeFilter{Account: string(any().Terms.Panel.Arbitrators[0]), Part: store.PartArbitrator, Stage: &open, Page: store.Page{Newest: true}})
				}},
				{"trades-funded", func() (int, error) { return trades(store.TradeFilter{Stage: &open, Page: store.Page{Newest: true}}) }},
				{"events-of-trade", func() (int, error) {
					id := store.Hash(any().ID)
					all, err := r.Events(b.Context(), store.EventFilter{Trade: &id, Page: store.Page{Limit: listed}})
					return len(all), err
				}},
				{"feed-page", func() (int, error) {
					all, err := r.FeedEntries(b.Context(), random.Int64N(int64(set.Events-listed)), listed)
					return len(all), err
				}},
			} {
				b.Run(question.name, func(b *testing.B) {
					rows, asked := 0, 0
					for b.Loop() {
						n, err := question.ask()
						if err != nil {
							b.Fatal(err)
						}
						rows, asked = rows+n, asked+1
					}
					if rows == 0 {
						b.Fatal("nothing was found")
					}
					b.ReportMetric(float64(rows)/float64(asked), "rows")
				})
			}
		})
	}
}

// sample is some trades from all over the store.
func sample(b *testing.B, r reader) (all []store.Trade) {
	b.Helper()
	page := store.Page{Limit: store.MaxPage}
	for {
		list, err := r.Trades(b.Context(), store.TradeFilter{Page: page})
		if err != nil {
			b.Fatal(err)
		}
		if len(list) == 0 {
			return all
		}
		for i := 0; i < len(list); i += 50 {
			all = append(all, list[i])
		}
		page.After = list[len(list)-1].Opened.Event
	}
}
