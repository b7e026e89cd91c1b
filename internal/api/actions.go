package api

import (
	"fmt"
	"slices"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
)

// ActionIn is what somebody wants to do. Which fields an action takes stands in its row of actionTable; others are refused, so that a field that has no
// effect is never taken for one that has.
type ActionIn struct {
	Source       string     `json:"source,omitempty" minLength:"1" maxLength:"100" doc:"The account (G…) that sends the transaction and pays its fee; left out: by, or who has to sign"`
	By           string     `json:"by,omitempty" minLength:"1" maxLength:"100" doc:"Who acts: an address with a role in the trade, or the role's name (buyer, arbitrator-1 …). Not needed where the action is one role's only, or anyone's"`
	Milestone    *int64     `json:"milestone,omitempty" doc:"Index from 0: deliver, release, refund, dispute, offer, accept_offer, evidence, appeal"`
	Milestones   []int64    `json:"milestones,omitempty" maxItems:"100" nullable:"false" doc:"settle; left out: everything that is due"`
	Amount       string     `json:"amount,omitempty" minLength:"1" maxLength:"128" doc:"In units of the asset: release, refund; claim, left out: all that is parked" example:"12.5"`
	Of           string     `json:"of,omitempty" minLength:"1" maxLength:"128" doc:"What is left, in units of the asset: offer, accept_offer; left out: what is left now"`
	SellerAmount string     `json:"seller_amount,omitempty" minLength:"1" maxLength:"128" doc:"The seller's part of it, in units of the asset: offer, accept_offer"`
	Proof        string     `json:"proof,omitempty" minLength:"1" maxLength:"64" doc:"SHA-256 of the proof of delivery, 64 hex digits: deliver; left out: zeros"`
	Reason       string     `json:"reason,omitempty" minLength:"1" maxLength:"64" doc:"SHA-256 of the reason's text: dispute; left out: zeros"`
	Hash         string     `json:"hash,omitempty" minLength:"1" maxLength:"64" doc:"SHA-256 of the evidence or of the ruling's text: evidence, rule; left out of rule: zeros"`
	Rulings      []RulingIn `json:"rulings,omitempty" maxItems:"100" nullable:"false" doc:"rule: all or none are cast"`
	Role         string     `json:"role,omitempty" minLength:"1" maxLength:"100" doc:"Whose parked money, a role's name: claim; left out: by's"`
	To           string     `json:"to,omitempty" minLength:"1" maxLength:"100" doc:"Where parked money goes: claim; left out: its owner, which needs nobody's signature"`
	Push         *bool      `json:"push,omitempty" doc:"false: payouts are parked, no token is called: settle, cancel; left out: true"`
	ValidFor     *int64     `json:"valid_for,omitempty" doc:"Seconds until the prepared transaction expires, 30 to 3600; left out: 600"`
}

// RulingIn is a seat's ruling on one milestone.
type RulingIn struct {
	Milestone int64 `json:"milestone"`
	SellerPpm int64 `json:"seller_ppm" doc:"The seller's part of what is left, 0 to 1,000,000"`
}

// actionRow says what an action takes and how it becomes a call.
type actionRow struct {
	name string
	// signer is whose action it is: a role's, byParty or bySeat (by is needed), or anyone's.
	signer signerKind
	takes  []string // besides source, by and valid_for
	call   func(*reader) escrow.Call
}

type signerKind int

const (
	byAnyone  signerKind = iota // nobody has to sign
	byBuyer                     // the buyer's only
	bySeller                    // the seller's only
	byEither                    // a party's: by says which
	bySeat                      // an arbitrator's: by says which
	byOther                     // of the party that did not open
	byIfGiven                   // cancel: by a party if by is given
	byOwner                     // claim: by the owner where the money goes elsewhere
)

