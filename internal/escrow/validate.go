package escrow

import (
	"slices"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
)

// maxMilestones keeps the largest call within the network's limits (docs/contract-attacks.md K2, K3).
const maxMilestones = 20

// Validate checks terms as open does at now under config, in the contract's order, and returns the first *Refusal (codes 20 to 38), or nil. self is the
// contract's own address.
func (t *Terms) Validate(self Address, config *Config, now uint64) error {
	for _, check := range []func() error{
		t.validateMoney,
		t.validatePanels,
		func() error { return t.validatePeople(self) },
		func() error { return t.validateFee(config.At(now).FeeBps) },
		func() error { return t.validateTimes(&config.Limits, now) },
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// Total is what the buyer pays in at fund besides the bond: the sum of the milestones' amounts. It is an error (amount.ErrOverflow) only for terms that Validate refuses.
func (t *Terms) Total() (amount.Int128, error) {
	var sum amount.Int128
	for _, m := range t.Milestones {
		var err error
		if sum, err = sum.Add(m.Amount); err != nil {
			return sum, err
		}
	}
	return sum, nil
}

func (t *Terms) validateMoney() error {
	if n := len(t.Milestones); n < 1 || n > maxMilestones {
		return refuse(ErrMilestoneCount, "%d", n)
	}
	for i, m := range t.Milestones {
		if m.Amount.Sign() <= 0 {
			return refuse(ErrBadAmount, "milestone %d: %s", i, m.Amount.Units())
		}
	}
	switch {
	case t.Bond.Sign() < 0:
		return refuse(ErrBadBond, "%s", t.Bond.Units())
	case t.ArbitrationFee.Sign() < 0 || t.Bond.Less(t.ArbitrationFee):
		return refuse(ErrBadArbitrationFee, "%s with a bond of %s", t.ArbitrationFee.Units(), t.Bond.Units())
	}
	sum, err := t.Total()
	if err == nil {
		sum, err = sum.Add(t.Bond)
	}
	if err != nil || amount.MaxStroops.Int128().Less(sum) {
		return refuse(ErrTotalTooLarge, "")
	}
	return nil
}

func (t *Terms) validatePanels() error {
	panels := []struct {
		name string
		Panel
	}{{"panel", t.Panel}, {"appeal_panel", t.AppealPanel}}
	for _, p := range panels {
		if n := len(p.Arbitrators); n != 0 && n != 1 && n != 3 && n != 5 && n != 7 {
			return refuse(ErrPanelSize, "%s of %d", p.name, n)
		}
	}
	for _, p := range panels {
		n := uint64(len(p.Arbitrators))
		if q := uint64(p.Quorum); q > n || (n > 0 && 2*q <= n) {
			return refuse(ErrBadQuorum, "%s: %d of %d", p.name, q, n)
		}
	}
	if len(t.Panel.Arbitrators) == 0 && len(t.AppealPanel.Arbitrators) > 0 {
		return refuse(ErrAppealWithoutPanel, "")
	}
	return nil
}

func (t *Terms) validatePeople(self Address) error {
	people := slices.Concat([]Address{t.Buyer, t.Seller}, t.Panel.Arbitrators, t.AppealPanel.Arbitrators)
	for i, a := range people {
		if slices.Contains(people[:i], a) {
			return refuse(ErrSameRole, "%s", a)
		}
	}
	for _, a := range people {
		if a == self || a == t.Asset {
			return refuse(ErrForbiddenRole, "%s", a)
		}
	}
	if t.Asset == self {
		return refuse(ErrForbiddenRole, "asset %s", self)
	}
	return nil
}

func (t *Terms) validateFee(current uint32) error {
	if t.FallbackPpm > wholePpm {
		return refuse(ErrBadPpm, "fallback_ppm %d", t.FallbackPpm)
	}
	if t.FeeBps != current {
		return refuse(ErrFeeMismatch, "%d, now %d", t.FeeBps, current)
	}
	return nil
}

func (t *Terms) validateTimes(l *Limits, now uint64) error {
	if t.FundBy <= now {
		return refuse(ErrFundByPast, "%d, now %d", t.FundBy, now)
	}
	earliest := later(t.FundBy, l.MinDelivery)
	for i, m := range t.Milestones {
		if m.DeliverBy < earliest {
			return refuse(ErrDeliverByTooNear, "milestone %d: %d, at least %d", i, m.DeliverBy, earliest)
		}
	}
	windows := []struct {
		code         Code
		is, min, max uint64
	}{
		{ErrBadInspection, t.Inspection, l.InspectionMin, l.InspectionMax},
		{ErrBadOffersWindow, t.Windows.Offers, l.OffersMin, l.OffersMax},
		{ErrBadRulingWindow, t.Windows.Ruling, l.RulingMin, l.RulingMax},
		{ErrBadAppealWindow, t.Windows.Appeal, l.AppealMin, l.AppealMax},
	}
	for _, w := range windows {
		if w.is < w.min || w.is > w.max {
			return refuse(w.code, "%d, not %d to %d", w.is, w.min, w.max)
		}
	}
	if last := t.LastDeadline(); last-now > l.LongestLife { // last > now: deliver_by is behind fund_by
		return refuse(ErrLifeTooLong, "%d seconds, at most %d", last-now, l.LongestLife)
	}
	return nil
}
