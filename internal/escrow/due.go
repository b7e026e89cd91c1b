package escrow

// DueAt is the first time at which settle has something to carry out for a trade if nobody does anything before: a time that has passed where
// something is due already, 0 where nothing ever will be (not funded, ended).
func DueAt(t *Terms, tr *Trade) uint64 {
	first := uint64(0)
	for i := range tr.Milestones {
		if at, ever := dueAt(t, i, &tr.Milestones[i]); ever && (first == 0 || at < first) {
			first = at
		}
	}
	return first
}

// dueAt follows the clock from phase to phase.
func dueAt(t *Terms, i int, m *MilestoneState) (at uint64, ever bool) {
	for at = 1; ; {
		switch s := StandingOf(t, i, m, at); {
		case s.Due():
			return at, true
		case s.Until == 0:
			return 0, false
		default:
			at = s.Until
		}
	}
}
