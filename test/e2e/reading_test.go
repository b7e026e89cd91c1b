package e2e

import (
	"errors"
	"fmt"
	"math/big"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/contract/vectors"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/host"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// answer is what a story calls the end of a run. An error that no story can name is returned.
func answer(err error) (string, error) {
	var r *refused
	if !errors.As(err, &r) {
		return vectors.OK, err
	}
	// A constructor's own error does not get through: the host says InvalidAction, and the contract's code stands in the diagnostics alone.
	reason := r.Failure.Error
	for _, e := range r.diagnostics {
		if v0, ok := e.Event.Body.GetV0(); ok && len(v0.Topics) == 2 && reason.Type != xdr.ScErrorTypeSceContract {
			if said, ok := v0.Topics[1].GetError(); ok && said.Type == xdr.ScErrorTypeSceContract {
				reason = said
			}
		}
	}
	switch {
	case reason.Type == xdr.ScErrorTypeSceContract && reason.ContractCode != nil:
		return escrow.Code(*reason.ContractCode).String(), nil
	case reason.Type == xdr.ScErrorTypeSceAuth:
		return vectors.Unauthorized, nil
	}
	return "", r
}

func (b *built) returned(c *vectors.Call, v *xdr.ScVal) (any, error) {
	switch c.Name {
	case "open":
		id, ok := v.GetBytes()
		if !ok || len(id) != 32 {
			return nil, fmt.Errorf("open returned %s, not 32 bytes", v.Type)
		}
		return b.Value(escrow.ID(id)), nil
	case "collect":
		parts, ok := v.GetI128()
		if !ok {
			return nil, fmt.Errorf("collect returned %s, not an amount", v.Type)
		}
		return int128(parts), nil
	default:
		if v.Type != xdr.ScValTypeScvVoid {
			return nil, fmt.Errorf("%s returned %s, not nothing", c.Name, v.Type)
		}
		return nil, nil
	}
}

func int128(p xdr.Int128Parts) *big.Int {
	x := new(big.Int).Lsh(big.NewInt(int64(p.Hi)), 64)
	return x.Add(x, new(big.Int).SetUint64(uint64(p.Lo)))
}

// events reads the contract's events, and checks that their topics name the trade of the call, its asset, or nothing.
func (b *built) events(c *vectors.Call, list []xdr.ContractEvent) ([][]any, error) {
	var out [][]any
	for _, raw := range list {
		e, err := stellar.DecodeEvent(b.contract, raw)
		if err != nil {
			return nil, err
		}
		switch {
		case e.Trade != nil:
			if b.Trade[*e.Trade] != c.Trade || c.Trade == "" {
				return nil, fmt.Errorf("event %s is about trade %x, not %q", e.EventName(), *e.Trade, c.Trade)
			}
		case e.Asset != nil:
			if c.Name != "collect" || *e.Asset != b.Address[vectors.Token] {
				return nil, fmt.Errorf("event %s of %s is about asset %s", e.EventName(), c.Name, *e.Asset)
			}
		case c.Trade != "":
			return nil, fmt.Errorf("event %s names no trade", e.EventName())
		}
		event := []any{e.EventName()}
		for _, f := range escrow.Fields(e.Event) {
			event = append(event, b.Value(f.Value))
		}
		out = append(out, event)
	}
	return out, nil
}

// view calls a view, without a transaction.
func (b *built) view(at uint64, name, trade string) (any, error) {
	var args xdr.InvokeContractArgs
	switch name {
	case "trade":
		id, err := b.ID(b.Terms[trade])
		if err != nil {
			return nil, err
		}
		args = stellar.ViewTrade(b.contract, id)
	case "config":
		args = stellar.ViewConfig(b.contract)
	default:
		args = stellar.ViewOwed(b.contract, b.token)
	}
	sim, err := b.chain.simulate(b.ctx, at, invoke(args), host.EnforceAuth, nil)
	if err != nil {
		return nil, err
	}
	if sim.Failure != nil {
		return nil, errors.New(sim.Failure.Text)
	}
	switch name {
	case "trade":
		return stellar.DecodeTrade(*sim.Value)
	case "config":
		return stellar.DecodeConfig(*sim.Value)
	default:
		return stellar.DecodeOwed(*sim.Value)
	}
}
