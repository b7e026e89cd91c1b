package deploy

import (
	"context"
	"errors"
	"fmt"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// forEver is a time bound for what is never sent.
const forEver = 1<<63 - 1

var errArchived = errors.New("its entries are archived; any call of it restores them")

// View makes a call for its answer only: nothing is sent, signed or paid, and no account is needed. The zero account says that nobody
// stands behind it.
func View(ctx context.Context, c *rpc.Client, call xdr.InvokeContractArgs) (xdr.ScVal, error) {
	what := string(call.FunctionName)
	t, err := stellar.Invoke(stellar.Envelope{NotAfter: forEver, InclusionFee: stellar.MinInclusionFee}, call)
	if err != nil {
		return xdr.ScVal{}, fmt.Errorf("%s: %w", what, err)
	}
	sim, err := simulate(ctx, c, what, t)
	if err == nil && sim.restore != nil {
		err = fmt.Errorf("%s: %w: %w", what, ErrFailed, errArchived)
	}
	return sim.value, err
}

// ReadConfig asks the contract for its configuration as it is in force now.
func ReadConfig(ctx context.Context, c *rpc.Client, contract stellar.Address) (escrow.Config, error) {
	v, err := View(ctx, c, stellar.ViewConfig(contract))
	if err != nil {
		return escrow.Config{}, fmt.Errorf("read the configuration of %s: %w", contract, err)
	}
	config, err := stellar.DecodeConfig(v)
	if err != nil {
		return escrow.Config{}, fmt.Errorf("read the configuration of %s: %w", contract, err)
	}
	return config, nil
}
