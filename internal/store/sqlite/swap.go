package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// Swap is store.Rebuilding's. It copies the new tables into the place of the live ones: a reader's transaction sees one moment of the file, so
// one before it or one after. Copying takes 0.1 ms a trade (measured with 20,000); writers of other processes wait for busyTimeoutMs and then
// try again.
func (r *Rebuilding) Swap(ctx context.Context, read map[string]store.EventID, finish func(context.Context, store.Rest) (store.Finish, error)) error {
	if r.swapped {
		return errors.New("swap projections: it is done")
	}
	if err := r.swap(ctx, read, finish); err != nil {
		return fmt.Errorf("swap projections: %w", err)
	}
	r.swapped = true
	return nil
}

func (r *Rebuilding) swap(ctx context.Context, read map[string]store.EventID, finish func(context.Context, store.Rest) (store.Finish, error)) error {
	conn, err := r.store.write.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() {
		// The next one is made anew: this one has the other file, and no foreign keys.
		_ = conn.Raw(func(any) error { return driver.ErrBadConn })
		_ = conn.Close()
	}()
	// Tables are emptied and filled one by one: foreign keys would not hold in between.
	other := (&url.URL{Scheme: "file", Path: r.path, RawQuery: "mode=ro"}).String()
	if _, err := conn.ExecContext(ctx, "PRAGMA foreign_keys = off"); err != nil {
		return err
	}
	if _, err := conn.ExecContext(ctx, "ATTACH ? AS rebuilt", other); err != nil {
		return err
	}
	begun, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer begun.Rollback()
	tx := &writer{Tx: begun, prepared: map[string]*sql.Stmt{}}
	rest, err := r.rest(ctx, begun, read)
	if err != nil {
		return err
	}
	f, err := finish(ctx, rest)
	if err != nil {
		return err
	}
	if err := f.Check(); err != nil {
		return err
	}
	if err := r.check(ctx, f.Trades); err != nil {
		return err
	}
	if err := exchange(ctx, begun); err != nil {
		return err
	}
	if err := writeTrades(ctx, tx, f.Trades); err != nil {
		return err
	}
	for id, reading := range f.Events {
		res, err := tx.ExecContext(ctx, `UPDATE events SET unread = ?, trade = ? WHERE id = ?`, store.Text(reading.Unread), hashOrNull(reading.Trade), id)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil {
			return err
		} else if n == 0 {
			return fmt.Errorf("event %s: %w", id, store.ErrNotFound)
		}
	}
	if err := appendFeed(ctx, tx, f.Feed); err != nil {
		return err
	}
	return begun.Commit()
}

// rest reads what batches have brought meanwhile: they wait for the transaction.
func (r *Rebuilding) rest(ctx context.Context, tx *sql.Tx, read map[string]store.EventID) (rest store.Rest, err error) {
	steps, err := migrations()
	if err != nil {
		return rest, err
	}
	var version int
	if err := tx.QueryRowContext(ctx, "PRAGMA main.user_version").Scan(&version); err != nil {
		return rest, err
	}
	if version != len(steps) {
		return rest, fmt.Errorf("the schema has become %d meanwhile, this program knows schemas up to %d: %w; rebuild with the newer version", version, len(steps), store.ErrNewer)
	}
	if rest.Head, err = scanHead(tx.QueryRowContext(ctx, feedHead)); err != nil {
		return rest, err
	}
	contracts, err := queryContracts(ctx, tx, allContracts)
	if err != nil {
		return rest, err
	}
	for _, c := range contracts {
		events, err := eventsOf(ctx, tx, c.ID, read[c.ID], store.MaxRest+1-len(rest.Events))
		if err != nil {
			return rest, err
		}
		if rest.Events = append(rest.Events, events...); len(rest.Events) > store.MaxRest {
			return rest, fmt.Errorf("more than %d events have not been read: %w", store.MaxRest, store.ErrBehind)
		}
	}
	slices.SortFunc(rest.Events, func(a, b store.Event) int { return cmp.Compare(a.ID, b.ID) })
	return rest, nil
}

// exchange puts the rows of the attached file's tables in the place of the live ones.
func exchange(ctx context.Context, tx *sql.Tx) error {
	rows, err := tx.QueryContext(ctx, `SELECT name FROM rebuilt.sqlite_schema WHERE type = 'table' ORDER BY name`)
	if err != nil {
		return err
	}
	defer rows.Close()
	var tables []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return err
		}
		tables = append(tables, name)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, name := range tables {
		if _, err := tx.ExecContext(ctx, "DELETE FROM main."+name); err != nil {
			return fmt.Errorf("empty table %s: %w", name, err)
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO main."+name+" SELECT * FROM rebuilt."+name); err != nil {
			return fmt.Errorf("fill table %s: %w", name, err)
		}
	}
	return nil
}
