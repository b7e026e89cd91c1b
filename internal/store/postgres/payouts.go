package postgres

import (
	"context"
	"fmt"
	"math/big"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// Payouts lists what a trade has paid, or an account has got, in the order of the chain, or newest first.
func (s *Store) Payouts(ctx context.Context, f store.PayoutFilter) ([]store.ListedPayout, error) {
	if err := f.Check(); err != nil {
		return nil, err
	}
	query, args := payoutsQuery(f)
	all, err := list(ctx, s, scanPayout, query, args...)
	if err != nil {
		return nil, fmt.Errorf("list payouts: %w", err)
	}
	return all, nil
}

// payoutsQuery names standings first: whoever waits for a swap of projections then holds nothing that it waits for (beginSnapshot).
func payoutsQuery(f store.PayoutFilter) (string, []any) {
	page := store.Page{Newest: f.Newest}
	role := int64(0)
	if f.After != nil {
		page.After, role = f.After.Event, int64(f.After.Role)
	}
	args := []any{string(from(page)), role, f.Limit}
	condition := `p.account = $4`
	if f.Trade != nil {
		// As a value, not joined: the planner would not see that it is one, and sort.
		condition, args = `p.opened = (SELECT t.opened FROM trades t WHERE t.id = $4)`, append(args, f.Trade[:])
	} else {
		args = append(args, f.Account)
	}
	return `SELECT p.event, p.role, p.account, p.amount::text, s.trade, s.asset, e.kind, e.tx, e.closed_at
		FROM standings s JOIN payouts p ON s.opened = p.opened JOIN events e ON e.id = p.event
		WHERE ` + condition + ` AND (p.event, p.role) ` + beyond(page) + ` ($1, $2)
		ORDER BY p.event` + direction(page) + `, p.role` + direction(page) + ` LIMIT $3`, args
}

func scanPayout(row pgx.CollectableRow) (store.ListedPayout, error) {
	var p store.ListedPayout
	err := row.Scan(&p.Event, &p.Role, &p.Account, wide{&p.Amount}, (*hash)(&p.Trade), &p.Asset, &p.Kind, (*hash)(&p.Tx), &p.At)
	return p, err
}

// payout is a row.
type payout struct {
	opened store.EventID
	*store.Payout
}

func newPayouts(changes []store.Change) (rows []payout) {
	for _, c := range changes {
		for i := range c.Payouts {
			rows = append(rows, payout{c.Trade.Opened.Event, &c.Payouts[i]})
		}
	}
	return rows
}

func copyPayouts(ctx context.Context, tx pgx.Tx, rows []payout) error {
	return copyRows(ctx, tx, "payouts", []string{"opened", "event", "role", "account", "amount"}, len(rows), func(i int, row []any) ([]any, error) {
		p := &rows[i]
		return append(row, string(p.opened), string(p.Event), int64(p.Role), p.Account, numeric(p.Amount)), nil
	})
}

// numeric is the argument for a column that wide scans.
type numeric amount.Int128

// NumericValue makes numeric a pgtype.NumericValuer.
func (n numeric) NumericValue() (pgtype.Numeric, error) {
	a := amount.Int128(n)
	if small, err := a.Stroops(); err == nil {
		return pgtype.Numeric{Int: big.NewInt(int64(small)), Valid: true}, nil
	}
	whole, ok := new(big.Int).SetString(a.Units(), 10)
	return pgtype.Numeric{Int: whole, Valid: ok}, nil
}

// withhold takes away what was not paid after all: a payout goes if those after it do not make up the amount.
func withhold(b *pgx.Batch, changes []store.Change) {
	var opened, from, amounts []string
	var role []int64
	for _, c := range changes {
		for _, w := range c.Withheld {
			opened, from, amounts = append(opened, string(c.Trade.Opened.Event)), append(from, string(w.From)), append(amounts, w.Amount.Units())
			role = append(role, int64(w.Role))
		}
	}
	if len(opened) > 0 {
		b.Queue(`
			DELETE FROM payouts p USING unnest($1::text[], $2::bigint[], $3::text[], $4::text[]) c (opened, role, since, amount)
			WHERE p.opened = c.opened AND p.role = c.role AND p.event >= c.since AND c.amount::numeric >
				(SELECT coalesce(sum(q.amount), 0) FROM payouts q WHERE q.opened = p.opened AND q.role = p.role AND q.event > p.event)`, opened, role, from, amounts)
	}
}

// readPayouts calls visit for each payout of all trades, in the order in which they were opened.
func readPayouts(ctx context.Context, q querier, visit func(opened store.EventID, p store.Payout) error) error {
	type row struct {
		opened store.EventID
		store.Payout
	}
	for last := (row{}); ; {
		rows, err := q.Query(ctx, `
			SELECT opened, event, role, account, amount::text FROM payouts WHERE (opened, event, role) > ($1, $2, $3)
			ORDER BY opened, event, role LIMIT $4`, string(last.opened), string(last.Event), int64(last.Role), payoutPage)
		if err != nil {
			return err
		}
		page, err := pgx.AppendRows([]row(nil), rows, func(r pgx.CollectableRow) (p row, err error) {
			err = r.Scan(&p.opened, &p.Event, &p.Role, &p.Account, wide{&p.Amount})
			return p, err
		})
		if err != nil {
			return err
		}
		for _, p := range page {
			if err := visit(p.opened, p.Payout); err != nil {
				return err
			}
		}
		if len(page) < payoutPage {
			return nil
		}
		last = page[len(page)-1]
	}
}
