package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

const (
	tries     = 6
	firstWait = 20 * time.Millisecond // doubles each time: 0.6 s in all
	// passwordWait takes the place of firstWait while the server refuses the password: that of a rotation arrives a moment after, or before.
	passwordWait = 100 * time.Millisecond
)

// querier is what a connection and a transaction have in common.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}

// read runs f on a connection. If that turns out to be dead it takes another one: reading twice does no harm.
func (s *Store) read(ctx context.Context, f func(querier) error) error {
	return s.retry(ctx, true, func(conn *pgxpool.Conn) error { return f(conn) })
}

// snapshot is read in a transaction that sees one moment.
func (s *Store) snapshot(ctx context.Context, f func(querier) error) error {
	return s.retry(ctx, true, inSnapshot(ctx, f))
}

// beginSnapshot takes the lock that keeps a rebuild from putting other tables in the place of the projection's (rebuild.go), before the
// transaction's first statement says which moment it sees: after it, the tables would be those of another moment. Whoever reads the
// projection begins with this table, so that nobody waits for a rebuild that waits for them.
const beginSnapshot = `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; LOCK TABLE standings IN ACCESS SHARE MODE`

func inSnapshot(ctx context.Context, f func(querier) error) func(*pgxpool.Conn) error {
	return func(conn *pgxpool.Conn) error {
		return inTx(ctx, conn, pgx.TxOptions{BeginQuery: beginSnapshot}, func(tx pgx.Tx) error { return f(tx) })
	}
}

// write runs f in a transaction and commits it. It is run again if the server has undone it for another's sake, or never got to see it, but
// not if the connection was lost while it may have been committed: the caller then reads what is stored.
func (s *Store) write(ctx context.Context, f func(pgx.Tx) error) error {
	return s.retry(ctx, false, func(conn *pgxpool.Conn) error { return inTx(ctx, conn, toWrite, f) })
}

var toWrite = pgx.TxOptions{IsoLevel: pgx.ReadCommitted, AccessMode: pgx.ReadWrite}

// inTx is pgx.BeginTxFunc, which answers a COMMIT that was cut off with the error of the ROLLBACK after it: that one could safely be retried.
func inTx(ctx context.Context, conn interface {
	BeginTx(ctx context.Context, o pgx.TxOptions) (pgx.Tx, error)
}, o pgx.TxOptions, f func(pgx.Tx) error) error {
	tx, err := conn.BeginTx(ctx, o)
	if err != nil {
		return err
	}
	defer func() {
		// Nothing once committed. What cannot be said in time the server does by itself when the connection is closed.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), pingTimeout)
		defer cancel()
		_ = tx.Rollback(ctx)
	}()
	if err := f(tx); err != nil {
		return err
	}
	if err := tx.Commit(ctx); err != nil {
		return &commitError{err}
	}
	return nil
}

// commitError is what became of a COMMIT that may have been carried out.
type commitError struct{ error }

func (e *commitError) Unwrap() error { return e.error }

// exec runs one statement that changes one row, or returns store.ErrMoved.
func (s *Store) exec(ctx context.Context, doing, sql string, args ...any) error {
	err := s.retry(ctx, false, func(conn *pgxpool.Conn) error {
		tag, err := conn.Exec(ctx, sql, args...)
		if err == nil && tag.RowsAffected() == 0 {
			err = store.ErrMoved
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

func (s *Store) retry(ctx context.Context, harmless bool, f func(*pgxpool.Conn) error) error {
	for try := 1; ; try++ {
		err := s.once(ctx, f)
		wait := firstWait
		var commit *commitError
		switch {
		case err != nil && ctx.Err() != nil && !errors.Is(err, ctx.Err()):
			return fmt.Errorf("%w: %w", ctx.Err(), err) // the driver ends a connection's use by closing it, and may report only that
		case err == nil || ctx.Err() != nil:
			return err
		case try == tries:
			return unavailable(err)
		case !harmless && errors.As(err, &commit) && !undone(err):
			return unavailable(err)
		case refused(err):
			wait = passwordWait
		case undone(err) || pgconn.SafeToRetry(err) || readOnly(err) || harmless && lost(err):
		default:
			return unavailable(err)
		}
		timer := time.NewTimer(wait << (try - 1))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return err
		}
	}
}

// unavailable marks the errors of a server that cannot be reached, or has gone.
func unavailable(err error) error {
	if lost(err) || refused(err) || readOnly(err) || pgconn.SafeToRetry(err) {
		return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	}
	return err
}

func (s *Store) once(ctx context.Context, f func(*pgxpool.Conn) error) error {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("connect to database %s: %w", s.name, oneLine{err})
	}
	defer conn.Release()
	if err = f(conn); readOnly(err) {
		_ = conn.Conn().Close(ctx) // it would stay so for as long as it lives, whatever becomes of the server
	}
	return err
}

// undone tells whether the server has undone a transaction because of another one's: nothing is wrong with it.
func undone(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01") // serialization_failure, deadlock_detected
}

// readOnly tells whether a connection refuses to write: its server is a standby, as after a failover, or was made read-only when it was opened.
func readOnly(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "25006" || pg.Code == "0A000" && strings.Contains(pg.Message, "recovery")) // read_only_sql_transaction
}

// refused tells whether a new connection was refused for its password.
func refused(err error) bool {
	var connect *pgconn.ConnectError
	var pg *pgconn.PgError
	return errors.As(err, &connect) && errors.As(err, &pg) && strings.HasPrefix(pg.Code, "28")
}

// lost tells whether the connection or the server went away.
func lost(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return strings.HasPrefix(pg.Code, "08") || strings.HasPrefix(pg.Code, "57P") // connection_exception; shutdown, crash, cannot_connect_now
	}
	var dial *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &dial) || errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}
