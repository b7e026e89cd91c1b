package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// Apply stores a batch as a whole or not at all. It returns store.ErrMoved, and has changed nothing, if a contract's position is not where
// the batch starts from or the feed's head is not what its entries follow: the batch has been applied before, or another process applied
// one meanwhile.
func (s *Store) Apply(ctx context.Context, b store.Batch) error {
	err := s.apply(ctx, b)
	if err != nil && ctx.Err() != nil && !errors.Is(err, ctx.Err()) {
		// database/sql closes a transaction's statements when its context ends, and may report only that.
		return fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	return err
}

func (s *Store) apply(ctx context.Context, b store.Batch) error {
	if err := b.Check(); err != nil {
		return fmt.Errorf("apply batch: %w", err)
	}
	begun, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("apply batch: %w", err)
	}
	tx := &writer{Tx: begun, prepared: map[string]*sql.Stmt{}}
	defer tx.Rollback()
	for _, m := range b.Moves {
		res, err := tx.ExecContext(ctx, `
			UPDATE contracts SET position = ?, position_at = max(position_at, ?) WHERE contract = ? AND position = ?`,
			m.To, seconds(m.At), m.Contract, m.From)
		if err := oneRow(res, err, fmt.Sprintf("apply batch: move %s from %s", m.Contract, m.From)); err != nil {
			return err
		}
	}
	for _, g := range b.Gaps {
		res, err := tx.ExecContext(ctx, `UPDATE contracts SET gap_oldest = ? WHERE contract = ?`, g.Oldest, g.Contract)
		if err := oneRow(res, err, fmt.Sprintf("apply batch: gap of %s", g.Contract)); err != nil {
			return err
		}
	}
	if err := insertEvents(ctx, tx, b.Events); err != nil {
		return fmt.Errorf("apply batch: %w", err)
	}
	if err := writeTrades(ctx, tx, b.Trades); err != nil {
		return fmt.Errorf("apply batch: %w", err)
	}
	if err := appendFeed(ctx, tx, b.Feed); err != nil {
		return fmt.Errorf("apply batch: %w", err)
	}
	if len(b.Moves) > 0 {
		if err := projectTransactions(ctx, tx.Tx); err != nil {
			return fmt.Errorf("apply batch: %w", err)
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("apply batch: %w", err)
	}
	return nil
}

// writer is a transaction that reads the text of a statement once, not once for each row.
type writer struct {
	*sql.Tx
	prepared map[string]*sql.Stmt // closed with the transaction
}

func (w *writer) ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error) {
	stmt, known := w.prepared[text]
	if !known {
		var err error
		if stmt, err = w.PrepareContext(ctx, text); err != nil {
			return nil, err
		}
		w.prepared[text] = stmt
	}
	return stmt.ExecContext(ctx, args...)
}
