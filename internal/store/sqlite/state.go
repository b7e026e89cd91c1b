package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// statePage is how many trades are in memory at a time.
const statePage = 500

// ReadState calls visit for each trade in the order in which they were opened, and gives the contracts, all as of one moment.
func (s *Store) ReadState(ctx context.Context, visit func(*store.Trade) error) ([]store.Contract, error) {
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
			return contracts, nil
		}
		after = page[len(page)-1].Opened.Event
	}
}
