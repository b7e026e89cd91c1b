package explore

import (
	"errors"
	"fmt"
	"slices"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
)

// maxMilestones is how many milestones fit a packed state.
const maxMilestones = 3

// state is one of a funded trade: its milestones' locals in order, and the bonds. Milestones are unordered: nothing but their numbers in events tells them apart.
type state struct {
	locals [maxMilestones]uint16 // of a trade with fewer, the first ones are ended
	bonds  uint16
}

// visit is a state and how it was first reached.
type visit struct {
	state
	parent int32 // -1: by fund
}

// search is the walk through all states of a setup's funded trades.
type search struct {
	*explorer
	at          map[state]int32
	visits      []visit
	funded      state // where the walk starts, milestones in the terms' order
	transitions int
	out         []uint8 // by visit: how many calls anyone has to make to end the trade; unknown or stuck before it is worked out
}

const (
	unknown = 255
	stuck   = 254
)

// Explore walks through every state of the setup's trades. An error is a contradiction found on the way, in the rules or in what this package assumes of them; a dead end is
// not an error but in the Report.
func Explore(s Setup) (*Report, error) {
	if n := len(s.Amounts); n < 2 || n > maxMilestones {
		return nil, fmt.Errorf("exploring %s: %d milestones, not 2 to %d", &s, n, maxMilestones)
	}
	x := search{explorer: newExplorer(&s), at: map[state]int32{}}
	report := &Report{Setup: s}
	if err := x.explore(report); err != nil {
		return nil, fmt.Errorf("exploring %s: %w", &s, err)
	}
	return report, nil
}

func (x *search) explore(r *Report) error {
	before, err := x.beforeFunding(r)
	if err != nil {
		return err
	}
	if err := x.walk(); err != nil {
		return err
	}
	r.Locals, r.States, r.Transitions = len(x.locals), len(x.visits)+before.states, x.transitions+before.transitions
	if err := x.latest(r); err != nil {
		return err
	}
	return x.wayOut(r, before)
}

// start is the state right after fund.
func (x *search) start(trade *escrow.Trade) {
	var s state
	free := maxMilestones - len(trade.Milestones)
	for i, m := range trade.Milestones {
		s.locals[free+i] = uint16(x.intern(m, openedAt))
	}
	s.bonds = uint16(x.purse(trade.Bonds))
	x.funded = s
	x.visit(s, -1)
}

func (x *search) visit(s state, parent int32) int32 {
	slices.Sort(s.locals[:])
	if i, known := x.at[s]; known {
		return i
	}
	i := int32(len(x.visits))
	x.at[s] = i
	x.visits = append(x.visits, visit{s, parent})
	return i
}

