package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// Due lists funded trades for which settle has something to carry out at the time until, or would have unless somebody acts before: those
// with At up to it, in the order of At and Opened, behind after (the zero value is before all of them), at most limit.
func (s *Store) Due(ctx context.Context, until uint64, after store.Due, limit int) ([]store.Due, error) {
	if err := (store.Page{Limit: limit}).Check(); err != nil {
		return nil, err
	}
	all, err := list(ctx, s, scanDue, `
		SELECT due_at, opened, trade, contract FROM due WHERE due_at <= $1 AND (due_at, opened) > ($2, $3)
		ORDER BY due_at, opened LIMIT $4`, seconds(until), seconds(after.At), string(after.Opened), limit)
	if err != nil {
		return nil, fmt.Errorf("list due trades: %w", err)
	}
	return all, nil
}

func scanDue(row pgx.CollectableRow) (store.Due, error) {
	var d store.Due
	err := row.Scan(&d.At, &d.Opened, (*hash)(&d.Trade), &d.Contract)
	return d, err
}

// due is a trade's row.
type due struct {
	*store.Trade
	at int64
}

// newDue are the rows of new trades: nearly none has one, where batches are small.
func newDue(fresh []*store.Trade) (rows []due) {
	for _, t := range fresh {
		if at := t.DueAt(); at != 0 {
			rows = append(rows, due{t, seconds(at)})
		}
	}
	return rows
}

func copyDue(ctx context.Context, tx pgx.Tx, rows []due) error {
	return copyRows(ctx, tx, "due", []string{"opened", "due_at", "trade", "contract"}, len(rows), func(i int, row []any) ([]any, error) {
		d := &rows[i]
		return append(row, string(d.Opened.Event), d.at, d.ID[:], d.Contract), nil
	})
}

// moveDue writes the rows of stored trades: only one that was funded has a row, and only one that is has one afterwards.
func moveDue(b *pgx.Batch, all []known) {
	var gone, opened, contract []string
	var ids [][]byte
	var at []int64
	for _, k := range all {
		switch when := k.DueAt(); {
		case when != 0:
			opened, contract, ids, at = append(opened, string(k.Opened.Event)), append(contract, k.Contract), append(ids, k.ID[:]), append(at, seconds(when))
		case k.was.stage == escrow.StageFunded:
			gone = append(gone, string(k.Opened.Event))
		}
	}
	if len(gone) > 0 {
		b.Queue(`DELETE FROM due d USING unnest($1::text[]) c (opened) WHERE d.opened = c.opened`, gone)
	}
	if len(opened) > 0 {
		b.Queue(`
			INSERT INTO due AS d (opened, due_at, trade, contract)
			SELECT * FROM unnest($1::text[], $2::bigint[], $3::bytea[], $4::text[])
			ON CONFLICT (opened) DO UPDATE SET due_at = excluded.due_at WHERE d.due_at <> excluded.due_at`, opened, at, ids, contract)
	}
}

// fillDue writes the rows of all trades that are stored, in the transaction that makes the table.
func fillDue(ctx context.Context, tx pgx.Tx) error {
	for after := store.EventID(""); ; {
		page, err := readTrades(ctx, tx, tradeQuery+`standings s JOIN trades t ON t.id = s.trade
			WHERE s.final_stage = 0 AND s.opened > $1 ORDER BY s.opened LIMIT $2`, after, statePage)
		if err != nil || len(page) == 0 {
			return err
		}
		all := make([]*store.Trade, len(page))
		for i := range page {
			all[i] = &page[i]
		}
		if err := copyDue(ctx, tx, newDue(all)); err != nil {
			return err
		}
		after = page[len(page)-1].Opened.Event
	}
}
