package fanout

import (
	"context"
	"fmt"
	"time"
)

// look asks the store where the feed ends, when a message has come and now and then without one, and tells the bus.
func (f *Fanout) look(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for lag := 0; ; {
		select {
		case <-ctx.Done():
			return
		case <-f.heard:
		case <-f.turns:
		case <-timer.C:
			if lag == 0 {
				f.metrics.polls.Inc()
			}
		}
		seen, err := f.stored(ctx)
		f.attempted(ctx, looking, err)
		wait := f.poll()
		switch told := f.told.Load(); {
		case err != nil:
			wait, lag = pollDown, 0
		case told > seen && lag < lagTries:
			wait = min(wait, lagPause<<lag)
			lag++
		default:
			// It is there, or never was: what was told since is looked for by itself.
			f.told.CompareAndSwap(told, 0)
			lag = 0
		}
		timer.Reset(wait)
		pause(ctx, lookPause)
	}
}

// poll is how long to wait for a message before looking without one.
func (f *Fanout) poll() time.Duration {
	if f.Up() {
		return pollUp
	}
	return pollDown
}

// stored is the number of the last entry stored, which readers here then know of.
func (f *Fanout) stored(ctx context.Context) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	head, err := f.config.Store.FeedHead(ctx)
	if err != nil {
		return 0, fmt.Errorf("ask the store for the feed's head: %w", err)
	}
	f.config.Bus.Publish(head.Seq)
	return head.Seq, nil
}
