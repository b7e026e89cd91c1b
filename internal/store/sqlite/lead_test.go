package sqlite

import (
	"path/filepath"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/store/storetest"
)

func TestLead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	storetest.Lead(t, func(t *testing.T) storetest.Leader {
		s, err := Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	})
}
