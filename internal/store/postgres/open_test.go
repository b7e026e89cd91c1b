package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// empty is a database of this test's that nothing has prepared.
func empty(t *testing.T, options string) string {
	t.Helper()
	u, err := url.Parse(server.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	name := strings.TrimPrefix(u.Path, "/")
	server.Exec(t, "DROP DATABASE "+name)
	server.Exec(t, "CREATE DATABASE "+name+" "+options)
	return u.String()
}

// run runs statements in a database.
func run(t *testing.T, url, script string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	if _, err := conn.Exec(t.Context(), script); err != nil {
		t.Fatal(err)
	}
}

// dump is every table and view of a database with its size.
func dump(t *testing.T, url string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	var all string
	if err := conn.QueryRow(t.Context(), `SELECT coalesce(string_agg(format('%s %s %s', oid::regclass, relfilenode, pg_relation_size(oid)), ' ' ORDER BY oid), '')
		FROM pg_class WHERE relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace, 'pg_toast'::regnamespace)`).Scan(&all); err != nil {
		t.Fatal(err)
	}
	return all
}

func name(t *testing.T, text string) string {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(u.Path, "/")
}

func TestOpenRefusesWhatIsNotOurs(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(t *testing.T) string
		is   error
		says string
	}{
		{"another program's tables", func(t *testing.T) string {
			u := empty(t, "")
			run(t, u, `CREATE TABLE bookmarks (url text)`)
			return u
		}, store.ErrForeign, `such as "bookmarks"`},
		{"another program's view", func(t *testing.T) string {
			u := empty(t, "")
			run(t, u, `CREATE VIEW bookmarks AS SELECT 1`)
			return u
		}, store.ErrForeign, `such as "bookmarks"`},
		{"a newer schema", func(t *testing.T) string {
			u := server.Database(t)
			run(t, u, `INSERT INTO stellarescrow_migrations (number, name) VALUES (1000, '1000_from_the_future.sql')`)
			return u
		}, store.ErrNewer, "schema 1000"},
		{"another encoding", func(t *testing.T) string { return empty(t, "TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'") }, ErrUnfit, "encoding LATIN1"},
		{"commits that are not waited for", func(t *testing.T) string {
			u := server.Database(t)
			server.Exec(t, "ALTER DATABASE "+name(t, u)+" SET synchronous_commit = off")
			return u
		}, ErrUnfit, "synchronous_commit off"},
		{"no schema", func(t *testing.T) string {
			u := server.Database(t)
			server.Exec(t, "ALTER DATABASE "+name(t, u)+" SET search_path = nowhere")
			return u
		}, ErrUnfit, "search_path"},
	} {
		t.Run(c.name, func(t *testing.T) {
			u := c.make(t)
			before := dump(t, u)
			s, err := Open(t.Context(), Options{URL: u})
			if err == nil {
				s.Close()
				t.Fatal("it was opened")
			}
			if !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), name(t, u)) || !strings.Contains(err.Error(), ";") || strings.Contains(err.Error(), "\n") {
				t.Errorf("not one line that is %v, names the database, says %q and a next step: %v", c.is, c.says, err)
			}
			if after := dump(t, u); after != before {
				t.Errorf("the database was changed from %s to %s", before, after)
			}
		})
	}
}

func TestServersThatDoNotFit(t *testing.T) {
	good := facts{version: 150000, encoding: "UTF8", durable: "on", schema: "public"}
	if err := good.fit("db"); err != nil {
		t.Error(err)
	}
	for _, c := range []struct {
		change func(*facts)
		says   string
	}{
		{func(f *facts) { f.version = 140021 }, "database db is on PostgreSQL 14, this program needs 15 or newer"},
		{func(f *facts) { f.standby = true }, "standby"},
		{func(f *facts) { f.encoding = "SQL_ASCII" }, "encoding SQL_ASCII"},
		{func(f *facts) { f.durable = "off" }, "synchronous_commit"},
		{func(f *facts) { f.schema = "" }, "search_path"},
	} {
		f := good
		c.change(&f)
		if err := f.fit("db"); !errors.Is(err, ErrUnfit) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: %v, want %q", f, err, c.says)
		}
	}
}