func actionTable() []actionRow {
	return []actionRow{
		{"accept", byOther, nil, func(r *reader) escrow.Call { return escrow.CallAccept{Terms: r.trade.Terms} }},
		{"fund", byBuyer, nil, func(r *reader) escrow.Call { return escrow.CallFund{Terms: r.trade.Terms} }},
		{"cancel", byIfGiven, []string{"push"}, func(r *reader) escrow.Call {
			call := escrow.CallCancel{Terms: r.trade.Terms, Push: r.push()}
			if r.in.By != "" {
				call.By = &r.role
			}
			return call
		}},
		{"deliver", bySeller, []string{"milestone", "proof"}, func(r *reader) escrow.Call {
			return escrow.CallDeliver{Terms: r.trade.Terms, Milestone: r.milestone(), Proof: r.hash("body.proof", r.in.Proof)}
		}},
		{"release", byBuyer, []string{"milestone", "amount"}, func(r *reader) escrow.Call {
			return escrow.CallRelease{Terms: r.trade.Terms, Milestone: r.milestone(), Amount: r.money("amount", r.in.Amount)}
		}},
		{"refund", bySeller, []string{"milestone", "amount"}, func(r *reader) escrow.Call {
			return escrow.CallRefund{Terms: r.trade.Terms, Milestone: r.milestone(), Amount: r.money("amount", r.in.Amount)}
		}},
		{"settle", byAnyone, []string{"milestones", "push"}, func(r *reader) escrow.Call {
			return escrow.CallSettle{Terms: r.trade.Terms, Milestones: r.milestones(), Push: r.push()}
		}},
		{"dispute", byEither, []string{"milestone", "reason"}, func(r *reader) escrow.Call {
			return escrow.CallDispute{Terms: r.trade.Terms, By: r.role, Milestone: r.milestone(), Reason: r.hash("body.reason", r.in.Reason)}
		}},
		{"offer", byEither, []string{"milestone", "of", "seller_amount"}, func(r *reader) escrow.Call {
			m := r.milestone()
			return escrow.CallOffer{Terms: r.trade.Terms, By: r.role, Milestone: m, Of: r.of(m), SellerAmount: r.money("seller_amount", r.in.SellerAmount)}
		}},
		{"accept_offer", byEither, []string{"milestone", "of", "seller_amount"}, func(r *reader) escrow.Call {
			m := r.milestone()
			return escrow.CallAcceptOffer{Terms: r.trade.Terms, By: r.role, Milestone: m, Of: r.of(m), SellerAmount: r.money("seller_amount", r.in.SellerAmount)}
		}},
		{"evidence", byEither, []string{"milestone", "hash"}, func(r *reader) escrow.Call {
			if r.in.Hash == "" {
				r.add("body.hash", "", "missing: the SHA-256 of the evidence, 64 hex digits")
			}
			return escrow.CallEvidence{Terms: r.trade.Terms, By: r.role, Milestone: r.milestone(), Hash: r.hash("body.hash", r.in.Hash)}
		}},
		{"rule", bySeat, []string{"rulings", "hash"}, func(r *reader) escrow.Call {
			return escrow.CallRule{Terms: r.trade.Terms, By: r.role, Rulings: r.rulings(), Hash: r.hash("body.hash", r.in.Hash)}
		}},
		{"appeal", byEither, []string{"milestone"}, func(r *reader) escrow.Call {
			return escrow.CallAppeal{Terms: r.trade.Terms, By: r.role, Milestone: r.milestone()}
		}},
		{"claim", byOwner, []string{"role", "to", "amount"}, func(r *reader) escrow.Call { return r.claim() }},
		{"extend", byAnyone, nil, func(r *reader) escrow.Call { return escrow.CallExtend{ID: r.trade.ID} }},
	}
}

// reader turns a body into a call, and collects what is wrong with it.
type reader struct {
	fieldErrors
	in    *ActionIn
	trade *Trade // its State is the chain's
	u     unit
	now   uint64      // of that ledger
	role  escrow.Role // of by; Nobody if by is not given
}

