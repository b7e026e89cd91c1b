package sqlite

import (
	"fmt"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/store"
	"github.com/Abdullahi130/StellarEscrow/internal/store/storetest"
)

// TestADatabaseOfSchema4KnowsWhatIsDue takes the steps after it back.
func TestADatabaseOfSchema4KnowsWhatIsDue(t *testing.T) {
	s := openTemp(t)
	storetest.Fill(t, s, 3000)
	list := func(s *Store) string {
		all, err := s.Due(t.Context(), 1<<62, store.Due{}, store.MaxPage)
		if err != nil {
			t.Fatal(err)
		}
		var count int
		if err := s.read.QueryRowContext(t.Context(), `SELECT count(*) FROM due`).Scan(&count); err != nil || count < 2*store.MaxPage {
			t.Fatalf("only %d trades are due: %v", count, err)
		}
		return fmt.Sprint(count, all)
	}
	want := list(s)
	if _, err := s.write.ExecContext(t.Context(), `DROP TABLE due; DROP TABLE spending; DROP TABLE leases; DROP TABLE payouts; DROP INDEX contracts_position; ALTER TABLE contracts DROP COLUMN dropped; CREATE INDEX contracts_position ON contracts (position); PRAGMA user_version = 4`); err != nil {
		t.Fatal(err)
	}
	again, err := Open(t.Context(), s.path)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if got := list(again); got != want {
		t.Errorf("after the migration\n%.2000s\nwant\n%.2000s", got, want)
	}
}
