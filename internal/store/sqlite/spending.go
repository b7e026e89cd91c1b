package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// Reserve adds s to what its day has cost, and one transaction, for all accounts together and for its own. If a limit does not leave room the
// error is store.ErrSpent, which says which one, and nothing is added. Processes that reserve at once wait for each other.
func (s *Store) Reserve(ctx context.Context, spend store.Spending, l store.Limits) error {
	if err := spend.Check(); err != nil {
		return err
	}
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("reserve: %w", err)
	}
	defer tx.Rollback()
	all, err := spent(ctx, tx, spend.Purpose, spend.Day, "")
	if err != nil {
		return fmt.Errorf("reserve: %w", err)
	}
	account, err := spent(ctx, tx, spend.Purpose, spend.Day, spend.Account)
	if err != nil {
		return fmt.Errorf("reserve: %w", err)
	}
	if err := l.Check(spend, all, account); err != nil {
		return fmt.Errorf("reserve: %w", err)
	}
	for _, name := range accounts(spend) {
		if _, err := tx.ExecContext(ctx, `
			INSERT INTO spending (purpose, day, account, stroops, transactions) VALUES (?, ?, ?, ?, 1)
			ON CONFLICT (purpose, day, account) DO UPDATE SET stroops = stroops + excluded.stroops, transactions = transactions + 1`,
			spend.Purpose, spend.Day, name, spend.Stroops); err != nil {
			return fmt.Errorf("reserve: %w", err)
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("reserve: %w", err)
	}
	return nil
}

// accounts are the rows that a spending is counted in: all accounts together, and its own.
func accounts(s store.Spending) []string {
	if s.Account == "" {
		return []string{""}
	}
	return []string{"", s.Account}
}

// Settle puts what was charged, s.Stroops, in the place of a reservation of reserved stroops; it stays one transaction. The error is
// store.ErrMoved, and nothing has changed, if that much is not reserved.
func (s *Store) Settle(ctx context.Context, spend store.Spending, reserved int64) error {
	if err := spend.Check(); err != nil {
		return err
	}
	if reserved < 0 {
		return fmt.Errorf("settle a reservation of %d stroops: that is none", reserved)
	}
	doing := fmt.Sprintf("settle a reservation of %d stroops on day %d", reserved, spend.Day)
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	defer tx.Rollback()
	for _, name := range accounts(spend) {
		res, err := tx.ExecContext(ctx, `
			UPDATE spending SET stroops = stroops - ? + ?
			WHERE purpose = ? AND day = ? AND account = ? AND stroops >= ? AND transactions > 0`,
			reserved, spend.Stroops, spend.Purpose, spend.Day, name, reserved)
		if err := oneRow(res, err, doing); err != nil {
			return err
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

// Spent is what a day has cost for a purpose and an account, or, with account "", for all of them and nobody together.
func (s *Store) Spent(ctx context.Context, purpose store.Purpose, day uint32, account string) (store.Spent, error) {
	total, err := spent(ctx, s.read, purpose, day, account)
	if err != nil {
		return total, fmt.Errorf("read what day %d has cost: %w", day, err)
	}
	return total, nil
}

func spent(ctx context.Context, q interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}, purpose store.Purpose, day uint32, account string) (total store.Spent, err error) {
	err = q.QueryRowContext(ctx, `SELECT stroops, transactions FROM spending WHERE purpose = ? AND day = ? AND account = ?`, purpose, day, account).
		Scan(&total.Stroops, &total.Transactions)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return total, err
}