func TestOpenMigratesAnEmptySchema(t *testing.T) {
	u := empty(t, "")
	// An extension's tables are nobody's, and another schema is another store.
	run(t, u, `CREATE EXTENSION pg_stat_statements; CREATE SCHEMA other; CREATE TABLE other.bookmarks (url text)`)
	for i := range 2 {
		s := openURL(t, Options{URL: u})
		if err := s.Follow(t.Context(), "C", 7); err != nil {
			t.Errorf("open %d: %v", i, err)
		}
	}
	run(t, u, `CREATE SCHEMA second`)
	s := openURL(t, Options{URL: u + "&search_path=second"})
	if all, err := s.Contracts(t.Context(), "", 10); err != nil || len(all) != 0 {
		t.Errorf("contracts of the second schema: %v, %v", all, err)
	}
}

func TestTwoThatStartAtOnceMigrateOnce(t *testing.T) {
	for range 3 {
		u := empty(t, "")
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				s, err := Open(t.Context(), Options{URL: u})
				if err != nil {
					t.Error(err)
					return
				}
				defer s.Close()
				if err := s.Follow(t.Context(), "C", 7); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		s := openURL(t, Options{URL: u})
		if all, err := s.Contracts(t.Context(), "", store.MaxPage); err != nil || len(all) != 1 {
			t.Errorf("contracts: %v, %v", all, err)
		}
	}
}

// TestAMigrationIsWholeOrNotAtAll takes a program whose second step has a mistake in it.
func TestAMigrationIsWholeOrNotAtAll(t *testing.T) {
	conn, err := pgx.Connect(t.Context(), empty(t, ""))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	s := &Store{name: "db"}
	good := migration{"0001_a.sql", `CREATE TABLE a (x int);`}
	bad := migration{"0002_b.sql", `CREATE TABLE b (x int); CREATE TABLE a (x int);`}
	for _, step := range []struct {
		done bool
		err  string
	}{{false, ""}, {false, "0002_b.sql"}, {false, "0002_b.sql"}} {
		done, err := s.migrateOne(t.Context(), conn, []migration{good, bad})
		if done != step.done || (err == nil) != (step.err == "") || err != nil && !strings.Contains(err.Error(), step.err) {
			t.Errorf("got done %t and %v, want %t and %q", done, err, step.done, step.err)
		}
	}
	var version, tables int
	if err := conn.QueryRow(t.Context(), `SELECT (SELECT max(number) FROM stellarescrow_migrations), (SELECT count(*) FROM pg_class WHERE relname IN ('a', 'b'))`).Scan(&version, &tables); err != nil {
		t.Fatal(err)
	}
	if version != 1 || tables != 1 {
		t.Errorf("schema %d with %d tables, want 1 with 1", version, tables)
	}
}

