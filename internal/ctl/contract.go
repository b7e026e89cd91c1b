package ctl

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/Abdullahi130/StellarEscrow/internal/deploy"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

type contractCommands struct {
	Deploy        deployCommand                               `cmd:"" help:"Upload the contract's code and create it; what stands already is left as it is."`
	AssetContract assetCommand                                `cmd:"" help:"Make the network's own contract of an asset, if it has none yet; trades are made through it. Anyone may, who pays for it."`
	Info          infoCommand                                 `cmd:"" help:"What the contract is, how it is configured now, and until when its code and instance live."`
	Terms         termsCommand                                `cmd:"" help:"The exact terms of a trade, from the chain alone: whoever has them can move the trade's money without us."`
	Extend        extendCommand                               `cmd:"" help:"Let the contract's code and instance, or a trade, live as long as the network allows; archived ones are restored. Anyone may, who pays for it."`
	ProposeFee    adminCommand[proposeFee]                    `cmd:"" help:"Propose a fee and its receiver; both are in force after the contract's delay."`
	CancelFee     adminCommand[plain[escrow.CallCancelFee]]   `cmd:"" help:"Take back a proposed fee that is not in force yet."`
	Pause         adminCommand[plain[escrow.CallPause]]       `cmd:"" help:"Stop open, accept and fund. No way out of a trade stops."`
	Unpause       adminCommand[plain[escrow.CallUnpause]]     `cmd:"" help:"Let open, accept and fund go on."`
	ProposeAdmin  adminCommand[proposeAdmin]                  `cmd:"" help:"Propose another admin; nothing changes until that one accepts."`
	AcceptAdmin   adminCommand[plain[escrow.CallAcceptAdmin]] `cmd:"" help:"Become the admin, with the key that was proposed."`
	SetAnchor     adminCommand[setAnchor]                     `cmd:"" help:"Name the key that anchors the audit log's head, and can do nothing else."`
	Anchor        adminCommand[anchor]                        `cmd:"" help:"Anchor the audit log's head, with the anchor key."`
}

// contractFlags name a deployed contract and a node that knows it: what every command about one needs.
type contractFlags struct {
	networkFlags `embed:""`
	contractFlag `embed:""`
}

func (f contractFlags) open(ctx context.Context) (*rpc.Client, stellar.Address, error) {
	contract, err := f.address()
	if err != nil {
		return nil, contract, err
	}
	client, err := f.client(ctx)
	return client, contract, err
}

type infoCommand struct {
	contractFlags `embed:""`
	JSON          bool   `name:"json" help:"Print JSON."`
	WarnDays      uint32 `help:"Fail (exit code 1) if the code or the instance lives for fewer days than this." default:"30" placeholder:"N"`
}

func (c *infoCommand) run(ctx context.Context, out io.Writer) error {
	client, contract, err := c.open(ctx)
	if err != nil {
		return err
	}
	found, err := look(ctx, client, contract)
	if err != nil {
		return err
	}
	lives, err := deploy.ReadLifetimes(ctx, client, contract)
	if err != nil {
		return err
	}
	found.Lifetimes = shownLifetimes(lives)
	if err := found.print(out, c.JSON); err != nil {
		return err
	}
	return longEnough(lives, c.WarnDays)
}

// look reads what stands at an address.
func look(ctx context.Context, c *rpc.Client, contract stellar.Address) (shownContract, error) {
	code, err := deploy.CodeOf(ctx, c, contract)
	if err != nil {
		return shownContract{}, err
	}
	if code == nil {
		return shownContract{}, fmt.Errorf("--contract=%s: nothing stands at this address on %q", contract, c.Network().Passphrase())
	}
	config, err := deploy.ReadConfig(ctx, c, contract)
	if errors.Is(err, deploy.ErrFailed) {
		err = fmt.Errorf("--contract=%s: what stands there, code %s, is no escrow contract: %w", contract, code, err)
	}
	return shownContract{Contract: contract.String(), CodeHash: *code, Config: config}, err
}

type shownContract struct {
	Contract  string          `json:"contract"`
	CodeHash  stellar.Hash    `json:"code_sha256"`
	Config    escrow.Config   `json:"config"`
	Lifetimes []shownLifetime `json:"lifetimes,omitempty"`
}

func (s shownContract) print(out io.Writer, asJSON bool) error {
	if asJSON {
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		return enc.Encode(s)
	}
	c := s.Config
	state := "open for new trades"
	if c.Paused {
		state = "paused: no open, accept or fund; every way out works"
	}
	fmt.Fprintf(out, "contract      %s\ncode sha256   %s\nstate         %s\nadmin         %s\nfee           %d bps to %s\n",
		s.Contract, s.CodeHash, state, c.Admin, c.FeeBps, c.FeeReceiver)
	if c.PendingAdmin != nil {
		fmt.Fprintf(out, "new admin     %s, once it accepts\n", *c.PendingAdmin)
	}
	if p := c.PendingFee; p != nil {
		fmt.Fprintf(out, "new fee       %d bps to %s from %s on\n", p.Bps, p.Receiver, when(p.Effective))
	}
	if c.AnchorKey != nil {
		fmt.Fprintf(out, "anchor key    %s, last anchored %d %s\n", *c.AnchorKey, c.Anchored.Seq, c.Anchored.Hash)
	}
	printLifetimes(out, s.Lifetimes)
	l := c.Limits
	_, err := fmt.Fprintf(out, "windows       inspection %s, offers %s, ruling %s, appeal %s\n              delivery at least %s after funding, life at most %s, fee changes after %s\n",
		between(l.InspectionMin, l.InspectionMax), between(l.OffersMin, l.OffersMax), between(l.RulingMin, l.RulingMax), between(l.AppealMin, l.AppealMax),
		span(l.MinDelivery), span(l.LongestLife), span(l.FeeDelay))
	return err
}
