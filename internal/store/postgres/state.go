package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// statePage is how many trades are in memory at a time, payoutPage how many payouts.
const (
	statePage  = 500
	payoutPage = 5000
)

// ReadState calls visit for each trade in the order in which they were opened, then paid, unless it is nil, for each payout in the same order, and gives
// the contracts, all as of one moment. It is not begun anew when the connection is lost: visit has seen trades already.
func (s *Store) ReadState(ctx context.Context, visit func(*store.Trade) error, paid func(opened store.EventID, p store.Payout) error) ([]store.Contract, error) {
	var contracts []store.Contract
	err := s.once(ctx, inSnapshot(ctx, func(q querier) (err error) {
		contracts, err = readState(ctx, q, visit, paid)
		return err
	}))
	if err != nil {
		return nil, fmt.Errorf("read state: %w", err)
	}
	return contracts, nil
}

// readState is ReadState in a transaction that sees one moment.
func readState(ctx context.Context, q querier, visit func(*store.Trade) error, paid func(opened store.EventID, p store.Payout) error) ([]store.Contract, error) {
	rows, err := q.Query(ctx, `SELECT `+contractColumns+` FROM contracts WHERE contract > '' ORDER BY contract`)
	if err != nil {
		return nil, err
	}
	contracts, err := pgx.AppendRows([]store.Contract(nil), rows, scanContract)
	if err != nil {
		return nil, err
	}
	for after := store.EventID(""); ; {
		page, err := readTrades(ctx, q, tradeQuery+`standings s JOIN trades t ON t.id = s.trade WHERE s.opened > $1 ORDER BY s.opened LIMIT $2`, after, statePage)
		if err != nil {
			return nil, err
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
	if paid == nil {
		return contracts, nil
	}
	return contracts, readPayouts(ctx, q, paid)
}
