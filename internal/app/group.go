package app

import (
	"context"
	"errors"
	"sync"
)

// group runs the parts of a process together: when one ends with an error, or the context ends, all end.
type group struct {
	cancel context.CancelFunc // of the context that every part runs with
	parts  sync.WaitGroup
	mu     sync.Mutex
	errs   []error
}

func (g *group) run(ctx context.Context, part func(context.Context) error) {
	g.parts.Go(func() {
		if err := part(ctx); err != nil {
			g.mu.Lock()
			g.errs = append(g.errs, err)
			g.mu.Unlock()
			g.cancel()
		}
	})
}

// background runs parts that end with ctx and cannot fail.
func (g *group) background(ctx context.Context, parts ...func(context.Context)) {
	for _, part := range parts {
		g.parts.Go(func() { part(ctx) })
	}
}

// wait returns when all have ended, with what went wrong.
func (g *group) wait() error {
	g.parts.Wait()
	g.mu.Lock()
	defer g.mu.Unlock()
	return errors.Join(g.errs...)
}

// stop ends all parts and waits for them.
func (g *group) stop() error {
	g.cancel()
	return g.wait()
}
