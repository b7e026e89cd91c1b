package deploy

import (
	"context"
	"errors"
	"fmt"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// ErrNoAsset is returned where no contract stands at the asset's address. That of an asset is made once, by anybody (CreateAsset).
var ErrNoAsset = errors.New("the asset's contract does not exist yet")

// CreateAsset makes the network's own contract of an asset, through which trades are made in it. Whoever sends it pays, and has no right in
// it afterwards. The receipt is nil if the contract stood already. It refuses (ErrNothing) an asset whose issuer does not exist: the network
// would make a contract for any name, mistyped ones included.
func CreateAsset(ctx context.Context, s *Sender, asset xdr.Asset) (stellar.Address, *Receipt, error) {
	contract, err := stellar.AssetContract(s.Client.Network(), asset)
	if err != nil {
		return contract, nil, err
	}
	what := "create the contract of " + asset.StringCanonical()
	if there, err := stands(ctx, s.Client, stellar.InstanceKey(contract)); err != nil {
		return contract, nil, fmt.Errorf("%s: %w", what, err)
	} else if there {
		return contract, nil, nil
	}
	if issuer := asset.GetIssuer(); issuer != "" {
		var key xdr.LedgerKey
		if err := key.SetAccount(xdr.MustAddress(issuer)); err != nil {
			return contract, nil, fmt.Errorf("%s: %w", what, err)
		}
		if there, err := stands(ctx, s.Client, key); err != nil {
			return contract, nil, fmt.Errorf("%s: %w", what, err)
		} else if !there {
			return contract, nil, fmt.Errorf("%s: its issuer %s: %w", what, issuer, ErrNothing)
		}
	}
	r, failed := s.send(ctx, what, func(e stellar.Envelope) (stellar.Transaction, error) { return stellar.CreateAsset(e, asset) }, nothingSigned)
	if failed == nil {
		return contract, &r, nil
	}
	// Somebody else, or an attempt that was given up while it was on its way, may have made it meanwhile.
	if there, err := stands(ctx, s.Client, stellar.InstanceKey(contract)); err != nil || !there {
		return contract, nil, failed
	}
	return contract, nil, nil
}

// stands tells whether an entry exists on the network.
func stands(ctx context.Context, c *rpc.Client, key xdr.LedgerKey) (bool, error) {
	entries, _, err := c.Entries(ctx, key)
	return len(entries) > 0, err
}

// decimals asks a token how many decimals it has; that it answers tells that it is one.
func decimals(ctx context.Context, c *rpc.Client, asset stellar.Address) (uint32, error) {
	v, err := View(ctx, c, xdr.InvokeContractArgs{ContractAddress: asset.ScAddress(), FunctionName: "decimals"})
	// A node may not find what was archived long ago, as if it had never been.
	if errors.Is(err, ErrFailed) && !errors.Is(err, errArchived) && asset.Contract {
		if there, lookErr := stands(ctx, c, stellar.InstanceKey(asset)); lookErr == nil && !there {
			return 0, fmt.Errorf("asset %s on %q: %w", asset, c.Network().Passphrase(), ErrNoAsset)
		}
	}
	if err != nil {
		return 0, fmt.Errorf("asset %s does not answer as a token does, is it the asset's contract (C…)? %w", asset, err)
	}
	n, ok := v.GetU32()
	if !ok {
		return 0, fmt.Errorf("asset %s: its decimals are not a number: it is no token", asset)
	}
	return uint32(n), nil
}
