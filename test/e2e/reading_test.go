package e2e

import (
	"errors"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/contract/vectors"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/host"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/test/stories/onchain"
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
	if code, ok := onchain.Code(reason); ok {
		return code, nil
	}
	return "", r
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