// given tells for each optional field whether the body has it.
func (in *ActionIn) given() map[string]bool {
	return map[string]bool{
		"milestone": in.Milestone != nil, "milestones": in.Milestones != nil, "amount": in.Amount != "", "of": in.Of != "",
		"seller_amount": in.SellerAmount != "", "proof": in.Proof != "", "reason": in.Reason != "", "hash": in.Hash != "",
		"rulings": in.Rulings != nil, "role": in.Role != "", "to": in.To != "", "push": in.Push != nil,
	}
}

// readAction is the call that the body asks for of a trade, at now. The fields it returns cannot be accepted whatever the trade's state; what the state refuses, the rules tell.
func readAction(row actionRow, in *ActionIn, tr *Trade, u unit, now uint64) (escrow.Call, *reader) {
	r := &reader{in: in, trade: tr, u: u, now: now, role: escrow.Nobody}
	for _, name := range sortedKeys(in.given()) {
		if in.given()[name] && !slices.Contains(row.takes, name) {
			r.add("body."+name, "", "%s takes no %s: leave it out", row.name, name)
		}
	}
	r.actor(row)
	call := row.call(r)
	return call, r
}

// actor reads by, and compares it with whose action this is.
func (r *reader) actor(row actionRow) {
	if r.in.By != "" {
		role, ok := roleNamed(&r.trade.Terms, r.in.By)
		if !ok {
			if !likeAnAddress(r.in.By) {
				r.add("body.by", r.in.By, "neither an address (G…, C…) nor a role of this trade: %s", roleNames(&r.trade.Terms))
				return
			}
			who := r.address("body.by", r.in.By)
			if who == "" {
				return
			}
			if role, ok = r.trade.Terms.RoleOf(who); !ok {
				if row.signer != byAnyone && row.signer != byOwner {
					r.refuse(escrow.ErrNotParty, "body.by", r.in.By, "holds no role in this trade")
				}
				return
			}
		}
		r.role = role
	}
	owner := escrow.Nobody
	switch row.signer {
	case byBuyer:
		owner = escrow.Buyer
	case bySeller:
		owner = escrow.Seller
	case byOther:
		owner = r.trade.State.OpenedBy.Other()
	case byEither, bySeat:
		if r.in.By == "" {
			r.add("body.by", "", "missing: who acts, an address or a role's name")
		}
	}
	switch {
	case r.role == escrow.Nobody:
	case owner != escrow.Nobody && r.role != owner:
		r.refuse(escrow.ErrNotParty, "body.by", r.in.By, "%s is the %s's, not the %s's", row.name, roleName(&r.trade.Terms, owner), roleName(&r.trade.Terms, r.role))
	case (row.signer == byEither || row.signer == byIfGiven) && !r.role.IsParty():
		r.refuse(escrow.ErrNotParty, "body.by", r.in.By, "%s is the buyer's or the seller's", row.name)
	case row.signer == bySeat && r.role.IsParty():
		r.refuse(escrow.ErrNotArbitrator, "body.by", r.in.By, "%s is an arbitrator's", row.name)
	}
}

func (r *reader) push() bool { return r.in.Push == nil || *r.in.Push }

func (r *reader) milestone() uint32 {
	if r.in.Milestone == nil {
		r.add("body.milestone", "", "missing: the milestone's index, from 0 to %d", len(r.trade.Terms.Milestones)-1)
		return 0
	}
	return r.index("body.milestone", *r.in.Milestone)
}

func (r *reader) index(location string, n int64) uint32 {
	if n < 0 || n >= int64(len(r.trade.Terms.Milestones)) {
		r.refuse(escrow.ErrNoSuchMilestone, location, fmt.Sprint(n), "the trade has milestones 0 to %d", len(r.trade.Terms.Milestones)-1)
		return 0
	}
	return uint32(n)
}

