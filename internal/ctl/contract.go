package ctl

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/Abdullahi130/StellarEscrow/internal/cli"
	"github.com/Abdullahi130/StellarEscrow/internal/deploy"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

type contractCommands struct {
	Deploy       deployCommand       `cmd:"" help:"Upload the contract's code and create it; what stands already is left as it is."`
	Info         infoCommand         `cmd:"" help:"What the contract is and how it is configured now."`
	Terms        termsCommand        `cmd:"" help:"The exact terms of a trade, from the chain alone: whoever has them can move the trade's money without us."`
	ProposeFee   proposeFeeCommand   `cmd:"" help:"Propose a fee and its receiver; both are in force after the contract's delay."`
	CancelFee    cancelFeeCommand    `cmd:"" help:"Take back a proposed fee that is not in force yet."`
	Pause        pauseCommand        `cmd:"" help:"Stop open, accept and fund. No way out of a trade stops."`
	Unpause      unpauseCommand      `cmd:"" help:"Let open, accept and fund go on."`
	ProposeAdmin proposeAdminCommand `cmd:"" help:"Propose another admin; nothing changes until that one accepts."`
	AcceptAdmin  acceptAdminCommand  `cmd:"" help:"Become the admin, with the key that was proposed."`
	SetAnchor    setAnchorCommand    `cmd:"" help:"Name the key that anchors the audit log's head, and can do nothing else."`
	Anchor       anchorCommand       `cmd:"" help:"Anchor the audit log's head, with the anchor key."`
}

type infoCommand struct {
	networkFlags `embed:""`
	contractFlag `embed:""`
	JSON         bool `name:"json" help:"Print JSON."`
}

func (c *infoCommand) run(ctx context.Context, out io.Writer) error {
	contract, err := c.address()
	if err != nil {
		return err
	}
	client, err := c.client()
	if err != nil {
		return err
	}
	code, config, err := look(ctx, client, contract)
	if err != nil {
		return err
	}
	return printContract(out, c.JSON, contract, code, config)
}

// look reads what stands at an address.
func look(ctx context.Context, c *rpc.Client, contract stellar.Address) (stellar.Hash, escrow.Config, error) {
	code, err := deploy.CodeOf(ctx, c, contract)
	if err != nil {
		return stellar.Hash{}, escrow.Config{}, err
	}
	if code == nil {
		return stellar.Hash{}, escrow.Config{}, fmt.Errorf("--contract=%s: nothing stands at this address on %q", contract, c.Network().Passphrase())
	}
	config, err := deploy.ReadConfig(ctx, c, contract)
	if errors.Is(err, deploy.ErrFailed) {
		err = fmt.Errorf("--contract=%s: what stands there, code %s, is no escrow contract: %w", contract, code, err)
	}
	return *code, config, err
}

type shownContract struct {
	Contract string        `json:"contract"`
	CodeHash stellar.Hash  `json:"code_sha256"`
	Config   escrow.Config `json:"config"`
}

func printContract(out io.Writer, asJSON bool, contract stellar.Address, code stellar.Hash, c escrow.Config) error {
	if asJSON {
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		return enc.Encode(shownContract{contract.String(), code, c})
	}
	state := "open for new trades"
	if c.Paused {
		state = "paused: no open, accept or fund; every way out works"
	}
	fmt.Fprintf(out, "contract      %s\ncode sha256   %s\nstate         %s\nadmin         %s\nfee           %d bps to %s\n",
		contract, code, state, c.Admin, c.FeeBps, c.FeeReceiver)
	if c.PendingAdmin != nil {
		fmt.Fprintf(out, "new admin     %s, once it accepts\n", *c.PendingAdmin)
	}
	if p := c.PendingFee; p != nil {
		fmt.Fprintf(out, "new fee       %d bps to %s from %s on\n", p.Bps, p.Receiver, when(p.Effective))
	}
	if c.AnchorKey != nil {
		fmt.Fprintf(out, "anchor key    %s, last anchored %d %s\n", *c.AnchorKey, c.Anchored.Seq, c.Anchored.Hash)
	}
	l := c.Limits
	_, err := fmt.Fprintf(out, "windows       inspection %s, offers %s, ruling %s, appeal %s\n              delivery at least %s after funding, life at most %s, fee changes after %s\n",
		between(l.InspectionMin, l.InspectionMax), between(l.OffersMin, l.OffersMax), between(l.RulingMin, l.RulingMax), between(l.AppealMin, l.AppealMax),
		span(l.MinDelivery), span(l.LongestLife), span(l.FeeDelay))
	return err
}

