package lockstep

import (
	"maps"
	"slices"

	"github.com/Abdullahi130/StellarEscrow/contract/vectors"
	"github.com/Abdullahi130/StellarEscrow/internal/amount"
)

const (
	// maxReplays bounds how often a world is played again to make it smaller: a minute's work.
	maxReplays = 400
	// maxSimpler is how often terms are made simple: what is simpler may need fewer steps.
	maxSimpler = 2
)

// shrinker makes a world smaller as long as something in it differs.
type shrinker struct {
	stage   *stage
	flaw    flaw
	best    *pair // the smallest so far
	replays int
}

// smaller plays a world that differs again and again, with steps left out and terms made simple, and answers the smallest that still does. The error is of a test
// that could not go on.
func (s *stage) smaller(found *pair, f flaw) (*pair, error) {
	h := &shrinker{stage: s, flaw: f, best: found}
	p := *found.plan
	p.steps = stepsOf(found)
	if ok, err := h.try(&p); err != nil || !ok {
		return found, err // it does not happen again: the seed alone shows it
	}
	size := max(1, len(h.best.steps)/2)
	for simpler := 0; ; size = max(1, size/2) {
		removed, err := h.without(size)
		if err != nil {
			return h.best, err
		}
		if size > 1 || removed {
			continue
		}
		if simpler == maxSimpler || h.replays >= maxReplays {
			return h.best, nil
		}
		simpler++
		if err := h.simpler(); err != nil {
			return h.best, err
		}
	}
}

// stepsOf are the steps that were played, at the seconds at which they were.
func stepsOf(w *pair) (all []step) {
	for _, l := range w.told {
		all = append(all, l.step)
	}
	return all
}

// try plays a plan; if something differs, it is the best so far.
func (h *shrinker) try(p *plan) (bool, error) {
	if h.replays >= maxReplays {
		return false, nil
	}
	h.replays++
	w, err := h.stage.replay(p, h.flaw, newTally())
	if !isDifference(err) {
		return false, err
	}
	w.plan.steps = stepsOf(w)
	h.best = w
	return true, nil
}

// without leaves out so many steps at a time, from the end to the beginning, and tells whether any could be.
func (h *shrinker) without(size int) (removed bool, err error) {
	for at := len(h.best.steps); at > 0; {
		p := h.copy()
		from := max(0, at-size)
		p.steps = slices.Delete(p.steps, from, min(at, len(p.steps)))
		ok, err := h.try(p)
		if err != nil {
			return removed, err
		}
		removed = removed || ok
		at = min(from, len(h.best.steps))
	}
	return removed, nil
}

func (h *shrinker) copy() *plan {
	p := *h.best.plan
	p.steps, p.trades, p.terms = slices.Clone(p.steps), slices.Clone(p.trades), maps.Clone(p.terms)
	return &p
}

// simpler leaves out what no step is about, and tries the usual in place of the special.
func (h *shrinker) simpler() error {
	var edits []func(*plan)
	for _, name := range h.best.trades {
		if !slices.ContainsFunc(h.best.steps, func(s step) bool { return s.call != nil && s.call.Trade == name }) {
			delete(h.best.plan.terms, name)
			h.best.plan.trades = slices.DeleteFunc(slices.Clone(h.best.plan.trades), func(n string) bool { return n == name })
			continue
		}
		for _, edit := range simplify {
			edits = append(edits, func(p *plan) {
				t := p.terms[name]
				edit(&t)
				p.terms[name] = t
			})
		}
	}
	edits = append(edits, honest, func(p *plan) { p.purse = amount.Int(1_000_000) }, func(p *plan) { p.short = false }, func(p *plan) { p.byProof = false }, func(p *plan) {
		p.steps = slices.Clone(p.steps)
		for i := range p.steps { // at once, where the time does not matter
			p.steps[i].at = 0
		}
	})
	for _, edit := range edits {
		p := h.copy()
		edit(p)
		if same(p, h.copy()) {
			continue
		}
		if _, err := h.try(p); err != nil {
			return err
		}
	}
	return nil
}

// honest lets a token refuse, as issuers do, where it did something stranger.
func honest(p *plan) {
	for i, st := range p.steps {
		if st.act != nil && st.act.kind == "mode" {
			p.steps[i].act = &act{kind: "freeze", on: true}
		}
	}
}

var simplify = []func(*vectors.Terms){
	func(t *vectors.Terms) { t.Asset = vectors.Token },
	func(t *vectors.Terms) { t.AppealPanel = vectors.Panel{Arbitrators: []string{}} },
	func(t *vectors.Terms) { t.Panel = vectors.Panel{Arbitrators: []string{"arb1"}, Quorum: 1} },
	func(t *vectors.Terms) { t.Milestones = t.Milestones[:min(1, len(t.Milestones))] },
	func(t *vectors.Terms) { t.Bond, t.ArbitrationFee = "0", "0" },
	func(t *vectors.Terms) { t.ArbitrationFee = t.Bond },
	func(t *vectors.Terms) { t.FallbackPpm = 500_000 },
}