// milestones are those named, or else all that are due.
func (r *reader) milestones() []uint32 {
	if r.in.Milestones == nil {
		return dueNow(&r.trade.Terms, &r.trade.State, r.now)
	}
	if len(r.in.Milestones) == 0 {
		r.refuse(escrow.ErrEmptyList, "body.milestones", "", "names no milestone: leave it out for everything that is due")
	}
	var out []uint32
	for i, n := range r.in.Milestones {
		at := fmt.Sprintf("body.milestones[%d]", i)
		if first := slices.Index(r.in.Milestones[:i], n); first >= 0 {
			r.refuse(escrow.ErrWrongStage, at, fmt.Sprint(n), "named twice, as in body.milestones[%d]", first)
			continue
		}
		out = append(out, r.index(at, n))
	}
	return out
}

// money reads an amount that has to be there; 0 is for the rules to judge.
func (r *reader) money(name, text string) amount.Int128 {
	if text == "" {
		r.add("body."+name, "", "missing: an amount in units of the asset, such as 12.5")
	}
	return r.amount("body."+name, text, r.u)
}

// of is what is left, as the client has seen it, or as it is.
func (r *reader) of(milestone uint32) amount.Int128 {
	if r.in.Of != "" {
		return r.amount("body.of", r.in.Of, r.u)
	}
	if int(milestone) < len(r.trade.State.Milestones) {
		return r.trade.State.Milestones[milestone].Left
	}
	return amount.Int128{}
}

func (r *reader) rulings() []escrow.Ruling {
	if len(r.in.Rulings) == 0 {
		r.refuse(escrow.ErrEmptyList, "body.rulings", "", "missing: at least one {milestone, seller_ppm}")
	}
	var out []escrow.Ruling
	for i, one := range r.in.Rulings {
		at := fmt.Sprintf("body.rulings[%d]", i)
		if first := slices.IndexFunc(r.in.Rulings[:i], func(other RulingIn) bool { return other.Milestone == one.Milestone }); first >= 0 {
			r.refuse(escrow.ErrAlreadyVoted, at+".milestone", fmt.Sprint(one.Milestone), "named twice, as in body.rulings[%d].milestone", first)
			continue
		}
		ruling := escrow.Ruling{Milestone: r.index(at+".milestone", one.Milestone)}
		if one.SellerPpm < 0 || one.SellerPpm > wholePpm {
			r.refuse(escrow.ErrBadPpm, at+".seller_ppm", fmt.Sprint(one.SellerPpm), "not from 0 to 1,000,000")
		} else {
			ruling.SellerPpm = uint32(one.SellerPpm)
		}
		out = append(out, ruling)
	}
	return out
}

func (r *reader) claim() escrow.Call {
	t := &r.trade.Terms
	call := escrow.CallClaim{Terms: *t, Role: r.role}
	if r.in.Role != "" {
		role, ok := roleNamed(t, r.in.Role)
		if !ok {
			r.refuse(escrow.ErrNotParty, "body.role", r.in.Role, "no role of this trade: %s", roleNames(t))
		}
		call.Role = role
	}
	owner, ok := t.AddressOf(call.Role)
	if !ok {
		if r.in.Role == "" {
			r.add("body.role", "", "missing: whose parked money, a role's name")
		}
		return call
	}
	if call.To = owner; r.in.To != "" {
		call.To = r.address("body.to", r.in.To)
	}
	if call.Amount = r.trade.State.ParkedFor(call.Role); r.in.Amount != "" {
		call.Amount = r.amount("body.amount", r.in.Amount, r.u)
	}
	return call
}

