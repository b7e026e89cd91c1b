package guide

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
)

// Break breaks the running system in one way and puts it back, so that a control can show that it sees it there. It is for systems that somebody has named to be
// broken, and no others.
type Break struct {
	Mode string // of the control: the one way to fail that must be found
	What string // what is broken, in words
	// Of are the parts of the running system that it may change what is seen of ("cluster", as the keys of facts.Look begin): what is seen of others is not looked at again.
	Of []string
	// Do breaks it. undo puts back what was there; it is not nil if anything was changed, even beside an error.
	Do func(context.Context, *facts.System) (undo func(context.Context) error, err error)
	// Also are further ways that the same break must be found by: "C4/policy-differs".
	Also []string
}

// The bounds of breaking a running system.
const (
	undoWithin = time.Minute
	// settleTries and settleWait are how often, and how far apart, it is looked whether a change has come to what decides: servers keep what they know for a moment.
	settleTries = 15
	settleWait  = time.Second
)

// ErrNotPutBack is wrapped where the system is left broken.
var ErrNotPutBack = errors.New("the running system was not put back: do it by hand")

// ProveRunning breaks the running system in every way that the chosen controls have a break for, one after the other, and judges all controls that look at it after
// each: the control must find exactly that way to fail and no other, and every other clause must say what it said before. Each break is put back before the next, and
// whatever happens; if one cannot be, nothing more is broken and the error (ErrNotPutBack) says what to do.
//
// a.Running must be given, and a.Tree where it is to be compared with the files. wait waits between two looks; it returns early with the context's error.
func (g *Guide) ProveRunning(ctx context.Context, chosen []Control, a Asked, wait func(context.Context, time.Duration) error) (Proof, error) {
	looking := slices.DeleteFunc(g.Controls(), func(c Control) bool { return c.Running == nil && c.Agree == nil })
	tried := a.Tried
	a = Asked{Tree: a.Tree, Running: a.Running, Within: a.Within, Now: a.Now}
	s := a.Running
	before := saidRunning(Audit(ctx, looking, a))
	var p Proof
	for _, c := range chosen {
		for _, m := range c.Modes {
			if m.Running && c.As == "" && !c.Pending && !slices.ContainsFunc(c.Breaks, func(b Break) bool { return b.Mode == m.Name }) {
				p.Elsewhere = append(p.Elsewhere, c.ID+"/"+m.Name)
			}
		}
		for _, b := range c.Breaks {
			if err := ctx.Err(); err != nil {
				return p, err
			}
			t := Trial{Clause: c.ID, Mutation: Mutation{Mode: b.Mode, What: b.What, Also: b.Also}}
			look := func(wanted ...string) string {
				wrong := "it was called off before anybody looked"
				for range settleTries {
					if wait(ctx, settleWait) != nil {
						return wrong
					}
					again := a
					again.Running = s.Without(b.Of...)
					if wrong = compare(before, saidRunning(Audit(ctx, looking, again)), g.again(wanted)); wrong == "" {
						break
					}
				}
				return wrong
			}
			undo, err := b.Do(ctx, s)
			if err != nil {
				t.Wrong = fmt.Sprintf("it cannot be made: %v", err)
			} else {
				t.Wrong = look(append([]string{c.ID + "/" + b.Mode}, b.Also...)...)
			}
			if undo != nil {
				if err := putBack(ctx, undo); err != nil {
					return p, fmt.Errorf("%s/%s: %s: %w: %w", c.ID, b.Mode, b.What, ErrNotPutBack, err)
				}
				if wrong := look(); wrong != "" && t.Wrong == "" && ctx.Err() == nil {
					t.Wrong = "put back, it is not what it was: " + wrong
				}
			}
			if p.Tried = append(p.Tried, t); tried != nil {
				tried(t)
			}
		}
	}
	return p, ctx.Err()
}

// putBack undoes a break even while the program is being ended.
func putBack(ctx context.Context, undo func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoWithin)
	defer cancel()
	return undo(ctx)
}

// saidRunning is what the clauses say of the running system.
func saidRunning(r Report) map[string]saying {
	all := map[string]saying{}
	for _, c := range r.Clauses {
		modes := []string{}
		for _, f := range slices.Concat(c.Running.findings, c.Agree.findings) {
			modes = append(modes, f.Mode)
		}
		slices.Sort(modes)
		all[c.Control.ID] = saying{Worse(c.Running.Verdict(), c.Agree.Verdict()), slices.Compact(modes)}
	}
	return all
}
