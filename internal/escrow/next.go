package escrow

import (
	"math"
	"slices"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
)

// Nobody is the role of a stranger: Next gives it what needs nobody's signature.
const Nobody Role = math.MaxUint32

// Option is something a person can do now.
type Option struct {
	// Call is ready to be made: amounts at Max, hashes zero, the ruling at 0 and claims to their owner, who may send them elsewhere by signing.
	Call Call
	// Milestone is what it is about, nil for the whole trade or several (settle).
	Milestone *uint32
	// Anyone says that nobody has to sign.
	Anyone bool
	// Until is when the clock takes the option away, exclusive; 0 where no clock does. Somebody else's act may take it away sooner.
	Until uint64
	// Min and Max bound the call's amount (release, refund, claim) or seller_amount (offer, accept_offer); Max is 0 for calls without one.
	Min, Max amount.Int128
	// Deposit is what the person pays in below the signature, 0 for nothing.
	Deposit amount.Int128
}

// Next lists what the holder of a role can do in a trade at now, in the page's order and by milestone: every call that the contract would carry out,
// except extend, which anyone may at any time. paused says whether the contract is. Options are what the rules allow; a token may still refuse a deposit, and a short
// one (ErrShortage) is not known here.
func Next(t *Terms, tr *Trade, paused bool, now uint64, role Role) []Option {
	n := chooser{t: t, tr: tr, now: now, role: role}
	if !paused {
		n.agreement()
	}
	n.cancel()
	if tr.Stage == StageFunded {
		for i := range tr.Milestones {
			n.milestone(uint32(i))
		}
		n.settle()
	}
	for _, p := range tr.Parked {
		owner, _ := t.AddressOf(p.Role)
		n.add(Option{Call: CallClaim{Terms: *t, Role: p.Role, To: owner, Amount: p.Amount}, Anyone: true, Min: amount.Int(1), Max: p.Amount})
	}
	return n.out
}

type chooser struct {
	t    *Terms
	tr   *Trade
	now  uint64
	role Role
	out  []Option
}

func (n *chooser) add(o Option) { n.out = append(n.out, o) }

// agreement is accept and fund.
func (n *chooser) agreement() {
	if n.now >= n.t.FundBy {
		return
	}
	open := n.tr.Stage == StageOpen
	if open && n.role == n.tr.OpenedBy.Other() {
		o := Option{Call: CallAccept{Terms: *n.t}, Until: n.t.FundBy}
		if n.role == Seller {
			o.Deposit = n.t.Bond
		}
		n.add(o)
	}
	if n.role == Buyer && (n.tr.Stage == StageAgreed || open && n.tr.OpenedBy == Seller) {
		o := Option{Call: CallFund{Terms: *n.t}, Until: n.t.FundBy, Deposit: n.t.Bond}
		for _, m := range n.t.Milestones {
			o.Deposit = o.Deposit.Plus(m.Amount)
		}
		n.add(o)
	}
}

func (n *chooser) cancel() {
	switch {
	case n.tr.Stage != StageOpen && n.tr.Stage != StageAgreed:
	case n.now >= n.t.FundBy:
		n.add(Option{Call: CallCancel{Terms: *n.t, Push: true}, Anyone: true})
	case n.role.IsParty():
		n.add(Option{Call: CallCancel{Terms: *n.t, By: &n.role, Push: true}})
	}
}

// settle is one option for everything due.
func (n *chooser) settle() {
	var due []uint32
	for i := range n.tr.Milestones {
		if s := StandingOf(n.t, i, &n.tr.Milestones[i], n.now); s.Due() {
			due = append(due, uint32(i))
		}
	}
	if len(due) > 0 {
		n.add(Option{Call: CallSettle{Terms: *n.t, Milestones: due, Push: true}, Anyone: true})
	}
}

