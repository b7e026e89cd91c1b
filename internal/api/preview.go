package api

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// preview is what the rules say a call will do.
type preview struct {
	result escrow.Result
	after  *escrow.Trade // the trade when it is done; nil for the platform's calls
	now    uint64        // the time it was tried at
}

// aLedger is how much later than the newest ledger the one that includes a transaction may close, as far as that matters here: a call that a deadline allows
// in a few seconds is not refused now.
const aLedger = 10

// preview tries the call on the rules, at the newest ledger's time, and at deadlines that the next one may have passed. The error is that of the newest ledger's time.
func (s *server) preview(o order) (preview, error) {
	times := []uint64{uint64(o.at.ClosedAt)}
	if o.trade != nil {
		for _, d := range escrow.Deadlines(&o.trade.Terms, &o.trade.State, times[0]) {
			if d.At <= times[0]+aLedger {
				times = append(times, d.At)
			}
		}
	}
	var first error
	for _, now := range times {
		p, err := s.try(o, now)
		if err == nil {
			return p, nil
		}
		if first == nil {
			first = err
		}
	}
	return preview{}, first
}

func (s *server) try(o order, now uint64) (preview, error) {
	self := escrow.Address(o.contract.String())
	c := &escrow.Contract{Self: self, Config: o.config, Trades: map[escrow.ID]escrow.Trade{}, Owed: map[escrow.Address]escrow.Owed{}}
	_, opens := o.call.(escrow.CallOpen)
	if o.trade != nil && !opens {
		c = escrow.Around(self, o.config, o.trade.ID, &o.trade.Terms, o.trade.State)
	}
	if collect, ok := o.call.(escrow.CallCollect); ok {
		c.Owed[collect.Asset] = o.owed
	}
	env := escrow.Env{Now: now, Signed: func(escrow.Address) bool { return true }, ID: s.tradeID(o.contract), Token: willing{}}
	result, err := c.Apply(env, o.call)
	if err != nil {
		return preview{}, err
	}
	p := preview{result: result, now: now}
	if o.trade != nil {
		after := c.Trades[o.trade.ID]
		p.after = &after
	}
	return p, nil
}

// parkedIn marks the payouts that the simulation parked: the rules assume a token that pays, the network has asked the real one. Events of other contracts are
// passed over.
func (p *preview) parkedIn(contract stellar.Address, events []string) error {
	for i, text := range events {
		e, err := decodeOf(contract, fmt.Sprintf("event %d", i), text, stellar.DecodeEvent)
		if errors.Is(err, stellar.ErrOtherContract) {
			continue
		}
		if err != nil {
			return fmt.Errorf("event %d: %w", i, err)
		}
		parked, ok := e.Event.(escrow.Parked)
		if !ok {
			continue
		}
		for j := range p.result.Payouts {
			if p.result.Payouts[j].Role == parked.Role {
				p.result.Payouts[j].Parked = true
			}
		}
	}
	return nil
}

// willing is a token that does what it is asked, in assets the contract holds enough of.
type willing struct{}

func (willing) Balance(escrow.Address) (amount.Int128, error) { return amount.MaxInt128(), nil }
func (willing) Deposit(_, _ escrow.Address, x amount.Int128) (amount.Int128, error) {
	return x, nil
}
func (willing) Pay(escrow.Address, escrow.Address, amount.Int128) bool { return true }

// standsNow says how what a call is about stands.
func standsNow(o order) string {
	i, ok := milestoneOf(o.call)
	if !ok || int(i) >= len(o.trade.State.Milestones) {
		words := "the trade is " + o.trade.State.Stage.String()
		if next := escrow.Deadlines(&o.trade.Terms, &o.trade.State, uint64(o.at.ClosedAt)); len(next) > 0 {
			words += fmt.Sprintf(", and the clock next changes it at %s", Time(next[0].At))
		}
		return words
	}
	m := &o.trade.State.Milestones[i]
	standing := escrow.StandingOf(&o.trade.Terms, int(i), m, uint64(o.at.ClosedAt))
	until := ""
	if standing.Until != 0 {
		until = fmt.Sprintf(" until %s", Time(standing.Until))
	}
	return fmt.Sprintf("milestone %d is in the phase \"%s\"%s, %s of it is left", i, standing.Phase, until, o.u.say(m.Left))
}

// actorOf is the role that a call is made in; Nobody for what anyone may do.
func actorOf(o order) escrow.Role {
	if o.by != escrow.Nobody {
		return o.by
	}
	want, err := stellar.ExpectedTree(o.contract, o.call, stellar.State{Trade: &o.trade.State, Config: &o.config})
	if err != nil || want.Signer == nil {
		return escrow.Nobody
	}
	if role, ok := o.trade.Terms.RoleOf(escrow.Address(want.Signer.String())); ok {
		return role
	}
	return escrow.Nobody
}

