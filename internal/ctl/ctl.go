package ctl

import (
	"context"
	"io"

	"github.com/Abdullahi130/StellarEscrow/internal/cli"
	"github.com/Abdullahi130/StellarEscrow/internal/deploy"
	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/images"
	"github.com/Abdullahi130/StellarEscrow/internal/ops/backup"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// ExitCode is what the program ends with after err: cli.ExitNotLooked when the network, database or place that was meant, or what was asked of it, could
// not be looked at, or the answer did not come.
func ExitCode(err error) int {
	return cli.ExitCode(err, guide.ErrNotEvidenced, rpc.ErrUnavailable, rpc.ErrAnswer, rpc.ErrRefused, rpc.ErrWrongNetwork, deploy.ErrNoAccount, errFuture,
		store.ErrUnavailable, backup.ErrPlace, backup.ErrNoKey, images.ErrUnresolved, context.Canceled, context.DeadlineExceeded)
}

type commands struct {
	Audit    auditCommand     `cmd:"" help:"Prove the hardening guide, clause by clause."`
	Contract contractCommands `cmd:"" help:"Deploy the contract, read it, and make the admin's calls."`
	Backup   backupCommands   `cmd:"" help:"Write backups of the store, and verify them."`
	Images   imagesCommands   `cmd:"" help:"Pin images by their digests, and say what is in ours."`
	Keys     keysCommands     `cmd:"" help:"Make keys of integrators and administrators."`
}

// command is what the chosen command can do.
type command interface {
	run(ctx context.Context, out io.Writer) error
}

// Run is the program: args without the program's name.
func Run(ctx context.Context, args []string, stdout io.Writer) error {
	return RunWithNotes(ctx, args, stdout, io.Discard)
}

// RunWithNotes is Run that says on notes, while that is a terminal, what it is waiting for.
func RunWithNotes(ctx context.Context, args []string, stdout, notes io.Writer) error {
	var c commands
	chosen, err := cli.Parse[command](cli.Program{Name: "escrowctl", Description: "The operator's tool of StellarEscrow. It exits with 0 when what was asked for is done or holds, 1 when it fails, 2 when it could not look, 3 when it was called wrongly."}, &c, args, stdout)
	if err != nil || chosen == nil {
		return err
	}
	c.Audit.notes = notes
	return (*chosen).run(ctx, stdout)
}
