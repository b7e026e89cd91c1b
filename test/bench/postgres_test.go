package bench

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// pg is a database of the server with fsync.
type pg struct{ url string }

func (p pg) connect(b *testing.B) *pgx.Conn {
	b.Helper()
	ctx := context.WithoutCancel(b.Context())
	conn, err := pgx.Connect(ctx, p.url)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close(ctx) }) // the database goes anyway
	return conn
}

// table is one of ours that has rows.
type table struct {
	name, columns string
	rows          int
}

func tablesOf(b *testing.B, conn *pgx.Conn) []table {
	b.Helper()
	ctx := context.WithoutCancel(b.Context())
	rows, err := conn.Query(ctx, `SELECT relname, string_agg(attname, ', ' ORDER BY attnum) FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
		WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
		AND relname NOT LIKE '%\_migrations' GROUP BY relname ORDER BY relname`)
	if err != nil {
		b.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (t table, err error) {
		return t, row.Scan(&t.name, &t.columns)
	})
	if err != nil {
		b.Fatal(err)
	}
	for i := range all {
		if err := conn.QueryRow(ctx, "SELECT count(*) FROM "+all[i].name).Scan(&all[i].rows); err != nil {
			b.Fatal(err)
		}
	}
	return slices.DeleteFunc(all, func(t table) bool { return t.rows == 0 })
}

// pgCopier reads with COPY, which is not counted, and writes with COPY, which is.
type pgCopier struct {
	from, to *pgx.Conn
	into     pg
	tables   []table
}

func (p pg) copier(b *testing.B, to database) copier {
	b.Helper()
	c := pgCopier{from: p.connect(b), to: to.(pg).connect(b), into: to.(pg)}
	// A scan begins where another one is, so that they share what they read; parts would overlap.
	if _, err := c.from.Exec(b.Context(), "SET synchronize_seqscans = off"); err != nil {
		b.Fatal(err)
	}
	c.tables = tablesOf(b, c.from)
	return c
}

func (c pgCopier) copy(b *testing.B, i, n int) cost {
	b.Helper()
	ctx := context.WithoutCancel(b.Context())
	parts := map[string]*bytes.Buffer{}
	for _, t := range c.tables {
		from, to := t.rows*i/n, t.rows*(i+1)/n
		parts[t.name] = &bytes.Buffer{}
		if _, err := c.from.PgConn().CopyTo(ctx, parts[t.name],
			fmt.Sprintf("COPY (SELECT %s FROM %s OFFSET %d LIMIT %d) TO STDOUT (FORMAT binary)", t.columns, t.name, from, to-from)); err != nil {
			b.Fatal(err)
		}
	}
	return costOf(b, c.into, func() {
		tx, err := c.to.Begin(ctx)
		if err != nil {
			b.Fatal(err)
		}
		for _, t := range c.tables {
			if _, err := c.to.PgConn().CopyFrom(ctx, parts[t.name], fmt.Sprintf("COPY %s (%s) FROM STDIN (FORMAT binary)", t.name, t.columns)); err != nil {
				b.Fatal(err)
			}
		}
		if err := tx.Commit(ctx); err != nil {
			b.Fatal(err)
		}
	})
}

func (p pg) insert(b *testing.B, from database, n int) (int, time.Duration) {
	b.Helper()
	ctx := context.WithoutCancel(b.Context())
	source, target := from.(pg).connect(b), p.connect(b)
	at := slices.IndexFunc(tablesOf(b, source), func(t table) bool { return t.name == "events" })
	columns := tablesOf(b, source)[at].columns
	rows, err := source.Query(ctx, fmt.Sprintf("SELECT %s FROM events LIMIT %d", columns, n))
	if err != nil {
		b.Fatal(err)
	}
	events, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) ([]any, error) { return row.Values() })
	if err != nil {
		b.Fatal(err)
	}
	places := make([]string, strings.Count(columns, ",")+1)
	for i := range places {
		places[i] = fmt.Sprintf("$%d", i+1)
	}
	insert := fmt.Sprintf("INSERT INTO events (%s) VALUES (%s)", columns, strings.Join(places, ", "))
	began := time.Now()
	for _, e := range events {
		if _, err := target.Exec(ctx, insert, e...); err != nil {
			b.Fatal(err)
		}
	}
	return len(events), time.Since(began)
}

// worked is that of all the server's processes; 0 where the system does not say (https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html).
func (p pg) worked(b *testing.B) time.Duration {
	b.Helper()
	var folder string
	ctx := context.WithoutCancel(b.Context())
	conn, err := pgx.Connect(ctx, p.url)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(ctx)
	if err := conn.QueryRow(ctx, "SHOW data_directory").Scan(&folder); err != nil {
		b.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(folder, "postmaster.pid"))
	if err != nil {
		return 0 // the server runs as another user, whose folder is closed to us
	}
	main, _, _ := strings.Cut(string(text), "\n")
	all, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		b.Fatal(err)
	}
	const hertz = 100 // USER_HZ
	var ticks int
	for _, path := range all {
		text, _ := os.ReadFile(path) // it may have ended
		_, rest, _ := strings.Cut(string(text), ") ")
		f := strings.Fields(rest)
		if len(f) < 15 {
			continue
		}
		// Behind the name: state, parent, and from the twelfth on the time of the process itself and of its children that have ended.
		counts := f[11:13]
		if filepath.Base(filepath.Dir(path)) == main {
			counts = f[11:15]
		} else if f[1] != main {
			continue
		}
		for _, n := range counts {
			t, _ := strconv.Atoi(n)
			ticks += t
		}
	}
	return time.Duration(ticks) * time.Second / hertz
}

func (p pg) sizes(b *testing.B) map[string]int64 {
	b.Helper()
	conn, all := p.connect(b), map[string]int64{}
	for _, t := range tablesOf(b, conn) {
		var n int64
		if err := conn.QueryRow(context.WithoutCancel(b.Context()), "SELECT pg_total_relation_size($1::regclass)", t.name).Scan(&n); err != nil {
			b.Fatal(err)
		}
		all[t.name] = n
	}
	return all
}
