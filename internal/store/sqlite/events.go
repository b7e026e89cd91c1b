package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// Events lists events in the order of the chain, or newest first: all, or those of one trade, kind or contract.
func (s *Store) Events(ctx context.Context, f store.EventFilter) ([]store.Event, error) {
	if err := f.Check(); err != nil {
		return nil, err
	}
	query, args, err := eventsQuery(f)
	if err != nil {
		return nil, err
	}
	all, err := queryEvents(ctx, s.read, query, args...)
	if err != nil {
		return nil, fmt.Errorf("list events: %w", err)
	}
	return all, nil
}

// queryer is a database or a transaction.
type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func queryEvents(ctx context.Context, db queryer, query string, args ...any) ([]store.Event, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []store.Event
	for rows.Next() {
		e, err := scanEvent(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, rows.Err()
}

// eventsOf are a contract's events behind after, at most limit.
func eventsOf(ctx context.Context, db queryer, contract string, after store.EventID, limit int) ([]store.Event, error) {
	query, args, err := eventsQuery(store.EventFilter{Contract: contract, Page: store.Page{After: after, Limit: limit}})
	if err != nil {
		return nil, err
	}
	return queryEvents(ctx, db, query, args...)
}

const eventColumns = `id, contract, closed_at, tx, kind, trade, body, unread`

func eventsQuery(f store.EventFilter) (string, []any, error) {
	query := `SELECT ` + eventColumns + ` FROM events WHERE `
	var args []any
	one := 0
	if f.Trade != nil {
		query, args, one = query+`trade = ? AND `, append(args, f.Trade[:]), one+1
	}
	if f.Kind != "" {
		query, args, one = query+`kind = ? AND `, append(args, f.Kind), one+1
	}
	if f.Contract != "" {
		query, args, one = query+`contract = ? AND `, append(args, f.Contract), one+1
	}
	if one > 1 {
		return "", nil, errors.New("list events: name a trade, a kind or a contract, and only one of them")
	}
	if f.Read {
		query += `unread = '' AND `
	}
	tail, from := pageByID("id", f.Page)
	return query + tail, append(args, from, f.Limit), nil
}

// pageByID is the end of a list query over the event ids in column, and the id it starts from.
func pageByID(column string, p store.Page) (tail string, from store.EventID) {
	if !p.Newest {
		return column + ` > ? ORDER BY ` + column + ` LIMIT ?`, p.After
	}
	if from = p.After; from == "" {
		from = afterAll
	}
	return column + ` < ? ORDER BY ` + column + ` DESC LIMIT ?`, from
}

// afterAll is above every event id, which consists of digits and a dash.
const afterAll store.EventID = "~"

// Unread lists events that are stored but had no effect, oldest first: those behind after, at most limit.
func (s *Store) Unread(ctx context.Context, after store.EventID, limit int) ([]store.Event, error) {
	if err := (store.Page{After: after, Limit: limit}).Check(); err != nil {
		return nil, err
	}
	all, err := queryEvents(ctx, s.read, `SELECT `+eventColumns+` FROM events WHERE unread <> '' AND id > ? ORDER BY id LIMIT ?`, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list unread events: %w", err)
	}
	return all, nil
}

func scanEvent(row scanner) (store.Event, error) {
	var e store.Event
	err := row.Scan(&e.ID, &e.Contract, &e.ClosedAt, (*hash)(&e.Tx), &e.Kind, optionalHash{&e.Trade}, &e.Body, &e.Unread)
	return e, err
}

// insertEvents fails on an id that is stored already: a batch starts behind the stored position, so such an event cannot be in it.
func insertEvents(ctx context.Context, tx *writer, events []store.Event) error {
	for _, e := range events {
		if _, err := tx.ExecContext(ctx, `INSERT INTO events (`+eventColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, e.ID, e.Contract, seconds(e.ClosedAt), e.Tx[:], store.Text(e.Kind), hashOrNull(e.Trade), e.Body, store.Text(e.Unread)); err != nil {
			return fmt.Errorf("store event %s: %w", e.ID, err)
		}
	}
	return nil
}
