package ctl

import (
	"context"
	"fmt"
	"io"

	"github.com/Abdullahi130/StellarEscrow/internal/cli"
	"github.com/Abdullahi130/StellarEscrow/internal/deploy"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// assetCommand makes the contract of an asset, without which no trade can be made in it. It is the network's own, and nobody's: that the
// platform's operator makes it gives the platform nothing.
type assetCommand struct {
	networkFlags `embed:""`
	keyFlags     `embed:""`
	Asset        string `arg:"" help:"CODE:ISSUER, or native for XLM."`
}

func (c *assetCommand) run(ctx context.Context, out io.Writer) error {
	asset, err := stellar.ParseAsset(c.Asset)
	if err != nil {
		return fmt.Errorf("%w: %w", cli.ErrUsage, err)
	}
	key, err := c.key()
	if err != nil {
		return err
	}
	client, err := c.client(ctx)
	if err != nil {
		return err
	}
	contract, r, err := deploy.CreateAsset(ctx, &deploy.Sender{Client: client, Key: key, InclusionFee: int64(c.Fee)}, asset)
	if err != nil {
		return err
	}
	did := "it stands already; nothing was sent"
	if r != nil {
		did = done(*r)
	}
	_, err = fmt.Fprintf(out, "asset-contract: %s\nasset         %s\n", did, contract)
	return err
}

// howToMake says how the contract comes to be that an asset, named so by --asset, was found not to have.
func howToMake(asset string) string {
	const byAnybody = "anybody can make it, once: escrowctl contract asset-contract %s, or stellar contract asset deploy --asset %[1]s"
	if _, err := stellar.ParseAsset(asset); err == nil {
		return fmt.Sprintf(byAnybody, asset)
	}
	return "nothing stands at that address; is it mistyped, or of another network? Of an asset that is new here, " + fmt.Sprintf(byAnybody, "CODE:ISSUER")
}
