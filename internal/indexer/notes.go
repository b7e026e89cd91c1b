package indexer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// ErrStandby is returned for what only the process that follows can do.
var ErrStandby = errors.New("another process follows")

// notice is an entry that somebody wants in the feed, and where they wait for the answer.
type notice struct {
	note feed.Note
	done chan error
}

// Note writes an entry of the platform's own into the feed: what the keeper or a comparison has to tell everybody. The feed is one sequence
// with one writer, so it takes its turn between two pages, and returns when the entry is stored. It needs Run.
func (x *Indexer) Note(ctx context.Context, n feed.Note) error {
	asked := notice{n, make(chan error, 1)}
	select {
	case x.notices <- asked:
	case <-x.over:
		return fmt.Errorf("tell of %s: %w", n.Kind, ErrStopped)
	case <-ctx.Done():
		return fmt.Errorf("tell of %s: %w", n.Kind, ctx.Err())
	}
	select {
	case err := <-asked.done:
		return err
	case <-x.over:
		return fmt.Errorf("tell of %s: %w", n.Kind, ErrStopped)
	case <-ctx.Done():
		return fmt.Errorf("tell of %s: it may be told yet: %w", n.Kind, ctx.Err())
	}
}

// tell stores the entries that others wait for.
func (x *Indexer) tell(ctx context.Context) error {
	for {
		select {
		case n := <-x.notices:
			x.waiting = append(x.waiting, n)
			continue
		default:
		}
		break
	}
	if len(x.waiting) == 0 {
		return nil
	}
	notes := make([]feed.Note, len(x.waiting))
	for i, n := range x.waiting {
		notes[i] = n.note
	}
	err := x.write(ctx, notes...)
	for _, n := range x.waiting {
		n.done <- err
	}
	x.waiting = nil
	return err
}

// write appends entries to the feed.
func (x *Indexer) write(ctx context.Context, notes ...feed.Note) error {
	b := builder{head: x.head}
	for _, n := range notes {
		if err := b.note(n); err != nil {
			return err
		}
	}
	if err := x.config.Store.Apply(ctx, b.batch); err != nil {
		return err
	}
	x.published(b.batch)
	return nil
}

// sayStopped tells the feed's readers that nothing will follow, and why; once, however often it is started like that. Into a store of another
// network it writes nothing.
func (x *Indexer) sayStopped(ctx context.Context, why error) (err error) {
	wait := retryFirst
	for range sayTries {
		if err = x.trySayStopped(ctx, why); err == nil {
			return nil
		}
		sleep(ctx, wait)
		wait *= 2
	}
	return err
}

func (x *Indexer) trySayStopped(ctx context.Context, why error) error {
	stored, err := x.config.Store.Network(ctx)
	if errors.Is(err, store.ErrNotFound) || err == nil && stored.Passphrase != x.config.Network.Passphrase() {
		return nil
	}
	if err != nil {
		return err
	}
	if x.head, err = x.config.Store.FeedHead(ctx); err != nil {
		return err
	}
	data, err := json.Marshal(map[string]string{"why": why.Error()})
	if err != nil {
		return err
	}
	if said, err := x.saidStopped(ctx); err != nil || said {
		return err
	}
	return x.write(ctx, feed.Note{Kind: feed.KindStopped, Data: data})
}

// sayResumed tells them that it goes on, if they were told that it does not.
func (x *Indexer) sayResumed(ctx context.Context) error {
	if said, err := x.saidStopped(ctx); err != nil || !said {
		return err
	}
	return x.write(ctx, feed.Note{Kind: feed.KindResumed})
}

// saidStopped tells whether the feed's last entry says that nothing follows.
func (x *Indexer) saidStopped(ctx context.Context) (bool, error) {
	if x.head.Seq == 0 {
		return false, nil
	}
	last, err := x.config.Store.FeedEntries(ctx, x.head.Seq-1, 1)
	return err == nil && len(last) == 1 && last[0].Kind == feed.KindStopped, err
}
