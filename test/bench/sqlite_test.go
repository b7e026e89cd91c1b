package bench

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"
)

// lite is a database file.
type lite struct{ path string }

// connect is a connection with the store's own settings.
func (l lite) connect(b *testing.B) *sql.Conn {
	b.Helper()
	closeStore(b, l.open(b)) // makes the file, with its schema
	db, err := sql.Open("sqlite", "file:"+l.path+"?_journal_mode=WAL&_synchronous=FULL&_pragma=cache_size(-65536)")
	if err != nil {
		b.Fatal(err)
	}
	conn, err := db.Conn(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = conn.Close() // the file goes anyway
		_ = db.Close()
	})
	return conn
}

func liteTables(b *testing.B, conn *sql.Conn, schema string) (all []string) {
	b.Helper()
	rows, err := conn.QueryContext(b.Context(), "SELECT name FROM "+schema+".sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE '%migrations'")
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			b.Fatal(err)
		}
		all = append(all, name)
	}
	if err := rows.Err(); err != nil {
		b.Fatal(err)
	}
	return all
}

// liteCopier lets SQLite copy by itself, from a file that is attached: reading counts, too, and is quick.
type liteCopier struct {
	conn   *sql.Conn
	into   lite
	tables []string
}

func (l lite) copier(b *testing.B, to database) copier {
	b.Helper()
	c := liteCopier{conn: to.(lite).connect(b), into: to.(lite)}
	// A part of each table at a time breaks foreign keys; not looking at them is to the copy's advantage.
	for _, step := range []string{"PRAGMA foreign_keys = off", "ATTACH '" + l.path + "' AS final"} {
		if _, err := c.conn.ExecContext(b.Context(), step); err != nil {
			b.Fatal(err)
		}
	}
	c.tables = liteTables(b, c.conn, "final")
	return c
}

func (c liteCopier) copy(b *testing.B, i, n int) cost {
	b.Helper()
	steps := []string{"BEGIN IMMEDIATE"}
	for _, table := range c.tables {
		steps = append(steps, fmt.Sprintf(`INSERT INTO main.%[1]s SELECT * FROM final.%[1]s
			LIMIT (SELECT count(*) * %[3]d / %[4]d - count(*) * %[2]d / %[4]d FROM final.%[1]s) OFFSET (SELECT count(*) * %[2]d / %[4]d FROM final.%[1]s)`, table, i, i+1, n))
	}
	return costOf(b, c.into, func() {
		for _, step := range append(steps, "COMMIT") {
			if _, err := c.conn.ExecContext(context.WithoutCancel(b.Context()), step); err != nil {
				b.Fatalf("%v\n%s", err, step)
			}
		}
	})
}

func (l lite) insert(b *testing.B, from database, n int) (int, time.Duration) {
	b.Helper()
	ctx := context.WithoutCancel(b.Context())
	rows, err := from.(lite).connect(b).QueryContext(ctx, fmt.Sprintf("SELECT * FROM events LIMIT %d", n))
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		b.Fatal(err)
	}
	var events [][]any
	for rows.Next() {
		values, places := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			places[i] = &values[i]
		}
		if err := rows.Scan(places...); err != nil {
			b.Fatal(err)
		}
		events = append(events, values)
	}
	if err := rows.Err(); err != nil {
		b.Fatal(err)
	}
	conn := l.connect(b)
	insert := fmt.Sprintf("INSERT INTO events (%s) VALUES (%s)", strings.Join(columns, ", "), strings.TrimSuffix(strings.Repeat("?, ", len(columns)), ", "))
	if _, err := conn.ExecContext(ctx, "PRAGMA foreign_keys = off"); err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	for _, e := range events {
		if _, err := conn.ExecContext(ctx, insert, e...); err != nil {
			b.Fatal(err)
		}
	}
	return len(events), time.Since(began)
}

// worked is nothing: SQLite is a part of this process.
func (l lite) worked(*testing.B) time.Duration { return 0 }

func (l lite) sizes(b *testing.B) map[string]int64 {
	b.Helper()
	conn, all := l.connect(b), map[string]int64{}
	for _, name := range liteTables(b, conn, "main") {
		var n sql.NullInt64
		if err := conn.QueryRowContext(b.Context(), `SELECT sum(pgsize) FROM dbstat WHERE name IN (SELECT name FROM sqlite_master WHERE tbl_name = ?)`, name).Scan(&n); err != nil {
			b.Fatal(err)
		}
		all[name] = n.Int64
	}
	return all
}
