package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

const tradeColumns = `t.id, t.contract, t.terms, t.opened_by, t.stage, t.buyer_bond, t.seller_bond, t.last_deadline,
	t.opened, t.opened_at, t.updated, t.updated_at, t.ended_at`

// Trade reads a trade with everything below it, all as of one moment; store.ErrNotFound.
func (s *Store) Trade(ctx context.Context, id escrow.ID) (store.Trade, error) {
	all, err := s.snapshot(ctx, `SELECT `+tradeColumns+` FROM trades t WHERE t.id = ?`, id[:])
	if err == nil && len(all) == 0 {
		err = store.ErrNotFound
	}
	if err != nil {
		return store.Trade{}, fmt.Errorf("read trade %s: %w", id, err)
	}
	return all[0], nil
}

// TradesByID reads those of up to store.MaxPage trades that are stored, each once, with everything below them and all as of one moment, in the order
// in which they were opened.
func (s *Store) TradesByID(ctx context.Context, ids []escrow.ID) ([]store.Trade, error) {
	all, err := readTradesByID(ctx, s.read, ids)
	if err != nil {
		return nil, fmt.Errorf("read %d trades: %w", len(ids), err)
	}
	return all, nil
}

func readTradesByID(ctx context.Context, db *sql.DB, ids []escrow.ID) ([]store.Trade, error) {
	if len(ids) > store.MaxPage {
		return nil, fmt.Errorf("%w: it is 1 to %d", store.ErrLimit, store.MaxPage)
	}
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer tx.Rollback()
	return tradesByID(ctx, tx, ids)
}

// tradesByID looks each one up: here a statement costs no round trip.
func tradesByID(ctx context.Context, tx *sql.Tx, ids []escrow.ID) ([]store.Trade, error) {
	one, err := tx.PrepareContext(ctx, `SELECT `+tradeColumns+` FROM trades t WHERE t.id = ?`)
	if err != nil {
		return nil, err
	}
	defer one.Close()
	var all []store.Trade
	seen := make(map[escrow.ID]bool, len(ids))
	for _, id := range ids {
		if seen[id] {
			continue
		}
		seen[id] = true
		switch t, err := scanTrade(one.QueryRowContext(ctx, id[:])); {
		case errors.Is(err, sql.ErrNoRows):
		case err != nil:
			return nil, fmt.Errorf("trade %s: %w", id, err)
		default:
			all = append(all, t)
		}
	}
	slices.SortFunc(all, func(a, b store.Trade) int { return cmp.Compare(a.Opened.Event, b.Opened.Event) })
	return all, fillTrades(ctx, tx, all)
}

// Trades lists trades with everything below them, all as of one moment, in the order in which they were opened, or newest first.
func (s *Store) Trades(ctx context.Context, f store.TradeFilter) ([]store.Trade, error) {
	if err := f.Check(); err != nil {
		return nil, err
	}
	query, args := tradesQuery(f)
	all, err := s.snapshot(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("list trades: %w", err)
	}
	return all, nil
}

// tradesQuery has an index for each filter of one or two conditions, and for a person's with part and stage; what is beyond that is looked
// at row by row within the index: the other asset or contract of a person's trades, or of one asset in one contract.
func tradesQuery(f store.TradeFilter) (string, []any) {
	query := `SELECT ` + tradeColumns + ` FROM trades t WHERE `
	order, stage := `t.opened`, `t.stage = ? AND `
	var args []any
	if f.Account != "" {
		// CROSS JOIN keeps the planner from beginning with the trades (https://www.sqlite.org/optoverview.html#crossjoin).
		query = `SELECT ` + tradeColumns + ` FROM participants p CROSS JOIN trades t ON t.id = p.trade WHERE p.account = ? AND `
		order, stage = `p.opened`, `p.stage = ? AND `
		args = append(args, f.Account)
	}
	if f.Part != "" {
		query, args = query+`p.part = ? AND `, append(args, f.Part)
	}
	if f.Stage != nil {
		query, args = query+stage, append(args, *f.Stage)
	}
	if f.Asset != "" {
		query, args = query+`t.asset = ? AND `, append(args, f.Asset)
	}
	if f.Contract != "" {
		query, args = query+`t.contract = ? AND `, append(args, f.Contract)
	}
	tail, from := pageByID(order, f.Page)
	return query + tail, append(args, from, f.Limit)
}

// snapshot runs a query for trades and fills each in one read transaction: a trade and its milestones are of the same moment.
func (s *Store) snapshot(ctx context.Context, query string, args ...any) ([]store.Trade, error) {
	tx, err := s.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer tx.Rollback()
	return readTrades(ctx, tx, query, args...)
}

