package postgres

import (
	"fmt"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/store"
	"github.com/Abdullahi130/StellarEscrow/internal/store/storetest"
)

// TestADatabaseOfSchema4KnowsWhatIsDue takes the steps after it back.
func TestADatabaseOfSchema4KnowsWhatIsDue(t *testing.T) {
	u := server.Database(t)
	s := openURL(t, Options{URL: u})
	storetest.Fill(t, s, 3000)
	list := func(s *Store) string {
		all, err := s.Due(t.Context(), 1<<62, store.Due{}, store.MaxPage)
		if err != nil {
			t.Fatal(err)
		}
		var count int
		if err := s.pool.QueryRow(t.Context(), `SELECT count(*) FROM due`).Scan(&count); err != nil || count < 2*store.MaxPage {
			t.Fatalf("only %d trades are due: %v", count, err)
		}
		return fmt.Sprint(count, all)
	}
	want := list(s)
	run(t, u, `DROP TABLE due, spending, leases, payouts; DROP INDEX contracts_position; ALTER TABLE contracts DROP COLUMN dropped; CREATE INDEX contracts_position ON contracts (position); DELETE FROM stellarescrow_migrations WHERE number > 4`)
	if got := list(openURL(t, Options{URL: u})); got != want {
		t.Errorf("after the migration\n%.2000s\nwant\n%.2000s", got, want)
	}
}
