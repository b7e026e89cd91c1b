package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// The bounds of leading. A process that is killed loses its connection, and with it the lead, at once; one that is cut off gives up within leadLost,
// and the server, which notices by keepalives set on the connection, lets another one lead within a few seconds. One that is frozen keeps its
// connection: the server ends that when nothing has been asked on it for leadIdle.
const (
	leadTry  = time.Second     // between two tries
	leadBeat = time.Second     // between two looks at the connection
	leadLost = 3 * time.Second // for an answer
	leadIdle = "4s"            // without a question
)

// lockLead is the lock of whoever leads: its key is "StEt" and the schema's number.
const lockLead = `SELECT pg_try_advisory_lock(1400128884::bigint << 32 | oid::bigint) FROM pg_namespace WHERE nspname = current_schema()`

// Lead runs work while this process leads: of all that have the same schema open, one does at a time. work's context ends when the lead is
// lost; it may then run for a moment beside the next one's, which Apply bears. Lead waits for its turn, and again after each loss, until ctx
// ends, which is no error, or work returns an error of its own; lost tells of each loss.
func (s *Store) Lead(ctx context.Context, work func(context.Context) error, lost func(error)) error {
	for ctx.Err() == nil {
		err := s.term(ctx, work)
		var own *workError
		if errors.As(err, &own) {
			return own.error
		}
		if err != nil && ctx.Err() == nil {
			lost(fmt.Errorf("lead on database %s: %w", s.name, oneLine{err}))
		}
		pause(ctx, leadTry)
	}
	return nil
}

// workError is what the work itself has ended with.
type workError struct{ error }

// term waits for the lead, and works until it is lost.
func (s *Store) term(ctx context.Context, work func(context.Context) error) error {
	own, err := s.dial(ctx, func(conn *pgx.ConnConfig) {
		conn.Tracer = nil
		for name, value := range map[string]string{"tcp_keepalives_idle": "2", "tcp_keepalives_interval": "1", "tcp_keepalives_count": "2", "idle_session_timeout": leadIdle} {
			conn.RuntimeParams[name] = value
		}
	})
	if err != nil {
		return err
	}
	defer own.Close(context.WithoutCancel(ctx)) // gives the lock back
	for {
		var leads bool
		if err := beat(ctx, own, lockLead, &leads); err != nil {
			return err
		}
		if leads {
			break
		}
		if pause(ctx, leadTry); ctx.Err() != nil {
			return nil
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- work(ctx) }()
	for {
		timer := time.NewTimer(leadBeat)
		select {
		case err := <-done:
			timer.Stop()
			cancel()
			if err != nil {
				return &workError{err}
			}
			return nil
		case <-timer.C:
		}
		var alive int
		if err := beat(ctx, own, `SELECT 1`, &alive); err != nil {
			cancel()
			return errors.Join(err, <-done)
		}
	}
}

// dial is a connection beside the pool, for what belongs to a connection and not to a transaction, such as a lock that lasts.
func (s *Store) dial(ctx context.Context, change func(*pgx.ConnConfig)) (*pgx.Conn, error) {
	config := s.pool.Config()
	conn := config.ConnConfig.Copy()
	change(conn)
	if config.BeforeConnect != nil {
		if err := config.BeforeConnect(ctx, conn); err != nil {
			return nil, err
		}
	}
	return pgx.ConnectConfig(ctx, conn)
}

// beat asks one question, and does not wait for long.
func beat(ctx context.Context, conn *pgx.Conn, question string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, leadLost)
	defer cancel()
	return conn.QueryRow(ctx, question).Scan(into)
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