func (n *chooser) milestone(i uint32) {
	m := &n.tr.Milestones[i]
	s := StandingOf(n.t, int(i), m, n.now)
	if s.Phase == PhaseEnded {
		return
	}
	if !n.role.IsParty() {
		n.rule(i, m, s)
		return
	}
	timed := func(c Call) Option { return Option{Call: c, Milestone: &i, Until: s.Until} }
	fee := n.t.ArbitrationFee

	if n.role == Seller && s.Phase == PhaseFunded {
		n.add(timed(CallDeliver{Terms: *n.t, Milestone: i}))
	}
	n.give(i, m, s)
	if s.Phase == PhaseFunded || s.Phase == PhaseDelivered {
		o := timed(CallDispute{Terms: *n.t, By: n.role, Milestone: i})
		o.Deposit = DisputeDeposit(n.t, n.tr, n.role)
		n.add(o)
	}
	if slices.Contains(talking, s.Phase) {
		o := timed(CallOffer{Terms: *n.t, By: n.role, Milestone: i, Of: m.Left, SellerAmount: m.Left})
		o.Max = m.Left
		n.add(o)
		if theirs := m.standingOffer(n.role.Other(), s); theirs != nil {
			o := timed(CallAcceptOffer{Terms: *n.t, By: n.role, Milestone: i, Of: theirs.Of, SellerAmount: theirs.SellerAmount})
			o.Min, o.Max = theirs.SellerAmount, theirs.SellerAmount
			n.add(o)
		}
	}
	if s.Phase.Disputed() && s.Phase != PhaseDue {
		n.add(timed(CallEvidence{Terms: *n.t, By: n.role, Milestone: i}))
	}
	if s.Phase == PhaseRuled {
		o := timed(CallAppeal{Terms: *n.t, By: n.role, Milestone: i})
		o.Deposit = fee
		n.add(o)
	}
}

// give is release and refund, which no clock ends.
func (n *chooser) give(i uint32, m *MilestoneState, s Standing) {
	o := Option{Milestone: &i, Min: amount.Int(1), Max: m.Left}
	if s.Phase.Disputed() {
		o.Min = m.Left
	}
	if n.role == Buyer {
		o.Call = CallRelease{Terms: *n.t, Milestone: i, Amount: m.Left}
	} else {
		o.Call = CallRefund{Terms: *n.t, Milestone: i, Amount: m.Left}
	}
	n.add(o)
}

func (n *chooser) rule(i uint32, m *MilestoneState, s Standing) {
	mine := s.Phase == PhaseHearing && n.t.onPanel(n.role) || s.Phase == PhaseAppealHearing && n.t.onAppeal(n.role)
	if mine && !slices.ContainsFunc(m.Dispute.Votes, func(v Vote) bool { return v.Role == n.role }) {
		n.add(Option{Call: CallRule{Terms: *n.t, By: n.role, Rulings: []Ruling{{Milestone: i}}}, Milestone: &i, Until: s.Until})
	}
}

// Deadline is a time at which the clock ends a phase.
type Deadline struct {
	At uint64
	// Milestone is whose phase ends; nil: fund_by, from which on the trade cannot be funded any more.
	Milestone *uint32
	Ends      Phase
	Then      Phase
}

// Deadlines lists what the clock does to a trade from now on if nobody does anything, by time and milestone. Where something becomes due, settle carries it out.
func Deadlines(t *Terms, tr *Trade, now uint64) []Deadline {
	var out []Deadline
	if (tr.Stage == StageOpen || tr.Stage == StageAgreed) && now < t.FundBy {
		out = append(out, Deadline{At: t.FundBy})
	}
	for i := range tr.Milestones {
		index := uint32(i)
		s := StandingOf(t, i, &tr.Milestones[i], now)
		for s.Until != 0 {
			next := StandingOf(t, i, &tr.Milestones[i], s.Until)
			out = append(out, Deadline{At: s.Until, Milestone: &index, Ends: s.Phase, Then: next.Phase})
			s = next
		}
	}
	slices.SortStableFunc(out, func(a, b Deadline) int {
		switch {
		case a.At < b.At:
			return -1
		case a.At > b.At:
			return 1
		default:
			return 0
		}
	})
	return out
}
