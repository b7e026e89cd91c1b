package postgres

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
	"github.com/Abdullahi130/StellarEscrow/internal/store/storetest"
)

func TestAKilledRebuildLeavesTheLiveOne(t *testing.T) {
	where := ""
	if !storetest.Hostage() {
		where = server.Database(t)
	}
	storetest.KilledRebuild(t, where, func(t *testing.T, url string) storetest.Engine { return openURL(t, Options{URL: url}) })
}

func rebuilt(_ context.Context, rest store.Rest) (store.Finish, error) {
	e, err := rest.Head.Next(feed.Note{Kind: "rebuilt"})
	return store.Finish{Feed: []feed.Entry{e}}, err
}

// catalog is how a schema's tables are made: columns, constraints, indexes, settings, rights. The numbers of things are not in it.
func catalog(t *testing.T, s *Store) (all []string) {
	t.Helper()
	rows, err := s.pool.Query(t.Context(), `
		SELECT format('table %s: %s, %s, owner %s, rights %s', relname, relpersistence, reloptions, relowner::regrole, (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(relacl) a))
		FROM pg_class WHERE relnamespace = quote_ident(current_schema())::regnamespace AND relkind = 'r'
		UNION ALL
		SELECT format('column %s.%s: %s, %s %s, collation %s, not null %s, generated %s, default %s, statistics %s, storage %s', relname, attnum, attname, format_type(atttypid, atttypmod), attislocal,
			attcollation::regcollation, attnotnull, attgenerated, (SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = attrelid AND adnum = attnum), attstattarget, attstorage)
		FROM pg_attribute JOIN pg_class c ON c.oid = attrelid WHERE relnamespace = quote_ident(current_schema())::regnamespace AND relkind = 'r' AND attnum > 0
		UNION ALL
		SELECT format('constraint %s.%s: %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint WHERE connamespace = quote_ident(current_schema())::regnamespace
		UNION ALL
		SELECT format('index %s', indexdef) FROM pg_indexes WHERE schemaname = current_schema()
		UNION ALL
		SELECT format('schema %s', nspname) FROM pg_namespace
		ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	if all, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
		t.Fatal(err)
	}
	return all
}

// TestASwapLeavesTheSchemaAsItWas compares what the server says of every table, in a schema with a name that has to be quoted, too.
func TestASwapLeavesTheSchemaAsItWas(t *testing.T) {
	reader := role(t, "reader")
	for _, schema := range []string{"public", `Odd "name`} {

		t.Run(schema, func(t *testing.T) {
			u := server.Database(t)
			quoted := pgx.Identifier{schema}.Sanitize()
			run(t, u, "CREATE SCHEMA IF NOT EXISTS "+quoted)
			s := openURL(t, Options{URL: u + "&search_path=" + url.PathEscape(quoted)})
			run(t, u, fmt.Sprintf(`GRANT SELECT ON ALL TABLES IN SCHEMA %[1]s TO %[2]s; GRANT UPDATE ON %[1]s.standings TO %[2]s WITH GRANT OPTION; GRANT SELECT ON %[1]s.due TO PUBLIC`, quoted, reader))
			storetest.Fill(t, s, 500)
			before := catalog(t, s)
			r, err := s.Rebuild(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			during := catalog(t, s)
			if diff := cmp.Diff(before, during); strings.Count(diff, "\n+") != 1 || !strings.Contains(diff, "stellarescrow_rebuild_") {
				t.Errorf("beside the live tables there is not one schema more:\n%s", diff)
			}
			if err := r.Swap(t.Context(), nil, rebuilt); err != nil {
				t.Fatal(err)
			}
			after := catalog(t, s)
			if diff := cmp.Diff(before, after); diff != "" || len(before) < 150 {
				t.Errorf("of %d lines (-before +after):\n%s", len(before), diff)
			}
			if all, err := s.Trades(t.Context(), store.TradeFilter{Page: store.Page{Limit: 1}}); err != nil || len(all) != 0 {
				t.Errorf("after an empty projection took its place: %v, %v", all, err)
			}
		})
	}
}

// begun is a store with some trades, and a rebuild of it.
func begun(t *testing.T) (url string, s *Store, r store.Rebuilding) {
	t.Helper()
	url = server.Database(t)
	s = openURL(t, Options{URL: url})
	storetest.Fill(t, s, 50)
	r, err := s.Rebuild(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return url, s, r
}

func trades(t *testing.T, s *Store) int {
	t.Helper()
	state, err := store.StateHash(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return state.Trades
}

// TestASwapThatCannotBeSaysWhy has what somebody else has done to the tables meanwhile.
func TestASwapThatCannotBeSaysWhy(t *testing.T) {
	u, s, r := begun(t)
	for _, c := range []struct {
		do, undo string
		says     string
		is       error
	}{
		{`CREATE VIEW mine AS SELECT opened FROM standings`, `DROP VIEW mine`, "view mine depends on table", nil},
		{`INSERT INTO stellarescrow_migrations (number, name) VALUES (1000, 'x')`, `DELETE FROM stellarescrow_migrations WHERE number = 1000`, "1000", store.ErrNewer},
	} {
		run(t, u, c.do)
		if err := r.Swap(t.Context(), nil, rebuilt); err == nil || !strings.Contains(err.Error(), c.says) || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: %v, want it to say %q", c.do, err, c.says)
		}
		if n := trades(t, s); n != 50 {
			t.Errorf("%s: %d trades after a swap that failed", c.do, n)
		}
		run(t, u, c.undo)
	}
	if err := r.Swap(t.Context(), nil, rebuilt); err != nil {
		t.Error(err)
	}
	if n := trades(t, s); n != 0 {
		t.Errorf("%d trades after an empty projection took their place", n)
	}
}

// TestASwapWaitsForReaders has somebody read for a while: the swap comes after, and others are served meanwhile.
func TestASwapWaitsForReaders(t *testing.T) {
	_, s, r := begun(t)
	reading, done := make(chan struct{}), make(chan int, 1)
	go func() {
		n := 0
		_, err := s.ReadState(t.Context(), func(*store.Trade) error {
			if n++; n == 1 {
				close(reading)
				time.Sleep(2 * time.Second) // several of the swap's tries, and a part of a long one
			}
			return nil
		}, nil)
		if err != nil {
			t.Error(err)
		}
		done <- n
	}()
	<-reading
	swapped := make(chan error, 1)
	go func() { swapped <- r.Swap(t.Context(), nil, rebuilt) }()
	served := 0
	for len(swapped) == 0 {
		began := time.Now()
		if _, err := s.Trades(t.Context(), store.TradeFilter{Page: store.Page{Limit: 1}}); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took > 1500*time.Millisecond {
			t.Errorf("a reader has waited for %s", took)
		}
		if len(done) == 0 {
			served++
		}
		time.Sleep(time.Millisecond)
	}
	if err := <-swapped; err != nil {
		t.Error(err)
	}
	if n := <-done; n != 50 || served < 10 {
		t.Errorf("the long reader has seen %d trades, want 50; %d others were served meanwhile", n, served)
	}
	if n := trades(t, s); n != 0 {
		t.Errorf("%d trades after the swap", n)
	}
}

// TestARebuildEndsWithItsConnection: another one can begin, and Close takes nothing away from it.
func TestARebuildEndsWithItsConnection(t *testing.T) {
	u, s, r := begun(t)
	run(t, u, fmt.Sprintf(`SELECT pg_terminate_backend(%d, 60000)`, r.(*Rebuilding).conn.PgConn().PID()))
	if err := r.Write(t.Context(), nil); err == nil {
		t.Error("it went on without its connection")
	}
	second, err := s.Rebuild(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if err := second.Write(t.Context(), nil); err != nil {
		t.Errorf("the second one: %v", err)
	}
	run(t, u, fmt.Sprintf(`SELECT pg_terminate_backend(%d, 60000)`, second.(*Rebuilding).conn.PgConn().PID()))
	if err := second.Write(t.Context(), nil); err == nil {
		t.Error("it went on without its connection")
	}
	if err := second.Close(); err != nil {
		t.Error(err)
	}
	for _, line := range catalog(t, s) {
		if strings.Contains(line, "stellarescrow_rebuild_") {
			t.Errorf("left behind: %s", line)
		}
	}
}

func TestARebuildSaysWhichRightIsMissing(t *testing.T) {
	u, err := url.Parse(server.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	user := role(t, "pass")
	run(t, u.String(), fmt.Sprintf("GRANT ALL ON SCHEMA public TO %[1]s; GRANT ALL ON ALL TABLES IN SCHEMA public TO %[1]s", user))
	u.User = url.UserPassword(user, "pass")
	s := openURL(t, Options{URL: u.String()})
	r, err := s.Rebuild(t.Context())
	if err == nil {
		r.Close()
		t.Fatal("it was begun")
	}
	if !strings.Contains(err.Error(), "grant user "+user+" CREATE on the database") {
		t.Errorf("no next step: %v", err)
	}
}

// TestAMomentIsOfOneProjection has a reader that has looked at something else when a swap wants the tables: what it reads then is of the moment
// at which it began.
func TestAMomentIsOfOneProjection(t *testing.T) {
	_, s, r := begun(t)
	swapped := make(chan error, 1)
	n := 0
	if err := s.snapshot(t.Context(), func(q querier) error {
		var position string
		if err := q.QueryRow(t.Context(), `SELECT position FROM contracts WHERE contract = $1`, storetest.Contract).Scan(&position); err != nil {
			return err
		}
		go func() { swapped <- r.Swap(t.Context(), nil, rebuilt) }()
		for end := time.Now().Add(500 * time.Millisecond); len(swapped) == 0 && time.Now().Before(end); {
			time.Sleep(time.Millisecond)
		}
		page, err := readTrades(t.Context(), q, tradeQuery+`standings s JOIN trades t ON t.id = s.trade WHERE s.opened > $1 ORDER BY s.opened LIMIT $2`, "", statePage)
		n = len(page)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := <-swapped; err != nil {
		t.Error(err)
	}
	if after := trades(t, s); n != 50 || after != 0 {
		t.Errorf("the reader has seen %d trades, want 50; after the swap there are %d, want 0", n, after)
	}
}
