package postgres

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/Abdullahi130/StellarEscrow/internal/store"
	"github.com/Abdullahi130/StellarEscrow/internal/store/storetest"
)

func openSnapshot(t testing.TB, o Options) *Snapshot {
	t.Helper()
	s, err := OpenSnapshot(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// TestASnapshotIsOneMoment goes on writing after it was opened: both of its connections see what there was before, and nothing else.
func TestASnapshotIsOneMoment(t *testing.T) {
	database := server.Database(t)
	s := openURL(t, Options{URL: database})
	if err := s.Follow(t.Context(), storetest.Contract, storetest.Start); err != nil {
		t.Fatal(err)
	}
	if err := s.SetNetwork(t.Context(), "Snapshot ; 2026", store.Ledger{Seq: 9, Hash: store.Hash{9}}); err != nil {
		t.Fatal(err)
	}
	next, stop := iter.Pull(storetest.Workload{Seed: 3, Trades: 200, Together: 40, Events: 60}.Batches())
	defer stop()
	apply := func(batches int) {
		t.Helper()
		for range batches {
			b, ok := next()
			if !ok {
				t.Fatal("the workload is over")
			}
			if err := s.Apply(t.Context(), b); err != nil {
				t.Fatal(err)
			}
		}
	}
	apply(5)
	before, err := store.StateHash(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	moment := openSnapshot(t, Options{URL: database})
	rows := func(table string) (n int64) {
		t.Helper()
		i := slices.IndexFunc(moment.Tables(), func(t Table) bool { return t.Name == table })
		if i < 0 {
			t.Fatalf("no table %s in %v", table, moment.Tables())
		}
		var text bytes.Buffer
		n, err := moment.Copy(t.Context(), moment.Tables()[i], &text)
		if err != nil || int64(strings.Count(text.String(), "\n")) != n {
			t.Errorf("%s: %d rows, %v, %d lines", table, n, err, strings.Count(text.String(), "\n"))
		}
		return n
	}
	events := rows("events")
	apply(5)
	if err := s.Mark(t.Context(), store.Ledger{Seq: 10, Hash: store.Hash{10}}); err != nil {
		t.Fatal(err)
	}
	after, err := store.StateHash(t.Context(), moment)
	if err != nil || after.Hash != before.Hash || after.Trades != before.Trades || after.Payouts != before.Payouts || after.Contracts[0].Position != before.Contracts[0].Position {
		t.Errorf("the state is %+v (%v), was %+v", after, err, before)
	}
	if is, err := store.StateHash(t.Context(), s); err != nil || is.Hash == before.Hash {
		t.Errorf("nothing was written meanwhile: this test has seen nothing (%v)", err)
	}
	if again := rows("events"); again != events || events == 0 {
		t.Errorf("%d events, were %d", again, events)
	}
	if n, err := moment.Network(t.Context()); err != nil || n.Mark.Seq != 9 || n.Passphrase != "Snapshot ; 2026" {
		t.Errorf("network %+v, %v", n, err)
	}
}

// TestASnapshotHasEveryTable compares it with what the migrations make. What is no table (a sequence, a view that keeps rows) would be left out: there must be none.
func TestASnapshotHasEveryTable(t *testing.T) {
	database := server.Database(t)
	openURL(t, Options{URL: database})
	moment := openSnapshot(t, Options{URL: database})
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	var want []string
	var others int
	if err := conn.QueryRow(t.Context(), `SELECT array_agg(relname::text ORDER BY relname::text COLLATE "C") FILTER (WHERE relkind = 'r'), count(*) FILTER (WHERE relkind NOT IN ('r', 'i'))
		FROM pg_class WHERE relnamespace = 'public'::regnamespace`).Scan(&want, &others); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, table := range moment.Tables() {
		got = append(got, table.Name)
		if len(table.Columns) == 0 {
			t.Errorf("table %s has no columns", table.Name)
		}
	}
	if !slices.Equal(got, want) || len(got) < 15 || others != 0 {
		t.Errorf("tables %v, want %v; %d are neither tables nor indexes", got, want, others)
	}
	i := slices.Index(got, "standings")
	if columns := moment.Tables()[i].Columns; slices.Contains(columns, "final_stage") || !slices.Contains(columns, "stage") {
		t.Errorf("columns of standings: %v; final_stage is computed by the server", columns)
	}
	if f := moment.Facts(); f.Schema < 8 || f.Server == "" {
		t.Errorf("%+v", f)
	}
	if _, err := moment.Network(t.Context()); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a store that was never used: %v", err)
	}
}

func TestSnapshotsThatAreRefused(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(t *testing.T) string
		is   error
		says string
	}{
		{"an empty database", func(t *testing.T) string { return empty(t, "") }, store.ErrForeign, "holds no store"},
		{"another program's", func(t *testing.T) string {
			u := empty(t, "")
			run(t, u, `CREATE TABLE bookmarks (url text)`)
			return u
		}, store.ErrForeign, "holds no store"},
		{"a newer schema", func(t *testing.T) string {
			u := server.Database(t)
			run(t, u, `INSERT INTO stellarescrow_migrations (number, name) VALUES (1000, '1000_from_the_future.sql')`)
			return u
		}, store.ErrNewer, "schema 1000"},
		{"an older schema", func(t *testing.T) string {
			u := server.Database(t)
			run(t, u, `DELETE FROM stellarescrow_migrations WHERE number > 7`)
			return u
		}, ErrUnfit, "schema 7"},
		{"nobody listens", func(*testing.T) string { return "postgres://postgres:s3cretPass@127.0.0.1:1/db?sslmode=disable" }, store.ErrUnavailable, "127.0.0.1:1"},
		{"a wrong password", func(t *testing.T) string {
			u, err := url.Parse(server.Database(t))
			if err != nil {
				t.Fatal(err)
			}
			u.User = url.UserPassword("postgres", "s3cretPass")
			return u.String()
		}, store.ErrUnavailable, "check the user and the password"},
	} {
		t.Run(c.name, func(t *testing.T) {
			u := c.make(t)
			s, err := OpenSnapshot(t.Context(), Options{URL: u})
			if err == nil {
				s.Close()
				t.Fatal("it was opened")
			}
			if !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "s3cret") || passwordIn(t, u, err) {
				t.Errorf("not one line that is %v and says %q, without a password: %v", c.is, c.says, err)
			}
		})
	}
}

