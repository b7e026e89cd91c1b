package escrow

import (
	"slices"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
)

// talking are the phases in which the parties may still agree on a part.
var talking = []Phase{PhaseFunded, PhaseDelivered, PhaseOffers, PhaseHearing, PhaseRuled, PhaseAppealHearing}

// DisputeDeposit is what a party deposits for a dispute of a milestone of a funded trade: nothing where its bond covers the fee of a hearing and no
// other milestone goes on, else all of that fee. A bond that is set aside in one dispute could not pay what its owner loses in another
// (docs/contract-attacks.md E23).
func DisputeDeposit(t *Terms, tr *Trade, by Role) amount.Int128 {
	going := 0
	for _, m := range tr.Milestones {
		if m.Left.Sign() > 0 {
			going++
		}
	}
	if going > 1 || tr.Bonds[by].Less(t.ArbitrationFee) {
		return t.ArbitrationFee
	}
	return amount.Int128{}
}

// dispute starts a milestone's dispute and sets the fee of one hearing aside, by a deposit or from the bond.
func (a *act) dispute(c *CallDispute) error {
	if err := a.party(&c.Terms, c.By); err != nil {
		return err
	}
	m, s, err := a.milestone(c.Milestone)
	if err != nil {
		return err
	}
	if err := among(s, PhaseFunded, PhaseDelivered); err != nil {
		return err
	}
	fee := a.terms.ArbitrationFee
	m.Dispute = &Dispute{By: c.By, Since: a.env.Now}
	m.Dispute.Aside[c.By] = fee
	deposited := DisputeDeposit(a.terms, a.trade, c.By).Sign() > 0
	a.emit(Disputed{Milestone: c.Milestone, By: c.By, Reason: c.Reason, Aside: fee, Deposited: deposited, OldPhase: s.Phase})
	if deposited {
		return a.deposit(c.By, fee, false)
	}
	a.trade.Bonds[c.By] = a.trade.Bonds[c.By].Minus(fee)
	return nil
}

// standingOffer is a side's offer if it stands: it dies with the phase it was made in, and as soon as something else is left (docs/contract-attacks.md E5).
func (m *MilestoneState) standingOffer(side Role, s Standing) *Offer {
	if o := m.Offers[side]; o != nil && o.Phase == s.Phase && o.Of == m.Left {
		return o
	}
	return nil
}

// StandingOffer returns the side's offer on this milestone of a funded trade if it stands at now, else nil.
func StandingOffer(t *Terms, i int, m *MilestoneState, side Role, now uint64) *Offer {
	return ref(m.standingOffer(side, StandingOf(t, i, m, now)))
}

func (a *act) offer(c *CallOffer) error {
	m, s, err := a.negotiate(&c.Terms, c.By, c.Milestone, c.Of, c.SellerAmount)
	if err != nil {
		return err
	}
	var old *amount.Int128
	if o := m.standingOffer(c.By, s); o != nil {
		old = &o.SellerAmount
	}
	m.Offers[c.By] = &Offer{Of: c.Of, Phase: s.Phase, SellerAmount: c.SellerAmount}
	a.emit(Offered{Milestone: c.Milestone, By: c.By, Of: c.Of, Old: old, SellerAmount: c.SellerAmount})
	return nil
}

func (a *act) acceptOffer(c *CallAcceptOffer) error {
	m, s, err := a.negotiate(&c.Terms, c.By, c.Milestone, c.Of, c.SellerAmount)
	if err != nil {
		return err
	}
	if o := m.standingOffer(c.By.Other(), s); o == nil || o.SellerAmount != c.SellerAmount {
		return refuse(ErrNoOffer, "")
	}
	ppm := c.SellerAmount.MulDiv(amount.Int(wholePpm), c.Of)
	outcome, err := ppm.Stroops()
	if err != nil {
		return err // not reached: at most 1,000,000
	}
	fee, after := a.endMilestone(c.Milestone, m, s, c.SellerAmount, uint32(outcome))
	a.emit(Split{Milestone: c.Milestone, By: c.By, Of: c.Of, SellerAmount: c.SellerAmount, Fee: fee})
	a.emit(after...)
	a.payOut(true)
	return nil
}

