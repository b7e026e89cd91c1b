package storetest

import (
	"context"
	"errors"
	"testing"
	"time"
)

// Leader is a store of which one process at a time may be the one that writes.
type Leader interface {
	Lead(ctx context.Context, work func(context.Context) error, lost func(error)) error
}

// takeover is how long it may take until another one leads.
const takeover = 5 * time.Second

// Lead runs what two processes with the same store open expect of leading. open gives another one of the same store each time.
func Lead(t *testing.T, open func(t *testing.T) Leader) {
	t.Run("one leads at a time, and the next one takes over", func(t *testing.T) {
		type term struct {
			who     int
			release chan struct{}
		}
		terms := make(chan term)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var ended []chan error
		for who := range 3 {
			leader, end := open(t), make(chan error, 1)
			ended = append(ended, end)
			go func() {
				end <- leader.Lead(ctx, func(ctx context.Context) error {
					now := term{who, make(chan struct{})}
					select {
					case terms <- now:
					case <-ctx.Done():
						return nil
					}
					select {
					case <-now.release:
						return errors.New("enough")
					case <-ctx.Done():
						return nil
					}
				}, func(err error) { t.Errorf("%d lost the lead: %v", who, err) })
			}()
		}
		seen := map[int]bool{}
		for range 2 {
			var now term
			select {
			case now = <-terms:
			case <-time.After(takeover):
				t.Fatalf("nobody leads within %s; %d have led", takeover, len(seen))
			}
			if seen[now.who] {
				t.Errorf("%d leads for the second time", now.who)
			}
			seen[now.who] = true
			select {
			case other := <-terms:
				t.Errorf("%d and %d lead at once", now.who, other.who)
			case <-time.After(1500 * time.Millisecond): // longer than two tries
			}
			close(now.release)
			if err := <-ended[now.who]; err == nil || err.Error() != "enough" {
				t.Errorf("%d ended with %v, want what its work ended with", now.who, err)
			}
		}
		cancel()
		for who, end := range ended {
			if seen[who] {
				continue
			}
			select {
			case err := <-end:
				if err != nil {
					t.Errorf("%d ended with its context: %v", who, err)
				}
			case <-time.After(takeover):
				t.Errorf("%d does not end with its context", who)
			}
		}
	})
	t.Run("a context that has ended already is no error", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := open(t).Lead(ctx, func(context.Context) error { return nil }, func(err error) { t.Error(err) }); err != nil {
			t.Errorf("%v", err)
		}
	})
}
