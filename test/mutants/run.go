package mutants

import (
	"context"
	"fmt"
	"io"
	"sync"
)

// Judged is a mutant with what became of it.
type Judged struct {
	Mutant
	Verdict
}

// Survived tells whether no test told it from the contract.
func (j Judged) Survived() bool { return j.Killer == "" && j.Refused == "" }

// Run judges the mutants of the tree's contract in so many workshops at once, while the contract itself is tested: where that fails there is no
// answer. Each mutant is told as soon as it is judged; the answer has them all in the order of the list. What programs print goes to out, which
// several write to at once.
func Run(ctx context.Context, tree string, list []Mutant, workshops int, out io.Writer, tell func(Judged)) ([]Judged, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var open []*Workshop
	for number := range min(workshops, len(list)) {
		w, err := Open(ctx, tree, number+1, out)
		if err != nil {
			return nil, err
		}
		defer w.Close()
		if number > 0 {
			if err := w.Furnish(open[0].target); err != nil {
				return nil, err
			}
		}
		if open = append(open, w); number == 0 {
			if err := w.furnished(ctx); err != nil {
				return nil, err
			}
		}
	}

	all := make([]Judged, len(list))
	next := make(chan int)
	var running sync.WaitGroup
	var telling sync.Mutex
	for number, w := range open {
		running.Go(func() {
			if number == 0 {
				if err := w.Healthy(ctx); err != nil {
					stop(err)
				}
			}
			for i := range next {
				v, err := w.Judge(ctx, list[i])
				if err != nil {
					stop(err)
					continue // to the end of the list, which is near
				}
				all[i] = Judged{list[i], v}
				telling.Lock()
				tell(all[i])
				telling.Unlock()
			}
		})
	}
	for i := range list {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	running.Wait()
	return all, context.Cause(ctx)
}

// furnished builds what the contract needs, if nothing has been built here yet.
func (w *Workshop) furnished(ctx context.Context) error {
	for _, args := range [][]string{ofEscrow, ofRules} {
		if _, _, err := w.build(ctx, args); err != nil {
			return fmt.Errorf("build the contract itself: %w", err)
		}
	}
	return nil
}
