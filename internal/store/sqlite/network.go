package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// Network is what this file belongs to; store.ErrNotFound until SetNetwork.
func (s *Store) Network(ctx context.Context) (store.Network, error) {
	var n store.Network
	err := s.read.QueryRowContext(ctx, `
		SELECT passphrase, first_ledger, first_hash, mark_ledger, mark_hash
		FROM network WHERE one = 1`).
		Scan(&n.Passphrase, &n.First.Seq, (*hash)(&n.First.Hash), &n.Mark.Seq, (*hash)(&n.Mark.Hash))
	if errors.Is(err, sql.ErrNoRows) {
		return n, fmt.Errorf("network: %w", store.ErrNotFound)
	}
	if err != nil {
		return n, fmt.Errorf("read network: %w", err)
	}
	return n, nil
}

// SetNetwork says once what this file belongs to: the passphrase and a first ledger, which is also the mark. It returns store.ErrMoved if
// that has been said before.
func (s *Store) SetNetwork(ctx context.Context, passphrase string, first store.Ledger) error {
	res, err := s.write.ExecContext(ctx, `
		INSERT INTO network (one, passphrase, first_ledger, first_hash, mark_ledger, mark_hash)
		VALUES (1, ?, ?, ?, ?, ?) ON CONFLICT (one) DO NOTHING`,
		passphrase, first.Seq, first.Hash[:], first.Seq, first.Hash[:])
	return oneRow(res, err, "set network")
}

// Mark notes the newest ledger whose hash was seen. It returns store.ErrMoved for a ledger that is not above the present mark.
func (s *Store) Mark(ctx context.Context, l store.Ledger) error {
	res, err := s.write.ExecContext(ctx, `
		UPDATE network SET mark_ledger = ?, mark_hash = ? WHERE one = 1 AND mark_ledger < ?`,
		l.Seq, l.Hash[:], l.Seq)
	return oneRow(res, err, "mark ledger")
}

// oneRow is store.ErrMoved if the statement changed nothing.
func oneRow(res sql.Result, err error, doing string) error {
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	if n, err := res.RowsAffected(); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	} else if n == 0 {
		return fmt.Errorf("%s: %w", doing, store.ErrMoved)
	}
	return nil
}
