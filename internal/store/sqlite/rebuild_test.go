package sqlite

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
	"github.com/Abdullahi130/StellarEscrow/internal/store/storetest"
)

func openAt(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), path)
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

func TestAKilledRebuildLeavesTheLiveOne(t *testing.T) {
	where := ""
	if !storetest.Hostage() { // who is killed removes nothing
		where = filepath.Join(t.TempDir(), "store.db")
	}
	storetest.KilledRebuild(t, where, func(t *testing.T, path string) storetest.Engine { return openAt(t, path) })
}

// TestARebuildTakesItsFileAway also when the folder's name has signs that mean something in an address.
func TestARebuildTakesItsFileAway(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a ? & # % b")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s := openAt(t, filepath.Join(dir, "store.db"))
	if err := s.Follow(t.Context(), "C", 7); err != nil {
		t.Fatal(err)
	}
	r, err := s.Rebuild(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Swap(t.Context(), nil, rebuilt); err != nil {
		t.Error(err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	files, err := filepath.Glob(filepath.Join(strings.NewReplacer("?", `\?`).Replace(dir), "*rebuild*"))
	if err != nil || len(files) != 1 || filepath.Base(files[0]) != "store.db-rebuild-lock" {
		t.Errorf("left behind: %v, %v, want the file of the lock", files, err)
	}
	// The connection that swapped knew no foreign keys; it must be gone.
	var keys int
	if err := s.write.QueryRowContext(t.Context(), "PRAGMA foreign_keys").Scan(&keys); err != nil || keys != 1 {
		t.Errorf("foreign keys are %d after a swap: %v", keys, err)
	}
}

func rebuilt(_ context.Context, rest store.Rest) (store.Finish, error) {
	e, err := rest.Head.Next(feed.Note{Kind: "rebuilt"})
	return store.Finish{Feed: []feed.Entry{e}}, err
}
