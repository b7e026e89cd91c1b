package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// statePage is how many trades are in memory at a time.
const statePage = 500

// ReadState calls visit for each trade in the order in which they were opened, then paid, unless it is nil, for each payout in the same order, and gives
// the contracts, all as of one moment.
func (s *Store) ReadState(ctx context.Context, visit func(*store.Trade) error, paid func(opened store.EventID, p store.Payout) error) ([]store.Contract, error) {
	tx, err := s.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("read state: %w", err)
	}
	defer tx.Rollback()
	contracts, err := queryContracts(ctx, tx, allContracts)
	if err != nil {
		return nil, fmt.Errorf("read state: %w", err)
	}
	for after := store.EventID(""); ; {
		page, err := readTrades(ctx, tx, `SELECT `+tradeColumns+` FROM trades t WHERE t.opened > ? ORDER BY t.opened LIMIT ?`, after, statePage)
		if err != nil {
			return nil, fmt.Errorf("read state: %w", err)
		}
		for i := range page {
			if err := visit(&page[i]); err != nil {
				return nil, err
			}
		}
		if len(page) < statePage {
			break
		}
		after = page[len(page)-1].Opened.Event
	}
	if paid != nil {
		if err := readPayouts(ctx, tx, paid); err != nil {
			return nil, fmt.Errorf("read state: %w", err)
		}
	}
	return contracts, nil
}
