package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// Due lists funded trades for which settle has something to carry out at the time until, or would have unless somebody acts before: those
// with At up to it, in the order of At and Opened, behind after (the zero value is before all of them), at most limit.
func (s *Store) Due(ctx context.Context, until uint64, after store.Due, limit int) ([]store.Due, error) {
	if err := (store.Page{Limit: limit}).Check(); err != nil {
		return nil, err
	}
	rows, err := s.read.QueryContext(ctx, `
		SELECT due_at, opened, trade, contract FROM due WHERE due_at <= ? AND (due_at, opened) > (?, ?)
		ORDER BY due_at, opened LIMIT ?`, seconds(until), seconds(after.At), after.Opened, limit)
	if err != nil {
		return nil, fmt.Errorf("list due trades: %w", err)
	}
	defer rows.Close()
	var all []store.Due
	for rows.Next() {
		var d store.Due
		if err := rows.Scan(&d.At, &d.Opened, (*hash)(&d.Trade), &d.Contract); err != nil {
			return nil, fmt.Errorf("list due trades: %w", err)
		}
		all = append(all, d)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list due trades: %w", err)
	}
	return all, nil
}

// executor is a transaction that statements change something in.
type executor interface {
	ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error)
}

func writeDue(ctx context.Context, tx executor, t *store.Trade, fresh bool) error {
	at := t.DueAt()
	switch {
	case at != 0:
		_, err := tx.ExecContext(ctx, `
			INSERT INTO due (opened, due_at, trade, contract) VALUES (?, ?, ?, ?)
			ON CONFLICT (opened) DO UPDATE SET due_at = excluded.due_at`, t.Opened.Event, seconds(at), t.ID[:], t.Contract)
		return err
	case !fresh && t.Stage >= escrow.StageFunded: // it may have had a row
		_, err := tx.ExecContext(ctx, `DELETE FROM due WHERE opened = ?`, t.Opened.Event)
		return err
	}
	return nil
}

// fillDue writes the rows of all trades that are stored, in the transaction that makes the table.
func fillDue(ctx context.Context, tx *sql.Tx) error {
	for after := store.EventID(""); ; {
		page, err := readTrades(ctx, tx, `SELECT `+tradeColumns+` FROM trades t WHERE t.stage = ? AND t.opened > ? ORDER BY t.opened LIMIT ?`,
			escrow.StageFunded, after, statePage)
		if err != nil || len(page) == 0 {
			return err
		}
		for i := range page {
			if err := writeDue(ctx, tx, &page[i], true); err != nil {
				return err
			}
		}
		after = page[len(page)-1].Opened.Event
	}
}
