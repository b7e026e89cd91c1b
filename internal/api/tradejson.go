package api

import (
	"cmp"
	"slices"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
)

// TradeOut is a trade in answers: what was agreed, how it stands at Ledger, what the clock will do, and what everybody can do.
type TradeOut struct {
	ID         string           `json:"id"`
	Contract   escrow.Address   `json:"contract"`
	Asset      AssetOut         `json:"asset"`
	Stage      string           `json:"stage" enum:"open,agreed,funded,ended,cancelled"`
	OpenedBy   string           `json:"opened_by" enum:"buyer,seller"`
	OpenedAt   Time             `json:"opened_at"`
	UpdatedAt  Time             `json:"updated_at"`
	EndedAt    *Time            `json:"ended_at,omitempty" doc:"When it ended or was cancelled"`
	Roles      []RoleOut        `json:"roles" nullable:"false"`
	Total      Amount           `json:"total,omitempty" doc:"All milestones together; this and every other amount is left out while the asset does not say how many decimals it has"`
	Held       Amount           `json:"held,omitempty" doc:"What the contract holds for this trade: milestones, bonds, what is set aside and parked"`
	Bonds      SidesOut         `json:"bonds" doc:"What is left of each bond that was deposited"`
	Parked     []ParcelOut      `json:"parked" nullable:"false" doc:"Payouts that could not be made and wait to be claimed"`
	Milestones []StandingOut    `json:"milestones" nullable:"false"`
	Deadlines  []DeadlineOut    `json:"deadlines" nullable:"false" doc:"What the clock does next if nobody does anything, by time"`
	Next       []PossibleAction `json:"next" nullable:"false" doc:"Everything the contract would carry out now, by role; extend is possible at any time, for anyone"`
	Terms      TermsOut         `json:"terms"`
	Warnings   []Warning        `json:"warnings,omitempty" nullable:"false" doc:"not-an-asset: no token answers at the asset's address, and no amounts are told"`
	Ledger     Ledger           `json:"ledger" doc:"The ledger this speaks for"`
}

// SidesOut is something of each side.
type SidesOut struct {
	Buyer  Amount `json:"buyer,omitempty"`
	Seller Amount `json:"seller,omitempty"`
}

func (u unit) sides(pair [2]amount.Int128) SidesOut {
	return SidesOut{u.amount(pair[escrow.Buyer]), u.amount(pair[escrow.Seller])}
}

// ParcelOut is parked money.
type ParcelOut struct {
	RoleOut
	Amount Amount `json:"amount,omitempty"`
}

// StandingOut is how a milestone stands.
type StandingOut struct {
	Index       uint32      `json:"index"`
	Amount      Amount      `json:"amount,omitempty"`
	Left        Amount      `json:"left,omitempty" doc:"What is still held for it"`
	Phase       string      `json:"phase" enum:"not_funded,funded,due_to_the_buyer,delivered,due_to_the_seller,offers,hearing,ruled,appeal_hearing,due,ended,cancelled"`
	Until       *Time       `json:"until,omitempty" doc:"When the clock ends the phase"`
	Due         *DueOut     `json:"due,omitempty" doc:"What settle would carry out"`
	FirstRuling *uint32     `json:"first_ruling_ppm,omitempty" doc:"The first panel's ruling: the seller's part"`
	DeliverBy   Time        `json:"deliver_by"`
	Description string      `json:"description"`
	DeliveredAt *Time       `json:"delivered_at,omitempty"`
	Proof       string      `json:"proof,omitempty" doc:"SHA-256 of the proof of delivery"`
	ToSeller    Amount      `json:"to_seller,omitempty" doc:"Gone to the seller so far, before the platform's fee and what hearings cost"`
	ToBuyer     Amount      `json:"to_buyer,omitempty" doc:"Gone back to the buyer so far, before what hearings cost"`
	Fee         Amount      `json:"fee,omitempty" doc:"The platform's, so far"`
	Offers      *OffersOut  `json:"offers,omitempty" doc:"Offers that stand"`
	Dispute     *DisputeOut `json:"dispute,omitempty"`
	EndedAt     *Time       `json:"ended_at,omitempty"`
	EndedBy     string      `json:"ended_by,omitempty" enum:"released,refunded,split,settled"`
	Outcome     string      `json:"outcome,omitempty" doc:"Of a settled one: due_to_the_buyer, due_to_the_seller, first_ruling, appeal_ruling or fallback"`
}

// DueOut is what settle would carry out.
type DueOut struct {
	Outcome      string `json:"outcome" enum:"due_to_the_buyer,due_to_the_seller,first_ruling,appeal_ruling,fallback"`
	SellerPpm    uint32 `json:"seller_ppm"`
	SellerAmount Amount `json:"seller_amount,omitempty" doc:"Before the platform's fee and what hearings cost"`
	BuyerAmount  Amount `json:"buyer_amount,omitempty" doc:"Before what hearings cost"`
}

