package lockstep

import (
	"slices"

	"github.com/Abdullahi130/StellarEscrow/contract/vectors"
	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
)

// patience is for how many steps a trade in dispute is followed: longer than its longest way from the offers to the settlement of an appeal.
const patience = 16

// hearing goes for what comes late in a dispute and would seldom come by itself: the next vote as soon as it can be cast, an appeal about when none can be made
// any more. Whatever else is done moves the time, and with it most windows pass: so it often stays with its trade for a while. It answers false where no dispute
// has come so far.
func (p *picker) hearing(st *step) bool {
	if p.patience == 0 {
		if p.followed = p.trade(); p.r.IntN(2) == 0 {
			p.patience = patience
		}
	}
	p.patience = max(0, p.patience-1)
	if !p.heard(st, p.followed) {
		p.patience = 0
		return false
	}
	return true
}

func (p *picker) heard(st *step, name string) bool {
	w := p.w
	terms, t := w.Terms[name], w.plan.terms[name]
	trade := w.model.Trades[w.ids[terms.Salt]]
	seats := append(slices.Clone(t.Panel.Arbitrators), t.AppealPanel.Arbitrators...)
	for i := range trade.Milestones {
		m := &trade.Milestones[i]
		if m.Dispute == nil {
			continue
		}
		st.at = w.soonest()
		s := escrow.StandingOf(&terms, i, m, w.Start+uint64(st.at))
		from, to, quorum := 0, len(t.Panel.Arbitrators), t.Panel.Quorum
		switch s.Phase {
		case escrow.PhaseOffers:
			st.at = int64(s.Until-w.Start) - p.r.Int64N(2)
		case escrow.PhaseHearing:
		case escrow.PhaseAppealHearing:
			from, to, quorum = to, len(seats), t.AppealPanel.Quorum
		case escrow.PhaseRuled:
			by := escrow.Role(p.r.IntN(2))
			st.call = w.written(escrow.CallAppeal{Terms: terms, By: by, Milestone: uint32(i)}, name, []string{t.Buyer, t.Seller}[by])
			st.at, st.call.Deposit = pick(p.r, st.at, st.at, int64(s.Until-w.Start)-1, int64(s.Until-w.Start)), t.ArbitrationFee
			if t.ArbitrationFee == "0" {
				st.call.Deposit = ""
			}
			return true
		case escrow.PhaseDue:
			st.call = w.written(escrow.CallSettle{Terms: terms, Milestones: []uint32{uint32(i)}, Push: p.r.IntN(8) > 0}, name, vectors.Nobody)
			return true
		default:
			continue
		}
		var voted, silent []int
		for seat := from; seat < to; seat++ {
			role := escrow.FirstSeat + escrow.Role(seat)
			if slices.ContainsFunc(m.Dispute.Votes, func(v escrow.Vote) bool { return v.Role == role }) {
				voted = append(voted, seat)
			} else {
				silent = append(silent, seat)
			}
		}
		n := len(voted)
		if enough := s.Phase != escrow.PhaseOffers && n%2 == 0 && n >= int(quorum); enough && p.r.IntN(2) == 0 { // the others stay silent: an even number rules
			p.afterHearing(st, name, uint32(i), s)
			return true
		}
		seat := -1
		switch {
		case n > 0 && (len(silent) == 0 || p.r.IntN(6) == 0): // one that has voted tries once more
			seat = pick(p.r, voted...)
		case len(silent) > 0:
			seat = silent[0]
		default:
			continue
		}
		rulings := []escrow.Ruling{{Milestone: uint32(i), SellerPpm: p.ruling(m, s)}}
		st.call = w.written(escrow.CallRule{Terms: terms, By: escrow.FirstSeat + escrow.Role(seat), Rulings: rulings}, name, seats[seat])
		return true
	}
	return false
}

// afterHearing is what comes when a hearing's time is over and a ruling stands: an appeal where there can be one, else what is due.
func (p *picker) afterHearing(st *step, name string, i uint32, s escrow.Standing) {
	terms, t := p.w.Terms[name], p.w.plan.terms[name]
	st.at = int64(s.Until - p.w.Start)
	if s.Phase == escrow.PhaseAppealHearing || len(t.AppealPanel.Arbitrators) == 0 || p.r.IntN(3) == 0 {
		st.call = p.w.written(escrow.CallSettle{Terms: terms, Milestones: []uint32{i}, Push: true}, name, vectors.Nobody)
		return
	}
	by := escrow.Role(p.r.IntN(2))
	st.call = p.w.written(escrow.CallAppeal{Terms: terms, By: by, Milestone: i}, name, []string{t.Buyer, t.Seller}[by])
	if t.ArbitrationFee != "0" {
		st.call.Deposit = t.ArbitrationFee
	}
}