// PossibleAction is something somebody can do now.
type PossibleAction struct {
	Action    string   `json:"action"`
	Role      string   `json:"role" doc:"Whose it is; anyone: nobody has to sign"`
	Milestone *uint32  `json:"milestone,omitempty"`
	Until     *Time    `json:"until,omitempty" doc:"When the clock takes it away; somebody else's act may sooner"`
	Min       *Amount  `json:"min,omitempty" doc:"Of amount or seller_amount"`
	Max       *Amount  `json:"max,omitempty"`
	Deposit   *Amount  `json:"deposit,omitempty" doc:"What it brings in from whoever does it"`
	Path      string   `json:"path" doc:"POST there to prepare it"`
	Body      ActionIn `json:"body" doc:"A body for that, to be completed: amounts at their most, the ruling at 0, hashes left out"`
}

// possible lists what can be done in a trade at now, by role, and what anyone can do.
func possible(tr *Trade, u unit, paused bool, now uint64) []PossibleAction {
	out := []PossibleAction{}
	for r := range tr.Terms.Roles() {
		for _, o := range escrow.Next(&tr.Terms, &tr.State, paused, now, r) {
			if !o.Anyone {
				out = append(out, possibleOf(tr, u, r, o))
			}
		}
	}
	for _, o := range escrow.Next(&tr.Terms, &tr.State, paused, now, escrow.Nobody) {
		out = append(out, possibleOf(tr, u, escrow.Nobody, o))
	}
	return slices.DeleteFunc(out, func(p PossibleAction) bool { return u.blind() && !withoutAmounts(p.Action) })
}

func possibleOf(tr *Trade, u unit, r escrow.Role, o escrow.Option) PossibleAction {
	p := PossibleAction{
		Action: o.Call.Function(), Role: roleName(&tr.Terms, r), Milestone: o.Milestone, Until: since(o.Until),
		Path: "/v1/trades/" + tr.ID.String() + "/actions/" + o.Call.Function(), Body: bodyOf(tr, u, o.Call),
	}
	if r != escrow.Nobody {
		p.Body.By = p.Role
	}
	if o.Max.Sign() > 0 {
		p.Min, p.Max = u.optional(o.Min), u.optional(o.Max)
	}
	if o.Deposit.Sign() > 0 {
		p.Deposit = u.optional(o.Deposit)
	}
	return p
}

// bodyOf is a body that asks for the call.
func bodyOf(tr *Trade, u unit, call escrow.Call) ActionIn {
	index := func(n uint32) *int64 { i := int64(n); return &i }
	say := func(a amount.Int128) string { return string(u.amount(a)) }
	switch c := call.(type) {
	case escrow.CallDeliver:
		return ActionIn{Milestone: index(c.Milestone)}
	case escrow.CallRelease:
		return ActionIn{Milestone: index(c.Milestone), Amount: say(c.Amount)}
	case escrow.CallRefund:
		return ActionIn{Milestone: index(c.Milestone), Amount: say(c.Amount)}
	case escrow.CallSettle:
		in := ActionIn{}
		for _, m := range c.Milestones {
			in.Milestones = append(in.Milestones, int64(m))
		}
		return in
	case escrow.CallDispute:
		return ActionIn{Milestone: index(c.Milestone)}
	case escrow.CallOffer:
		return ActionIn{Milestone: index(c.Milestone), Of: say(c.Of), SellerAmount: say(c.SellerAmount)}
	case escrow.CallAcceptOffer:
		return ActionIn{Milestone: index(c.Milestone), Of: say(c.Of), SellerAmount: say(c.SellerAmount)}
	case escrow.CallEvidence:
		return ActionIn{Milestone: index(c.Milestone)}
	case escrow.CallRule:
		in := ActionIn{}
		for _, one := range c.Rulings {
			in.Rulings = append(in.Rulings, RulingIn{int64(one.Milestone), int64(one.SellerPpm)})
		}
		return in
	case escrow.CallAppeal:
		return ActionIn{Milestone: index(c.Milestone)}
	case escrow.CallClaim:
		return ActionIn{Role: roleName(&tr.Terms, c.Role), Amount: say(c.Amount)}
	}
	return ActionIn{}
}
