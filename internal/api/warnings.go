package api

import (
	"context"
	"fmt"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
)

// warnings are what to know before signing: about the asset and the terms where somebody commits to them, about receivers where money goes out.
func (s *server) warnings(ctx context.Context, o order, p preview) ([]Warning, error) {
	out := append([]Warning{}, o.u.aboutAsset()...)
	warn := func(code, format string, args ...any) { out = append(out, Warning{code, fmt.Sprintf(format, args...)}) }
	if o.trade != nil && commits(o.call) {
		t := &o.trade.Terms
		asset, err := s.Relay.Asset(ctx, string(t.Asset)) // afresh: the issuer's flags change
		if err != nil {
			return nil, fmt.Errorf("look at asset %s: %w", t.Asset, err)
		}
		aboutAsset(asset, o.u, warn)
		aboutTerms(t, o.u, warn)
		for r := range t.Roles() {
			who, _ := t.AddressOf(r)
			if !r.IsParty() { // an arbitrator's fee is parked until it can be paid, which is no matter of the trade's
				if string(who) == asset.Issuer {
					aboutIssuer(who, roleWords(t, r), o.u, warn)
				}
				continue
			}
			if err := s.aboutReceiver(ctx, o, who, roleWords(t, r), amount.Int(1), warn); err != nil {
				return nil, err
			}
		}
	}
	if !pushes(o.call) {
		return out, nil // whoever asked for parking need not be warned of it
	}
	for _, pay := range p.result.Payouts {
		name := "the fee receiver"
		if o.trade != nil {
			name = roleWords(&o.trade.Terms, pay.Role)
		}
		known := len(out)
		if !o.u.blind() { // nobody holds what is no asset
			if err := s.aboutReceiver(ctx, o, pay.Who, name, pay.Amount, warn); err != nil {
				return nil, err
			}
		}
		if pay.Parked && len(out) == known {
			warn("cannot-receive", "%s (%s) cannot be paid now: the asset's contract refuses; the payout would be parked", name, pay.Who)
		}
	}
	return out, nil
}

// pushes tells whether a call tries to pay.
func pushes(call escrow.Call) bool {
	switch c := call.(type) {
	case escrow.CallSettle:
		return c.Push
	case escrow.CallCancel:
		return c.Push
	}
	return true
}

// commits tells whether somebody binds themselves to the terms by the call.
func commits(call escrow.Call) bool {
	switch call.(type) {
	case escrow.CallOpen, escrow.CallAccept, escrow.CallFund:
		return true
	}
	return false
}

func aboutAsset(a relay.Asset, u unit, warn func(code, format string, args ...any)) {
	if a.Kind != relay.AssetStellar {
		warn("token-contract", "%s is a contract of somebody, not one of the network's own: it may take other amounts than it is asked for, or refuse to pay", a.Address)
		return
	}
	if a.AuthRevocable {
		warn("can-be-frozen", "the issuer of %s can freeze anybody's balance, the contract's too: payouts would then wait, parked, until it is freed", u.name())
	}
	if a.Clawback {
		warn("can-be-taken", "the issuer of %s can take balances back, the contract's too", u.name())
	}
}

func aboutTerms(t *escrow.Terms, u unit, warn func(code, format string, args ...any)) {
	whole := &escrow.MilestoneState{Left: totalOf(t)}
	switch {
	case len(t.Panel.Arbitrators) == 0:
		warn("nobody-judges", "no panel is named: what is disputed, by a seller who has not delivered too, and not agreed about ends by the clock; of all %s, %s", u.say(whole.Left), fallback(t, whole, u))
	default:
		warn("arbitrators-not-confirmed", "whether the arbitrators know of this trade is not checked here; if they stay silent about a dispute, which a seller who has not delivered can begin too, of all %s, %s", u.say(whole.Left), fallback(t, whole, u))
		if t.ArbitrationFee.Sign() == 0 {
			warn("unpaid-hearings", "the arbitration fee is 0: arbitrators are not paid for a hearing")
		}
	}
}

// aboutIssuer warns of a receiver who issues the asset: an issuer has no balance of its own asset.
func aboutIssuer(who escrow.Address, name string, u unit, warn func(code, format string, args ...any)) {
	warn("is-issuer", "%s (%s) is the issuer of %s: what is paid to it is destroyed, and what it pays is made anew", name, who, u.name())
}

// aboutReceiver warns if somebody cannot be paid, since the payout would be parked, or is paid for nothing.
func (s *server) aboutReceiver(ctx context.Context, o order, who escrow.Address, name string, x amount.Int128, warn func(code, format string, args ...any)) error {
	h, err := s.Relay.Holding(ctx, o.u.Address, string(who))
	if err != nil {
		return fmt.Errorf("look at what %s holds: %w", who, err)
	}
	room, err := amount.ParseUnits(h.Receivable)
	switch {
	case !h.Exists:
		warn("cannot-receive", "%s (%s) cannot be paid in %s: no such account, or no trustline; a payout would be parked until it can", name, who, o.u.name())
	case h.Kind == relay.HoldingIssuer:
		aboutIssuer(who, name, o.u, warn)
	case !h.Authorized:
		warn("cannot-receive", "%s (%s) may not receive %s: frozen, or not yet allowed, by the issuer; a payout would be parked", name, who, o.u.name())
	case err == nil && room.Less(x):
		warn("cannot-receive", "%s (%s) has no room for %s: its trustline's limit; a payout would be parked", name, who, o.u.say(x))
	}
	return nil
}
