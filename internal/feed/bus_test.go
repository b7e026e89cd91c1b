package feed

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// shelf keeps entries the way the store does.
type shelf struct {
	mu      sync.Mutex
	entries []Entry
}

func (s *shelf) FeedEntries(ctx context.Context, after int64, limit int) ([]Entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if after >= int64(len(s.entries)) {
		return nil, ctx.Err()
	}
	return s.entries[after:min(after+int64(limit), int64(len(s.entries)))], nil
}

func (s *shelf) add(t *testing.T, n int) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range n {
		var head Head
		if len(s.entries) > 0 {
			head = s.entries[len(s.entries)-1].Head()
		}
		e, err := head.Next(Note{Kind: fmt.Sprint("k", head.Seq)})
		if err != nil {
			t.Error(err)
		}
		s.entries = append(s.entries, e)
	}
	return int64(len(s.entries))
}

func TestFollowMissesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{}
		bus := NewBus(s.add(t, followPage+7))
		ctx, cancel := context.WithCancel(t.Context())
		const total = followPage + 7 + 50
		var wg sync.WaitGroup
		for reader, after := range []int64{0, 3, followPage + 7, total - 1} {
			wg.Go(func() {
				head := after
				for e, err := range Follow(ctx, s, bus, after) {
					if err != nil {
						if !errors.Is(err, context.Canceled) {
							t.Errorf("reader %d: %v", reader, err)
						}
						break
					}
					if e.Seq != head+1 {
						t.Errorf("reader %d: entry %d after %d", reader, e.Seq, head)
					}
					head = e.Seq
				}
				if head != total {
					t.Errorf("reader %d, from %d: ended at entry %d, want %d", reader, after, head, total)
				}
			})
		}
		for range 10 {
			time.Sleep(time.Second)
			bus.Publish(s.add(t, 5))
			bus.Publish(2) // an older head wakes nobody and changes nothing
			if head := bus.Head(); head != int64(len(s.entries)) {
				t.Errorf("head %d, want %d", head, len(s.entries))
			}
		}
		synctest.Wait()
		cancel()
		wg.Wait()
	})
}

func TestFollowStopsAtAHole(t *testing.T) {
	s := &shelf{}
	s.add(t, 3)
	s.entries = append(s.entries[:1], s.entries[2:]...)
	var got []int64
	var last error
	for e, err := range Follow(t.Context(), s, NewBus(3), 0) {
		if last = err; err == nil {
			got = append(got, e.Seq)
		}
	}
	if !errors.Is(last, ErrChain) || len(got) != 1 {
		t.Errorf("entries %v, then %v; want entry 1, then ErrChain", got, last)
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if head, err := NewBus(4).Wait(ctx, 4); !errors.Is(err, context.DeadlineExceeded) || head != 4 {
			t.Errorf("got head %d and %v", head, err)
		}
	})
}
