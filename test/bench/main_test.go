package bench

import (
	"context"
	"os"
	"strconv"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/indexer"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source/files"
	"github.com/Abdullahi130/StellarEscrow/internal/store/postgres"
	server "github.com/Abdullahi130/StellarEscrow/test/parts/postgres"

	"github.com/Abdullahi130/StellarEscrow/test/bench/ledgers"
)

// durable is PostgreSQL as an operator would have it: fsync on, and memory for a small server; its own defaults are for a machine of the nineties.
var durable = server.New(server.Options{Template: migrated, Settings: map[string]string{"shared_buffers": "1GB", "max_wal_size": "4GB"}})

func TestMain(m *testing.M) {
	indexer.LimitMemory() // as in the indexer's own process
	os.Exit(durable.Main(m))
}

func migrated(ctx context.Context, url string) error {
	s, err := postgres.Open(ctx, postgres.Options{URL: url})
	if err != nil {
		return err
	}
	return s.Close()
}

// setting is a number from the environment.
func setting(b *testing.B, name string, otherwise int) int {
	b.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		b.Fatalf("%s is %q, not a number above 0", name, text)
	}
	return n
}

// tradesSetting is the variable that says how many trades a benchmark has.
const tradesSetting = "STELLARESCROW_BENCH_TRADES"

func trades(b *testing.B) int {
	b.Helper()
	return setting(b, tradesSetting, 20_000)
}

// recorded are the plan's ledgers, made now or before.
func recorded(b *testing.B, p ledgers.Plan) ledgers.Set {
	b.Helper()
	cache, err := ledgers.Cache()
	if err != nil {
		b.Fatal(err)
	}
	s, err := ledgers.Make(b.Context(), cache, p)
	if err != nil {
		b.Fatal(err)
	}
	return s
}

func openFiles(b *testing.B, s ledgers.Set) *files.Files {
	b.Helper()
	network, err := s.Network()
	if err != nil {
		b.Fatal(err)
	}
	f, err := files.Open(network, os.DirFS(s.Folder), source.NewChain())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := f.Close(); err != nil {
			b.Error(err)
		}
	})
	return f
}
