package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

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
var fills = map[string]func(ctx context.Context, tx *sql.Tx) error{"0005_due.sql": fillDue}

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

// migrate brings the schema forward, each step in a transaction that also counts it. Two processes that start at once wait for each other:
// a transaction takes the write lock when it begins, and looks at the number again then.
func migrate(ctx context.Context, db *sql.DB, path string) error {
	steps, err := migrations()
	if err != nil {
		return fmt.Errorf("migrate database: %w", err)
	}
	for busy := 0; ; {
		done, err := migrateOne(ctx, db, steps, path)
		if isBusy(err) && busy < busyTries && ctx.Err() == nil {
			// The first connections to a new file turn it into WAL mode; SQLite does not wait for another that does the same.
			busy++
			timer := time.NewTimer(busyTimeoutMs * time.Millisecond / busyTries)
			select {
			case <-timer.C:
				continue
			case <-ctx.Done():
				timer.Stop()
				return fmt.Errorf("migrate database %s: wait for another process: %w", path, ctx.Err())
			}
		}
		if err != nil || done {
			return err
		}
	}
}

const busyTries = 200

func isBusy(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_BUSY
}

func migrateOne(ctx context.Context, db *sql.DB, steps []migration, path string) (done bool, err error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return false, fmt.Errorf("migrate database %s: %w", path, err)
	}
	defer tx.Rollback()
	var version int
	if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return false, fmt.Errorf("migrate database %s: %w", path, err)
	}
	switch {
	case version > len(steps):
		return false, fmt.Errorf("database %s has schema %d, this program knows schemas up to %d: %w; start the newer version, or restore a backup from before it",
			path, version, len(steps), store.ErrNewer)
	case version == len(steps):
		return true, nil
	}
	step := steps[version]
	if _, err := tx.ExecContext(ctx, step.sql); err != nil {
		return false, fmt.Errorf("migrate database %s: %s: %w", path, step.name, err)
	}
	if fill, has := fills[step.name]; has {
		if err := fill(ctx, tx); err != nil {
			return false, fmt.Errorf("migrate database %s: %s: %w", path, step.name, err)
		}
	}
	// A PRAGMA takes no parameters; both are numbers of ours, and both are part of the transaction.
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", applicationID, version+1)); err != nil {
		return false, fmt.Errorf("migrate database %s: %s: %w", path, step.name, err)
	}
	if err := tx.Commit(); err != nil {
		return false, fmt.Errorf("migrate database %s: %s: %w", path, step.name, err)
	}
	return false, nil
}