// aboutMargin is as far as a ruling moves another for the other side to pay for the appeal (docs/contract.md, "Money").
const aboutMargin = 50_000

// ruling is a vote: of those on an appeal most move the first ruling by about what turns its costs, mostly to the appellant.
func (p *picker) ruling(m *escrow.MilestoneState, s escrow.Standing) uint32 {
	if s.FirstPpm == nil || m.Dispute.AppealBy == nil || p.r.IntN(4) == 0 {
		return p.ppm()
	}
	moved := aboutMargin - 1 + p.r.Int64N(3)
	if toBuyer := *m.Dispute.AppealBy == escrow.Buyer; toBuyer != (p.r.IntN(4) == 0) {
		moved = -moved
	}
	return uint32(max(0, min(1_000_000, int64(*s.FirstPpm)+moved)))
}

// edge tries, in the last second of a window or the first behind it, what one of the two allows and the other does not. It answers false where no window is open.
func (p *picker) edge(st *step) bool {
	w, name := p.w, p.trade()
	terms, t := w.Terms[name], w.plan.terms[name]
	trade, ok := w.model.Trades[w.ids[terms.Salt]]
	if !ok {
		return false
	}
	parties := []string{t.Buyer, t.Seller}
	if trade.Stage < escrow.StageFunded {
		other := trade.OpenedBy.Other()
		st.call = pick(p.r, w.written(escrow.CallAccept{Terms: terms}, name, parties[other]), w.written(escrow.CallFund{Terms: terms}, name, t.Buyer),
			w.written(escrow.CallCancel{Terms: terms, Push: true}, name, vectors.Nobody))
		return p.beside(st, terms.FundBy)
	}
	if len(trade.Milestones) == 0 {
		return false
	}
	i := p.r.Uint32N(uint32(len(trade.Milestones)))
	m := &trade.Milestones[i]
	s := escrow.StandingOf(&terms, int(i), m, w.Start+uint64(w.soonest()))
	by := escrow.Role(p.r.IntN(2))
	settle := w.written(escrow.CallSettle{Terms: terms, Milestones: []uint32{i}, Push: true}, name, vectors.Nobody)
	offer := w.written(escrow.CallOffer{Terms: terms, By: by, Milestone: i, Of: m.Left, SellerAmount: amount.Int128{}}, name, parties[by])
	dispute := w.written(escrow.CallDispute{Terms: terms, By: by, Milestone: i}, name, parties[by])
	vote := func(first int, seats []string) *vectors.Call {
		if len(seats) == 0 {
			return settle
		}
		seat := p.r.IntN(len(seats))
		return w.written(escrow.CallRule{Terms: terms, By: escrow.FirstSeat + escrow.Role(first+seat), Rulings: []escrow.Ruling{{Milestone: i, SellerPpm: p.ppm()}}}, name, seats[seat])
	}
	panel, judges := t.Panel.Arbitrators, t.AppealPanel.Arbitrators
	switch s.Phase {
	case escrow.PhaseFunded:
		st.call = pick(p.r, w.written(escrow.CallDeliver{Terms: terms, Milestone: i}, name, t.Seller), dispute, offer, settle)
	case escrow.PhaseDelivered:
		st.call = pick(p.r, dispute, offer, settle, settle)
	case escrow.PhaseOffers:
		st.call = pick(p.r, offer, vote(0, panel), settle)
	case escrow.PhaseHearing:
		st.call = pick(p.r, vote(0, panel), vote(len(panel), judges), settle)
	case escrow.PhaseAppealHearing:
		st.call = pick(p.r, vote(len(panel), judges), settle)
	case escrow.PhaseRuled:
		st.call = pick(p.r, w.written(escrow.CallAppeal{Terms: terms, By: by, Milestone: i}, name, parties[by]), settle)
	default:
		return false
	}
	return p.beside(st, s.Until)
}

// beside sets a step's second to the last before a deadline or the first behind it, and signs what it would deposit before.
func (p *picker) beside(st *step, deadline uint64) bool {
	p.human(st.call)
	if st.call.As != vectors.Nobody {
		st.call.Deposit = p.w.deposit(st.call)
	}
	st.at = int64(deadline-p.w.Start) - pick(p.r, int64(0), 0, 1)
	return st.at < p.w.soonest()+50_000
}
