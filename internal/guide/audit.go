package guide

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/cli"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
)

// Report is what came of an audit.
type Report struct {
	Clauses []Clause
	At      time.Time // when it began
	Took    time.Duration
	// Held is the baseline that the audit is held against: Err then says what differs from it. nil: it has to hold whole.
	Held *Baseline
	// Matrix is who reaches whom in the tree, and RunningMatrix in the cluster that runs, where that was asked and can be computed.
	Matrix, RunningMatrix *Matrix
	// Opinions are what tools of others say of the same tree, where that was asked.
	Opinions *Opinions
}

// What Report.Err wraps.
var (
	ErrFailed       = errors.New("do not hold")
	ErrNotEvidenced = errors.New("could not be looked at")
)

// Err is nil if every clause asked for is PASS, NOT APPLICABLE, or a GUIDE DEFECT whose replacement holds. It is ErrFailed if one is FAIL, else ErrNotEvidenced. Of an
// audit that is held against a baseline it is what Baseline.Check says. Where second opinions were asked, what Opinions.Err says is added.
func (r Report) Err() error { return r.Opinions.with(r.held()) }

// held is what the clauses come to.
func (r Report) held() error {
	if r.Held != nil {
		return r.Held.Check(r)
	}
	count := map[Verdict]int{}
	for _, c := range r.Clauses {
		count[c.Verdict]++
	}
	switch {
	case count[Failed] > 0:
		return fmt.Errorf("%d of %d clauses %w", count[Failed], len(r.Clauses), ErrFailed)
	case count[NotEvidenced] > 0 || len(r.Clauses) == 0: // nothing was asked: nothing was seen
		return fmt.Errorf("%d of %d clauses %w", count[NotEvidenced], len(r.Clauses), ErrNotEvidenced)
	}
	return nil
}

// Exit is the code that a program ends with after the audit, the same whatever the format of its report.
func (r Report) Exit() int { return cli.ExitCode(r.Err(), ErrNotEvidenced) }

// Clause is what came of one clause.
type Clause struct {
	Control Control
	Verdict Verdict // the worst of the columns asked for
	Tree    Result
	Running Result
	Agree   Result // what runs held against the files, where the control compares them; Agreement says of every clause whether they agree
	Took    time.Duration
}

// Modes are the names of the ways to fail that were found in any column, each once, in order.
func (c Clause) Modes() []string {
	var all []string
	for _, f := range slices.Concat(c.Tree.findings, c.Running.findings, c.Agree.findings) {
		all = append(all, f.Mode)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Asked says what to look at. What is nil is not asked.
type Asked struct {
	Tree    *facts.Tree
	Running *facts.System
	// Known is what was said before of trees that Tree comes of, by the same guide: a control is asked again only where facts that it goes by are others. nil: each is asked.
	Known *Judgements
	// Within is how long one column of one clause may take; what takes longer is NOT EVIDENCED, and the others go on.
	Within time.Duration
	// Now is the clock.
	Now func() time.Time
	// Begun, if there is one, is called with each control when its turn comes; never while it or Done is.
	Begun func(Control)
	// Done, if there is one, is called with each clause as it is done, one after the other.
	Done func(Clause)
	// Tried, if there is one, is called with each break of a running system when it has been put back.
	Tried func(Trial)
}

// together is how many clauses are judged at once: most wait for a disk or a network.
const together = 8

// Audit judges the clauses. Whatever a control does, the others are judged; a control that panics is NOT EVIDENCED, and says so.
func Audit(ctx context.Context, controls []Control, a Asked) Report {
	r := Report{At: a.Now(), Clauses: make([]Clause, len(controls))}
	var all sync.WaitGroup
	var mu sync.Mutex
	slots := make(chan struct{}, together)
	for i, c := range controls {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			if a.Begun != nil {
				mu.Lock()
				a.Begun(c)
				mu.Unlock()
			}
			done := judge(ctx, c, a)
			mu.Lock()
			defer mu.Unlock()
			if r.Clauses[i] = done; a.Done != nil {
				a.Done(done)
			}
		})
	}
	all.Wait()
	r.Took = a.Now().Sub(r.At)
	return r
}

func judge(ctx context.Context, c Control, a Asked) Clause {
	began := a.Now()
	if a.Running != nil {
		a.Running = a.Running.By(a.Now)
	}
	done := Clause{Control: c}
	if a.Tree != nil {
		done.Tree = ofTree(ctx, c, a)
	}
	if a.Running != nil {
		done.Running = column(ctx, c, a.Within, c.Running, a.Running)
	}
	if a.Tree != nil && a.Running != nil && c.Agree != nil {
		done.Agree = column(ctx, c, a.Within, func(ctx context.Context, t *facts.Tree) Result { return c.Agree(ctx, t, a.Running) }, a.Tree)
	}
	done.Verdict = Worse(Worse(done.Tree.Verdict(), done.Running.Verdict()), done.Agree.Verdict())
	if c.OnlyRunning && a.Running == nil {
		done.Verdict = Worse(done.Verdict, NotEvidenced)
	}
	done.Took = a.Now().Sub(began)
	return done
}

// ofTree is the tree's column.
func ofTree(ctx context.Context, c Control, a Asked) Result {
	if r, ok := a.Known.known(c.ID, a.Tree); ok {
		return r
	}
	if a.Known == nil || c.Tree == nil {
		return column(ctx, c, a.Within, c.Tree, a.Tree)
	}
	tree, uses := a.Tree.Noting()
	return column(ctx, c, a.Within, func(ctx context.Context, t *facts.Tree) Result {
		r := named(c, c.Tree(ctx, t))
		if ctx.Err() == nil { // one that is cut off may not have gone by all its facts
			a.Known.keep(c.ID, r, uses)
		}
		return r
	}, tree)
}

func column[F any](ctx context.Context, c Control, within time.Duration, look func(context.Context, F) Result, at F) Result {
	if look == nil {
		return NotHere("%s", c.Silent)
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	out := make(chan Result, 1)
	go func() {
		defer func() {
			if broken := recover(); broken != nil {
				out <- NoEvidence("the control broke: %v\n%s", broken, debug.Stack())
			}
		}()
		out <- named(c, look(ctx, at))
	}()
	select {
	case r := <-out:
		return r
	case <-ctx.Done():
		// One that does not end with its context is left behind; it changes nothing.
		return NoEvidence("it was not done within %s", within)
	}
}

// named lets no failure through that has no name: a report that cannot be searched for it, and a proof that does not know it, would be worth nothing. Nor does
// it let a pending clause pass.
func named(c Control, r Result) Result {
	if v := r.Verdict(); c.Pending && (v == Passed || v == GuideDefect) {
		panic(fmt.Sprintf("control %s is pending, and says %s", c.ID, v))
	}
	for _, f := range r.findings {
		if !slices.ContainsFunc(c.Modes, func(m Mode) bool { return m.Name == f.Mode }) {
			panic(fmt.Sprintf("control %s found %q of %s, which is none of its ways to fail", c.ID, f.Mode, f.Subject))
		}
	}
	return r
}
