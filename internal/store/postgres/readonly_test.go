package postgres

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/store"
	"github.com/Abdullahi130/StellarEscrow/internal/store/storetest"
)

// A database that was made read-only, as the one that is left after a failover is, is unavailable; once it can be written to again the store goes
// on at once: connections that were opened meanwhile would refuse for as long as they live.
func TestADatabaseThatCannotBeWrittenTo(t *testing.T) {
	database := server.Database(t)
	s := openURL(t, Options{URL: database, Connections: 2})
	if err := s.Follow(t.Context(), storetest.Contract, storetest.Start); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	name := strings.TrimPrefix(u.Path, "/")
	leave := func(setting string) {
		t.Helper()
		server.Exec(t, "ALTER DATABASE "+name+" SET default_transaction_read_only = "+setting)
	}
	leave("on")
	server.Exec(t, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '"+name+"'")
	for range 2 { // each of the old connections is found to be gone
		if _, err := s.FeedHead(t.Context()); err != nil {
			t.Errorf("reading: %v", err)
		}
	}
	mark := store.Ledger{Seq: 9, Hash: store.Hash{9}}
	if err := s.SetNetwork(t.Context(), "Read-only ; 2026", mark); !errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), "read-only") {
		t.Errorf("read-only: %v, want ErrUnavailable", err)
	}
	leave("off")
	if err := s.SetNetwork(t.Context(), "Read-only ; 2026", mark); err != nil {
		t.Errorf("writable again: %v", err)
	}
}