// OffersOut are the offers that stand.
type OffersOut struct {
	Buyer  *OfferOut `json:"buyer,omitempty"`
	Seller *OfferOut `json:"seller,omitempty"`
}

// OfferOut ends the milestone if the other side accepts it.
type OfferOut struct {
	Of           Amount `json:"of,omitempty" doc:"What is left"`
	SellerAmount Amount `json:"seller_amount,omitempty" doc:"The seller's part; the rest is the buyer's"`
}

// DisputeOut is a milestone's dispute, running or over.
type DisputeOut struct {
	By         string    `json:"by" enum:"buyer,seller"`
	Reason     string    `json:"reason" doc:"SHA-256 of its text"`
	Since      Time      `json:"since"`
	Aside      SidesOut  `json:"aside" doc:"What each side has set aside for hearings"`
	AppealBy   string    `json:"appeal_by,omitempty" enum:"buyer,seller"`
	AppealedAt *Time     `json:"appealed_at,omitempty"`
	RuledAt    *Time     `json:"ruled_at,omitempty" doc:"When the whole first panel had voted"`
	Votes      []VoteOut `json:"votes" nullable:"false"`
	Silent     []string  `json:"silent,omitempty" doc:"Seats that missed their hearing"`
	Paid       *SidesOut `json:"paid,omitempty" doc:"What each side paid for the hearings, once over"`
}

// VoteOut is one seat's ruling.
type VoteOut struct {
	RoleOut
	SellerPpm uint32 `json:"seller_ppm"`
	Hash      string `json:"hash" doc:"SHA-256 of the ruling's text"`
	At        Time   `json:"at"`
}

// DeadlineOut is a time at which the clock ends something.
type DeadlineOut struct {
	At        Time    `json:"at"`
	Milestone *uint32 `json:"milestone,omitempty"`
	Ends      string  `json:"ends" doc:"The phase that ends; fund_by: until then the trade can be funded"`
	Then      string  `json:"then,omitempty" doc:"The phase that follows if nobody does anything"`
}

// tradeOut is a trade as it stands at a ledger.
func tradeOut(tr *Trade, u unit, paused bool, at Ledger) TradeOut {
	now, t, state := uint64(at.ClosedAt), &tr.Terms, &tr.State
	out := TradeOut{
		ID: tr.ID.String(), Contract: tr.Contract, Asset: u.out(), Stage: state.Stage.String(), OpenedBy: roleName(t, state.OpenedBy),
		OpenedAt: Time(tr.Opened.At), UpdatedAt: Time(tr.Updated.At), EndedAt: since(tr.EndedAt),
		Roles: rolesOut(t), Total: u.amount(totalOf(t)), Held: u.amount(state.Holds()), Bonds: u.sides(state.Bonds),
		Parked: []ParcelOut{}, Milestones: make([]StandingOut, len(t.Milestones)), Deadlines: []DeadlineOut{},
		Next: possible(tr, u, paused, now), Terms: u.terms(t), Warnings: u.aboutAsset(), Ledger: at,
	}
	for _, p := range state.Parked {
		who, _ := t.AddressOf(p.Role)
		out.Parked = append(out.Parked, ParcelOut{RoleOut{uint32(p.Role), roleName(t, p.Role), who}, u.amount(p.Amount)})
	}
	for i := range t.Milestones {
		out.Milestones[i] = standingOut(tr, i, u, now)
	}
	for _, d := range escrow.Deadlines(t, state, now) {
		line := DeadlineOut{At: Time(d.At), Milestone: d.Milestone, Ends: "fund_by"}
		if d.Milestone != nil {
			line.Ends, line.Then = token(d.Ends), token(d.Then)
		}
		out.Deadlines = append(out.Deadlines, line)
	}
	return out
}

