package sqlite

import (
	"context"
	"fmt"

	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// Lease gives one of names to holder until a time: one that nobody has, or whose time is over at now. Of several that ask at once each gets
// another one, or store.ErrNoneFree.
func (s *Store) Lease(ctx context.Context, names []string, holder string, now, until uint64) (store.Lease, error) {
	if err := store.CheckLease(names, holder, now, until); err != nil {
		return store.Lease{}, err
	}
	doing := fmt.Sprintf("lease one of %d names", len(names))
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return store.Lease{}, fmt.Errorf("%s: %w", doing, err)
	}
	defer tx.Rollback()
	for _, name := range names {
		res, err := tx.ExecContext(ctx, `
			INSERT INTO leases (name, holder, until) VALUES (?, ?, ?)
			ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until WHERE until <= ?`,
			name, holder, seconds(until), seconds(now))
		if err != nil {
			return store.Lease{}, fmt.Errorf("%s: %w", doing, err)
		}
		if n, err := res.RowsAffected(); err != nil {
			return store.Lease{}, fmt.Errorf("%s: %w", doing, err)
		} else if n == 0 {
			continue
		}
		if err := tx.Commit(); err != nil {
			return store.Lease{}, fmt.Errorf("%s: %w", doing, err)
		}
		return store.Lease{Name: name, Holder: holder, Until: until}, nil
	}
	return store.Lease{}, fmt.Errorf("%s: %w", doing, store.ErrNoneFree)
}

// EndLease gives a lease back; nothing if it is no longer this holder's.
func (s *Store) EndLease(ctx context.Context, l store.Lease) error {
	if _, err := s.write.ExecContext(ctx, `UPDATE leases SET holder = '', until = 0 WHERE name = ? AND holder = ?`, l.Name, l.Holder); err != nil {
		return fmt.Errorf("end the lease of %s: %w", l.Name, err)
	}
	return nil
}
