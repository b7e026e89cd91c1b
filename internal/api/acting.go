package api

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

type actionIn struct {
	ByID
	AtLeast
	Action string `path:"action" maxLength:"40" doc:"accept, fund, cancel, deliver, release, refund, settle, dispute, offer, accept_offer, evidence, rule, appeal, claim or extend"`
	Body   ActionIn
}

func (s *server) prepareAction(ctx context.Context, in *actionIn) (*Answer[PreparedOut], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	table := actionTable()
	i := slices.IndexFunc(table, func(r actionRow) bool { return r.name == in.Action })
	if i < 0 {
		var names []string
		for _, r := range table {
			names = append(names, r.name)
		}
		return nil, invalid([]FieldError{{Location: "path.action", Message: "no action of a trade: " + strings.Join(names, ", "), Value: echo(in.Action)}})
	}
	if _, err := s.head(ctx, in.AtLeast); err != nil {
		return nil, err
	}
	o, err := s.orderFor(ctx, id, in.Action)
	if err != nil {
		return nil, err
	}
	o.source, o.body = in.Body.Source, &in.Body
	var r *reader
	o.call, r = readAction(table[i], &in.Body, o.trade, o.u, uint64(o.at.ClosedAt))
	o.validFor = r.validFor(in.Body.ValidFor)
	if err := invalid(r.fieldErrors); err != nil {
		return nil, err
	}
	o.by = r.role
	out, err := s.prepare(ctx, o)
	if err != nil {
		return nil, err
	}
	return &Answer[PreparedOut]{*out}, nil
}

// orderFor is all that is known about a trade on the network's newest ledger, for an action: its terms are the projection's, its state is the contract's own.
func (s *server) orderFor(ctx context.Context, id escrow.ID, action string) (order, error) {
	tr, u, err := s.trade(ctx, id)
	if err == nil && u.blind() && !withoutAmounts(action) {
		err = noAsset(u.Asset, inTrade)
	}
	if err != nil {
		return order{}, err
	}
	contract, err := stellar.ParseAddress(string(tr.Contract))
	if err != nil {
		return order{}, fmt.Errorf("contract of trade %s: %w", id, err)
	}
	config, _, err := s.config(ctx, contract)
	if err != nil {
		return order{}, err
	}
	state, at, err := s.state(ctx, contract, id)
	if err != nil {
		return order{}, err
	}
	if state == nil {
		return order{}, fmt.Errorf("trade %s is projected, but the contract does not have it at ledger %d", id, at.Sequence)
	}
	tr.State = *state
	return order{contract: contract, trade: &tr, config: config, at: at, u: u, by: escrow.Nobody}, nil
}

type collectIn struct {
	Asset string `path:"asset" maxLength:"100" doc:"Contract of the asset"`
	AtLeast
	Body CollectIn
}

// CollectIn asks for the payout of booked fees.
type CollectIn struct {
	Source   string `json:"source" maxLength:"100" doc:"The account (G…) that sends the transaction and pays its fee"`
	ValidFor *int64 `json:"valid_for,omitempty" doc:"Seconds until the prepared transaction expires, 30 to 3600; left out: 600"`
}

func (s *server) prepareCollect(ctx context.Context, in *collectIn) (*Answer[PreparedOut], error) {
	if _, err := s.head(ctx, in.AtLeast); err != nil {
		return nil, err
	}
	var f fieldErrors
	asset, wait := s.assetAddress(ctx, &f, "path.asset", in.Asset), f.validFor(in.Body.ValidFor)
	if err := invalid(f); err != nil {
		return nil, err
	}
	token, err := stellar.ParseAddress(string(asset))
	if err != nil {
		return nil, err
	}
	u, err := s.unit(ctx, asset, "path.asset")
	if err != nil {
		return nil, err
	}
	config, _, err := s.config(ctx, s.Contract)
	if err != nil {
		return nil, err
	}
	owed, at, err := s.owed(ctx, s.Contract, token)
	if err != nil {
		return nil, err
	}
	out, err := s.prepare(ctx, order{
		contract: s.Contract, call: escrow.CallCollect{Asset: asset}, config: config, owed: owed, at: at, u: u, by: escrow.Nobody,
		source: in.Body.Source, validFor: wait,
	})
	if err != nil {
		return nil, err
	}
	return &Answer[PreparedOut]{*out}, nil
}