// role makes a user with a password of its own, gone with the server.
func role(t *testing.T, password string) (user string) {
	t.Helper()
	user = fmt.Sprintf("user_%x", len(t.Name())*1000+int(password[0]))
	server.Exec(t, fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD '%s'", user, password))
	return user
}

func TestNoErrorSaysThePassword(t *testing.T) {
	const secret = "s3cretPass"
	good, err := url.Parse(server.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	with := func(change func(*url.URL)) string {
		u := *good
		u.User = url.UserPassword("postgres", secret)
		change(&u)
		return u.String()
	}
	for what, text := range map[string]string{
		"a wrong password":        with(func(*url.URL) {}),
		"nobody listens":          with(func(u *url.URL) { u.Host = "127.0.0.1:1" }),
		"an unknown host":         with(func(u *url.URL) { u.Host = "nowhere.invalid" }),
		"several hosts":           with(func(u *url.URL) { u.Host = "127.0.0.1:1,127.0.0.1:2" }),
		"a bad port":              with(func(u *url.URL) { u.Host = "127.0.0.1:99999" }),
		"a bad setting":           with(func(u *url.URL) { u.RawQuery = "sslmode=perhaps" }),
		"a slash in the password": "postgres://postgres:" + secret + "/x@127.0.0.1/db",
		"a hash in the password":  "postgres://postgres:" + secret + "#x@127.0.0.1/db",
		"a bad escape":            "postgres://postgres:" + secret + "%zz@127.0.0.1/db",
		"no URL":                  "host=127.0.0.1 port=x password=" + secret,
		"an unfinished quote":     "host=127.0.0.1 password='" + secret,
		"another scheme":          "mysql://postgres:" + secret + "@127.0.0.1/db",
		"a space before":          " postgres://postgres:" + secret + "@127.0.0.1:1/db",
		"a fault of the password": with(func(u *url.URL) { u.Host = "127.0.0.1:1" }) + "&password=" + secret,
	} {
		s, err := Open(t.Context(), Options{URL: text})
		if err == nil {
			s.Close()
			t.Errorf("%s: it was opened", what)
			continue
		}
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Error("open", "err", err)
		for e := err; e != nil; e = errors.Unwrap(e) {
			fmt.Fprintf(&log, "%v %+v %#v", e, e, e.Error())
		}
		if strings.Contains(log.String(), secret[:6]) {
			t.Errorf("%s: the error says the password: %v", what, err)
		}
		if strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: the error has more than one line: %v", what, err)
		}
	}
	failing := errors.New("the file is gone")
	if _, err := Open(t.Context(), Options{URL: good.String(), Password: func(context.Context) (string, error) { return secret, failing }}); !errors.Is(err, failing) || strings.Contains(err.Error(), secret) {
		t.Errorf("a password that cannot be read: %v", err)
	}
}

// TestThePasswordIsReadForEachConnection changes it on the server while the store is in use, and in the file a moment later.
func TestThePasswordIsReadForEachConnection(t *testing.T) {
	u, err := url.Parse(server.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	user := role(t, "first")
	server.Exec(t, fmt.Sprintf("GRANT ALL ON DATABASE %s TO %s", name(t, u.String()), user))
	run(t, u.String(), fmt.Sprintf("GRANT ALL ON ALL TABLES IN SCHEMA public TO %s", user))
	u.User = url.UserPassword(user, "not this one")
	var mu sync.Mutex
	file, asked := "first", 0
	s := openURL(t, Options{URL: u.String(), Password: func(context.Context) (string, error) {
		mu.Lock()
		defer mu.Unlock()
		if asked++; asked == 4 { // the file follows when the server has refused the old one twice
			file = "second"
		}
		return file, nil
	}})
	if err := s.Follow(t.Context(), "C", 7); err != nil {
		t.Fatal(err)
	}
	server.Exec(t, fmt.Sprintf("ALTER ROLE %s PASSWORD 'second'", user))
	if _, err := s.Contracts(t.Context(), "", 1); err != nil {
		t.Errorf("on the open connection: %v", err)
	}
	s.pool.Reset() // as after an hour, or a restart of the server
	if _, err := s.Contracts(t.Context(), "", 1); err != nil {
		t.Errorf("on a new connection: %v", err)
	}
	mu.Lock()
	defer mu.Unlock()
	if asked != 4 {
		t.Errorf("the password was asked for %d times, want once at first and three times anew", asked)
	}
}

func TestATooSmallGrantSaysWhatToDo(t *testing.T) {
	u, err := url.Parse(empty(t, ""))
	if err != nil {
		t.Fatal(err)
	}
	user := role(t, "pass")
	u.User = url.UserPassword(user, "pass")
	s, err := Open(t.Context(), Options{URL: u.String()})
	if err == nil {
		s.Close()
		t.Fatal("it was opened")
	}
	if !strings.Contains(err.Error(), "grant user "+user+" CREATE on the schema") {
		t.Errorf("no next step: %v", err)
	}
}

// TestEveryNounHasItsTable names all there are; a benchmark that copies tables knows those that batches write.
func TestEveryNounHasItsTable(t *testing.T) {
	want := map[string]string{
		"network": "ledgers: the first and the newest one seen", "contracts": "followed contracts, and the cursor of each", "events": "raw events",
		"trades": "trades: what never changes", "standings": "trades: where they stand", "participants": "accounts' roles", "milestones": "milestones", "disputes": "disputes",
		"offers": "offers", "votes": "votes", "parked": "parked amounts", "payouts": "payouts", "due": "what the keeper settles", "transactions": "transactions we sent", "feed": "the feed",
		"spending": "the platform's own XLM", "leases": "channel accounts in use", "stellarescrow_migrations": "the schema's number",
	}
	s := openTemp(t)
	rows, err := s.pool.Query(t.Context(), `SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || !slices.Equal(got, slices.Sorted(maps.Keys(want))) {
		t.Errorf("the tables are %v, %v, want %v", got, err, slices.Sorted(maps.Keys(want)))
	}
	for _, name := range []string{"spending", "leases", "stellarescrow_migrations"} { // that no batch writes
		delete(want, name)
	}
	if copied := slices.Sorted(slices.Values(tables)); !slices.Equal(copied, slices.Sorted(maps.Keys(want))) {
		t.Errorf("the benchmark copies %v, want %v", copied, slices.Sorted(maps.Keys(want)))
	}
}