// walk visits every state there is.
func (x *search) walk() error {
	for i := 0; i < len(x.visits); i++ {
		err := x.each(x.visits[i].state, func(_ int, s step, to state) {
			x.transitions += s.ways
			x.visit(to, int32(i))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// each tells of every step out of a state, of which milestone, and where it leads.
func (x *search) each(from state, tell func(position int, s step, to state)) error {
	alive := 0
	for _, l := range from.locals {
		if l != ended {
			alive++
		}
	}
	for i, l := range from.locals {
		if l == ended || i > 0 && l == from.locals[i-1] { // the same milestone twice has the same steps
			continue
		}
		steps, err := x.steps(stepKey{local: int(l), bonds: int(from.bonds), last: alive == 1})
		if err != nil {
			return err
		}
		for _, s := range steps {
			to := from
			to.locals[i], to.bonds = uint16(s.to), uint16(s.bonds)
			tell(i, s, to)
		}
	}
	return nil
}

// prefix is what was found before funding.
type prefix struct {
	states, transitions int
	story               []string // to fund
}

// opening is a trade before funding, or before it is opened.
type opening struct {
	trade  escrow.Trade
	opened bool
	now    uint64
	story  []string
}

// beforeFunding walks through the stages before funding, where nothing is merged but time, to before fund_by and after, and starts the walk from each funded trade.
func (x *search) beforeFunding(r *Report) (prefix, error) {
	var p prefix
	queue := []opening{{now: openedAt}}
	seen := func(o *opening) bool {
		return slices.ContainsFunc(queue, func(q opening) bool {
			return q.opened == o.opened && q.now == o.now && q.trade.Stage == o.trade.Stage && q.trade.OpenedBy == o.trade.OpenedBy && q.trade.Bonds == o.trade.Bonds
		})
	}
	for i := 0; i < len(queue); i++ {
		at := queue[i]
		if err := x.cancelled(&at, r); err != nil {
			return p, err
		}
		nexts, err := x.nextOpenings(&at)
		if err != nil {
			return p, err
		}
		p.transitions += len(nexts)
		for _, next := range nexts {
			switch {
			case next.trade.Stage == escrow.StageFunded:
				if p.story == nil {
					p.story = next.story
				}
				x.start(&next.trade)
			case !seen(&next):
				queue = append(queue, next)
			}
		}
	}
	p.states = len(queue)
	return p, nil
}

// nextOpenings are the trades that one call, or the clock, makes of this one.
func (x *search) nextOpenings(at *opening) ([]opening, error) {
	var out []opening
	if at.now < fundBy {
		out = append(out, opening{trade: at.trade, opened: at.opened, now: fundBy, story: tell(at.story, "time passes: fund_by is over")})
	}
	var choices []choice
	for _, by := range []escrow.Role{escrow.Buyer, escrow.Seller, escrow.Nobody} {
		if !at.opened {
			if by.IsParty() && at.now < fundBy {
				choices = append(choices, choice{calls: []escrow.Call{escrow.CallOpen{Terms: x.terms, By: by}}, by: by})
			}
			continue
		}
		for _, o := range escrow.Next(&x.terms, &at.trade, false, at.now, by) {
			if o.Anyone == (by == escrow.Nobody) {
				choices = append(choices, choice{calls: []escrow.Call{o.Call}, by: by, anyone: o.Anyone})
			}
		}
	}
	for _, c := range choices {
		after, err := x.carry(&at.trade, at.now, c.calls[0], c.anyone)
		if errors.Is(err, errNailed) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, opening{trade: after, opened: true, now: at.now, story: tell(at.story, c.story())})
	}
	return out, nil
}

func tell(story []string, next string) []string { return append(slices.Clone(story), next) }

// cancelled checks that anyone can end a trade that is not funded, once fund_by is over.
func (x *search) cancelled(at *opening, r *Report) error {
	if at.trade.Stage != escrow.StageOpen && at.trade.Stage != escrow.StageAgreed || !at.opened {
		return nil
	}
	after, err := x.carry(&at.trade, max(at.now, fundBy), escrow.CallCancel{Terms: x.terms, Push: true}, true)
	switch {
	case errors.Is(err, errNailed):
		r.deadEnd(tell(at.story, fmt.Sprintf("the trade is %s, and nobody can end it", at.trade.Stage)))
		return nil
	case err != nil:
		return err
	case after.Stage != escrow.StageCancelled:
		return fmt.Errorf("a cancelled trade is %s", after.Stage)
	}
	return nil
}

// latest works out how late each state can last, over all ways to it, and checks it against the trade's last deadline: the sum of its windows.
func (x *search) latest(r *Report) error {
	for i := range x.locals {
		if l := &x.locals[i]; l.key.phase == escrow.PhaseFunded {
			l.latest = l.over()
		}
	}
	for changed := true; changed; { // milestones only go forward, so this ends
		changed = false
		for pair, later := range x.delays {
			from, to := &x.locals[pair[0]], &x.locals[pair[1]]
			if from.latest == 0 {
				continue // not worked out yet
			}
			if at := uint64(int64(from.latest) + later); at > to.latest {
				to.latest, changed = at, true
			}
		}
	}
	r.LastDeadline = x.terms.LastDeadline()
	for i := range x.locals {
		l := &x.locals[i]
		r.Latest = max(r.Latest, l.latest)
		if l.latest > r.LastDeadline {
			return fmt.Errorf("%s lasts until %d, after the trade's last deadline %d", l.key.phase, l.latest, r.LastDeadline)
		}
	}
	return nil
}

// wayOut works out for each state how anyone ends the trade, and tells of the first that has none and of the longest.
func (x *search) wayOut(r *Report, p prefix) error {
	x.out = slices.Repeat([]uint8{unknown}, len(x.visits))
	for i := range x.visits {
		calls, err := x.callsOut(int32(i))
		if err != nil {
			return err
		}
		if calls == stuck {
			r.deadEnd(x.story(int32(i), p.story))
			continue
		}
		wait := x.waitAll(x.visits[i].state)
		if wait > r.Wait || wait == r.Wait && int(calls) > r.Calls {
			r.Wait, r.Calls, r.From = wait, int(calls), x.stands(x.visits[i].state)
		}
	}
	if windows := r.LastDeadline - deliverBy; r.Wait > windows {
		return fmt.Errorf("from %s it takes %d s, more than the windows' sum of %d", r.From, r.Wait, windows)
	}
	return nil
}

// callsOut is how many calls that nobody signs end the trade from here, the clock running between them.
func (x *search) callsOut(i int32) (uint8, error) {
	if x.out[i] != unknown {
		return x.out[i], nil
	}
	best := uint8(stuck)
	s := x.visits[i].state
	if s.locals == [maxMilestones]uint16{} {
		best = 0
	}
	var failed error
	err := x.each(s, func(_ int, st step, to state) {
		if !st.anyone || failed != nil {
			return
		}
		slices.Sort(to.locals[:])
		calls, err := x.callsOut(x.at[to])
		if err != nil {
			failed = err
			return
		}
		if !st.clock && calls < stuck {
			calls++
		}
		best = min(best, calls)
	})
	x.out[i] = best
	return best, errors.Join(err, failed)
}

func (x *search) waitAll(s state) (longest uint64) {
	for _, l := range s.locals {
		longest = max(longest, x.wait(int(l)))
	}
	return longest
}

// wait is how long it takes at most until something is due, if nobody does anything: all of the phase that is on, and those behind it.
func (x *search) wait(id int) uint64 {
	var sum uint64
	l := x.locals[id]
	for l.until != 0 {
		sum += window(&x.terms, l.key.phase)
		l = newLocal(&x.terms, 0, l.state, l.until)
	}
	return sum
}
