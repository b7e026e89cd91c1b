package ctl

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/Abdullahi130/StellarEscrow/contract/wasm"
	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/cli"
	"github.com/Abdullahi130/StellarEscrow/internal/deploy"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

type deployCommand struct {
	networkFlags `embed:""`
	keyFlags     `embed:""`
	Admin        string `required:"" help:"Who may change the fee, pause new trades and name the anchor key." placeholder:"G…"`
	FeeReceiver  string `required:"" help:"Who receives the platform's fees." placeholder:"G…"`
	FeeBps       uint32 `required:"" help:"The platform's fee in hundredths of a percent, at most 100."`
	Asset        string `required:"" help:"The asset that trades will be made in: CODE:ISSUER, native, or its contract (C…). It is looked up, nothing more." placeholder:"ASSET"`
	Salt         string `help:"64 hex digits that decide the contract's address together with the deploying account; another salt makes another contract." default:"0000000000000000000000000000000000000000000000000000000000000000"`
	// Limits is not just text: an empty one, of a shell's variable that is not set, must not stand for the defaults.
	Limits *string `help:"Bounds of windows as JSON, merged over the defaults: {\"inspection_min\": 86400, …}, in seconds." placeholder:"JSON"`
	JSON   bool    `name:"json" help:"Print JSON."`
}

func (c *deployCommand) run(ctx context.Context, out io.Writer) error {
	network, err := c.network()
	if err != nil {
		return err
	}
	plan, err := c.plan(network)
	if err != nil {
		return err
	}
	key, err := c.key()
	if err != nil {
		return err
	}
	client, err := c.client(ctx)
	if err != nil {
		return err
	}
	d, err := deploy.Deploy(ctx, &deploy.Sender{Client: client, Key: key, InclusionFee: int64(c.Fee)}, plan)
	switch {
	case errors.Is(err, deploy.ErrPlan):
		return fmt.Errorf("%w: --fee-bps, --fee-receiver or --limits: %w", cli.ErrUsage, err)
	case errors.Is(err, deploy.ErrNoAsset):
		return fmt.Errorf("--asset: %w: %s", err, howToMake(c.Asset))
	case err != nil:
		return err
	}
	if !c.JSON {
		for _, did := range d.Did {
			fmt.Fprintln(out, did)
		}
		if len(d.Did) == 0 {
			fmt.Fprintln(out, "it stands already; nothing was sent")
		}
		fmt.Fprintf(out, "asset         %s, %d decimals\nfees          %s XLM\n", plan.Asset, d.Decimals, amount.Stroops(d.Fee))
	}
	return shownContract{Contract: d.Contract.String(), CodeHash: d.CodeHash, Config: d.Config}.print(out, c.JSON)
}

// plan reads the flags; every problem names its flag.
func (c *deployCommand) plan(n stellar.Network) (p deploy.Plan, err error) {
	if p.Code, p.CodeHash, err = wasm.Escrow(); err != nil {
		return p, err
	}
	if p.Rulebook, p.RulebookHash, err = wasm.Rulebook(); err != nil {
		return p, err
	}
	if p.Admin, err = anyAddress("--admin", c.Admin); err != nil {
		return p, err
	}
	if p.FeeReceiver, err = anyAddress("--fee-receiver", c.FeeReceiver); err != nil {
		return p, err
	}
	p.FeeBps = c.FeeBps
	if p.Asset, err = assetAddress(n, c.Asset); err != nil {
		return p, err
	}
	salt, err := stellar.ParseHash(c.Salt)
	if err != nil {
		return p, fmt.Errorf("%w: --salt: %w", cli.ErrUsage, err)
	}
	p.Salt = salt
	p.Limits = deploy.DefaultLimits()
	if c.Limits != nil {
		return p, mergeLimits(&p.Limits, *c.Limits)
	}
	return p, nil
}

// assetAddress is the contract of an asset given by its contract or by its name on the network.
func assetAddress(n stellar.Network, text string) (stellar.Address, error) {
	if a, err := stellar.ParseAddress(text); err == nil {
		if !a.Contract {
			return a, fmt.Errorf("%w: --asset: %s is an account; name the asset's contract (C…) or CODE:ISSUER", cli.ErrUsage, text)
		}
		return a, nil
	}
	asset, err := stellar.ParseAsset(text)
	if err != nil {
		return stellar.Address{}, fmt.Errorf("%w: --asset: %w", cli.ErrUsage, err)
	}
	return stellar.AssetContract(n, asset)
}