// adminFlags are what each of the platform's calls needs.
type adminFlags struct {
	networkFlags `embed:""`
	contractFlag `embed:""`
	keyFlags     `embed:""`
}

// call makes one of the platform's calls and prints what it did. It is compared with the configuration first, so that the wrong key is told
// so before anything is sent.
func (f adminFlags) call(ctx context.Context, out io.Writer, call escrow.Call) error {
	contract, err := f.address()
	if err != nil {
		return err
	}
	s, err := sender(f.networkFlags, f.keyFlags)
	if err != nil {
		return err
	}
	_, config, err := look(ctx, s.Client, contract)
	if err != nil {
		return err
	}
	state := stellar.State{Config: &config}
	want, err := stellar.ExpectedTree(contract, call, state)
	if err != nil {
		return err
	}
	if want.Signer != nil && want.Signer.String() != s.Key.Address() {
		return fmt.Errorf("%s must be signed by %s, the key file holds the key of %s", call.Function(), want.Signer, s.Key.Address())
	}
	r, err := s.Call(ctx, contract, call, state)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s: done in ledger %d, transaction %s, fee %d stroops\n", call.Function(), r.Ledger, r.Hash, r.FeeCharged)
	return err
}

type proposeFeeCommand struct {
	adminFlags `embed:""`
	Bps        uint32 `required:"" help:"The fee in hundredths of a percent, at most 100."`
	Receiver   string `required:"" help:"Who receives fees from then on." placeholder:"G…"`
}

func (c *proposeFeeCommand) run(ctx context.Context, out io.Writer) error {
	receiver, err := anyAddress("--receiver", c.Receiver)
	if err != nil {
		return err
	}
	return c.call(ctx, out, escrow.CallProposeFee{Bps: c.Bps, Receiver: escrow.Address(receiver.String())})
}

type cancelFeeCommand struct {
	adminFlags `embed:""`
}

func (c *cancelFeeCommand) run(ctx context.Context, out io.Writer) error {
	return c.call(ctx, out, escrow.CallCancelFee{})
}

type pauseCommand struct {
	adminFlags `embed:""`
}

func (c *pauseCommand) run(ctx context.Context, out io.Writer) error {
	return c.call(ctx, out, escrow.CallPause{})
}

type unpauseCommand struct {
	adminFlags `embed:""`
}

func (c *unpauseCommand) run(ctx context.Context, out io.Writer) error {
	return c.call(ctx, out, escrow.CallUnpause{})
}

type proposeAdminCommand struct {
	adminFlags `embed:""`
	To         string `required:"" help:"The proposed admin." placeholder:"G…"`
}

func (c *proposeAdminCommand) run(ctx context.Context, out io.Writer) error {
	to, err := anyAddress("--to", c.To)
	if err != nil {
		return err
	}
	return c.call(ctx, out, escrow.CallProposeAdmin{To: escrow.Address(to.String())})
}

type acceptAdminCommand struct {
	adminFlags `embed:""`
}

func (c *acceptAdminCommand) run(ctx context.Context, out io.Writer) error {
	return c.call(ctx, out, escrow.CallAcceptAdmin{})
}

type setAnchorCommand struct {
	adminFlags `embed:""`
	Key        string `required:"" help:"The address of the anchor key." placeholder:"G…"`
}

func (c *setAnchorCommand) run(ctx context.Context, out io.Writer) error {
	key, err := anyAddress("--key", c.Key)
	if err != nil {
		return err
	}
	return c.call(ctx, out, escrow.CallSetAnchor{Key: escrow.Address(key.String())})
}

type anchorCommand struct {
	adminFlags `embed:""`
	Seq        uint64 `required:"" help:"Number of the log's last entry; above the one anchored last."`
	Hash       string `required:"" help:"Hash of that entry, 64 hex digits." placeholder:"HEX"`
}

func (c *anchorCommand) run(ctx context.Context, out io.Writer) error {
	hash, err := stellar.ParseHash(c.Hash)
	if err != nil {
		return fmt.Errorf("%w: --hash: %w", cli.ErrUsage, err)
	}
	return c.call(ctx, out, escrow.CallAnchor{Seq: c.Seq, Hash: escrow.Hash(hash)})
}
