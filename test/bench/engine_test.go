package bench

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/reconcile"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
	"github.com/Abdullahi130/StellarEscrow/internal/store/postgres"
	"github.com/Abdullahi130/StellarEscrow/internal/store/sqlite"
)

// database is an empty database with our schema, as the indexer and as nobody but its engine sees it.
type database interface {
	// open is our store on it; it may be closed and opened again.
	open(b *testing.B) engine
	// copier copies the rows of this database into another, a part at a time, as fast as the engine can.
	copier(b *testing.B, to database) copier
	// insert commits so many of the events of from one by one, and returns how many there were and how long it took.
	insert(b *testing.B, from database, n int) (int, time.Duration)
	// worked is the processor time that the engine has taken so far, beside this process's own.
	worked(b *testing.B) time.Duration
	// sizes is the bytes of each table with its indexes.
	sizes(b *testing.B) map[string]int64
}

type engine interface {
	indexer.Store
	store.StateReader
	indexer.RebuildStore
	reconcile.Store
	TradesByID(ctx context.Context, ids []escrow.ID) ([]store.Trade, error)
	Close() error
}

// copier copies part i of n of each table.
type copier interface {
	copy(b *testing.B, i, n int) cost
}

// cost is what something took: by the clock, and of the processors, ours and the engine's, which other work on the machine hardly changes.
type cost struct{ clock, processors time.Duration }

func (c cost) plus(d cost) cost { return cost{c.clock + d.clock, c.processors + d.processors} }

// costOf is that of do, on a database.
func costOf(b *testing.B, d database, do func()) cost {
	b.Helper()
	before, began := worked()+d.worked(b), time.Now()
	do()
	clock := time.Since(began)
	return cost{clock, worked() + d.worked(b) - before}
}

// engines are what a benchmark runs on, by name.
var engines = []struct {
	name   string
	ingest int // trades of a whole ingest
	make   func(b *testing.B) database
}{
	{"postgres", 200_000, func(b *testing.B) database { return pg{durable.Database(b)} }},
	{"sqlite", 20_000, func(b *testing.B) database { return lite{filepath.Join(b.TempDir(), "store.db")} }},
}

func (p pg) open(b *testing.B) engine {
	b.Helper()
	s, err := postgres.Open(b.Context(), postgres.Options{URL: p.url})
	if err != nil {
		b.Fatal(err)
	}
	return s
}

func (l lite) open(b *testing.B) engine {
	b.Helper()
	s, err := sqlite.Open(b.Context(), l.path)
	if err != nil {
		b.Fatal(err)
	}
	return s
}

func closeStore(b *testing.B, s engine) {
	b.Helper()
	if err := s.Close(); err != nil {
		b.Error(err)
	}
}
