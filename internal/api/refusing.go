package api

import (
	"errors"
	"fmt"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
)

// refused is the answer when the rules refuse a call.
func (s *server) refused(o order, err error) error {
	var refusal *escrow.Refusal
	if !errors.As(err, &refusal) {
		return fmt.Errorf("%s by the rules: %w", o.call.Function(), err)
	}
	if _, opens := o.call.(escrow.CallOpen); opens || o.trade == nil {
		return s.refusal(o, refusal.Code, err.Error(), "")
	}
	return s.refusal(o, refusal.Code, "", "") // its Why counts in smallest units; how the trade stands is told below
}

// refusal is the answer for one of the contract's codes: what it is, how the trade stands, what whoever acts can do instead. why is said if it is not
// empty, else what whyOf finds; says tells who refuses, if not the rules.
func (s *server) refusal(o order, code escrow.Code, why, says string) error {
	k := kindRefused
	if r, ok := refusalByCode(uint32(code)); ok {
		k = r.kind()
	}
	_, opens := o.call.(escrow.CallOpen)
	if o.trade == nil || opens {
		if why == "" {
			why = code.Error()
		}
		return &kindError{kind: k, detail: o.call.Function() + ": " + why + says, add: func(p *Problem) {
			p.Contract, p.Ledger = &ContractError{uint32(code), code.String()}, &o.at
		}}
	}
	o, place := s.narrowed(o, code)
	if why == "" {
		why = whyOf(o, code)
	}
	why += says
	out := &kindError{kind: k, detail: o.call.Function() + ": " + why + "; " + standsNow(o)}
	if place != "" {
		out.fields = []FieldError{{Location: "body." + place, Message: why + "; " + standsNow(o), Code: code.String()}}
	} else if field := fieldOf(o, code); field != "" {
		out.fields = []FieldError{{Location: "body." + field, Message: why, Code: code.String()}}
	}
	out.add = func(p *Problem) {
		now := uint64(o.at.ClosedAt)
		p.Contract, p.Ledger, p.Phase = &ContractError{uint32(code), code.String()}, &o.at, phaseOf(o, now)
		actor := roleName(&o.trade.Terms, actorOf(o))
		for _, one := range possible(o.trade, o.u, o.config.Paused, now) {
			if one.Role == actor || one.Role == anyoneName {
				p.Possible = append(p.Possible, one)
			}
		}
		if next := nextStep(o, code, p.Possible); next != "" {
			p.NextStep = next
		}
	}
	return out
}

// narrowed is the order for the one milestone of several for which the rules refuse the call: all or none are carried out, so that one is in the way. place is where
// in the body it is named; empty where the body names none, or something else is at fault.
func (s *server) narrowed(o order, code escrow.Code) (one order, place string) {
	if o.trade.State.Stage != escrow.StageFunded {
		return o, "" // which is why
	}
	refuses := func(call escrow.Call) bool {
		one = o
		one.call = call
		_, err := s.try(one, uint64(o.at.ClosedAt))
		return errors.Is(err, code)
	}
	switch call := o.call.(type) {
	case escrow.CallRule:
		for i, ruling := range call.Rulings {
			single := call
			if single.Rulings = []escrow.Ruling{ruling}; !refuses(single) {
				continue
			}
			if o.body != nil && (code != escrow.ErrNotArbitrator || len(call.Rulings) > 1) {
				place = fmt.Sprintf("rulings[%d].milestone", i)
			}
			return one, place
		}
	case escrow.CallSettle:
		if o.body == nil || o.body.Milestones == nil {
			return o, "" // all that is running: none is at fault
		}
		for i, milestone := range call.Milestones {
			single := call
			if single.Milestones = []uint32{milestone}; refuses(single) {
				return one, fmt.Sprintf("milestones[%d]", i)
			}
		}
	}
	return o, ""
}

// fieldOf is the field of the body that a refusal is about; empty for those that are about the trade's state.
func fieldOf(o order, code escrow.Code) string {
	if o.body == nil {
		return ""
	}
	switch code {
	case escrow.ErrAmountOutOfRange, escrow.ErrPartInDispute, escrow.ErrNoOffer:
		switch o.call.(type) {
		case escrow.CallOffer, escrow.CallAcceptOffer:
			return "seller_amount"
		}
		if low, high := rangeOf(o); high.Less(low) {
			return "" // no amount would do
		}
		return "amount"
	case escrow.ErrLeftChanged:
		return "of"
	case escrow.ErrForbiddenTarget:
		return "to"
	case escrow.ErrNotArbitrator:
		return "by"
	}
	return ""
}

// rangeOf is which amounts would do, of a call that names one; where high is below low, none would.
func rangeOf(o order) (low, high amount.Int128) {
	state, now := &o.trade.State, uint64(o.at.ClosedAt)
	if claim, ok := o.call.(escrow.CallClaim); ok {
		return amount.Int(1), state.ParkedFor(claim.Role)
	}
	i, ok := milestoneOf(o.call)
	if !ok || int(i) >= len(state.Milestones) {
		return amount.Int(1), amount.Int128{}
	}
	m := &state.Milestones[i]
	switch o.call.(type) {
	case escrow.CallOffer, escrow.CallAcceptOffer:
		return amount.Int128{}, m.Left
	}
	if phase, _ := escrow.PhaseOf(&o.trade.Terms, int(i), m, now); phase.Disputed() {
		return m.Left, m.Left
	}
	return amount.Int(1), m.Left
}

// whyOf is why the rules refuse a call, in units of the asset and with the times that matter.
func whyOf(o order, code escrow.Code) string {
	t := &o.trade.Terms
	switch code {
	case escrow.ErrWrongStage:
		if lapsed(o) {
			return fmt.Sprintf("fund_by has passed, at %s", Time(t.FundBy))
		}
	case escrow.ErrNotDue:
		if _, cancels := o.call.(escrow.CallCancel); cancels {
			return fmt.Sprintf("before fund_by, which is %s, only a party cancels, as by", Time(t.FundBy))
		}
	case escrow.ErrPartInDispute, escrow.ErrAmountOutOfRange:
		low, high := rangeOf(o)
		claim, claims := o.call.(escrow.CallClaim)
		switch {
		case claims && high.Sign() == 0:
			return "nothing is parked for " + roleWords(t, claim.Role)
		case low == high && code == escrow.ErrPartInDispute:
			return fmt.Sprintf("in a dispute parts are not given: only all of it, %s", o.u.say(high))
		case low == high:
			return fmt.Sprintf("%s: only all of it, %s", code.Error(), o.u.say(high))
		case claims:
			return fmt.Sprintf("%s: from %s to %s, which is parked for %s", code.Error(), o.u.say(low), o.u.say(high), roleWords(t, claim.Role))
		}
		return fmt.Sprintf("%s: from %s to %s", code.Error(), o.u.say(low), o.u.say(high))
	}
	return code.Error()
}

// lapsed tells whether a call brings in money for which fund_by was the last time.
func lapsed(o order) bool {
	open := o.trade.State.Stage == escrow.StageOpen || o.trade.State.Stage == escrow.StageAgreed
	switch o.call.(type) {
	case escrow.CallAccept, escrow.CallFund:
		return open && uint64(o.at.ClosedAt) >= o.trade.Terms.FundBy
	}
	return false
}