// phaseOf is the phase of the milestone that the call is about, or else the trade's stage.
func phaseOf(o order, now uint64) string {
	state := &o.trade.State
	if i, ok := milestoneOf(o.call); ok && int(i) < len(state.Milestones) {
		phase, _ := escrow.PhaseOf(&o.trade.Terms, int(i), &state.Milestones[i], now)
		return token(phase)
	}
	return state.Stage.String()
}

// milestoneOf is the one milestone that a call is about.
func milestoneOf(call escrow.Call) (uint32, bool) {
	switch c := call.(type) {
	case escrow.CallDeliver:
		return c.Milestone, true
	case escrow.CallRelease:
		return c.Milestone, true
	case escrow.CallRefund:
		return c.Milestone, true
	case escrow.CallDispute:
		return c.Milestone, true
	case escrow.CallOffer:
		return c.Milestone, true
	case escrow.CallAcceptOffer:
		return c.Milestone, true
	case escrow.CallEvidence:
		return c.Milestone, true
	case escrow.CallAppeal:
		return c.Milestone, true
	case escrow.CallSettle:
		if len(c.Milestones) == 1 {
			return c.Milestones[0], true
		}
	case escrow.CallRule:
		if len(c.Rulings) == 1 {
			return c.Rulings[0].Milestone, true
		}
	}
	return 0, false
}

// failed is the answer when the simulation refuses a call that the rules would carry out. signed says that it checked signatures; without them, it writes down
// whatever is to be signed, so it can only miss an authorisation that no signature could give: one that a called contract asks for on its own account.
func (s *server) failed(ctx context.Context, o order, want stellar.Tree, f relay.Failure, signed bool) error {
	if f.Kind == relay.FailedByAuth && !signed {
		return problemf(kindTree, "%s: a contract that is called asks for an authorisation that does not belong to %s (%s)", o.call.Function(), o.call.Function(), firstLine(f.Detail))
	}
	if f.Kind == relay.FailedByAuth && want.Signer != nil {
		return badAuthorisation(kindTransaction, 0, "entry", signAsPrepared+"; an entry whose last_ledger is past has to be prepared again",
			"the network does not accept the signature of %s: %s", want.Signer, firstLine(f.Detail))
	}
	ours := f.Kind == relay.FailedByContract && f.Contract == o.contract.String()
	if want.Transfer != nil && (!ours || escrow.Code(f.Code) == escrow.ErrDepositNotReceived) {
		// Money was to come in: most often it is not there. Say so in numbers, if that is it.
		if why := s.cannotPay(ctx, o, want.Transfer); why != "" {
			return problemf(kindCannotPay, "%s", why)
		}
	}
	if ours {
		return s.refusal(o, escrow.Code(f.Code), "", ", says the network at this moment")
	}
	return problemf(kindSimulation, "%s: %s (%s)", o.call.Function(), firstLine(f.Detail), f.Kind)
}

// firstLine is what of the network's text fits an answer; the rest, a list of the host's events, is for its logs.
func firstLine(detail string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(detail), "\n")
	return clipTo(line, 300)
}

// cannotPay says why somebody cannot pay a deposit; empty if that is not visible from outside.
func (s *server) cannotPay(ctx context.Context, o order, t *stellar.Transfer) string {
	h, err := s.Relay.Holding(ctx, t.Asset.String(), t.From.String())
	if err != nil {
		return "" // the failure itself is reported
	}
	has, err := amount.ParseUnits(h.Spendable)
	switch {
	case !h.Exists:
		return fmt.Sprintf("%s holds no %s: it needs a trustline first", t.From, o.u.name())
	case !h.Authorized:
		return fmt.Sprintf("%s may not move its %s: the issuer has frozen it, or not yet allowed it", t.From, o.u.name())
	case err == nil && has.Less(t.Amount):
		return fmt.Sprintf("%s can spend %s, %s is needed", t.From, o.u.say(has), o.u.say(t.Amount))
	}
	return ""
}

// dueNow are the milestones that settle would carry out at now; if none is due, those that are not over, or else all: the rules then say why not.
func dueNow(t *escrow.Terms, state *escrow.Trade, now uint64) []uint32 {
	var due, running, all []uint32
	for i := range t.Milestones {
		all = append(all, uint32(i))
	}
	for i := range state.Milestones {
		standing := escrow.StandingOf(t, i, &state.Milestones[i], now)
		if standing.Due() {
			due = append(due, uint32(i))
		}
		if standing.Phase != escrow.PhaseEnded {
			running = append(running, uint32(i))
		}
	}
	for _, list := range [][]uint32{due, running} {
		if len(list) > 0 {
			return list
		}
	}
	return all
}