// negotiate checks what offer and accept_offer have in common.
func (a *act) negotiate(t *Terms, by Role, i uint32, of, seller amount.Int128) (*MilestoneState, Standing, error) {
	if err := a.party(t, by); err != nil {
		return nil, Standing{}, err
	}
	m, s, err := a.milestone(i)
	if err != nil {
		return nil, s, err
	}
	if err := among(s, talking...); err != nil {
		return nil, s, err
	}
	if of != m.Left {
		return nil, s, refuse(ErrLeftChanged, "%s units, not %s", m.Left.Units(), of.Units())
	}
	if seller.Sign() < 0 || of.Less(seller) {
		return nil, s, refuse(ErrAmountOutOfRange, "seller_amount %s, not 0 to %s units", seller.Units(), of.Units())
	}
	return m, s, nil
}

func (a *act) evidence(c *CallEvidence) error {
	if err := a.party(&c.Terms, c.By); err != nil {
		return err
	}
	_, s, err := a.milestone(c.Milestone)
	if err != nil {
		return err
	}
	if err := among(s, PhaseOffers, PhaseHearing, PhaseRuled, PhaseAppealHearing); err != nil {
		return err
	}
	a.emit(Evidence{Milestone: c.Milestone, By: c.By, Hash: c.Hash, Phase: s.Phase})
	return nil
}

// rule casts a seat's votes, all or none of them.
func (a *act) rule(c *CallRule) error {
	if err := a.load(&c.Terms); err != nil {
		return err
	}
	if !a.terms.onPanel(c.By) && !a.terms.onAppeal(c.By) {
		return refuse(ErrNotArbitrator, "role %d", c.By)
	}
	if err := a.signRole(c.By); err != nil {
		return err
	}
	if len(c.Rulings) == 0 {
		return refuse(ErrEmptyList, "")
	}
	for _, r := range c.Rulings {
		if err := a.vote(c.By, r, c.Hash); err != nil {
			return err
		}
	}
	return nil
}

func (a *act) vote(by Role, r Ruling, hash Hash) error {
	if err := a.index(r.Milestone); err != nil {
		return err
	}
	if r.SellerPpm > wholePpm {
		return refuse(ErrBadPpm, "%d", r.SellerPpm)
	}
	m, s, err := a.standing(r.Milestone)
	if err != nil {
		return err
	}
	if err := among(s, PhaseHearing, PhaseAppealHearing); err != nil {
		return err
	}
	appeal := s.Phase == PhaseAppealHearing
	if a.terms.onAppeal(by) != appeal {
		return refuse(ErrNotArbitrator, "role %d in the %s", by, s.Phase)
	}
	d := m.Dispute
	if slices.ContainsFunc(d.Votes, func(v Vote) bool { return v.Role == by }) {
		return refuse(ErrAlreadyVoted, "role %d on milestone %d", by, r.Milestone)
	}
	d.Votes = append(d.Votes, Vote{Role: by, SellerPpm: r.SellerPpm})
	cast, seats := a.terms.votes(d, appeal), len(a.terms.Panel.Arbitrators)
	if appeal {
		seats = len(a.terms.AppealPanel.Arbitrators)
	}
	a.emit(Voted{Milestone: r.Milestone, By: by, SellerPpm: r.SellerPpm, Hash: hash, Votes: uint32(len(cast))})
	if len(cast) < seats {
		return nil
	}
	if !appeal {
		d.RuledAt = a.env.Now
	}
	a.emit(Ruled{Milestone: r.Milestone, SellerPpm: median(cast), Phase: s.Phase})
	return nil
}

// appeal calls the second panel at once, and deposits the fee of its hearing.
func (a *act) appeal(c *CallAppeal) error {
	if err := a.party(&c.Terms, c.By); err != nil {
		return err
	}
	m, s, err := a.milestone(c.Milestone)
	if err != nil {
		return err
	}
	if err := among(s, PhaseRuled); err != nil {
		return err
	}
	d, fee := m.Dispute, a.terms.ArbitrationFee
	d.AppealBy, d.AppealedAt = &c.By, a.env.Now
	d.Aside[c.By] = d.Aside[c.By].Plus(fee)
	a.emit(Appealed{Milestone: c.Milestone, By: c.By, Aside: fee, SellerPpm: *s.FirstPpm})
	return a.deposit(c.By, fee, false)
}
