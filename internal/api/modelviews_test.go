package api

import (
	"context"
	"fmt"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/binding"
)

// What modelNet says when it is asked, as relay.Relay.

func (n *modelNet) Network(context.Context) (relay.Network, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return relay.Network{Passphrase: n.network.Passphrase(), Protocol: 27, Latest: n.ledger, Oldest: relay.Ledger{Sequence: 2, CloseTime: modelStart - 500}, InclusionFee: 100}, n.down
}

func (n *modelNet) LatestLedger(context.Context) (relay.Ledger, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.ledger, n.down
}

func (n *modelNet) Account(_ context.Context, who string) (relay.Account, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	sequence, ok := n.accounts[who]
	return relay.Account{Address: who, Exists: ok, Sequence: sequence, Balance: 100_0000000, Spendable: 99_0000000, Ledger: n.ledger}, n.down
}

func (n *modelNet) Asset(_ context.Context, asset string) (relay.Asset, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked++
	a, ok := n.assets[asset]
	if !ok {
		a = relay.Asset{Address: asset, Kind: relay.AssetNone, Problem: "no contract has this address on this network, or it is archived"}
	}
	a.Ledger = n.ledger
	return a, n.down
}

// Sponsor and FeeStats are not asked by the api.
func (n *modelNet) Sponsor(context.Context, relay.SponsorRequest) (relay.Sponsorship, error) {
	return relay.Sponsorship{}, relay.ErrNotOffered
}

func (n *modelNet) FeeStats(context.Context) (relay.FeeStats, error) { return relay.FeeStats{}, n.down }

func (n *modelNet) Holding(_ context.Context, asset, holder string) (relay.Holding, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	balance, ok := n.balances[[2]string{asset, holder}]
	kind := relay.HoldingTrustline
	if n.assets[asset].Issuer == holder {
		kind, ok = relay.HoldingIssuer, true
	}
	return relay.Holding{Asset: asset, Holder: holder, Kind: kind, Exists: ok || holder[0] == 'C', Authorized: !n.frozen[holder],
		Balance: balance.Units(), Spendable: balance.Units(), Receivable: amount.MaxStroops.Int128().Units(), Ledger: n.ledger}, n.down
}

func (n *modelNet) Read(_ context.Context, text string) (relay.Reading, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.down != nil {
		return relay.Reading{}, n.down
	}
	var args xdr.InvokeContractArgs
	if err := stellar.Decode("call", text, &args); err != nil {
		return relay.Reading{}, fmt.Errorf("%w: %w", relay.ErrInvalid, err)
	}
	var v xdr.ScVal
	switch call := must(binding.DecodeCall(args)).(type) {
	case *binding.ConfigCall:
		v = configVal(n.c.Config.At(n.ledger.CloseTime))
	case *binding.TradeCall:
		v = xdr.ScVal{Type: xdr.ScValTypeScvVoid}
		if tr, ok := n.c.Trades[call.ID]; ok {
			v = tradeVal(tr)
		}
	case *binding.OwedCall:
		o := n.c.Owed[escrow.Address(call.Asset.String())]
		v = binding.Owed{Fees: o.Fees, Total: o.Total}.ScVal()
	default:
		return relay.Reading{}, fmt.Errorf("no view: %T", call)
	}
	return relay.Reading{Ledger: n.ledger, Value: must(stellar.Encode(v))}, nil
}

func wire(a escrow.Address) binding.Address { return must(binding.ParseAddress(string(a))) }

func configVal(c escrow.Config) xdr.ScVal {
	out := binding.Config{Admin: wire(c.Admin), FeeBps: c.FeeBps, FeeReceiver: wire(c.FeeReceiver), Limits: binding.Limits(c.Limits), Paused: c.Paused}
	if p := c.PendingFee; p != nil {
		out.PendingFee = &binding.PendingFee{Bps: p.Bps, Effective: p.Effective, Receiver: wire(p.Receiver)}
	}
	return out.ScVal()
}

func pair(p [2]amount.Int128) binding.Pair[amount.Int128, amount.Int128] {
	return binding.Pair[amount.Int128, amount.Int128]{First: p[0], Second: p[1]}
}

func tradeVal(t escrow.Trade) xdr.ScVal {
	out := binding.Trade{Bonds: pair(t.Bonds), OpenedBy: uint32(t.OpenedBy), Stage: uint32(t.Stage)}
	for _, p := range t.Parked {
		out.Parked = append(out.Parked, binding.Pair[uint32, amount.Int128]{First: uint32(p.Role), Second: p.Amount})
	}
	for _, m := range t.Milestones {
		state := binding.MilestoneState{DeliveredAt: m.DeliveredAt, Left: m.Left}
		for side, at := range []**binding.Offer{&state.Offers.First, &state.Offers.Second} {
			if o := m.Offers[side]; o != nil {
				*at = &binding.Offer{Of: o.Of, Phase: uint32(o.Phase), SellerAmount: o.SellerAmount}
			}
		}
		if d := m.Dispute; d != nil {
			dispute := &binding.Dispute{AppealBy: (*uint32)(d.AppealBy), AppealedAt: d.AppealedAt, Aside: pair(d.Aside), By: uint32(d.By), RuledAt: d.RuledAt, Since: d.Since}
			for _, v := range d.Votes {
				dispute.Votes = append(dispute.Votes, binding.Pair[uint32, uint32]{First: uint32(v.Role), Second: v.SellerPpm})
			}
			state.Dispute = dispute
		}
		out.Milestones = append(out.Milestones, state)
	}
	return out.ScVal()
}