func standingOut(tr *Trade, i int, u unit, now uint64) StandingOut {
	t, terms := &tr.Terms, tr.Terms.Milestones[i]
	var past Progress
	if i < len(tr.Milestones) {
		past = tr.Milestones[i]
	}
	out := StandingOut{
		Index: uint32(i), Amount: u.amount(terms.Amount), Left: u.amount(amount.Int128{}), Phase: unfunded(tr.State.Stage),
		DeliverBy: Time(terms.DeliverBy), Description: terms.Description.String(), DeliveredAt: since(past.DeliveredAt),
		ToSeller: u.amount(past.ToSeller), ToBuyer: u.amount(past.ToBuyer), Fee: u.amount(past.Fee),
		Dispute: disputeOut(t, past.Dispute, past.EndedAt != 0, u), EndedAt: since(past.EndedAt), EndedBy: past.EndedBy,
	}
	if past.DeliveredAt != 0 {
		out.Proof = past.Proof.String()
	}
	if past.EndedBy == (escrow.Settled{}).EventName() {
		out.Outcome = token(past.Outcome)
	}
	if i >= len(tr.State.Milestones) {
		return out
	}
	m := &tr.State.Milestones[i]
	standing := escrow.StandingOf(t, i, m, now)
	out.Left, out.Phase, out.Until, out.FirstRuling = u.amount(m.Left), token(standing.Phase), since(standing.Until), standing.FirstPpm
	if standing.Due() {
		seller := m.Left.MulDiv(amount.Int(int64(standing.SellerPpm)), amount.Int(wholePpm))
		out.Due = &DueOut{token(standing.Outcome), standing.SellerPpm, u.amount(seller), u.amount(m.Left.Minus(seller))}
	}
	offer := func(side escrow.Role) *OfferOut {
		o := escrow.StandingOffer(t, i, m, side, now)
		if o == nil {
			return nil
		}
		return &OfferOut{u.amount(o.Of), u.amount(o.SellerAmount)}
	}
	if offers := (OffersOut{offer(escrow.Buyer), offer(escrow.Seller)}); offers != (OffersOut{}) {
		out.Offers = &offers
	}
	return out
}

// unfunded is the phase of milestones of a trade whose money is not there.
func unfunded(s escrow.Stage) string {
	switch s {
	case escrow.StageEnded:
		return token(escrow.PhaseEnded)
	case escrow.StageCancelled:
		return s.String()
	}
	return "not_funded"
}

func disputeOut(t *escrow.Terms, d *DisputeRecord, over bool, u unit) *DisputeOut {
	if d == nil {
		return nil
	}
	out := &DisputeOut{By: roleName(t, d.By), Reason: d.Reason.String(), Since: Time(d.Since), Aside: u.sides(d.Aside),
		AppealedAt: since(d.AppealedAt), RuledAt: since(d.RuledAt), Votes: []VoteOut{}}
	if d.AppealBy != nil {
		out.AppealBy = roleName(t, *d.AppealBy)
	}
	for _, v := range d.Votes {
		who, _ := t.AddressOf(v.Role)
		out.Votes = append(out.Votes, VoteOut{RoleOut{uint32(v.Role), roleName(t, v.Role), who}, v.SellerPpm, v.Hash.String(), Time(v.At)})
	}
	for _, r := range d.Silent {
		out.Silent = append(out.Silent, roleName(t, r))
	}
	if over {
		paid := u.sides(d.Paid)
		out.Paid = &paid
	}
	return out
}

// since is a time that may not have come: nil for 0.
func since(t uint64) *Time {
	if t == 0 {
		return nil
	}
	out := Time(t)
	return &out
}

// TradeRow is a trade in a list.
type TradeRow struct {
	ID         string         `json:"id"`
	Contract   escrow.Address `json:"contract"`
	Asset      AssetOut       `json:"asset"`
	Stage      string         `json:"stage" enum:"open,agreed,funded,ended,cancelled"`
	Buyer      escrow.Address `json:"buyer"`
	Seller     escrow.Address `json:"seller"`
	Total      Amount         `json:"total,omitempty" doc:"All milestones together; left out while the asset does not say how many decimals it has"`
	Held       Amount         `json:"held,omitempty" doc:"What the contract holds for this trade; left out as total is"`
	Phases     []string       `json:"phases" nullable:"false" doc:"Each milestone's phase"`
	NextChange *Time          `json:"next_change,omitempty" doc:"When the clock next ends something"`
	OpenedAt   Time           `json:"opened_at"`
	UpdatedAt  Time           `json:"updated_at"`
}

// rowOf is a trade as it stands at now.
func rowOf(tr *Trade, u unit, now uint64) TradeRow {
	row := TradeRow{
		ID: tr.ID.String(), Contract: tr.Contract, Asset: u.out(), Stage: tr.State.Stage.String(), Buyer: tr.Terms.Buyer, Seller: tr.Terms.Seller,
		Total: u.amount(totalOf(&tr.Terms)), Held: u.amount(tr.State.Holds()), Phases: []string{}, OpenedAt: Time(tr.Opened.At), UpdatedAt: Time(tr.Updated.At),
	}
	for i := range tr.Terms.Milestones {
		row.Phases = append(row.Phases, standingOut(tr, i, u, now).Phase)
	}
	if d := escrow.Deadlines(&tr.Terms, &tr.State, now); len(d) > 0 {
		row.NextChange = since(slices.MinFunc(d, func(a, b escrow.Deadline) int { return cmp.Compare(a.At, b.At) }).At)
	}
	return row
}
