package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// Payouts lists what a trade has paid, or an account has got, in the order of the chain, or newest first.
func (s *Store) Payouts(ctx context.Context, f store.PayoutFilter) ([]store.ListedPayout, error) {
	if err := f.Check(); err != nil {
		return nil, err
	}
	query, args := payoutsQuery(f)
	rows, err := s.read.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("list payouts: %w", err)
	}
	defer rows.Close()
	var all []store.ListedPayout
	for rows.Next() {
		var p store.ListedPayout
		if err := rows.Scan(&p.Event, &p.Role, &p.Account, (*wide)(&p.Amount), (*hash)(&p.Trade), &p.Asset, &p.Kind, (*hash)(&p.Tx), &p.At); err != nil {
			return nil, fmt.Errorf("list payouts: %w", err)
		}
		all = append(all, p)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list payouts: %w", err)
	}
	return all, nil
}

func payoutsQuery(f store.PayoutFilter) (string, []any) {
	var after store.PayoutKey
	beyond, direction := `>`, ``
	if f.Newest {
		beyond, direction, after.Event = `<`, ` DESC`, afterAll
	}
	if f.After != nil {
		after = *f.After
	}
	// The order of the joins is the plan's: see tradesQuery.
	query, of := `payouts p CROSS JOIN trades t ON t.opened = p.opened CROSS JOIN events e ON e.id = p.event WHERE p.account = ?`, any(f.Account)
	if f.Trade != nil {
		query, of = `trades t CROSS JOIN payouts p ON p.opened = t.opened CROSS JOIN events e ON e.id = p.event WHERE t.id = ?`, f.Trade[:]
	}
	return `SELECT p.event, p.role, p.account, p.amount, t.id, t.asset, e.kind, e.tx, e.closed_at FROM ` + query +
		` AND (p.event, p.role) ` + beyond + ` (?, ?) ORDER BY p.event` + direction + `, p.role` + direction + ` LIMIT ?`, []any{of, after.Event, after.Role, f.Limit}
}

// writePayouts takes back what was not paid after all, and adds what was.
func writePayouts(ctx context.Context, tx *writer, c store.Change) error {
	for _, w := range c.Withheld {
		if err := withhold(ctx, tx, c.Trade.Opened.Event, w); err != nil {
			return fmt.Errorf("withheld from role %d: %w", w.Role, err)
		}
	}
	for _, p := range c.Payouts {
		if _, err := tx.ExecContext(ctx, `INSERT INTO payouts (opened, event, role, account, amount) VALUES (?, ?, ?, ?, ?)`,
			c.Trade.Opened.Event, p.Event, p.Role, p.Account, wide(p.Amount)); err != nil {
			return fmt.Errorf("payout of event %s to role %d: %w", p.Event, p.Role, err)
		}
	}
	return nil
}

func withhold(ctx context.Context, tx *writer, opened store.EventID, w store.Withheld) error {
	var said []store.Payout
	if err := eachPayout(ctx, tx, `
		SELECT opened, event, role, account, amount FROM payouts WHERE opened = ? AND event >= ? ORDER BY event DESC`, func(_ store.EventID, p store.Payout) error {
		if p.Role == w.Role {
			said = append(said, p)
		}
		return nil
	}, opened, w.From); err != nil {
		return err
	}
	rest := w.Amount
	for _, p := range said {
		if rest.Sign() <= 0 {
			return nil
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM payouts WHERE opened = ? AND event = ? AND role = ?`, opened, p.Event, p.Role); err != nil {
			return err
		}
		rest = rest.Minus(p.Amount) // both above 0
	}
	return nil
}

func eachPayout(ctx context.Context, db queryer, query string, visit func(opened store.EventID, p store.Payout) error, args ...any) error {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var opened store.EventID
		var p store.Payout
		if err := rows.Scan(&opened, &p.Event, &p.Role, &p.Account, (*wide)(&p.Amount)); err != nil {
			return err
		}
		if err := visit(opened, p); err != nil {
			return err
		}
	}
	return errors.Join(rows.Err(), rows.Close())
}

// readPayouts calls visit for each payout of all trades, in the order in which they were opened: row by row, there is no other side to wait.
func readPayouts(ctx context.Context, tx *sql.Tx, visit func(opened store.EventID, p store.Payout) error) error {
	return eachPayout(ctx, tx, `SELECT opened, event, role, account, amount FROM payouts WHERE opened > '' ORDER BY opened, event, role`, visit)
}
