package explore

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
)

// errNailed is what a door nailed shut answers.
var errNailed = errors.New("refused: nailed shut by the setup")

// parkedBefore is what every role has parked already when payouts are refused: what is parked must add up.
const parkedBefore = 5

// tid is the id of the one trade there is.
var tid = escrow.ID{1}

// roles is a set of them.
type roles uint32

func (r roles) has(role escrow.Role) bool { return r&(1<<role) != 0 }

// token takes every deposit and pays everybody but those refused. Where it must not be called, untouched is set and called tells.
type token struct {
	terms     *escrow.Terms
	refused   roles
	untouched bool
	called    bool
}

func (t *token) Balance(escrow.Address) (amount.Int128, error) { return amount.MaxInt128(), nil }

func (t *token) Deposit(_, _ escrow.Address, x amount.Int128) (amount.Int128, error) { return x, nil }

func (t *token) Pay(_, to escrow.Address, _ amount.Int128) bool {
	t.called = true
	role, ok := t.terms.RoleOf(to)
	return ok && !t.refused.has(role)
}

// apply makes one call of a trade on the model, signed by everybody asked or by nobody, and checks that what is owed is what the trade holds and the fees.
func (x *explorer) apply(trade *escrow.Trade, now uint64, call escrow.Call, anyone bool, tok *token) (escrow.Trade, escrow.Result, error) {
	c := escrow.Around(self, x.config, tid, &x.terms, *trade)
	if _, opening := call.(escrow.CallOpen); opening {
		c.Trades = map[escrow.ID]escrow.Trade{}
	}
	tok.terms = &x.terms
	r, err := c.Apply(escrow.Env{
		Now:    now,
		Signed: func(escrow.Address) bool { return !anyone },
		ID:     func(escrow.Terms) escrow.ID { return tid },
		Token:  tok,
	}, call)
	after := c.Trades[tid]
	if err != nil {
		return after, r, err
	}
	if owed := c.Owed[x.terms.Asset]; owed.Total != after.Holds().Plus(owed.Fees) {
		return after, r, fmt.Errorf("owed is %s, the trade holds %s and fees are %s", owed.Total.Units(), after.Holds().Units(), owed.Fees.Units())
	}
	if tok.called && tok.untouched {
		return after, r, errors.New("a token was called without push")
	}
	return after, r, nil
}

// carry makes a call that Next offers, with a paying token, and returns the trade after it. It makes it again with payouts refused, upon money parked before, and
// checks that nothing else changes by that.
func (x *explorer) carry(trade *escrow.Trade, now uint64, call escrow.Call, anyone bool) (escrow.Trade, error) {
	if x.setup.Nailed != nil && x.setup.Nailed(call, x.standing(trade, now)) {
		return escrow.Trade{}, errNailed
	}
	after, r, err := x.apply(trade, now, call, anyone, &token{})
	if err != nil {
		return after, fmt.Errorf("%s at %d, which Next offers: %w", call.Function(), now, err)
	}
	if over := after.Stage >= escrow.StageEnded; over && after.Holds() != (amount.Int128{}) {
		return after, fmt.Errorf("%s at %d: the trade is %s and holds %s", call.Function(), now, after.Stage, after.Holds().Units())
	}
	if err := x.refuse(trade, now, call, anyone, &after, r.Payouts); err != nil {
		return after, fmt.Errorf("%s at %d with payouts refused: %w", call.Function(), now, err)
	}
	return after, nil
}

// standing is where the first milestone stands, about which calls are tried.
func (x *explorer) standing(trade *escrow.Trade, now uint64) escrow.Standing {
	if len(trade.Milestones) == 0 {
		return escrow.Standing{}
	}
	return escrow.StandingOf(&x.terms, 0, &trade.Milestones[0], now)
}

// refuse makes a call with payouts refused: all of them, and for a set of people paid for the first time every subset; and without push.
func (x *explorer) refuse(trade *escrow.Trade, now uint64, call escrow.Call, anyone bool, after *escrow.Trade, payouts []escrow.Payment) error {
	var paid roles
	for _, p := range payouts {
		paid |= 1 << p.Role
	}
	if paid == 0 {
		return nil
	}
	before := trade.Clone()
	before.Parked = nil
	for role := range x.terms.Roles() {
		before.Parked = append(before.Parked, escrow.Parcel{Role: role, Amount: amount.Int(parkedBefore)})
	}
	subsets := []roles{paid}
	first := !x.paid[paid]
	if first {
		x.paid[paid] = true
		for s := (paid - 1) & paid; s != paid; s = (s - 1) & paid { // every other subset, the empty one included
			subsets = append(subsets, s)
		}
	}
	for _, s := range subsets {
		got, _, err := x.apply(&before, now, call, anyone, &token{refused: s})
		if err != nil {
			return err
		}
		if want := parked(after, before.Parked, payouts, s); !reflect.DeepEqual(got, want) {
			return fmt.Errorf("refusing %b: got %+v, want %+v", s, got, want)
		}
		if first {
			if err := x.claims(&got, now); err != nil {
				return err
			}
		}
	}
	quiet, ok := withoutPush(call)
	if !ok {
		return nil
	}
	got, _, err := x.apply(&before, now, quiet, anyone, &token{untouched: true})
	if want := parked(after, before.Parked, payouts, paid); err == nil && !reflect.DeepEqual(got, want) {
		err = fmt.Errorf("without push: got %+v, want %+v", got, want)
	}
	return err
}

// parked is after, with what was parked before and the payouts to the refused on top.
func parked(after *escrow.Trade, before []escrow.Parcel, payouts []escrow.Payment, refused roles) escrow.Trade {
	out := after.Clone()
	out.Parked = nil
	for _, p := range before {
		for _, pay := range payouts {
			if pay.Role == p.Role && refused.has(p.Role) {
				p.Amount = p.Amount.Plus(pay.Amount)
			}
		}
		out.Parked = append(out.Parked, p)
	}
	return out
}

func withoutPush(call escrow.Call) (escrow.Call, bool) {
	switch c := call.(type) {
	case escrow.CallSettle:
		c.Push = false
		return c, true
	case escrow.CallCancel:
		c.Push = false
		return c, true
	default:
		return nil, false
	}
}

// claims lets nobody in particular push each parcel to its owner: that fails without a trace while the token refuses, and works once it pays.
func (x *explorer) claims(trade *escrow.Trade, now uint64) error {
	at := *trade
	for len(at.Parked) > 0 {
		p := at.Parked[0]
		owner, _ := x.terms.AddressOf(p.Role)
		claim := escrow.CallClaim{Terms: x.terms, Role: p.Role, To: owner, Amount: p.Amount}
		same, _, err := x.apply(&at, now, claim, true, &token{refused: 1 << p.Role})
		if !errors.Is(err, escrow.ErrTransferFailed) || !reflect.DeepEqual(same, at) {
			return fmt.Errorf("claim for role %d while the token refuses: %w", p.Role, err)
		}
		next, _, err := x.apply(&at, now, claim, true, &token{})
		if err != nil {
			return fmt.Errorf("claim for role %d: %w", p.Role, err)
		}
		if len(next.Parked) != len(at.Parked)-1 {
			return fmt.Errorf("claim for role %d left %+v", p.Role, next.Parked)
		}
		at = next
	}
	return nil
}
