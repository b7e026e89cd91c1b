package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

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
	all, err := list(ctx, s, scanEvent, query, args...)
	if err != nil {
		return nil, fmt.Errorf("list events: %w", err)
	}
	return all, nil
}

const eventColumns = `id, contract, closed_at, tx, kind, trade, body, unread`

func eventsQuery(f store.EventFilter) (string, []any, error) {
	args := []any{from(f.Page), f.Limit}
	query := `SELECT ` + eventColumns + ` FROM events WHERE id ` + beyond(f.Page) + ` $1`
	if f.Trade != nil {
		query, args = query+` AND trade = $3`, append(args, f.Trade[:])
	}
	if f.Kind != "" {
		query, args = query+` AND kind = $3`, append(args, f.Kind)
	}
	if f.Contract != "" {
		query, args = query+` AND contract = $3`, append(args, f.Contract)
	}
	if len(args) > 3 {
		return "", nil, errors.New("list events: name a trade, a kind or a contract, and only one of them")
	}
	if f.Read {
		query += ` AND unread = ''`
	}
	return query + ` ORDER BY id` + direction(f.Page) + ` LIMIT $2`, args, nil
}

// from, beyond and direction are a page's parts of a query over event ids.
func from(p store.Page) store.EventID {
	if p.Newest && p.After == "" {
		return "~" // above every event id, which consists of digits and a dash
	}
	return p.After
}

func beyond(p store.Page) string {
	if p.Newest {
		return `<`
	}
	return `>`
}

func direction(p store.Page) string {
	if p.Newest {
		return ` DESC`
	}
	return ``
}

// Unread lists events that are stored but had no effect, oldest first: those behind after, at most limit.
func (s *Store) Unread(ctx context.Context, after store.EventID, limit int) ([]store.Event, error) {
	if err := (store.Page{After: after, Limit: limit}).Check(); err != nil {
		return nil, err
	}
	all, err := list(ctx, s, scanEvent, `SELECT `+eventColumns+` FROM events WHERE unread <> '' AND id > $1 ORDER BY id LIMIT $2`, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list unread events: %w", err)
	}
	return all, nil
}

func scanEvent(row pgx.CollectableRow) (store.Event, error) {
	var e store.Event
	err := row.Scan(&e.ID, &e.Contract, &e.ClosedAt, (*hash)(&e.Tx), &e.Kind, optionalHash{&e.Trade}, &e.Body, &e.Unread)
	return e, err
}

// copyEvents fails on an id that is stored already: a batch starts behind the stored position, so such an event cannot be in it.
func copyEvents(ctx context.Context, tx pgx.Tx, events []store.Event) error {
	return copyRows(ctx, tx, "events", []string{"id", "contract", "closed_at", "tx", "kind", "trade", "body", "unread"}, len(events), func(i int, row []any) ([]any, error) {
		e := &events[i]
		return append(row, string(e.ID), e.Contract, seconds(e.ClosedAt), e.Tx[:], store.Text(e.Kind), hashOrNull(e.Trade), e.Body, store.Text(e.Unread)), nil
	})
}

// copyRows writes n new rows; row appends the values of row i.
func copyRows(ctx context.Context, tx pgx.Tx, table string, columns []string, n int, row func(i int, to []any) ([]any, error)) error {
	if n == 0 {
		return nil
	}
	i, values := 0, make([]any, 0, len(columns))
	_, err := tx.CopyFrom(ctx, pgx.Identifier{table}, columns, pgx.CopyFromFunc(func() ([]any, error) {
		if i == n {
			return nil, nil
		}
		var err error
		values, err = row(i, values[:0])
		i++
		return values, err
	}))
	if err != nil {
		return fmt.Errorf("store %s: %w", table, err)
	}
	return nil
}
