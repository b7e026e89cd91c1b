package postgres

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

const transactionColumns = `hash, state, trade, action, account, envelope, valid_until, ledger, problem, created_at, updated_at`

// AddTransaction stores a transaction by its hash. If the hash is stored already nothing changes and the error is store.ErrMoved.
func (s *Store) AddTransaction(ctx context.Context, t store.Transaction) error {
	return s.exec(ctx, fmt.Sprintf("add transaction %x", t.Hash), `
		INSERT INTO transactions (`+transactionColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (hash) DO NOTHING`,
		t.Hash[:], string(t.State), hashOrNull(t.Trade), t.Action, t.Account, t.Envelope, seconds(t.ValidUntil), t.Ledger, store.Text(t.Problem), seconds(t.CreatedAt), seconds(t.UpdatedAt))
}

// ForgetPrepared deletes transactions that were prepared and never came further: the oldest ones of those whose ValidUntil and CreatedAt are both before a time, at
// most limit. One without a bound stays.
func (s *Store) ForgetPrepared(ctx context.Context, before uint64, limit int) error {
	if err := (store.Page{Limit: limit}).Check(); err != nil {
		return err
	}
	if err := s.retry(ctx, false, func(conn *pgxpool.Conn) error {
		_, err := conn.Exec(ctx, `
			DELETE FROM transactions WHERE hash = ANY (ARRAY (
				SELECT hash FROM transactions WHERE state = 'prepared' AND created_at < $1 AND valid_until > 0 AND valid_until < $1
				ORDER BY created_at, hash LIMIT $2 FOR UPDATE))`, seconds(before), limit) // one may be submitted while the list is made
		return err
	}); err != nil {
		return fmt.Errorf("forget prepared transactions: %w", err)
	}
	return nil
}

// Transaction reads one by its hash; store.ErrNotFound.
func (s *Store) Transaction(ctx context.Context, h store.Hash) (store.Transaction, error) {
	all, err := list(ctx, s, scanTransaction, `SELECT `+transactionColumns+` FROM transactions WHERE hash = $1`, h[:])
	if err == nil && len(all) == 0 {
		err = store.ErrNotFound
	}
	if err != nil {
		return store.Transaction{}, fmt.Errorf("read transaction %x: %w", h, err)
	}
	return all[0], nil
}

// UpdateTransaction takes the transaction from state from to what t says: state, envelope, ledger, problem and the time of the change; the
// rest stays as it was added. The error is store.ErrMoved if it is not stored in state from, or cannot go from there to t.State.
func (s *Store) UpdateTransaction(ctx context.Context, from store.TransactionState, t store.Transaction) error {
	doing := fmt.Sprintf("update transaction %x from %s to %s", t.Hash, from, t.State)
	if !from.CanBecome(t.State) {
		return fmt.Errorf("%s: %w", doing, store.ErrMoved)
	}
	return s.exec(ctx, doing, `
		UPDATE transactions SET state = $1, envelope = $2, ledger = $3, problem = $4, updated_at = $5
		WHERE hash = $6 AND state = $7`,
		string(t.State), t.Envelope, t.Ledger, store.Text(t.Problem), seconds(t.UpdatedAt), t.Hash[:], string(from))
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
	var all []store.Transaction
	var err error
	switch {
	case f.Trade != nil && f.Account == "" && f.State == "":
		all, err = list(ctx, s, scanTransaction, `SELECT `+transactionColumns+` FROM transactions
			WHERE trade = $1 AND (created_at, hash) < ($2, $3)
			ORDER BY created_at DESC, hash DESC LIMIT $4`, f.Trade[:], before, key, f.Limit)
	case f.Trade == nil && f.Account != "" && f.State == "":
		all, err = list(ctx, s, scanTransaction, `SELECT `+transactionColumns+` FROM transactions
			WHERE account = $1 AND (created_at, hash) < ($2, $3)
			ORDER BY created_at DESC, hash DESC LIMIT $4`, f.Account, before, key, f.Limit)
	case f.Trade == nil && f.Account == "" && f.State != "":
		all, err = list(ctx, s, scanTransaction, `SELECT `+transactionColumns+` FROM transactions
			WHERE state = $1 AND (created_at, hash) > ($2, $3)
			ORDER BY created_at, hash LIMIT $4`, string(f.State), after, key, f.Limit)
	default:
		return nil, errors.New("list transactions: name a trade, an account or a state, and only one of them")
	}
	if err != nil {
		return nil, fmt.Errorf("list transactions: %w", err)
	}
	return all, nil
}

func scanTransaction(row pgx.CollectableRow) (store.Transaction, error) {
	var t store.Transaction
	err := row.Scan((*hash)(&t.Hash), &t.State, optionalHash{&t.Trade}, &t.Action, &t.Account, &t.Envelope, &t.ValidUntil, &t.Ledger, &t.Problem, &t.CreatedAt, &t.UpdatedAt)
	return t, err
}

// projectTransactions turns those included up to a ledger of which every followed contract is complete into projected ones. A position's
// first 19 digits hold its ledger above 32 bits; the ledger is complete where all that follows is at its highest (store.EventID.Complete).
func projectTransactions(q *pgx.Batch) {
	q.Queue(`
		UPDATE transactions SET state = 'projected' WHERE state = 'included' AND ledger <= (
			SELECT (left(position, 19)::bigint >> 32) - CASE WHEN left(position, 19)::bigint & 4294967295 = 4294967295 AND right(position, 10) = '4294967295' THEN 0 ELSE 1 END
			FROM contracts WHERE NOT dropped ORDER BY position LIMIT 1)`)
}
