package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// projection are the migrations that make the tables of the projection, and nothing else: a rebuild makes them again in a schema of its own.
// A later step that changes these tables belongs here, and holds nothing else.
var projection = []string{"0002_trades.sql", "0005_due.sql", "0007_payouts.sql"}

// Rebuilding is a store.Rebuilding. Its tables are in a schema of their own, which its connection looks into before the live one: every statement
// of this package finds the new projection there, and everything else where it is.
type Rebuilding struct {
	store  *Store
	conn   *pgx.Conn // holds the lock of whoever rebuilds; gone with it, the rebuild is over
	schema string    // of the new projection
	live   string    // the schema it is for
	oid    uint32    // of live
	opened map[string]store.EventID
	// opened is, by contract, where the last trade that was written has been opened: one that was opened behind it is new.
	swapped bool
}

// Rebuild begins to make the projection anew: store.Rebuilding says the rest. The error is store.ErrRebuilding while another process does.
func (s *Store) Rebuild(ctx context.Context) (store.Rebuilding, error) {
	r := &Rebuilding{store: s, opened: map[string]store.EventID{}}
	if err := r.begin(ctx); err != nil {
		if r.conn != nil {
			r.conn.Close(context.WithoutCancel(ctx))
		}
		return nil, fmt.Errorf("begin to rebuild in database %s: %w", s.name, err)
	}
	return r, nil
}

// lockRebuild is the lock of whoever rebuilds: its key is "StEu" and the schema's number.
const lockRebuild = `SELECT nspname::text, oid, pg_try_advisory_lock(1400128885::bigint << 32 | oid::bigint) FROM pg_namespace WHERE nspname = current_schema()`

// connect makes the connection, and takes the lock.
func (r *Rebuilding) connect(ctx context.Context) (err error) {
	if r.conn, err = r.store.dial(ctx, func(*pgx.ConnConfig) {}); err != nil {
		return oneLine{err}
	}
	var alone bool
	if err := r.conn.QueryRow(ctx, lockRebuild).Scan(&r.live, &r.oid, &alone); err != nil {
		return err
	}
	if !alone {
		return fmt.Errorf("%w in schema %s; wait for its end, or stop it", store.ErrRebuilding, r.live)
	}
	r.schema = fmt.Sprint("stellarescrow_rebuild_", r.oid)
	return nil
}