// passwordIn tells whether an error says the password of a URL.
func passwordIn(t *testing.T, text string, err error) bool {
	t.Helper()
	u, parse := url.Parse(text)
	if parse != nil {
		t.Fatal(parse)
	}
	password, has := u.User.Password()
	return has && strings.Contains(err.Error(), password)
}

// TestASnapshotChangesNothing, whatever is asked of it; and nobody changes the tables under it.
func TestASnapshotChangesNothing(t *testing.T) {
	database := server.Database(t)
	s := openURL(t, Options{URL: database})
	before := dump(t, database)
	moment := openSnapshot(t, Options{URL: database})
	for _, table := range moment.Tables() {
		if _, err := moment.Copy(t.Context(), table, new(bytes.Buffer)); err != nil {
			t.Error(err)
		}
	}
	for i, tx := range []pgx.Tx{moment.copies, moment.reads} {
		inner, err := tx.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := inner.Exec(t.Context(), `DELETE FROM leases`); err == nil || !strings.Contains(err.Error(), "read-only") {
			t.Errorf("connection %d can write: %v", i, err)
		}
		if err := inner.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	for _, table := range moment.Tables() {
		if _, err := conn.Exec(t.Context(), `SET lock_timeout = 20; LOCK TABLE `+pgx.Identifier{table.Name}.Sanitize()+` IN ACCESS EXCLUSIVE MODE`); err == nil || !strings.Contains(err.Error(), "lock timeout") {
			t.Errorf("table %s can be changed meanwhile: %v", table.Name, err)
		}
	}
	moment.Close()
	if after := dump(t, database); after != before {
		t.Errorf("the database was changed from %s to %s", before, after)
	}
	if err := s.Follow(t.Context(), storetest.Contract, storetest.Start); err != nil {
		t.Error(err)
	}
}

// TestASnapshotWaitsForAMigration: one that began before changes a table; the snapshot sees the table as it is then.
func TestASnapshotWaitsForAMigration(t *testing.T) {
	database := server.Database(t)
	openURL(t, Options{URL: database})
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `ALTER TABLE votes ADD remark text NOT NULL DEFAULT ''; CREATE TABLE remarks (x int)`); err != nil {
		t.Fatal(err)
	}
	type opened struct {
		*Snapshot
		err error
	}
	got := make(chan opened, 1)
	go func() {
		s, err := OpenSnapshot(t.Context(), Options{URL: database})
		got <- opened{s, err}
	}()
	select {
	case o := <-got:
		t.Fatalf("it did not wait: %v", o.err)
	case <-time.After(200 * time.Millisecond):
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	o := <-got
	if o.err != nil {
		t.Fatal(o.err)
	}
	defer o.Close()
	var names, columns []string
	for _, table := range o.Tables() {
		if names = append(names, table.Name); table.Name == "votes" {
			columns = table.Columns
		}
	}
	if !slices.Contains(names, "remarks") || !slices.Contains(columns, "remark") {
		t.Errorf("tables %v, columns of votes %v", names, columns)
	}
	// The table that was not there when it began to look is locked as all others are.
	if _, err := conn.Exec(t.Context(), `SET lock_timeout = 20; LOCK TABLE remarks IN ACCESS EXCLUSIVE MODE`); err == nil || !strings.Contains(err.Error(), "lock timeout") {
		t.Errorf("the new table can be changed meanwhile: %v", err)
	}
}

// TestASnapshotNeedsToReadOnly has a user who may do nothing but read, and one who may not read everything.
func TestASnapshotNeedsToReadOnly(t *testing.T) {
	database := server.Database(t)
	openURL(t, Options{URL: database})
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	user := role(t, "backup")
	run(t, database, "GRANT USAGE ON SCHEMA public TO "+user+"; GRANT SELECT ON ALL TABLES IN SCHEMA public TO "+user)
	u.User = url.UserPassword(user, "backup")
	moment := openSnapshot(t, Options{URL: u.String()})
	for _, table := range moment.Tables() {
		if _, err := moment.Copy(t.Context(), table, new(bytes.Buffer)); err != nil {
			t.Error(err)
		}
	}
	if _, err := store.StateHash(t.Context(), moment); err != nil {
		t.Error(err)
	}
	moment.Close()
	// What may not be read is an error, and not left out: a table, or some of its rows.
	run(t, database, "ALTER TABLE leases ENABLE ROW LEVEL SECURITY")
	hiding := openSnapshot(t, Options{URL: u.String()})
	i := slices.IndexFunc(hiding.Tables(), func(t Table) bool { return t.Name == "leases" })
	if _, err := hiding.Copy(t.Context(), hiding.Tables()[i], new(bytes.Buffer)); err == nil || !strings.Contains(err.Error(), "leases") {
		t.Errorf("a table whose rows are hidden: %v", err)
	}
	hiding.Close()
	run(t, database, "REVOKE SELECT ON leases FROM "+user)
	if s, err := OpenSnapshot(t.Context(), Options{URL: u.String()}); err == nil || !strings.Contains(err.Error(), "leases") {
		if err == nil {
			s.Close()
		}
		t.Errorf("a table that may not be read: %v", err)
	}
}
