package ctl

import (
	"context"
	"fmt"
	"io"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/cli"
	"github.com/Abdullahi130/StellarEscrow/internal/deploy"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// extendCommand lets entries live longer. A trader's call extends the trade and the instance, but never the code, whose rent is for its size
// in memory (docs/contract-attacks.md D5): that is the operator's, and anyone's.
type extendCommand struct {
	contractFlags `embed:""`
	KeyFile       string `env:"STELLAR_KEY_FILE" help:"File with the secret key (S…) of the account that pays, whosever it is; readable by its owner only. Not needed with --dry-run." placeholder:"FILE"`
	Fee           bid    `help:"Bid in stroops above the cost of resources, 100 to 4294967295." default:"100"`
	Trade         string `help:"Extend this trade's entry instead, by the contract's own extend." placeholder:"ID"`
	DryRun        bool   `help:"Say what it would do and cost; nothing is signed or sent."`
}

// An extender is all that the command may change. The dry run is another one.
type extender interface {
	Extend(ctx context.Context, entries []deploy.Lifetime, ledgers uint32) (deploy.Receipt, error)
	Call(ctx context.Context, contract stellar.Address, call escrow.Call, state stellar.State) (deploy.Receipt, error)
	// report prints what became of it, and how long the subject lives then.
	report(ctx context.Context, out io.Writer, what subject, before deploy.Lifetimes, r deploy.Receipt) error
}

// payer really does it.
type payer struct{ *deploy.Sender }

func (payer) report(ctx context.Context, out io.Writer, what subject, _ deploy.Lifetimes, r deploy.Receipt) error {
	if r.Restored > 0 {
		fmt.Fprintf(out, "restored what was archived, for %s XLM of the fee\n", amount.Stroops(r.Restored))
	}
	fmt.Fprintf(out, "extend: %s\n", done(r))
	after, err := what.lives(ctx)
	if err != nil {
		return err
	}
	printLifetimes(out, shownLifetimes(after))
	return nil
}

// dryRun changes nothing.
type dryRun struct{ deploy.DryRun }

func (dryRun) report(_ context.Context, out io.Writer, _ subject, before deploy.Lifetimes, r deploy.Receipt) error {
	if r.Restored > 0 {
		fmt.Fprintf(out, "what is archived would be restored for about %s XLM; what extending it costs, the network says only then\n", amount.Stroops(r.Restored))
	}
	fmt.Fprintf(out, "extend: nothing was sent; the fee would be about %s XLM\n", amount.Stroops(r.FeeCharged))
	until := before.At.Sequence + before.Most
	for _, e := range before.Entries {
		fmt.Fprintf(out, "%-13s would live until ledger %d, about %s\n", e.What, until, when(about(before.At, until)))
	}
	return nil
}

// done is what a ledger included.
func done(r deploy.Receipt) string {
	return fmt.Sprintf("done in ledger %d, transaction %s, fee %s XLM", r.Ledger, r.Hash, amount.Stroops(r.FeeCharged))
}

func (c *extendCommand) run(ctx context.Context, out io.Writer) error {
	var id *escrow.ID
	if c.Trade != "" {
		hash, err := stellar.ParseHash(c.Trade)
		if err != nil {
			return fmt.Errorf("%w: --trade: %w", cli.ErrUsage, err)
		}
		id = (*escrow.ID)(&hash)
	}
	extender, err := c.extender()
	if err != nil {
		return err
	}
	client, contract, err := c.open(ctx)
	if err != nil {
		return err
	}
	if id != nil {
		return extend(ctx, out, extender(client), tradeEntry{client, contract, *id})
	}
	return extend(ctx, out, extender(client), contractEntries{client, contract})
}

// extender is who extends, once there is a client.
func (c *extendCommand) extender() (func(*rpc.Client) extender, error) {
	if c.DryRun {
		return func(client *rpc.Client) extender {
			return dryRun{deploy.DryRun{Client: client, InclusionFee: int64(c.Fee)}}
		}, nil
	}
	if c.KeyFile == "" {
		return nil, fmt.Errorf("%w: --key-file: name the file with the key of the account that pays, or ask for a --dry-run", cli.ErrUsage)
	}
	key, err := keyFlags{c.KeyFile, c.Fee}.key()
	return func(client *rpc.Client) extender {
		return payer{&deploy.Sender{Client: client, Key: key, InclusionFee: int64(c.Fee)}}
	}, err
}

// A subject is what lives on, and how it is made to.
type subject interface {
	lives(context.Context) (deploy.Lifetimes, error)
	extend(context.Context, extender, deploy.Lifetimes) (deploy.Receipt, error)
}

// extend prints the lifetimes before and after.
func extend(ctx context.Context, out io.Writer, by extender, what subject) error {
	before, err := what.lives(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "at ledger %d, %s:\n", before.At.Sequence, when(before.At.CloseTime))
	printLifetimes(out, shownLifetimes(before))
	before.Entries = worthwhile(before)
	if len(before.Entries) == 0 {
		_, err := fmt.Fprintln(out, "extend: that is as long as the network allows; nothing was sent")
		return err
	}
	receipt, err := what.extend(ctx, by, before)
	if err != nil {
		return err
	}
	return by.report(ctx, out, what, before, receipt)
}

// worthwhile are the entries that gain a day at least: an extension by less would be paid for again and again.
func worthwhile(l deploy.Lifetimes) (entries []deploy.Lifetime) {
	for _, e := range l.Entries {
		if uint64(e.LiveUntil)+dayOfLedgers <= uint64(l.At.Sequence)+uint64(l.Most) {
			entries = append(entries, e)
		}
	}
	return entries
}

// contractEntries are the contract's code and instance.
type contractEntries struct {
	client   *rpc.Client
	contract stellar.Address
}

func (s contractEntries) lives(ctx context.Context) (deploy.Lifetimes, error) {
	return deploy.ReadLifetimes(ctx, s.client, s.contract)
}

func (s contractEntries) extend(ctx context.Context, by extender, l deploy.Lifetimes) (deploy.Receipt, error) {
	return by.Extend(ctx, l.Entries, l.Most)
}

// tradeEntry is the entry of one trade. The contract extends it itself: it knows how far the network allows, and that there is such a trade.
type tradeEntry struct {
	client   *rpc.Client
	contract stellar.Address
	id       escrow.ID
}

func (s tradeEntry) lives(ctx context.Context) (deploy.Lifetimes, error) {
	return deploy.ReadTradeLifetime(ctx, s.client, s.contract, s.id)
}

func (s tradeEntry) extend(ctx context.Context, by extender, _ deploy.Lifetimes) (deploy.Receipt, error) {
	return by.Call(ctx, s.contract, escrow.CallExtend{ID: s.id}, stellar.State{})
}
