package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

func TestOpenKeepsWhatWasStored(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a folder with ? & # % in its name", "store.db")
	if err := os.Mkdir(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		s, err := Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Follow(t.Context(), "C", 7); err != nil {
			t.Errorf("open %d: %v", i, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		// The file is whole by itself, and nothing else is left behind.
		files, err := fs.Glob(os.DirFS(filepath.Dir(path)), "*")
		if err != nil || len(files) != 1 {
			t.Errorf("open %d: left behind %v (%v)", i, files, err)
		}
	}
}

// TestASmallStoreHasASmallCache, on the same file as a large one and with all that is in it.
func TestASmallStoreHasASmallCache(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	for name, c := range map[string]struct {
		open func(ctx context.Context, path string) (*Store, error)
		want int
	}{"small": {OpenSmall, smallCacheKiB}, "large": {Open, writeCacheKiB}} {
		s, err := c.open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Follow(t.Context(), "C", 7); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var got int
		if err := s.write.QueryRowContext(t.Context(), "PRAGMA cache_size").Scan(&got); err != nil || got != -c.want {
			t.Errorf("%s: a cache of %d (negative: KiB), want %d (%v)", name, got, -c.want, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestOpenRefusesWhatIsNotOurs(t *testing.T) {
	foreign := func(script string) func(t *testing.T, path string) {
		return func(t *testing.T, path string) {
			db, err := sql.Open("sqlite", path)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := db.Exec(script); err != nil {
				t.Fatal(err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	write := func(text string) func(t *testing.T, path string) {
		return func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		name string
		make func(t *testing.T, path string)
		is   error
		says string
	}{
		{"another program's database", foreign(`CREATE TABLE bookmarks (url TEXT)`), store.ErrForeign, "another program"},
		{"another program's empty database", foreign(`PRAGMA application_id = 77`), store.ErrForeign, "another program"},
		{"a text file", write(strings.Repeat("this is no database\n", 100)), store.ErrForeign, "no SQLite database"},
		{"a folder", func(t *testing.T, path string) {
			if err := os.Mkdir(path, 0o755); err != nil {
				t.Fatal(err)
			}
		}, store.ErrForeign, "not a file"},
		{"a newer schema", func(t *testing.T, path string) {
			s, err := Open(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			foreign(`PRAGMA user_version = 1000; CREATE TABLE from_the_future (a)`)(t, path)
		}, store.ErrNewer, "schema 1000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "store.db")
			c.make(t, path)
			before, _ := os.ReadFile(path)
			s, err := Open(t.Context(), path)
			if err == nil {
				s.Close()
				t.Fatal("it was opened")
			}
			if !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "\n") {
				t.Errorf("not one line that is %v, names the file and says %q: %v", c.is, c.says, err)
			}
			if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
				t.Error("the file was changed")
			}
		})
	}
}

func TestOpenSaysThatAFolderCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{filepath.Join(dir, "missing", "store.db"), filepath.Join(dir, "file", "store.db")} {
		s, err := Open(t.Context(), path)
		if err == nil {
			s.Close()
			t.Errorf("%s was opened", path)
		} else if !strings.Contains(err.Error(), "cannot be written") || !strings.Contains(err.Error(), filepath.Dir(path)) {
			t.Errorf("open %s: %v", path, err)
		}
	}
}

func TestTwoThatStartAtOnceMigrateOnce(t *testing.T) {
	for range 5 {
		path := filepath.Join(t.TempDir(), "store.db")
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				s, err := Open(t.Context(), path)
				if err != nil {
					t.Error(err)
					return
				}
				if err := s.Follow(t.Context(), "C", 7); err != nil {
					t.Error(err)
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		s, err := Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if all, err := s.Contracts(t.Context(), "", store.MaxPage); err != nil || len(all) != 1 {
			t.Errorf("contracts: %v, %v", all, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestPages: a file of ours is made with pages of our size; one with others, of an earlier program, is opened as it is.
func TestPages(t *testing.T) {
	made := filepath.Join(t.TempDir(), "store.db")
	earlier := filepath.Join(t.TempDir(), "store.db")
	db, err := sql.Open("sqlite", dsn(earlier, "_pragma", "page_size(4096)", "_journal_mode", "WAL"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(fmt.Sprintf("PRAGMA application_id = %d", applicationID)); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{made: pageBytes, earlier: 4096} {
		s, err := Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		var got int
		if err := s.write.QueryRow("PRAGMA page_size").Scan(&got); err != nil || got != want {
			t.Errorf("pages of %d bytes, %v, want %d", got, err, want)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestAMigrationIsWholeOrNotAtAll takes a program whose second step has a mistake in it.
func TestAMigrationIsWholeOrNotAtAll(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	db, err := sql.Open("sqlite", dsn(path, "_txlock", "immediate"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	good := migration{"0001_a.sql", `CREATE TABLE a (x INTEGER) STRICT;`}
	bad := migration{"0002_b.sql", `CREATE TABLE b (x INTEGER) STRICT; CREATE TABLE a (x INTEGER) STRICT;`}
	for _, step := range []struct {
		done bool
		err  string
	}{{false, ""}, {false, "0002_b.sql"}, {false, "0002_b.sql"}} {
		done, err := migrateOne(t.Context(), db, []migration{good, bad}, path)
		if done != step.done || (err == nil) != (step.err == "") || err != nil && !strings.Contains(err.Error(), step.err) {
			t.Errorf("got done %t and %v, want %t and %q", done, err, step.done, step.err)
		}
	}
	var version, tables int
	if err := db.QueryRow(`SELECT user_version, (SELECT count(*) FROM sqlite_schema) FROM pragma_user_version`).Scan(&version, &tables); err != nil {
		t.Fatal(err)
	}
	if version != 1 || tables != 1 {
		t.Errorf("schema %d with %d tables, want 1 with 1", version, tables)
	}
}

// TestEveryNounHasItsTable names all there are.
func TestEveryNounHasItsTable(t *testing.T) {
	want := map[string]string{
		"network": "ledgers: the first and the newest one seen", "contracts": "followed contracts, and the cursor of each", "events": "raw events", "trades": "trades",
		"participants": "accounts' roles", "milestones": "milestones", "disputes": "disputes", "offers": "offers", "votes": "votes", "parked": "parked amounts", "payouts": "payouts",
		"due": "what the keeper settles", "transactions": "transactions we sent", "feed": "the feed", "spending": "the platform's own XLM", "leases": "channel accounts in use",
	}
	rows, err := openTemp(t).read.QueryContext(t.Context(), `SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var got []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		got = append(got, name)
	}
	if err := rows.Err(); err != nil || !slices.Equal(got, slices.Sorted(maps.Keys(want))) {
		t.Errorf("the tables are %v, %v, want %v", got, err, slices.Sorted(maps.Keys(want)))
	}
}
