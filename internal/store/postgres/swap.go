package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

const (
	closeTimeout = time.Minute // of removing a rebuild that was not finished
	// The swap asks for the tables a number of times. While it waits nobody new can read, so it gives in soon; but a vacuum of the server's own
	// only makes room for one who has waited for a second (deadlock_timeout), so each fourth time is longer.
	lockTries = 40
	lockWait  = 200 * time.Millisecond
	longWait  = 2500 * time.Millisecond
	lockPause = 200 * time.Millisecond
)

// Swap is store.Rebuilding's.
func (r *Rebuilding) Swap(ctx context.Context, read map[string]store.EventID, finish func(context.Context, store.Rest) (store.Finish, error)) error {
	if r.swapped {
		return errors.New("swap projections: it is done")
	}
	if err := inTx(ctx, r.conn, toWrite, func(tx pgx.Tx) error { return r.swap(ctx, tx, read, finish) }); err != nil {
		return fmt.Errorf("swap projections: %w", err)
	}
	r.swapped = true
	return nil
}

func (r *Rebuilding) swap(ctx context.Context, tx pgx.Tx, read map[string]store.EventID, finish func(context.Context, store.Rest) (store.Finish, error)) error {
	rest, err := r.rest(ctx, tx, read)
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
	if err := follows(rest.Head, f.Feed); err != nil {
		return err
	}
	if err := r.write(ctx, tx, f.Trades); err != nil {
		return err
	}
	if err := readAnew(ctx, tx, f.Events); err != nil {
		return err
	}
	if err := copyFeed(ctx, tx, f.Feed); err != nil {
		return err
	}
	return r.exchange(ctx, tx)
}

