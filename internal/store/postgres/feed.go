package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

const feedHead = `SELECT seq, hash FROM feed ORDER BY seq DESC LIMIT 1`

// FeedHead is the last entry of the feed, the zero Head while there is none.
func (s *Store) FeedHead(ctx context.Context) (feed.Head, error) {
	var h feed.Head
	err := s.read(ctx, func(q querier) (err error) {
		h, err = scanHead(q.QueryRow(ctx, feedHead))
		return err
	})
	return h, err
}

func scanHead(row pgx.Row) (feed.Head, error) {
	var h feed.Head
	if err := row.Scan(&h.Seq, (*hash)(&h.Hash)); err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return h, fmt.Errorf("read the feed's head: %w", err)
	}
	return h, nil
}

// FeedEntries lists up to limit entries behind entry number after, in order.
func (s *Store) FeedEntries(ctx context.Context, after int64, limit int) ([]feed.Entry, error) {
	if err := (store.Page{Limit: limit}).Check(); err != nil {
		return nil, err
	}
	all, err := list(ctx, s, scanEntry, `SELECT payload FROM feed WHERE seq > $1 ORDER BY seq LIMIT $2`, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list feed entries: %w", err)
	}
	return all, nil
}

func scanEntry(row pgx.CollectableRow) (feed.Entry, error) {
	var text []byte
	if err := row.Scan(&text); err != nil {
		return feed.Entry{}, err
	}
	return feed.Read(text)
}

// follows is store.ErrMoved for entries that do not follow the head: they were made from another one.
func follows(head feed.Head, entries []feed.Entry) error {
	for i := range entries {
		e := &entries[i]
		if !head.Follows(e) {
			return fmt.Errorf("append to feed: %w: %w", store.ErrMoved, head.Check(*e))
		}
		head = e.Head()
	}
	return nil
}

func copyFeed(ctx context.Context, tx pgx.Tx, entries []feed.Entry) error {
	return copyRows(ctx, tx, "feed", []string{"seq", "payload", "hash"}, len(entries), func(i int, row []any) ([]any, error) {
		e := &entries[i]
		return append(row, e.Seq, e.Payload, e.Hash[:]), nil
	})
}
