package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// Store is one database file. Its methods may be called by several goroutines at once.
type Store struct {
	write *sql.DB // one connection; its transactions take the write lock when they begin
	read  *sql.DB
	path  string
}

const (
	readers = 4
	// busyTimeoutMs is how long a writer waits for another process (a backup, a second start) before it gives up.
	busyTimeoutMs = 10_000
	// writeCacheKiB holds the upper pages of the indexes that a batch writes into. SQLite's own 2 MiB hold those of ten thousand trades: beyond,
	// each row reads several pages from the file, and writes as many to make room.
	//
	// In memory it is more: the driver's allocator (modernc.org/memory) gives a page with its header a place of 16 KiB, three of which it gets out of
	// 64 KiB. All of it is 175 MB, reached after some ten thousand trades.
	writeCacheKiB = 64 << 10
	smallCacheKiB = writeCacheKiB / 4 // 45 MB
	// pageBytes is twice SQLite's own: a page holds twice as many of the keys, which are hashes and so in no order, and of a batch's rows more meet
	// in one. With a hundred times as many trades stored, ingesting takes 8 % longer instead of 13. A file keeps the size it was made with.
	pageBytes = 8 << 10
)

// Open opens the database file, makes it if it is not there, and migrates it to the newest schema. It changes nothing in a file that is
// not ours (store.ErrForeign) or that a newer program has migrated further than this one knows (store.ErrNewer). The folder must exist.
func Open(ctx context.Context, path string) (*Store, error) {
	return open(ctx, path, "sqlite", writeCacheKiB)
}

// OpenSmall is Open for a process that is to stay small, and follows a network rather than reads in a long history: its cache is a quarter of Open's.
func OpenSmall(ctx context.Context, path string) (*Store, error) {
	return open(ctx, path, "sqlite", smallCacheKiB)
}

// open is Open through a driver of another name, which tests put around the real one, with a cache for what it writes.
func open(ctx context.Context, path, driver string, cacheKiB int) (*Store, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := inspect(ctx, path); err != nil {
		return nil, err
	}
	// FULL: an entry of the feed that a subscriber has seen must be there after a power cut, too.
	s := &Store{path: path}
	if s.write, err = sql.Open(driver, writing(path, cacheKiB, "_journal_mode", "WAL", "_synchronous", "FULL", "_foreign_keys", "on")); err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	s.write.SetMaxOpenConns(1)
	if s.read, err = sql.Open(driver, dsn(path, "_query_only", "on")); err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s: %w", path, err), s.write.Close())
	}
	s.read.SetMaxOpenConns(readers)
	if err := migrate(ctx, s.write, path); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Close ends all reads and writes. The file is then whole by itself, without its -wal and -shm companions.
func (s *Store) Close() error {
	// The writer goes last: the last connection out writes the WAL back, and only a writer can.
	return errors.Join(s.read.Close(), s.write.Close())
}

// writing is dsn for the connection that writes a database. The driver runs every _pragma before _journal_mode, with which a new file is made: its
// page size must be said by then.
func writing(path string, cacheKiB int, settings ...string) string {
	pragmas := []string{"_pragma", fmt.Sprintf("page_size(%d)", pageBytes), "_pragma", fmt.Sprintf("cache_size(-%d)", cacheKiB), "_txlock", "immediate"}
	return dsn(path, append(pragmas, settings...)...)
}

// dsn is the address of a database file for the driver; settings are pairs, of which "_pragma" may come more than once.
func dsn(path string, settings ...string) string {
	q := url.Values{"_busy_timeout": {fmt.Sprint(busyTimeoutMs)}, "_dqs": {"0"}, "_defensive": {"1"}, "_error_rc": {"1"}}
	for i := 0; i < len(settings); i += 2 {
		q.Add(settings[i], settings[i+1])
	}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}).String()
}

// applicationID marks the file as ours in its header: "StEs" (https://www.sqlite.org/pragma.html#pragma_application_id).
const applicationID = 0x53744573

// inspect looks at the file before anything is written to it: turning somebody else's database into WAL mode would already change it.
func inspect(ctx context.Context, path string) error {
	if err := writable(filepath.Dir(path)); err != nil {
		return err
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("open database: %w", err)
	case !info.Mode().IsRegular():
		return fmt.Errorf("database %s is not a file: %w; name a file, or remove it", path, store.ErrForeign)
	}
	db, err := sql.Open("sqlite", dsn(path, "mode", "rw"))
	if err != nil {
		return fmt.Errorf("open database %s: %w", path, err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	var app, tables int64
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil {
		var e *sqlite.Error
		if errors.As(err, &e) && e.Code() == sqlite3.SQLITE_NOTADB {
			return fmt.Errorf("%s is no SQLite database: %w; choose another file, or move it away", path, store.ErrForeign)
		}
		return fmt.Errorf("open database %s: %w", path, err)
	}
	if err := db.QueryRowContext(ctx, "PRAGMA application_id").Scan(&app); err != nil {
		return fmt.Errorf("open database %s: %w", path, err)
	}
	if app != applicationID && (app != 0 || tables > 0) {
		return fmt.Errorf("%s is a SQLite database of another program: %w; choose another file, or move it away", path, store.ErrForeign)
	}
	// Takes the write lock and gives it back: a file that cannot be written says so here, before the first ledger.
	if _, err := db.ExecContext(ctx, "BEGIN IMMEDIATE; ROLLBACK"); err != nil {
		return fmt.Errorf("database %s cannot be written: %w", path, err)
	}
	return nil
}

// writable finds out by writing: permission bits do not tell what a read-only file system or another user's folder will say, and SQLite
// would call either "unable to open database file".
func writable(dir string) error {
	f, err := os.CreateTemp(dir, ".writable-*")
	if err == nil {
		err = errors.Join(f.Close(), os.Remove(f.Name()))
	}
	if err != nil {
		return fmt.Errorf("database folder %s cannot be written: %w; make it, or choose another one", dir, err)
	}
	return nil
}
