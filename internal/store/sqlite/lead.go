package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// leadTry is how long to wait between two tries to lead.
const leadTry = time.Second

// Lead runs work while this process leads: of all that have the same file open, one does at a time. It waits for its turn, until ctx ends,
// which is no error, or work returns. What is held is a write lock on a file beside the database's, which the system takes back from a process
// that is killed. lost is never called: this lead cannot be lost while the process lives.
func (s *Store) Lead(ctx context.Context, work func(context.Context) error, _ func(error)) error {
	db, err := sql.Open("sqlite", dsn(s.path+"-lead", "_txlock", "exclusive"))
	if err != nil {
		return fmt.Errorf("lead on database %s: %w", s.path, err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	// The one that waits must not wait for as long as a writer does: it looks again, and ends with its context.
	if _, err := db.ExecContext(ctx, "PRAGMA busy_timeout = 0"); ctx.Err() != nil {
		return nil
	} else if err != nil {
		return fmt.Errorf("lead on database %s: %w", s.path, err)
	}
	for {
		tx, err := db.BeginTx(context.WithoutCancel(ctx), nil)
		if err == nil {
			err = work(ctx)
			_ = tx.Rollback() // nothing was written
			return err
		}
		if !isBusy(err) {
			return fmt.Errorf("lead on database %s: %w", s.path, err)
		}
		timer := time.NewTimer(leadTry)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil
		}
	}
}
