package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// Lease gives one of names to holder until a time: one that nobody has, or whose time is over at now. Of several that ask at once each gets
// another one, or store.ErrNoneFree.
func (s *Store) Lease(ctx context.Context, names []string, holder string, now, until uint64) (store.Lease, error) {
	if err := store.CheckLease(names, holder, now, until); err != nil {
		return store.Lease{}, err
	}
	got := store.Lease{Holder: holder, Until: until}
	err := s.write(ctx, func(tx pgx.Tx) error {
		var b pgx.Batch
		// In order: two processes that know the names for the first time would wait for each other.
		b.Queue(`INSERT INTO leases (name, holder, until) SELECT name, '', 0 FROM unnest($1::text[]) n (name) ON CONFLICT (name) DO NOTHING`,
			slices.Sorted(slices.Values(names)))
		b.Queue(`
			UPDATE leases SET holder = $2, until = $3
			WHERE name = (SELECT name FROM leases WHERE name = ANY ($1) AND until <= $4 LIMIT 1 FOR UPDATE SKIP LOCKED)
			RETURNING name`, names, holder, seconds(until), seconds(now)).QueryRow(func(row pgx.Row) error {
			return row.Scan(&got.Name)
		})
		err := tx.SendBatch(ctx, &b).Close()
		if errors.Is(err, pgx.ErrNoRows) {
			err = store.ErrNoneFree
		}
		return err
	})
	if err != nil {
		return store.Lease{}, fmt.Errorf("lease one of %d names: %w", len(names), err)
	}
	return got, nil
}

// EndLease gives a lease back; nothing if it is no longer this holder's.
func (s *Store) EndLease(ctx context.Context, l store.Lease) error {
	if err := s.retry(ctx, true, func(conn *pgxpool.Conn) error { // a holder has one lease only: ending it twice does no harm
		_, err := conn.Exec(ctx, `UPDATE leases SET holder = '', until = 0 WHERE name = $1 AND holder = $2`, l.Name, l.Holder)
		return err
	}); err != nil {
		return fmt.Errorf("end the lease of %s: %w", l.Name, err)
	}
	return nil
}
