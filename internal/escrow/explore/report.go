package explore

import (
	"fmt"
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
)

// Report is what the walk through a setup found.
type Report struct {
	Setup Setup
	// Locals are the states of a milestone by itself, States those of the trade, Transitions the calls and ticks of the clock between them.
	Locals, States, Transitions int
	// Wait is the longest way out: the seconds that have to pass, at most, before everything that is left is due, from the state where that is longest (From) on, if everyone is
	// gone by then; Calls is how many calls that nobody signs end the trade from there (settle of several at once counts for each).
	Wait  uint64
	Calls int
	From  string
	// Latest is the latest time at which anything becomes due, over all ways there; never after LastDeadline.
	Latest, LastDeadline uint64
	// DeadEnds is how many states have no way out; Story leads to the nearest one.
	DeadEnds int
	Story    []string
}

func (r *Report) deadEnd(story []string) {
	if r.DeadEnds == 0 {
		r.Story = story
	}
	r.DeadEnds++
}

// String is the report in a few lines, with the story of a dead end if there is one.
func (r *Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s; rulings %v ppm; windows inspection %d, offers %d, ruling %d, appeal %d s\n", &r.Setup, rulings, inspection, offers, ruling, appeal)
	fmt.Fprintf(&b, "  %d states (%d of a milestone), %d transitions\n", r.States, r.Locals, r.Transitions)
	fmt.Fprintf(&b, "  longest way out: %d s of %d, then %d calls by anyone (from %s); everything is due by second %d, last deadline %d\n",
		r.Wait, r.LastDeadline-deliverBy, r.Calls, r.From, r.Latest, r.LastDeadline)
	if r.DeadEnds == 0 {
		b.WriteString("  no dead end\n")
		return b.String()
	}
	fmt.Fprintf(&b, "  %d DEAD ENDS, the nearest one:\n", r.DeadEnds)
	for i, line := range r.Story {
		fmt.Fprintf(&b, "    %d. %s\n", i+1, line)
	}
	return b.String()
}

// story tells how a state was reached, in words.
func (x *search) story(i int32, before []string) []string {
	var path []int32
	for ; i >= 0; i = x.visits[i].parent {
		path = append(path, i)
	}
	slices.Reverse(path)

	// Milestones are unordered in a state; who is who is followed from the start.
	at := x.funded
	var names []int
	for p := range maxMilestones {
		names = append(names, p-(maxMilestones-len(x.setup.Amounts)))
	}
	sortBy(&at, names)
	story := slices.Clone(before)
	for _, to := range path[1:] {
		want := x.visits[to].state
		found := false
		_ = x.each(at, func(position int, s step, next state) { // each has been here before without an error
			if found {
				return
			}
			moved := slices.Clone(names)
			sortBy(&next, moved)
			if next == want {
				found = true
				story = append(story, strings.ReplaceAll(s.story, "{m}", fmt.Sprintf("milestone %d", names[position])))
				names = moved
			}
		})
		at = want
	}
	return append(append(story, "everyone is gone"), x.stuck(at, names)...)
}

// stuck tells what the clock does to each milestone that nobody can end, once everyone is gone.
func (x *search) stuck(at state, names []int) (story []string) {
	for p, l := range at.locals {
		name := fmt.Sprintf("milestone %d", names[p])
		ticks, open := []string(nil), l == ended
		for k := (stepKey{local: int(l), bonds: int(at.bonds), last: true}); !open; {
			steps, err := x.steps(k)
			if err != nil {
				return append(story, err.Error())
			}
			tick := slices.IndexFunc(steps, func(s step) bool { return s.clock })
			open = slices.ContainsFunc(steps, func(s step) bool { return s.anyone && !s.clock })
			if tick < 0 || open {
				break
			}
			ticks = append(ticks, strings.ReplaceAll(steps[tick].story, "{m}", name))
			k.local = steps[tick].to
		}
		if !open {
			story = append(append(story, ticks...), "nobody can end "+name)
		}
	}
	return story
}

// stands names the phases of the milestones that are alive.
func (x *search) stands(s state) string {
	var phases []string
	for _, l := range s.locals {
		if l != ended {
			phases = append(phases, x.locals[l].key.phase.String())
		}
	}
	return strings.Join(phases, " + ")
}

// sortBy sorts a state's locals and their names together.
func sortBy(s *state, names []int) {
	order := []int{0, 1, 2}
	slices.SortStableFunc(order, func(a, b int) int { return int(s.locals[a]) - int(s.locals[b]) })
	before, old := s.locals, slices.Clone(names)
	for to, from := range order {
		s.locals[to], names[to] = before[from], old[from]
	}
}

// story is what the calls say in words, with {m} for the milestone.
func (c choice) story() string {
	who := "anyone"
	switch {
	case c.by == escrow.Buyer:
		who = "the buyer"
	case c.by == escrow.Seller:
		who = "the seller"
	case !c.anyone:
		who = fmt.Sprintf("arbitrator %d", c.by)
	}
	switch call := c.calls[0].(type) {
	case escrow.CallOpen:
		return who + " opens the trade"
	case escrow.CallAccept:
		return who + " accepts"
	case escrow.CallFund:
		return who + " funds it"
	case escrow.CallCancel:
		return who + " cancels"
	case escrow.CallDeliver:
		return who + " delivers {m}"
	case escrow.CallRelease:
		return fmt.Sprintf("%s releases %s of {m}", who, call.Amount.Units())
	case escrow.CallRefund:
		return fmt.Sprintf("%s refunds %s of {m}", who, call.Amount.Units())
	case escrow.CallDispute:
		return who + " disputes {m}"
	case escrow.CallOffer:
		return fmt.Sprintf("%s offers %s of %s of {m} to the seller, the other side accepts", who, call.SellerAmount.Units(), call.Of.Units())
	case escrow.CallEvidence:
		return who + " gives evidence on {m}"
	case escrow.CallRule:
		return fmt.Sprintf("%s rules %d ppm of {m} to the seller", who, call.Rulings[0].SellerPpm)
	case escrow.CallAppeal:
		return who + " appeals on {m}"
	case escrow.CallSettle:
		return who + " settles {m}"
	default:
		return who + " calls " + call.Function()
	}
}
