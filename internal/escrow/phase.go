package escrow

import (
	"math"
	"slices"
)

// wholePpm is all of it, in parts per million.
const wholePpm = 1_000_000

// Standing is where a milestone stands at a time: the phase that its state and the clock put it in, and what follows if nobody does anything.
type Standing struct {
	Phase Phase `json:"phase"`
	// Until is when the phase ends by the clock, exclusive; 0 where no clock ends it (due, ended).
	Until uint64 `json:"until"`
	// Outcome is what settle would carry out, where something is due.
	Outcome Outcome `json:"outcome"`
	// SellerPpm is the seller's part of what is left that settle would pay, where something is due.
	SellerPpm uint32 `json:"seller_ppm"`
	// FirstPpm is the first panel's ruling; nil while there is none.
	FirstPpm *uint32 `json:"first_ppm"`

	// appealEnd is when the appeal hearing ends or ended, 0 where there is none yet; hearingEnd the same of the first.
	hearingEnd, appealEnd uint64
}

// Due says whether settle would be carried out.
func (s *Standing) Due() bool {
	return s.Phase == PhaseDueToBuyer || s.Phase == PhaseDueToSeller || s.Phase == PhaseDue
}

// PhaseOf returns the phase of the terms' milestone i (which must exist) at now, and when the clock ends it, exclusive; until is 0
// where no clock does. m is the milestone's state in a funded trade.
func PhaseOf(t *Terms, i int, m *MilestoneState, now uint64) (phase Phase, until uint64) {
	s := StandingOf(t, i, m, now)
	return s.Phase, s.Until
}

// StandingOf is PhaseOf with what follows.
func StandingOf(t *Terms, i int, m *MilestoneState, now uint64) Standing {
	switch {
	case m.Left.Sign() == 0:
		return Standing{Phase: PhaseEnded}
	case m.Dispute != nil:
		return disputed(t, m.Dispute, now)
	case m.DeliveredAt == 0:
		if end := t.Milestones[i].DeliverBy; now < end {
			return Standing{Phase: PhaseFunded, Until: end}
		}
		return Standing{Phase: PhaseDueToBuyer, Outcome: OutcomeDueToBuyer, SellerPpm: 0}
	default:
		if end := later(m.DeliveredAt, t.Inspection); now < end {
			return Standing{Phase: PhaseDelivered, Until: end}
		}
		return Standing{Phase: PhaseDueToSeller, Outcome: OutcomeDueToSeller, SellerPpm: wholePpm}
	}
}

// disputed follows a dispute through its clocks, from the offers to what is due.
func disputed(t *Terms, d *Dispute, now uint64) Standing {
	offersEnd := later(d.Since, t.Windows.Offers)
	if now < offersEnd {
		return Standing{Phase: PhaseOffers, Until: offersEnd}
	}
	fallback := Standing{Phase: PhaseDue, Outcome: OutcomeFallback, SellerPpm: t.FallbackPpm}
	if len(t.Panel.Arbitrators) == 0 {
		return fallback
	}

	votes := t.votes(d, false)
	hearingEnd := later(offersEnd, t.Windows.Ruling)
	fallback.hearingEnd = hearingEnd
	ruledAt := d.RuledAt
	switch {
	case len(votes) == len(t.Panel.Arbitrators):
	case now < hearingEnd:
		return Standing{Phase: PhaseHearing, Until: hearingEnd, hearingEnd: hearingEnd}
	case len(votes) >= int(t.Panel.Quorum):
		ruledAt = hearingEnd
	case len(t.AppealPanel.Arbitrators) == 0:
		return fallback
	default: // the clock calls the second panel
		return appealed(t, d, hearingEnd, fallback, now)
	}

	first := median(votes)
	ruled := Standing{Phase: PhaseDue, Outcome: OutcomeFirstRuling, SellerPpm: first, FirstPpm: &first, hearingEnd: hearingEnd}
	switch end := later(ruledAt, t.Windows.Appeal); {
	case len(t.AppealPanel.Arbitrators) == 0:
		return ruled
	case d.AppealBy != nil:
		return appealed(t, d, d.AppealedAt, ruled, now)
	case now < end:
		return Standing{Phase: PhaseRuled, Until: end, FirstPpm: &first, hearingEnd: hearingEnd}
	default:
		return ruled
	}
}

// appealed is an appeal hearing called at since, over what stands if it does not rule.
func appealed(t *Terms, d *Dispute, since uint64, otherwise Standing, now uint64) Standing {
	votes := t.votes(d, true)
	out := otherwise
	out.appealEnd = later(since, t.Windows.Ruling)
	switch full := len(votes) == len(t.AppealPanel.Arbitrators); {
	case !full && now < out.appealEnd:
		out.Phase, out.Until, out.Outcome, out.SellerPpm = PhaseAppealHearing, out.appealEnd, 0, 0
	case full || len(votes) >= int(t.AppealPanel.Quorum):
		out.Outcome, out.SellerPpm = OutcomeAppealRuling, median(votes)
	}
	return out
}

// votes are the rulings cast in one of the two hearings.
func (t *Terms) votes(d *Dispute, appeal bool) []uint32 {
	out := make([]uint32, 0, len(d.Votes))
	for _, v := range d.Votes {
		if t.onAppeal(v.Role) == appeal {
			out = append(out, v.SellerPpm)
		}
	}
	return out
}

// silent are the seats that had not voted when their hearing's deadline passed, in order.
func (t *Terms) silent(d *Dispute, s *Standing, now uint64) []Role {
	var out []Role
	for r := FirstSeat; r < t.Roles(); r++ {
		end := s.hearingEnd
		if t.onAppeal(r) {
			end = s.appealEnd
		}
		voted := slices.ContainsFunc(d.Votes, func(v Vote) bool { return v.Role == r })
		if end != 0 && now >= end && !voted {
			out = append(out, r)
		}
	}
	return out
}

// median is the middle vote, of an even number the mean of the middle two, down. There is at least one.
func median(votes []uint32) uint32 {
	sorted := slices.Sorted(slices.Values(votes))
	mid := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[mid]
	}
	return (sorted[mid-1] + sorted[mid]) / 2 // each at most 1,000,000
}

// later is a deadline; it saturates, so that no sum of windows comes out in the past.
func later(t, window uint64) uint64 {
	if t > math.MaxUint64-window {
		return math.MaxUint64
	}
	return t + window
}

// LastDeadline is when a trade of these terms is over at the latest, if somebody settles: the latest deliver_by and every window behind it.
func (t *Terms) LastDeadline() uint64 {
	var last uint64
	for _, m := range t.Milestones {
		last = max(last, m.DeliverBy)
	}
	for _, w := range []uint64{t.Inspection, t.Windows.Offers, t.Windows.Ruling, t.Windows.Ruling, t.Windows.Appeal} {
		last = later(last, w)
	}
	return last
}
