package explore

import (
	"slices"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
)

// key is what a milestone's state is merged to: equal keys behave alike (doc.go says why, TestMergedStatesBehaveAlike checks it).
type key struct {
	phase    escrow.Phase
	left     amount.Int128
	aside    [2]amount.Int128
	votes    [7]uint32 // of the hearing that is on, sorted
	cast     [2]int    // in the first hearing and in the appeal
	first    int64     // the first ruling, where something may still ask for it; else none
	appealBy int       // a role, or none
	due      escrow.Outcome
	ppm      uint32 // that settle would pay, where a dispute is due
}

// none stands for no ruling and nobody.
const none = -1

// keyOf merges the state of milestone i at now.
func keyOf(t *escrow.Terms, i int, m *escrow.MilestoneState, now uint64) key {
	s := escrow.StandingOf(t, i, m, now)
	k := key{phase: s.Phase, left: m.Left, first: none, appealBy: none}
	d := m.Dispute
	if d == nil {
		return k
	}
	k.aside = d.Aside
	var votes [2][]uint32
	for _, v := range d.Votes {
		hearing := 0
		if v.Role >= escrow.FirstSeat+escrow.Role(len(t.Panel.Arbitrators)) {
			hearing = 1
		}
		votes[hearing] = append(votes[hearing], v.SellerPpm)
	}
	k.cast = [2]int{len(votes[0]), len(votes[1])}
	if s.FirstPpm != nil && s.Phase != escrow.PhaseDue {
		k.first = int64(*s.FirstPpm)
	}
	if d.AppealBy != nil {
		k.appealBy, k.first = int(*d.AppealBy), int64(*s.FirstPpm)
	}
	switch s.Phase {
	case escrow.PhaseHearing:
		copy(k.votes[:], slices.Sorted(slices.Values(votes[0])))
	case escrow.PhaseAppealHearing:
		copy(k.votes[:], slices.Sorted(slices.Values(votes[1])))
	case escrow.PhaseDue:
		k.due, k.ppm = s.Outcome, s.SellerPpm
	}
	return k
}

// local is one merged state of a milestone, with one state of the model that stands for all of them.
type local struct {
	key   key
	state escrow.MilestoneState
	// now is the last second of the phase, or the one in which the state was reached where no clock ends the phase. At the last second every deadline that follows is as
	// late as can be.
	now   uint64
	until uint64
	// latest is the latest time at which the clock can end this phase, or at which the state can be reached where none does, over all ways there.
	latest uint64
}

func newLocal(t *escrow.Terms, i int, m escrow.MilestoneState, now uint64) local {
	s := escrow.StandingOf(t, i, &m, now)
	l := local{key: keyOf(t, i, &m, now), state: m, now: now, until: s.Until}
	if s.Until != 0 {
		l.now = s.Until - 1
	}
	return l
}

// over is when the phase is over, or began where no clock ends it: what latest is compared by.
func (l *local) over() uint64 {
	if l.until != 0 {
		return l.until
	}
	return l.now
}
