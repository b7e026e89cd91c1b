package sqlite

import (
	"context"
	"fmt"
	"slices"

	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// Follow adds a contract to those that are followed, from ledger start on. A contract that is there already stays as it is; if it was added
// with another start the error is store.ErrMoved: its earlier ledgers would be missing, or were read in vain.
func (s *Store) Follow(ctx context.Context, contract string, start uint32) error {
	if start == 0 {
		return fmt.Errorf("follow %s: the start ledger is at least 1", contract)
	}
	if _, err := s.write.ExecContext(ctx, `
		INSERT INTO contracts (contract, start_ledger, position) VALUES (?, ?, ?)
		ON CONFLICT (contract) DO NOTHING`, contract, start, store.EndOfLedger(start-1)); err != nil {
		return fmt.Errorf("follow %s: %w", contract, err)
	}
	var stored uint32
	if err := s.write.QueryRowContext(ctx, `SELECT start_ledger FROM contracts WHERE contract = ?`, contract).Scan(&stored); err != nil {
		return fmt.Errorf("follow %s: %w", contract, err)
	}
	if stored != start {
		return fmt.Errorf("follow %s from ledger %d: it is followed from ledger %d: %w; keep that start, or begin with an empty store", contract, start, stored, store.ErrMoved)
	}
	return nil
}

// FollowOnly drops every contract but these, which are among those that were added, and takes up those of them again that were dropped.
func (s *Store) FollowOnly(ctx context.Context, contracts []string) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("follow %d contracts only: %w", len(contracts), err)
	}
	defer tx.Rollback() // nothing once committed
	all, err := queryContracts(ctx, tx, allContracts)
	for _, c := range all {
		if drop := !slices.Contains(contracts, c.ID); err == nil && drop != c.Dropped {
			_, err = tx.ExecContext(ctx, `UPDATE contracts SET dropped = ? WHERE contract = ?`, drop, c.ID)
		}
	}
	if err == nil {
		err = tx.Commit()
	}
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
	all, err := queryContracts(ctx, s.read, `SELECT `+contractColumns+` FROM contracts WHERE contract > ? ORDER BY contract LIMIT ?`, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list contracts: %w", err)
	}
	return all, nil
}

const contractColumns = `contract, start_ledger, position, position_at, gap_oldest, dropped`

// allContracts reads all of them: there are a few.
const allContracts = `SELECT ` + contractColumns + ` FROM contracts WHERE contract > '' ORDER BY contract`

func queryContracts(ctx context.Context, db queryer, query string, args ...any) ([]store.Contract, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []store.Contract
	for rows.Next() {
		var c store.Contract
		if err := rows.Scan(&c.ID, &c.Start, &c.Position, &c.At, &c.GapOldest, &c.Dropped); err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, rows.Err()
}
