package escrow

import "github.com/Abdullahi130/StellarEscrow/internal/amount"

// deliver starts the inspection.
func (a *act) deliver(c *CallDeliver) error {
	if err := a.party(&c.Terms, Seller); err != nil {
		return err
	}
	m, s, err := a.milestone(c.Milestone)
	if err != nil {
		return err
	}
	if err := among(s, PhaseFunded); err != nil {
		return err
	}
	m.DeliveredAt = a.env.Now
	a.emit(Delivered{Milestone: c.Milestone, Proof: c.Proof, InspectionEnd: later(a.env.Now, a.terms.Inspection)})
	return nil
}

// release pays the seller, by the buyer.
func (a *act) release(c *CallRelease) error {
	return a.give(&c.Terms, Buyer, c.Milestone, c.Amount)
}

// refund pays the buyer, by the seller.
func (a *act) refund(c *CallRefund) error {
	return a.give(&c.Terms, Seller, c.Milestone, c.Amount)
}

// give lets a party give what is left to the other: any part of it, but in a dispute only all (conceding), so that nothing shrinks under a ruling (docs/contract-attacks.md E3).
func (a *act) give(t *Terms, by Role, i uint32, x amount.Int128) error {
	if err := a.party(t, by); err != nil {
		return err
	}
	m, s, err := a.milestone(i)
	if err != nil {
		return err
	}
	if s.Phase == PhaseEnded {
		return refuse(ErrWrongStage, "the milestone is %s", s.Phase)
	}
	if err := within(x, m.Left); err != nil {
		return err
	}
	conceded := s.Phase.Disputed()
	if conceded && x != m.Left {
		return refuse(ErrPartInDispute, "%s of %s units", x.Units(), m.Left.Units())
	}

	var fee, seller amount.Int128
	var after []Event
	switch {
	case x == m.Left:
		ppm := uint32(0)
		if by == Buyer {
			seller, ppm = x, wholePpm
		}
		fee, after = a.endMilestone(i, m, s, seller, ppm)
	default:
		m.Left, m.Offers = m.Left.Minus(x), [2]*Offer{} // offers name what was left
		if by == Buyer {
			fee = a.book(x)
		}
		a.owe(by.Other(), x.Minus(fee))
	}
	if by == Buyer {
		a.emit(Released{Milestone: i, Amount: x, Left: m.Left, Fee: fee, Conceded: conceded})
	} else {
		a.emit(Refunded{Milestone: i, Amount: x, Left: m.Left, Conceded: conceded})
	}
	a.emit(after...)
	a.payOut(true)
	return nil
}

// settle carries out what is due.
func (a *act) settle(c *CallSettle) error {
	if err := a.load(&c.Terms); err != nil {
		return err
	}
	if len(c.Milestones) == 0 {
		return refuse(ErrEmptyList, "")
	}
	for _, i := range c.Milestones {
		m, s, err := a.milestone(i)
		if err != nil {
			return err
		}
		switch {
		case s.Phase == PhaseEnded:
			return refuse(ErrWrongStage, "milestone %d is %s", i, s.Phase)
		case !s.Due():
			return refuse(ErrNotDue, "milestone %d is %s until %d", i, s.Phase, s.Until)
		}
		left := m.Left
		seller := share(left, s.SellerPpm)
		fee, after := a.endMilestone(i, m, s, seller, s.SellerPpm)
		a.emit(Settled{Milestone: i, Outcome: s.Outcome, SellerAmount: seller, BuyerAmount: left.Minus(seller), Fee: fee})
		a.emit(after...)
	}
	a.payOut(c.Push)
	return nil
}

// share is the seller's part of what is left, down; the buyer's is the rest.
func share(left amount.Int128, ppm uint32) amount.Int128 {
	return left.MulDiv(amount.Int(int64(ppm)), amount.Int(wholePpm))
}

// endMilestone gives the seller its amount of what is left and the buyer the rest, after the hearings are paid. ppm is the outcome as it counts for an appeal. It
// returns the platform's fee and the events that follow the one of what was done. m is all zero afterwards.
func (a *act) endMilestone(i uint32, m *MilestoneState, s Standing, seller amount.Int128, ppm uint32) (fee amount.Int128, after []Event) {
	parts := [2]amount.Int128{Buyer: m.Left.Minus(seller), Seller: seller}
	if d := m.Dispute; d != nil {
		var b bill
		b, after = a.payHearings(i, d, s, parts, ppm)
		parts = b.parts
		a.trade.Bonds = b.bonds
		a.owe(Buyer, b.aside[Buyer].Plus(b.remainder))
		a.owe(Seller, b.aside[Seller])
	}
	fee = a.book(parts[Seller])
	a.owe(Buyer, parts[Buyer])
	a.owe(Seller, parts[Seller].Minus(fee))
	*m = MilestoneState{}
	return fee, after
}

// payHearings pays each vote cast in a dispute that ends now, and tells who was silent and who paid.
func (a *act) payHearings(i uint32, d *Dispute, s Standing, parts [2]amount.Int128, ppm uint32) (bill, []Event) {
	t := a.terms
	h := hearings{
		parts: parts, outcomePpm: ppm, appealBy: d.AppealBy, fee: t.ArbitrationFee,
		seats: [2]int{len(t.Panel.Arbitrators), len(t.AppealPanel.Arbitrators)},
		votes: [2]int{len(t.votes(d, false)), len(t.votes(d, true))},
		aside: d.Aside, bonds: a.trade.Bonds,
	}
	if s.FirstPpm != nil {
		h.firstPpm = *s.FirstPpm
	}
	b := h.pay()
	for _, v := range d.Votes {
		if t.onAppeal(v.Role) {
			a.owe(v.Role, b.appealVote)
		} else {
			a.owe(v.Role, b.vote)
		}
	}
	var events []Event
	if silent := t.silent(d, &s, a.env.Now); len(silent) > 0 {
		events = append(events, Silent{Milestone: i, Roles: silent})
	}
	if len(d.Votes) > 0 {
		events = append(events, Costs{Milestone: i, BuyerPaid: b.paid[Buyer], SellerPaid: b.paid[Seller], Vote: b.vote, AppealVote: b.appealVote})
	}
	return b, events
}