// rest makes batches wait until the transaction ends, and reads what they have brought meanwhile.
func (r *Rebuilding) rest(ctx context.Context, tx pgx.Tx, read map[string]store.EventID) (rest store.Rest, err error) {
	steps, err := migrations()
	if err != nil {
		return rest, err
	}
	var version int
	var contracts []string
	var b pgx.Batch
	b.Queue(`SET LOCAL synchronous_commit TO DEFAULT`)
	b.Queue(`SELECT pg_advisory_xact_lock(1400128883::bigint << 32 | $1::oid::bigint) FROM pg_namespace WHERE oid = $1`, r.oid) // lockSchema's
	b.Queue(lockApply)
	b.Queue(`SELECT max(number) FROM stellarescrow_migrations`).QueryRow(func(row pgx.Row) error { return row.Scan(&version) })
	b.Queue(`SELECT contract FROM contracts ORDER BY contract`).Query(func(rows pgx.Rows) (err error) {
		contracts, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	b.Queue(feedHead).QueryRow(func(row pgx.Row) (err error) {
		rest.Head, err = scanHead(row)
		return err
	})
	if err := tx.SendBatch(ctx, &b).Close(); err != nil {
		return rest, err
	}
	if version != len(steps) {
		return rest, fmt.Errorf("the schema has become %d meanwhile, this program knows schemas up to %d: %w; rebuild with the newer version", version, len(steps), store.ErrNewer)
	}
	for _, contract := range contracts {
		sql, args, err := eventsQuery(store.EventFilter{Contract: contract, Page: store.Page{After: read[contract], Limit: store.MaxRest + 1 - len(rest.Events)}})
		if err != nil {
			return rest, err
		}
		rows, err := tx.Query(ctx, sql, args...)
		if err == nil {
			rest.Events, err = pgx.AppendRows(rest.Events, rows, scanEvent)
		}
		if err != nil {
			return rest, err
		}
		if len(rest.Events) > store.MaxRest {
			return rest, fmt.Errorf("more than %d events have not been read: %w", store.MaxRest, store.ErrBehind)
		}
	}
	slices.SortFunc(rest.Events, func(a, b store.Event) int { return cmp.Compare(a.ID, b.ID) })
	return rest, nil
}

// readAnew says anew what stored events are about, and why they had no effect.
func readAnew(ctx context.Context, tx pgx.Tx, all map[store.EventID]store.Reading) error {
	if len(all) == 0 {
		return nil
	}
	var ids, texts []string
	var trades [][]byte
	for id, reading := range all {
		var trade []byte
		if reading.Trade != nil {
			trade = reading.Trade[:]
		}
		ids, texts, trades = append(ids, string(id)), append(texts, store.Text(reading.Unread)), append(trades, trade)
	}
	tag, err := tx.Exec(ctx, `
		UPDATE events e SET unread = c.unread, trade = c.trade FROM unnest($1::text[], $2::text[], $3::bytea[]) c (id, unread, trade)
		WHERE e.id = c.id`, ids, texts, trades)
	if err == nil && int(tag.RowsAffected()) != len(all) {
		err = fmt.Errorf("%d of %d events are stored: %w", tag.RowsAffected(), len(all), store.ErrNotFound)
	}
	return err
}

// exchange drops the live tables and puts the new ones in their place, with the same rights to them.
func (r *Rebuilding) exchange(ctx context.Context, tx pgx.Tx) error {
	var tables, rights []string
	var b pgx.Batch
	// The table that readers of the projection begin with is the first (beginSnapshot).
	b.Queue(`SELECT relname::text FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind = 'r' ORDER BY relname <> 'standings', relname`, r.schema).
		Query(func(rows pgx.Rows) (err error) {
			tables, err = pgx.CollectRows(rows, pgx.RowTo[string])
			return err
		})
	b.Queue(`
		SELECT format('GRANT %s ON %s.%I TO %s%s', a.privilege_type, $1::text, n.relname,
			CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END, CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
		FROM pg_class n JOIN pg_class c ON c.relname = n.relname AND c.relnamespace = $2, aclexplode(c.relacl) a
		WHERE n.relnamespace = $1::regnamespace AND n.relkind = 'r' AND a.grantee <> c.relowner`, r.schema, r.oid).
		Query(func(rows pgx.Rows) (err error) {
			rights, err = pgx.CollectRows(rows, pgx.RowTo[string])
			return err
		})
	if err := tx.SendBatch(ctx, &b).Close(); err != nil {
		return err
	}
	var live []string
	for _, name := range tables {
		live = append(live, pgx.Identifier{r.live, name}.Sanitize())
	}
	if err := lockTables(ctx, tx, live); err != nil {
		return err
	}
	all := rights
	for i, name := range tables {
		all = append(all, "DROP TABLE "+live[i],
			fmt.Sprintf("ALTER TABLE %s SET SCHEMA %s", pgx.Identifier{r.schema, name}.Sanitize(), pgx.Identifier{r.live}.Sanitize()))
	}
	for _, sql := range append(all, "DROP SCHEMA "+r.schema) {
		_, err := tx.Exec(ctx, sql)
		var pg *pgconn.PgError
		if errors.As(err, &pg) && pg.Code == "2BP01" { // dependent_objects_still_exist
			return fmt.Errorf("%s: %w: %s; drop that, rebuild, and make it again", sql, err, strings.ReplaceAll(pg.Detail, "\n", ", "))
		}
		if err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	return nil
}

// lockTables waits for those who read, and lets others read in between.
func lockTables(ctx context.Context, tx pgx.Tx, tables []string) error {
	lock := "LOCK TABLE "
	for i, name := range tables {
		if i > 0 {
			lock += ", "
		}
		lock += name
	}
	for try := 1; ; try++ {
		wait := lockWait
		if try%4 == 0 {
			wait = longWait
		}
		inner, err := tx.Begin(ctx) // a savepoint: what was locked is given back with it
		if err != nil {
			return err
		}
		if _, err = inner.Exec(ctx, fmt.Sprintf("SET LOCAL lock_timeout = %d; %s IN ACCESS EXCLUSIVE MODE", wait.Milliseconds(), lock)); err == nil {
			return inner.Commit(ctx)
		}
		var pg *pgconn.PgError
		if !errors.As(err, &pg) || pg.Code != "55P03" || try == lockTries { // lock_not_available
			return fmt.Errorf("wait for those who read the projection, %d times: %w; see who does (pg_stat_activity)", try, err)
		}
		if err := inner.Rollback(ctx); err != nil {
			return err
		}
		if pause(ctx, lockPause); ctx.Err() != nil {
			return ctx.Err()
		}
	}
}