// readTrades runs a query for trades and fills them in, within tx.
func readTrades(ctx context.Context, tx *sql.Tx, query string, args ...any) ([]store.Trade, error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []store.Trade
	for rows.Next() {
		t, err := scanTrade(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, err
	}
	return all, fillTrades(ctx, tx, all)
}

func fillTrades(ctx context.Context, tx *sql.Tx, all []store.Trade) error {
	if len(all) == 0 {
		return nil
	}
	below, err := prepareBelow(ctx, tx)
	if err != nil {
		return err
	}
	defer below.close()
	for i := range all {
		if err := below.fill(ctx, &all[i]); err != nil {
			return fmt.Errorf("trade %s: %w", all[i].ID, err)
		}
	}
	return nil
}

func scanTrade(row scanner) (store.Trade, error) {
	var t store.Trade
	err := row.Scan((*hash)(&t.ID), &t.Contract, document[escrow.Terms]{&t.Terms}, &t.OpenedBy, &t.Stage, (*units)(&t.Bonds[0]), (*units)(&t.Bonds[1]),
		&t.LastDeadline, &t.Opened.Event, &t.Opened.At, &t.Updated.Event, &t.Updated.At, &t.EndedAt)
	t.Milestones = make([]store.Milestone, len(t.Terms.Milestones))
	return t, err
}

func writeTrades(ctx context.Context, tx *writer, changes []store.Change) error {
	for _, c := range changes {
		if err := writeTrade(ctx, tx, c); err != nil {
			return fmt.Errorf("trade %s: %w", c.ID, err)
		}
	}
	return nil
}

// writeTrade stores a trade as it is now, and those of its milestones that the change names.
func writeTrade(ctx context.Context, tx *writer, c store.Change) error {
	t := c.Trade
	res, err := tx.ExecContext(ctx, `
		UPDATE trades SET stage = ?, buyer_bond = ?, seller_bond = ?, updated = ?, updated_at = ?, ended_at = ?
		WHERE id = ?`,
		t.Stage, units(t.Bonds[0]), units(t.Bonds[1]), t.Updated.Event, seconds(t.Updated.At), seconds(t.EndedAt), t.ID[:])
	if err != nil {
		return err
	}
	known, err := res.RowsAffected()
	if err != nil {
		return err
	}
	touched := c.Milestones
	if known == 0 {
		if err := insertTrade(ctx, tx, t); err != nil {
			return err
		}
		touched = nil
		for i := range t.Milestones {
			touched = append(touched, i)
		}
	} else if _, err := tx.ExecContext(ctx, `UPDATE participants SET stage = ? WHERE trade = ? AND stage <> ?`, t.Stage, t.ID[:], t.Stage); err != nil {
		return err
	}
	for _, i := range touched {
		if err := writeMilestone(ctx, tx, t.ID, i, &t.Milestones[i], known == 0); err != nil {
			return fmt.Errorf("milestone %d: %w", i, err)
		}
	}
	if err := writeParked(ctx, tx, t, known == 0); err != nil {
		return err
	}
	if err := writeDue(ctx, tx, t, known == 0); err != nil {
		return err
	}
	return writePayouts(ctx, tx, c)
}

func insertTrade(ctx context.Context, tx *writer, t *store.Trade) error {
	if _, err := tx.ExecContext(ctx, `
		INSERT INTO trades (id, contract, buyer, seller, asset, terms, opened_by, stage, buyer_bond, seller_bond, last_deadline,
			opened, opened_at, updated, updated_at, ended_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		t.ID[:], t.Contract, t.Terms.Buyer, t.Terms.Seller, t.Terms.Asset, document[escrow.Terms]{&t.Terms}, t.OpenedBy, t.Stage, units(t.Bonds[0]), units(t.Bonds[1]),
		seconds(t.LastDeadline), t.Opened.Event, seconds(t.Opened.At), t.Updated.Event, seconds(t.Updated.At), seconds(t.EndedAt)); err != nil {
		return err
	}
	for r := range t.Terms.Roles() {
		account, _ := t.Terms.AddressOf(r)
		if _, err := tx.ExecContext(ctx, `
			INSERT INTO participants (trade, role, account, part, stage, opened) VALUES (?, ?, ?, ?, ?, ?)`,
			t.ID[:], r, account, store.PartOf(r), t.Stage, t.Opened.Event); err != nil {
			return fmt.Errorf("role %d: %w", r, err)
		}
	}
	return nil
}

func writeParked(ctx context.Context, tx *writer, t *store.Trade, fresh bool) error {
	if fresh && len(t.Parked) == 0 {
		return nil
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM parked WHERE trade = ?`, t.ID[:]); err != nil {
		return err
	}
	for _, p := range t.Parked {
		if _, err := tx.ExecContext(ctx, `INSERT INTO parked (trade, role, amount) VALUES (?, ?, ?)`, t.ID[:], p.Role, wide(p.Amount)); err != nil {
			return fmt.Errorf("parked for role %d: %w", p.Role, err)
		}
	}
	return nil
}
