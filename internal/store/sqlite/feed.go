package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

const feedHead = `SELECT seq, hash FROM feed WHERE seq = (SELECT max(seq) FROM feed)`

// FeedHead is the last entry of the feed, the zero Head while there is none.
func (s *Store) FeedHead(ctx context.Context) (feed.Head, error) {
	return scanHead(s.read.QueryRowContext(ctx, feedHead))
}

func scanHead(row *sql.Row) (feed.Head, error) {
	var h feed.Head
	if err := row.Scan(&h.Seq, (*hash)(&h.Hash)); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return h, fmt.Errorf("read the feed's head: %w", err)
	}
	return h, nil
}

// FeedEntries lists up to limit entries behind entry number after, in order.
func (s *Store) FeedEntries(ctx context.Context, after int64, limit int) ([]feed.Entry, error) {
	if err := (store.Page{Limit: limit}).Check(); err != nil {
		return nil, err
	}
	rows, err := s.read.QueryContext(ctx, `SELECT payload FROM feed WHERE seq > ? ORDER BY seq LIMIT ?`, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list feed entries: %w", err)
	}
	defer rows.Close()
	var all []feed.Entry
	for rows.Next() {
		var text []byte
		if err := rows.Scan(&text); err != nil {
			return nil, fmt.Errorf("list feed entries: %w", err)
		}
		e, err := feed.Read(text)
		if err != nil {
			return nil, fmt.Errorf("list feed entries: %w", err)
		}
		all = append(all, e)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list feed entries: %w", err)
	}
	return all, nil
}

// appendFeed adds entries behind the stored head. An entry that does not follow it is store.ErrMoved: it was made from another head.
func appendFeed(ctx context.Context, tx *writer, entries []feed.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	head, err := scanHead(tx.QueryRowContext(ctx, feedHead))
	if err != nil {
		return err
	}
	for i := range entries {
		e := &entries[i]
		if !head.Follows(e) {
			return fmt.Errorf("append to feed: %w: %w", store.ErrMoved, head.Check(*e))
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO feed (seq, payload, hash) VALUES (?, ?, ?)`, e.Seq, e.Payload, e.Hash[:]); err != nil {
			return fmt.Errorf("append feed entry %d: %w", e.Seq, err)
		}
		head = e.Head()
	}
	return nil
}
