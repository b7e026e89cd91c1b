package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

type migration struct {
	name string // 0001_chain.sql
	sql  string
}

// fills write, in the same transaction, what a step's new tables hold of what is stored already, where it takes the rules of a trade to know
// that. They read with this program's statements: a later step that changes what these read has to take it along.
var fills = map[string]func(ctx context.Context, tx pgx.Tx) error{"0005_due.sql": fillDue}

// migrations lists the files in their order; number n is at n-1. A hole or a double number is an error of whoever built the program.
func migrations() ([]migration, error) {
	files, err := fs.Glob(migrationFiles, "migrations/*.sql") // sorted
	if err != nil {
		return nil, err
	}
	var all []migration
	for _, path := range files {
		name := strings.TrimPrefix(path, "migrations/")
		digits, _, _ := strings.Cut(name, "_")
		if n, err := strconv.Atoi(digits); err != nil || n != len(all)+1 {
			return nil, fmt.Errorf("migration %s is not number %d", name, len(all)+1)
		}
		text, err := migrationFiles.ReadFile(path)
		if err != nil {
			return nil, err
		}
		all = append(all, migration{name: name, sql: string(text)})
	}
	return all, nil
}

func (s *Store) migrate(ctx context.Context, conn *pgx.Conn) error {
	steps, err := migrations()
	if err != nil {
		return fmt.Errorf("migrate database: %w", err)
	}
	for {
		if done, err := s.migrateOne(ctx, conn, steps); err != nil || done {
			return err
		}
	}
}

// lockSchema makes processes that change the same schema wait for each other until their transactions end. Its key is "StEs" and the
// schema's number: another program in the database does not meet it.
const lockSchema = `SELECT pg_advisory_xact_lock(1400128883::bigint << 32 | oid::bigint) FROM pg_namespace WHERE nspname = current_schema()`

// schemaState reads how far the schema is: -1 if our table is not in it, and then the name of something else that is.
const schemaState = `SELECT
	to_regclass(quote_ident(current_schema()) || '.stellarescrow_migrations') IS NOT NULL,
	(SELECT min(c.relname::text) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
		AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'))`

// migrateOne takes the next step in a transaction that also counts it. Two processes that start at once wait for each other and look at the
// number again then.
func (s *Store) migrateOne(ctx context.Context, conn *pgx.Conn, steps []migration) (done bool, err error) {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return false, s.open(err)
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	if _, err := tx.Exec(ctx, lockSchema); err != nil {
		return false, s.open(err)
	}
	var ours bool
	var other *string
	if err := tx.QueryRow(ctx, schemaState).Scan(&ours, &other); err != nil {
		return false, s.open(err)
	}
	version := 0
	switch {
	case ours:
		if err := tx.QueryRow(ctx, `SELECT coalesce(max(number), 0) FROM stellarescrow_migrations`).Scan(&version); err != nil {
			return false, s.open(err)
		}
	case other != nil:
		return false, fmt.Errorf("database %s holds another program's tables, such as %q: %w; name an empty database or schema", s.name, *other, store.ErrForeign)
	default:
		if _, err := tx.Exec(ctx, `CREATE TABLE stellarescrow_migrations (number integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`); err != nil {
			return false, s.step(conn, "make the first table", err)
		}
	}
	switch {
	case version > len(steps):
		return false, fmt.Errorf("database %s has schema %d, this program knows schemas up to %d: %w; start the newer version, or restore a backup from before it",
			s.name, version, len(steps), store.ErrNewer)
	case version == len(steps):
		return true, nil
	}
	step := steps[version]
	if _, err := tx.Exec(ctx, step.sql); err != nil {
		return false, s.step(conn, step.name, err)
	}
	if fill, has := fills[step.name]; has {
		if err := fill(ctx, tx); err != nil {
			return false, s.step(conn, step.name, err)
		}
	}
	if _, err := tx.Exec(ctx, `INSERT INTO stellarescrow_migrations (number, name) VALUES ($1, $2)`, version+1, step.name); err != nil {
		return false, s.step(conn, step.name, err)
	}
	if err := tx.Commit(ctx); err != nil {
		return false, s.step(conn, step.name, err)
	}
	return false, nil
}

func (s *Store) step(conn *pgx.Conn, name string, err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "42501" {
		return fmt.Errorf("migrate database %s: %s: %w; grant user %s CREATE on the schema", s.name, name, err, conn.Config().User)
	}
	return fmt.Errorf("migrate database %s: %s: %w", s.name, name, err)
}
