//go:build linux

package cluster

import (
	"context"
	"fmt"
	"time"

	"github.com/Abdullahi130/StellarEscrow/test/parts/kubenode/keep"
)

// goneError says that a server that was waited for has ended by itself.
type goneError struct {
	what string
	err  error
}

func (e *goneError) Error() string { return fmt.Sprintf("wait for %s: %v", e.what, e.err) }

func (e *goneError) Unwrap() error { return e.err }

// pause between two tries.
const pause = 50 * time.Millisecond

// wait tries until it succeeds, or the limit is reached, or one of the servers has ended.
func wait(ctx context.Context, what string, limit time.Duration, dir string, servers []string, try func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		err := try(ctx)
		if err == nil {
			return nil
		}
		for _, name := range servers {
			if err := keep.Ended(dir, name); err != nil {
				return &goneError{what, err}
			}
		}
		select {
		case <-ctx.Done():
			said := ""
			for _, name := range servers {
				said += fmt.Sprintf("\n%s: %s", name, keep.Told(dir, name))
			}
			return fmt.Errorf("wait for %s, at most %s: %w%s", what, limit, err, said)
		case <-time.After(pause):
		}
	}
}
