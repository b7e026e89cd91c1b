package ctl

import (
	"context"
	"fmt"
	"io"

	"github.com/Abdullahi130/StellarEscrow/internal/cli"
	"github.com/Abdullahi130/StellarEscrow/internal/deploy"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// An adminCommand makes one of the platform's own calls: its flags are those of the call's arguments, and what each of the calls needs.
type adminCommand[A arguments] struct {
	contractFlags `embed:""`
	keyFlags      `embed:""`
	Arguments     A `embed:""`
}

// arguments are flags that make a call.
type arguments interface {
	call() (escrow.Call, error)
}

// cautious are arguments that one may regret, looking at how the contract is configured.
type cautious interface {
	regret(escrow.Config) error
}

// run makes the call and prints what it did. It is compared with the configuration first, so that the wrong key is told so before anything
// is sent, and nothing is sent that changes nothing.
func (c *adminCommand[A]) run(ctx context.Context, out io.Writer) error {
	call, err := c.Arguments.call()
	if err != nil {
		return err
	}
	key, err := c.key()
	if err != nil {
		return err
	}
	client, contract, err := c.open(ctx)
	if err != nil {
		return err
	}
	s := &deploy.Sender{Client: client, Key: key, InclusionFee: int64(c.Fee)}
	found, err := look(ctx, client, contract)
	if err != nil {
		return err
	}
	state := stellar.State{Config: &found.Config}
	want, err := stellar.ExpectedTree(contract, call, state)
	if err != nil {
		return err
	}
	if want.Signer != nil && want.Signer.String() != s.Key.Address() {
		return fmt.Errorf("%s must be signed by %s, the key file holds the key of %s", call.Function(), want.Signer, s.Key.Address())
	}
	if a, ok := any(c.Arguments).(cautious); ok {
		if err := a.regret(found.Config); err != nil {
			return fmt.Errorf("%s: %w", call.Function(), err)
		}
	}
	if stands := already(found.Config, call); stands != "" {
		_, err := fmt.Fprintf(out, "%s: %s; nothing was sent\n", call.Function(), stands)
		return err
	}
	r, err := s.Call(ctx, contract, call, state)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s: %s\n", call.Function(), done(r))
	return err
}

// plain are the arguments of a call that has none.
type plain[C escrow.Call] struct{}

func (plain[C]) call() (escrow.Call, error) {
	var c C
	return c, nil
}

type proposeFee struct {
	Bps      uint32 `required:"" help:"The fee in hundredths of a percent, at most 100."`
	Receiver string `required:"" help:"Who receives fees from then on." placeholder:"G…"`
}

func (a proposeFee) call() (escrow.Call, error) {
	receiver, err := anyAddress("--receiver", a.Receiver)
	return escrow.CallProposeFee{Bps: a.Bps, Receiver: escrow.Address(receiver.String())}, err
}

type proposeAdmin struct {
	To string `required:"" help:"The proposed admin." placeholder:"G…"`
}

func (a proposeAdmin) call() (escrow.Call, error) {
	to, err := anyAddress("--to", a.To)
	return escrow.CallProposeAdmin{To: escrow.Address(to.String())}, err
}

type setAnchor struct {
	Key string `required:"" help:"The address of the anchor key." placeholder:"G…"`
}

func (a setAnchor) call() (escrow.Call, error) {
	key, err := anyAddress("--key", a.Key)
	return escrow.CallSetAnchor{Key: escrow.Address(key.String())}, err
}

type anchor struct {
	Seq  uint64 `required:"" help:"Number of the log's last entry; above the one anchored last, by at most a million."`
	Hash string `required:"" help:"Hash of that entry, 64 hex digits." placeholder:"HEX"`
	Far  bool   `help:"The log really has more than a million entries since the one anchored last."`
}

// maxStep is how many entries of the log one anchor may cover without being told that they are so many: some days of a busy platform.
const maxStep = 1_000_000

// regret refuses a number that is probably mistyped: the contract takes any that is higher, and from then on none that is not.
func (a anchor) regret(c escrow.Config) error {
	last := c.Anchored.Seq
	if a.Far || a.Seq <= last || a.Seq-last <= maxStep {
		return nil
	}
	return fmt.Errorf("--seq: the last anchored is %d, and %d is more than %d above it: it can only rise, so no entry up to %d could be anchored in this contract any more; if the log has that many, say --far",
		last, a.Seq, maxStep, a.Seq)
}

func (a anchor) call() (escrow.Call, error) {
	hash, err := stellar.ParseHash(a.Hash)
	if err != nil {
		return nil, fmt.Errorf("%w: --hash: %w", cli.ErrUsage, err)
	}
	return escrow.CallAnchor{Seq: a.Seq, Hash: escrow.Hash(hash)}, nil
}
