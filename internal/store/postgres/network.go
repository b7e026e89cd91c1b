package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// Network is what this schema belongs to; store.ErrNotFound until SetNetwork.
func (s *Store) Network(ctx context.Context) (store.Network, error) {
	var n store.Network
	err := s.read(ctx, func(q querier) (err error) {
		n, err = readNetwork(ctx, q)
		return err
	})
	return n, err
}

func readNetwork(ctx context.Context, q querier) (store.Network, error) {
	var n store.Network
	err := q.QueryRow(ctx, `
		SELECT passphrase, first_ledger, first_hash, mark_ledger, mark_hash
		FROM network WHERE one = 1`).
		Scan(&n.Passphrase, &n.First.Seq, (*hash)(&n.First.Hash), &n.Mark.Seq, (*hash)(&n.Mark.Hash))
	if errors.Is(err, pgx.ErrNoRows) {
		return n, fmt.Errorf("network: %w", store.ErrNotFound)
	}
	if err != nil {
		return n, fmt.Errorf("read network: %w", err)
	}
	return n, nil
}

// SetNetwork says once what this schema belongs to: the passphrase and a first ledger, which is also the mark. It returns store.ErrMoved if
// that has been said before.
func (s *Store) SetNetwork(ctx context.Context, passphrase string, first store.Ledger) error {
	return s.exec(ctx, "set network", `
		INSERT INTO network (one, passphrase, first_ledger, first_hash, mark_ledger, mark_hash)
		VALUES (1, $1, $2, $3, $2, $3) ON CONFLICT (one) DO NOTHING`,
		passphrase, first.Seq, first.Hash[:])
}

// Mark notes the newest ledger whose hash was seen. It returns store.ErrMoved for a ledger that is not above the present mark.
func (s *Store) Mark(ctx context.Context, l store.Ledger) error {
	return s.exec(ctx, "mark ledger", `
		UPDATE network SET mark_ledger = $1, mark_hash = $2 WHERE one = 1 AND mark_ledger < $1`,
		l.Seq, l.Hash[:])
}