func (r *Rebuilding) begin(ctx context.Context) error {
	if err := r.connect(ctx); err != nil {
		return err
	}
	steps, err := migrations()
	if err != nil {
		return err
	}
	if err := inTx(ctx, r.conn, toWrite, func(tx pgx.Tx) error {
		for _, sql := range []string{"DROP SCHEMA IF EXISTS " + r.schema + " CASCADE", "CREATE SCHEMA " + r.schema, "SET LOCAL search_path = " + r.schema} {
			if _, err := tx.Exec(ctx, sql); err != nil {
				return err
			}
		}
		for _, name := range projection {
			i := slices.IndexFunc(steps, func(m migration) bool { return m.name == name })
			if i < 0 {
				return fmt.Errorf("there is no migration %s", name)
			}
			if _, err := tx.Exec(ctx, steps[i].sql); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		return nil
	}); err != nil {
		var pg *pgconn.PgError
		if errors.As(err, &pg) && pg.Code == "42501" { // insufficient_privilege
			return fmt.Errorf("%w; grant user %s CREATE on the database: the new tables are made in a schema of their own", err, r.conn.Config().User)
		}
		return err
	}
	// Nothing is lost with a power cut but this rebuild: its commits need not be waited for, until the swap.
	_, err = r.conn.Exec(ctx, fmt.Sprintf("SET search_path = %s, %s; SET synchronous_commit = off", r.schema, pgx.Identifier{r.live}.Sanitize()))
	return err
}

// Events is store.Rebuilding's.
func (r *Rebuilding) Events(ctx context.Context, contract string, after store.EventID, limit int) ([]store.Event, error) {
	if err := store.CheckRebuildPage(after, limit); err != nil {
		return nil, err
	}
	sql, args, err := eventsQuery(store.EventFilter{Contract: contract, Page: store.Page{After: after, Limit: limit}})
	if err != nil {
		return nil, err
	}
	all, err := list(ctx, r.store, scanEvent, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("list events to rebuild from: %w", err)
	}
	return all, nil
}

// Trade is store.Rebuilding's.
func (r *Rebuilding) Trade(ctx context.Context, id escrow.ID) (store.Trade, error) {
	all, err := r.TradesByID(ctx, []escrow.ID{id})
	if err == nil && len(all) == 0 {
		err = fmt.Errorf("read trade %s anew: %w", id, store.ErrNotFound)
	}
	if err != nil {
		return store.Trade{}, err
	}
	return all[0], nil
}

// TradesByID is store.Rebuilding's. It needs no transaction: nobody else writes what it reads.
func (r *Rebuilding) TradesByID(ctx context.Context, ids []escrow.ID) ([]store.Trade, error) {
	if len(ids) > store.MaxPage {
		return nil, fmt.Errorf("read %d trades anew: %w: it is 1 to %d", len(ids), store.ErrLimit, store.MaxPage)
	}
	if len(ids) == 0 {
		return nil, nil
	}
	all, err := readTrades(ctx, r.conn, tradesByID, rawIDs(ids))
	if err != nil {
		return nil, fmt.Errorf("read %d trades anew: %w", len(ids), err)
	}
	slices.SortFunc(all, byOpening)
	return all, nil
}

// Write is store.Rebuilding's.
func (r *Rebuilding) Write(ctx context.Context, changes []store.Change) error {
	if err := store.CheckChanges(changes); err != nil {
		return fmt.Errorf("write trades anew: %w", err)
	}
	if err := inTx(ctx, r.conn, toWrite, func(tx pgx.Tx) error { return r.write(ctx, tx, changes) }); err != nil {
		return fmt.Errorf("write trades anew: %w", err)
	}
	for _, c := range changes {
		r.opened[c.Contract] = max(r.opened[c.Contract], c.Trade.Opened.Event)
	}
	return nil
}

func (r *Rebuilding) write(ctx context.Context, tx pgx.Tx, changes []store.Change) error {
	if len(changes) == 0 {
		return nil
	}
	f := found{known: map[escrow.ID]was{}}
	opened := []string{}
	for _, c := range changes {
		if c.Opened.Event <= r.opened[c.Contract] {
			opened = append(opened, string(c.Opened.Event))
		}
	}
	var q pgx.Batch
	checkContracts(&q, changes)
	readKnown(&q, opened, f)
	if err := tx.SendBatch(ctx, &q).Close(); err != nil {
		return err
	}
	rows := tradeRows(changes, f)
	if rows.err != nil {
		return rows.err
	}
	return writeTrades(ctx, tx, rows)
}

// Close is store.Rebuilding's.
func (r *Rebuilding) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	defer func() { r.conn.Close(ctx) }()
	if r.conn.IsClosed() {
		if r.swapped {
			return nil
		}
		// The lock went with the connection: whoever has it now has removed what this one has left.
		if err := r.connect(ctx); errors.Is(err, store.ErrRebuilding) {
			return nil
		} else if err != nil {
			return fmt.Errorf("remove an unfinished rebuild: %w; the next one will", err)
		}
	}
	if !r.swapped {
		if _, err := r.conn.Exec(ctx, "DROP SCHEMA IF EXISTS "+r.schema+" CASCADE"); err != nil {
			return fmt.Errorf("remove an unfinished rebuild: %w; the next one will", err)
		}
	}
	// The server gives the lock back some time after it is told that the connection ends; who begins another rebuild at once need not wait.
	if _, err := r.conn.Exec(ctx, "SELECT pg_advisory_unlock_all()"); err != nil && !r.swapped {
		return fmt.Errorf("end a rebuild: %w", err)
	}
	return nil
}
