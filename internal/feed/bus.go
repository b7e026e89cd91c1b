package feed

import (
	"context"
	"fmt"
	"iter"
	"sync"
)

// Bus tells readers in this process that the sequence has grown. It carries no entries: a reader who is slow, late or new reads them
// from the store like everybody else, so there is no way to miss one.
type Bus struct {
	mu   sync.Mutex
	head int64
	grew chan struct{} // closed and replaced when head moves
}

// NewBus returns a bus that knows the sequence up to entry head.
func NewBus(head int64) *Bus { return &Bus{head: head, grew: make(chan struct{})} }

// Publish says that the entries up to head are stored. A smaller head than before is ignored.
func (b *Bus) Publish(head int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if head <= b.head {
		return
	}
	b.head = head
	close(b.grew)
	b.grew = make(chan struct{})
}

// Head is the newest entry that it has been told of.
func (b *Bus) Head() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.head
}

// Wait returns the head as soon as it is above after, or ctx's error.
func (b *Bus) Wait(ctx context.Context, after int64) (int64, error) {
	for {
		b.mu.Lock()
		head, grew := b.head, b.grew
		b.mu.Unlock()
		if head > after {
			return head, nil
		}
		select {
		case <-ctx.Done():
			return head, ctx.Err()
		case <-grew:
		}
	}
}

// Reader is the part of the store that Follow needs.
type Reader interface {
	// FeedEntries returns up to limit entries whose Seq is above after, in order.
	FeedEntries(ctx context.Context, after int64, limit int) ([]Entry, error)
}

const followPage = 100

// Follow yields every entry above after, in order and without end: first those stored, then each new one as soon as bus tells of it.
// It ends with ctx, whose error it yields last, or with the first error of the store. It never skips: an entry that is not the one
// after its predecessor is an error (ErrChain).
func Follow(ctx context.Context, r Reader, bus *Bus, after int64) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for {
			page, err := r.FeedEntries(ctx, after, followPage)
			if err != nil {
				yield(Entry{}, fmt.Errorf("read feed after entry %d: %w", after, err))
				return
			}
			for _, e := range page {
				if e.Seq != after+1 {
					yield(Entry{}, fmt.Errorf("feed entry %d after entry %d: %w", e.Seq, after, ErrChain))
					return
				}
				if !yield(e, nil) {
					return
				}
				after = e.Seq
			}
			if len(page) > 0 {
				continue
			}
			if _, err := bus.Wait(ctx, after); err != nil {
				yield(Entry{}, err)
				return
			}
		}
	}
}
