package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// projection are the migrations that make the tables of the projection, and nothing else: a rebuild makes them again in a file of its own.
// A later step that changes these tables belongs here, and holds nothing else.
var projection = []string{"0002_trades.sql", "0005_due.sql", "0007_payouts.sql"}

// Rebuilding is a store.Rebuilding. Its tables are in a file beside the store's, which the swap copies from.
type Rebuilding struct {
	store   *Store
	path    string
	db      *sql.DB // of the file; one connection
	lock    *sql.DB // of whoever rebuilds
	held    *sql.Tx
	follows map[string]bool // followed contracts
	swapped bool
}

// Rebuild begins to make the projection anew: store.Rebuilding says the rest. The error is store.ErrRebuilding while another process does.
func (s *Store) Rebuild(ctx context.Context) (store.Rebuilding, error) {
	r := &Rebuilding{store: s, path: s.path + "-rebuild", follows: map[string]bool{}}
	if err := r.begin(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("begin to rebuild in database %s: %w", s.path, err), r.end())
	}
	return r, nil
}

func (r *Rebuilding) begin(ctx context.Context) (err error) {
	// As in Lead: a write lock on a file of its own, which the system takes back from a process that is killed.
	if r.lock, err = sql.Open("sqlite", dsn(r.path+"-lock", "_txlock", "exclusive")); err != nil {
		return err
	}
	r.lock.SetMaxOpenConns(1)
	if _, err := r.lock.ExecContext(ctx, "PRAGMA busy_timeout = 0"); err != nil {
		return err
	}
	if r.held, err = r.lock.BeginTx(context.WithoutCancel(ctx), nil); isBusy(err) {
		return fmt.Errorf("%w; wait for its end, or stop it", store.ErrRebuilding)
	} else if err != nil {
		return err
	}
	if err := r.remove(); err != nil {
		return err
	}
	// Nothing is lost with a power cut but this rebuild: the file need not reach the disk.
	if r.db, err = sql.Open("sqlite", writing(r.path, writeCacheKiB, "_journal_mode", "MEMORY", "_synchronous", "OFF")); err != nil {
		return err
	}
	r.db.SetMaxOpenConns(1)
	steps, err := migrations()
	if err != nil {
		return err
	}
	for _, name := range projection {
		i := slices.IndexFunc(steps, func(m migration) bool { return m.name == name })
		if i < 0 {
			return fmt.Errorf("there is no migration %s", name)
		}
		if _, err := r.db.ExecContext(ctx, steps[i].sql); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// Events is store.Rebuilding's.
func (r *Rebuilding) Events(ctx context.Context, contract string, after store.EventID, limit int) ([]store.Event, error) {
	if err := store.CheckRebuildPage(after, limit); err != nil {
		return nil, err
	}
	all, err := eventsOf(ctx, r.store.read, contract, after, limit)
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

// TradesByID is store.Rebuilding's.
func (r *Rebuilding) TradesByID(ctx context.Context, ids []escrow.ID) ([]store.Trade, error) {
	all, err := readTradesByID(ctx, r.db, ids)
	if err != nil {
		return nil, fmt.Errorf("read %d trades anew: %w", len(ids), err)
	}
	return all, nil
}

// Write is store.Rebuilding's.
func (r *Rebuilding) Write(ctx context.Context, changes []store.Change) error {
	if err := r.check(ctx, changes); err != nil {
		return fmt.Errorf("write trades anew: %w", err)
	}
	begun, err := r.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("write trades anew: %w", err)
	}
	defer begun.Rollback()
	if err := writeTrades(ctx, &writer{Tx: begun, prepared: map[string]*sql.Stmt{}}, changes); err != nil {
		return fmt.Errorf("write trades anew: %w", err)
	}
	if err := begun.Commit(); err != nil {
		return fmt.Errorf("write trades anew: %w", err)
	}
	return nil
}

// check also asks for what foreign keys would: the followed contracts are in the other file.
func (r *Rebuilding) check(ctx context.Context, changes []store.Change) error {
	if err := store.CheckChanges(changes); err != nil {
		return err
	}
	for _, c := range changes {
		if r.follows[c.Contract] {
			continue
		}
		var contract string
		err := r.store.read.QueryRowContext(ctx, `SELECT contract FROM contracts WHERE contract = ?`, c.Contract).Scan(&contract)
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("trade %s: contract %s is not followed", c.ID, c.Contract)
		}
		if err != nil {
			return err
		}
		r.follows[c.Contract] = true
	}
	return nil
}

// Close is store.Rebuilding's.
func (r *Rebuilding) Close() error { return r.end() }

// end removes the file before it gives back the lock.
func (r *Rebuilding) end() error {
	var errs []error
	if r.db != nil {
		errs = append(errs, r.db.Close(), r.remove())
	}
	if r.held != nil {
		errs = append(errs, r.held.Rollback())
	}
	if r.lock != nil {
		errs = append(errs, r.lock.Close())
	}
	r.db, r.held, r.lock = nil, nil, nil
	return errors.Join(errs...)
}

// remove takes away the new tables, or what an earlier rebuild has left.
func (r *Rebuilding) remove() error {
	for _, path := range []string{r.path, r.path + "-journal"} {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}
