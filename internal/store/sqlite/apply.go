package sqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// Apply stores a batch as a whole or not at all. It returns store.ErrMoved, and has changed nothing, if a contract's position is not where
// the batch starts from or the feed's head is not what its entries follow: the batch has been applied before, or another process applied
// one meanwhile.
func (s *Store) Apply(ctx context.Context, b store.Batch) error {
	if err := check(b); err != nil {
		return fmt.Errorf("apply batch: %w", err)
	}
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("apply batch: %w", err)
	}
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
	for _, c := range b.Trades {
		if err := writeTrade(ctx, tx, c); err != nil {
			return fmt.Errorf("apply batch: trade %s: %w", c.ID, err)
		}
	}
	if err := appendFeed(ctx, tx, b.Feed); err != nil {
		return fmt.Errorf("apply batch: %w", err)
	}
	if err := projectTransactions(ctx, tx); err != nil {
		return fmt.Errorf("apply batch: %w", err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("apply batch: %w", err)
	}
	return nil
}

// check refuses a batch that contradicts itself: whoever made it has a mistake in it.
func check(b store.Batch) error {
	if len(b.Moves) == 0 && len(b.Gaps) == 0 {
		return errors.New("it moves nothing")
	}
	moves := map[string]store.Move{}
	for _, m := range b.Moves {
		if _, err := store.ParseEventID(string(m.To)); err != nil {
			return fmt.Errorf("move %s: %w", m.Contract, err)
		}
		if _, twice := moves[m.Contract]; twice || m.To <= m.From {
			return fmt.Errorf("move %s from %s to %s: not forward, or for the second time", m.Contract, m.From, m.To)
		}
		moves[m.Contract] = m
	}
	var last store.EventID
	for _, e := range b.Events {
		if m, ok := moves[e.Contract]; !ok || e.ID <= m.From || e.ID > m.To || e.ID <= last {
			return fmt.Errorf("event %s of %s: outside the move, or out of order", e.ID, e.Contract)
		}
		last = e.ID
	}
	return nil
}
