package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"modernc.org/sqlite"

	"github.com/Abdullahi130/StellarEscrow/internal/store/storetest"
)

// recorder is a driver that keeps every statement that passes through its connections.
type recorder struct {
	sqlite.Driver
	mu  sync.Mutex
	all map[string]bool
}

func (r *recorder) Open(name string) (driver.Conn, error) {
	conn, err := r.Driver.Open(name)
	if err != nil {
		return nil, err
	}
	return &recorded{whole: conn.(whole), to: r}, nil
}

func (r *recorder) add(query string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all[query] = true
}

// whole is what the driver's connections are able to do.
type whole interface {
	driver.Conn
	driver.ConnBeginTx
	driver.Pinger
	driver.SessionResetter
	driver.Validator
	driver.ExecerContext
	driver.QueryerContext
	driver.ConnPrepareContext
}

type recorded struct {
	whole
	to *recorder
}

func (c *recorded) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	c.to.add(query)
	return c.whole.ExecContext(ctx, query, args)
}

func (c *recorded) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	c.to.add(query)
	return c.whole.QueryContext(ctx, query, args)
}

func (c *recorded) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	c.to.add(query)
	return c.whole.PrepareContext(ctx, query)
}

// TestStore runs the suite, and then looks at the plans of all statements that it has run, and of lists by every combination of filters.
func TestStore(t *testing.T) {
	statements := &recorder{all: map[string]bool{}}
	driver := fmt.Sprintf("%s %p", t.Name(), statements) // a name can be registered once, and a test run several times
	sql.Register(driver, statements)
	openRecorded := func(t *testing.T) *Store {
		t.Helper()
		s, err := open(t.Context(), filepath.Join(t.TempDir(), "store.db"), driver, writeCacheKiB)
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
	storetest.Run(t, func(t *testing.T) storetest.Engine { return openRecorded(t) })
	t.Run("plans", func(t *testing.T) {
		s := openRecorded(t)
		// SQLite's planner does not look at what is stored, so fewer will do; see storetest.PlanTrades for more.
		// What is tried here is not whether it lasts: with the disk's caches and ours, 1,000,000 trades take minutes less.
		if _, err := s.write.ExecContext(t.Context(), "PRAGMA synchronous = OFF; PRAGMA cache_size = -2000000"); err != nil {
			t.Fatal(err)
		}
		of := storetest.Fill(t, s, 20_000)
		found := 0
		for _, f := range storetest.TradeFilters(of) {
			page, err := s.Trades(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			found += len(page)
		}
		for _, f := range storetest.EventFilters(of) {
			page, err := s.Events(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			found += len(page)
		}
		paid := 0
		for _, f := range storetest.PayoutFilters(of) {
			page, err := s.Payouts(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			paid += len(page)
		}
		if paid < 10 {
			t.Errorf("lists have only %d payouts: they show nothing", paid)
		}
		if found < 1000 {
			t.Errorf("lists have only %d rows: they show nothing", found)
		}
		verb, catalogue := regexp.MustCompile(`^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\s`), regexp.MustCompile(`sqlite_schema|DELETE FROM main\.|rebuilt\.`) // whole tables go and come with a swap
		check := func(when string) (checked int) {
			for _, text := range slices.Sorted(maps.Keys(statements.all)) {
				if !verb.MatchString(text) || catalogue.MatchString(text) {
					continue
				}
				checked++
				for _, line := range plan(t, s.write, text) {
					if strings.HasPrefix(line, "SCAN") || strings.Contains(line, "TEMP B-TREE") {
						t.Errorf("%s: %s\n%s", when, line, text)
					}
				}
			}
			return checked
		}
		if n := check("full"); n < 80 {
			t.Errorf("only %d statements were found", n)
		} else {
			t.Logf("proved: %d statements by index alone on SQLite, %d trades stored", n, storetest.Filled(t, 20_000))
		}
		// The store never gathers statistics; whoever does so by hand must not slow it down.
		if _, err := s.write.ExecContext(t.Context(), "ANALYZE"); err != nil {
			t.Fatal(err)
		}
		check("with statistics")
	})
}
