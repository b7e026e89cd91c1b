package postgres

import (
	"context"
	"os"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/test/parts/postgres"
)

// server runs without fsync: what is looked at here is what the database answers. Benchmarks have one of their own.
var server = postgres.New(postgres.Options{Careless: true, Template: migrated})

func TestMain(m *testing.M) { os.Exit(server.Main(m)) }

func migrated(ctx context.Context, url string) error {
	s, err := Open(ctx, Options{URL: url})
	if err != nil {
		return err
	}
	return s.Close()
}

func openTemp(t testing.TB) *Store {
	t.Helper()
	return openURL(t, Options{URL: server.Database(t)})
}

func openURL(t testing.TB, o Options) *Store {
	t.Helper()
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
