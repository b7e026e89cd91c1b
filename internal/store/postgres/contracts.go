package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// Follow adds a contract to those that are followed, from ledger start on. A contract that is there already stays as it is; if it was added
// with another start the error is store.ErrMoved: its earlier ledgers would be missing, or were read in vain.
func (s *Store) Follow(ctx context.Context, contract string, start uint32) error {
	if start == 0 {
		return fmt.Errorf("follow %s: the start ledger is at least 1", contract)
	}
	var stored uint32
	err := s.write(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `
			INSERT INTO contracts (contract, start_ledger, position) VALUES ($1, $2, $3)
			ON CONFLICT (contract) DO NOTHING`, contract, start, store.EndOfLedger(start-1)); err != nil {
			return err
		}
		return tx.QueryRow(ctx, `SELECT start_ledger FROM contracts WHERE contract = $1`, contract).Scan(&stored)
	})
	if err != nil {
		return fmt.Errorf("follow %s: %w", contract, err)
	}
	if stored != start {
		return fmt.Errorf("follow %s from ledger %d: it is followed from ledger %d: %w; keep that start, or begin with an empty store", contract, start, stored, store.ErrMoved)
	}
	return nil
}

// FollowOnly drops every contract but these, which are among those that were added, and takes up those of them again that were dropped.
func (s *Store) FollowOnly(ctx context.Context, contracts []string) error {
	err := s.write(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE contracts SET dropped = NOT dropped WHERE contract > '' AND dropped = (contract = ANY($1))`, contracts)
		return err
	})
	if err != nil {
		return fmt.Errorf("follow %d contracts only: %w", len(contracts), err)
	}
	return nil
}

// Contracts lists up to limit contracts, dropped ones among them, whose address is above after, in the order of their addresses.
func (s *Store) Contracts(ctx context.Context, after string, limit int) ([]store.Contract, error) {
	if err := (store.Page{Limit: limit}).Check(); err != nil {
		return nil, err
	}
	all, err := list(ctx, s, scanContract, `SELECT `+contractColumns+` FROM contracts WHERE contract > $1 ORDER BY contract LIMIT $2`, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list contracts: %w", err)
	}
	return all, nil
}

const contractColumns = `contract, start_ledger, position, position_at, gap_oldest, dropped`

func scanContract(row pgx.CollectableRow) (store.Contract, error) {
	var c store.Contract
	err := row.Scan(&c.ID, &c.Start, &c.Position, &c.At, &c.GapOldest, &c.Dropped)
	return c, err
}

// list is all rows of a query, nil for none.
func list[T any](ctx context.Context, s *Store, scan pgx.RowToFunc[T], sql string, args ...any) (all []T, err error) {
	err = s.read(ctx, func(q querier) error {
		rows, err := q.Query(ctx, sql, args...)
		if err == nil {
			all, err = pgx.AppendRows([]T(nil), rows, scan)
		}
		return err
	})
	return all, err
}
