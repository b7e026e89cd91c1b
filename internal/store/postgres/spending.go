package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// Reserve adds s to what its day has cost, and one transaction, for all accounts together and for its own. If a limit does not leave room the
// error is store.ErrSpent, which says which one, and nothing is added. Processes that reserve at once wait for each other.
func (s *Store) Reserve(ctx context.Context, spend store.Spending, l store.Limits) error {
	if err := spend.Check(); err != nil {
		return err
	}
	err := s.write(ctx, func(tx pgx.Tx) error {
		// The row of all accounts is first for everybody: whoever has it has the day.
		var all, account store.Spent
		if err := tx.QueryRow(ctx, openDay, string(spend.Purpose), int64(spend.Day), "").Scan(&all.Stroops, &all.Transactions); err != nil {
			return err
		}
		if spend.Account != "" {
			var err error
			if account, err = spent(ctx, tx, spend.Purpose, spend.Day, spend.Account); err != nil {
				return err
			}
		}
		if err := l.Check(spend, all, account); err != nil {
			return err
		}
		for _, name := range accounts(spend) {
			if _, err := tx.Exec(ctx, `
				INSERT INTO spending AS s (purpose, day, account, stroops, transactions) VALUES ($1, $2, $3, $4, 1)
				ON CONFLICT (purpose, day, account) DO UPDATE SET stroops = s.stroops + excluded.stroops, transactions = s.transactions + 1`,
				string(spend.Purpose), int64(spend.Day), name, spend.Stroops); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("reserve: %w", err)
	}
	return nil
}

// openDay makes the day's row, or takes the lock on it.
const openDay = `INSERT INTO spending AS s (purpose, day, account, stroops, transactions) VALUES ($1, $2, $3, 0, 0)
	ON CONFLICT (purpose, day, account) DO UPDATE SET stroops = s.stroops RETURNING stroops, transactions`

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
	err := s.write(ctx, func(tx pgx.Tx) error {
		for _, name := range accounts(spend) {
			tag, err := tx.Exec(ctx, `
				UPDATE spending SET stroops = stroops - $4 + $5
				WHERE purpose = $1 AND day = $2 AND account = $3 AND stroops >= $4 AND transactions > 0`,
				string(spend.Purpose), int64(spend.Day), name, reserved, spend.Stroops)
			if err != nil {
				return err
			}
			if tag.RowsAffected() == 0 {
				return store.ErrMoved
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("settle a reservation of %d stroops on day %d: %w", reserved, spend.Day, err)
	}
	return nil
}

// Spent is what a day has cost for a purpose and an account, or, with account "", for all of them and nobody together.
func (s *Store) Spent(ctx context.Context, purpose store.Purpose, day uint32, account string) (total store.Spent, err error) {
	err = s.read(ctx, func(q querier) (err error) {
		total, err = spent(ctx, q, purpose, day, account)
		return err
	})
	if err != nil {
		return total, fmt.Errorf("read what day %d has cost: %w", day, err)
	}
	return total, nil
}

func spent(ctx context.Context, q querier, purpose store.Purpose, day uint32, account string) (total store.Spent, err error) {
	err = q.QueryRow(ctx, `SELECT stroops, transactions FROM spending WHERE purpose = $1 AND day = $2 AND account = $3`,
		string(purpose), int64(day), account).Scan(&total.Stroops, &total.Transactions)
	if errors.Is(err, pgx.ErrNoRows) {
		err = nil
	}
	return total, err
}
