package sqlite

import (
	"context"
	"fmt"

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

// Contracts lists up to limit followed contracts whose address is above after, in the order of their addresses.
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

const contractColumns = `contract, start_ledger, position, position_at, gap_oldest`

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
		if err := rows.Scan(&c.ID, &c.Start, &c.Position, &c.At, &c.GapOldest); err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, rows.Err()
}
