package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"

	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

const transactionColumns = `hash, state, trade, action, account, envelope, valid_until, ledger, problem, created_at, updated_at`

// AddTransaction stores a transaction by its hash. If the hash is stored already nothing changes and the error is store.ErrMoved.
func (s *Store) AddTransaction(ctx context.Context, t store.Transaction) error {
	res, err := s.write.ExecContext(ctx, `
		INSERT INTO transactions (`+transactionColumns+`)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (hash) DO NOTHING`,
		t.Hash[:], t.State, hashOrNull(t.Trade), t.Action, t.Account, t.Envelope, seconds(t.ValidUntil), t.Ledger, store.Text(t.Problem), seconds(t.CreatedAt), seconds(t.UpdatedAt))
	return oneRow(res, err, fmt.Sprintf("add transaction %x", t.Hash))
}

// ForgetPrepared deletes transactions that were prepared and never came further: the oldest ones of those whose ValidUntil and CreatedAt are both before a time, at
// most limit. One without a bound stays.
func (s *Store) ForgetPrepared(ctx context.Context, before uint64, limit int) error {
	if err := (store.Page{Limit: limit}).Check(); err != nil {
		return err
	}
	if _, err := s.write.ExecContext(ctx, forgetPrepared, seconds(before), seconds(before), limit); err != nil {
		return fmt.Errorf("forget prepared transactions: %w", err)
	}
	return nil
}

const forgetPrepared = `DELETE FROM transactions WHERE hash IN (
	SELECT hash FROM transactions WHERE state = 'prepared' AND created_at < ? AND valid_until > 0 AND valid_until < ?
	ORDER BY created_at, hash LIMIT ?)`

// Transaction reads one by its hash; store.ErrNotFound.
func (s *Store) Transaction(ctx context.Context, h store.Hash) (store.Transaction, error) {
	t, err := scanTransaction(s.read.QueryRowContext(ctx, `SELECT `+transactionColumns+` FROM transactions WHERE hash = ?`, h[:]))
	if errors.Is(err, sql.ErrNoRows) {
		err = store.ErrNotFound
	}
	if err != nil {
		return t, fmt.Errorf("read transaction %x: %w", h, err)
	}
	return t, nil
}

// UpdateTransaction takes the transaction from state from to what t says: state, envelope, ledger, problem and the time of the change; the
// rest stays as it was added. The error is store.ErrMoved if it is not stored in state from, or cannot go from there to t.State.
func (s *Store) UpdateTransaction(ctx context.Context, from store.TransactionState, t store.Transaction) error {
	doing := fmt.Sprintf("update transaction %x from %s to %s", t.Hash, from, t.State)
	if !from.CanBecome(t.State) {
		return fmt.Errorf("%s: %w", doing, store.ErrMoved)
	}
	res, err := s.write.ExecContext(ctx, `
		UPDATE transactions SET state = ?, envelope = ?, ledger = ?, problem = ?, updated_at = ?
		WHERE hash = ? AND state = ?`,
		t.State, t.Envelope, t.Ledger, store.Text(t.Problem), seconds(t.UpdatedAt), t.Hash[:], from)
	return oneRow(res, err, doing)
}

// Transactions lists those of one trade, of one account (newest first) or in one state (oldest first).
func (s *Store) Transactions(ctx context.Context, f store.TransactionFilter) ([]store.Transaction, error) {
	if err := (store.Page{Limit: f.Limit}).Check(); err != nil {
		return nil, err
	}
	before, after := int64(math.MaxInt64), int64(-1)
	key := []byte{}
	if f.After != nil {
		before, after, key = seconds(f.After.CreatedAt), seconds(f.After.CreatedAt), f.After.Hash[:]
	}
	var rows *sql.Rows
	var err error
	switch {
	case f.Trade != nil && f.Account == "" && f.State == "":
		rows, err = s.read.QueryContext(ctx, `SELECT `+transactionColumns+` FROM transactions
			WHERE trade = ? AND (created_at, hash) < (?, ?)
			ORDER BY created_at DESC, hash DESC LIMIT ?`, f.Trade[:], before, key, f.Limit)
	case f.Trade == nil && f.Account != "" && f.State == "":
		rows, err = s.read.QueryContext(ctx, `SELECT `+transactionColumns+` FROM transactions
			WHERE account = ? AND (created_at, hash) < (?, ?)
			ORDER BY created_at DESC, hash DESC LIMIT ?`, f.Account, before, key, f.Limit)
	case f.Trade == nil && f.Account == "" && f.State != "":
		rows, err = s.read.QueryContext(ctx, `SELECT `+transactionColumns+` FROM transactions
			WHERE state = ? AND (created_at, hash) > (?, ?)
			ORDER BY created_at, hash LIMIT ?`, f.State, after, key, f.Limit)
	default:
		return nil, errors.New("list transactions: name a trade, an account or a state, and only one of them")
	}
	if err != nil {
		return nil, fmt.Errorf("list transactions: %w", err)
	}
	defer rows.Close()
	var all []store.Transaction
	for rows.Next() {
		t, err := scanTransaction(rows)
		if err != nil {
			return nil, fmt.Errorf("list transactions: %w", err)
		}
		all = append(all, t)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list transactions: %w", err)
	}
	return all, nil
}

type scanner interface{ Scan(into ...any) error }

func scanTransaction(row scanner) (store.Transaction, error) {
	var t store.Transaction
	err := row.Scan((*hash)(&t.Hash), &t.State, optionalHash{&t.Trade}, &t.Action, &t.Account, &t.Envelope, &t.ValidUntil, &t.Ledger, &t.Problem, &t.CreatedAt, &t.UpdatedAt)
	return t, err
}

// projectTransactions turns those included up to a ledger of which every followed contract is complete into projected ones.
func projectTransactions(ctx context.Context, tx *sql.Tx) error {
	var position store.EventID
	if err := tx.QueryRowContext(ctx, `SELECT coalesce(min(position), '') FROM contracts WHERE dropped = 0`).Scan(&position); err != nil {
		return fmt.Errorf("project transactions: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `UPDATE transactions SET state = 'projected' WHERE state = 'included' AND ledger <= ?`, position.Complete()); err != nil {
		return fmt.Errorf("project transactions: %w", err)
	}
	return nil
}
