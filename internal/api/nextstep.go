package api

import (
	"fmt"
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
)

// nextStep is what to do instead of a call that is refused, by how the trade stands: what is named can be done, and what is waited for comes if nobody
// does anything before. can is what whoever acts can do now. Empty: the refusal's own next step holds at any time.
func nextStep(o order, code escrow.Code, can []PossibleAction) string {
	switch code {
	case escrow.ErrWrongStage, escrow.ErrNotDue:
	case escrow.ErrNotArbitrator:
		if from := possibleFrom(o); from != 0 {
			return waitUntil(o, from)
		}
		return ""
	case escrow.ErrAmountOutOfRange:
		if low, high := rangeOf(o); high.Less(low) {
			return "nothing is left to do: what was paid out needs no claim; what is parked stands in /v1/trades/" + o.trade.ID.String()
		}
		return "choose an amount in that range"
	case escrow.ErrPartInDispute:
		words := "give all that is left"
		switch names := namesOf(o, can); {
		case slices.Contains(names, "offer"):
			return words + ", or offer a split"
		case slices.Contains(names, "settle"):
			return words + ", or have what is decided carried out: settle"
		}
		return words
	default:
		return ""
	}

	stage := o.trade.State.Stage
	if stage == escrow.StageEnded || stage == escrow.StageCancelled {
		if len(o.trade.State.Parked) > 0 {
			return "the trade is over: only what is parked is left, to be claimed"
		}
		return "the trade is over: nothing is left to do"
	}
	var steps []string
	switch i, ok := milestoneOf(o.call); {
	case stage != escrow.StageFunded && (ok || severalMilestones(o.call)):
		steps = append(steps, fmt.Sprintf("%s is possible once the trade is funded", o.call.Function()))
	case ok && o.trade.State.Milestones[i].Left.Sign() == 0:
		steps = append(steps, fmt.Sprintf("milestone %d is over: nothing is left of it", i))
	case code == escrow.ErrWrongStage && !lapsed(o):
		steps = append(steps, fmt.Sprintf("%s is possible %s", o.call.Function(), whenPossible(&o.trade.Terms, o.call)))
	}
	if from := possibleFrom(o); from != 0 {
		steps = append(steps, waitUntil(o, from))
	}
	if names := namesOf(o, can); len(names) > 0 {
		steps = append(steps, "possible now: "+strings.Join(names, ", "))
	}
	if len(steps) == 0 {
		return "read next in /v1/trades/" + o.trade.ID.String() + ": what can be done now, and by whom"
	}
	return strings.Join(steps, "; ")
}

// severalMilestones tells whether a call is about milestones even where it names not one but some.
func severalMilestones(call escrow.Call) bool {
	switch call.(type) {
	case escrow.CallRule, escrow.CallSettle:
		return true
	}
	return false
}

func waitUntil(o order, from uint64) string {
	return fmt.Sprintf("wait until %s: %s is possible from then on, if nobody acts before", Time(from), o.call.Function())
}

// whenPossible says when a call is possible at all (docs/contract.md, Functions).
func whenPossible(t *escrow.Terms, call escrow.Call) string {
	switch call.(type) {
	case escrow.CallAccept:
		return "until fund_by, while the trade is open"
	case escrow.CallFund:
		return "until fund_by, once the seller has agreed"
	case escrow.CallCancel:
		return "until the money is in"
	case escrow.CallDeliver:
		return "once, before deliver_by"
	case escrow.CallDispute:
		return "until the milestone is disputed or due"
	case escrow.CallOffer, escrow.CallAcceptOffer:
		return "until the milestone is due"
	case escrow.CallEvidence:
		return "while the milestone is disputed and not decided"
	case escrow.CallRule:
		return "while the seat's panel hears the milestone"
	case escrow.CallAppeal:
		if len(t.AppealPanel.Arbitrators) == 0 {
			return "only where the terms name an appeal panel, and these do not"
		}
		return "once the panel has ruled, until the appeal window ends"
	}
	return "while something is left"
}

// possibleFrom is when the clock makes a call possible if nobody does anything before; 0: it does not.
func possibleFrom(o order) uint64 {
	t, state, actor := &o.trade.Terms, &o.trade.State, actorOf(o)
	for _, d := range escrow.Deadlines(t, state, uint64(o.at.ClosedAt)) {
		for _, option := range escrow.Next(t, state, o.config.Paused, d.At, actor) {
			if option.Call.Function() == o.call.Function() && about(option.Call, o.call) {
				return d.At
			}
		}
	}
	return 0
}

// about tells whether an option is about the milestone that a call is about, if that is one.
func about(option, call escrow.Call) bool {
	i, one := milestoneOf(call)
	if settle, ok := option.(escrow.CallSettle); ok && one {
		return slices.Contains(settle.Milestones, i)
	}
	j, ok := milestoneOf(option)
	return !one || ok && i == j
}

// namesOf are the actions among can that are about what a call is about, each once.
func namesOf(o order, can []PossibleAction) []string {
	i, one := milestoneOf(o.call)
	var names []string
	for _, a := range can {
		elsewhere := one && (a.Milestone != nil && *a.Milestone != i || a.Action == "claim" ||
			a.Action == "settle" && !slices.Contains(a.Body.Milestones, int64(i)))
		if !elsewhere && !slices.Contains(names, a.Action) {
			names = append(names, a.Action)
		}
	}
	return names
}
