package ctl

import (
	"context"
	"errors"
	"io"

	"github.com/Abdullahi130/StellarEscrow/internal/cli"
	"github.com/Abdullahi130/StellarEscrow/internal/deploy"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// Exit codes, the same in every command and output format.
const (
	exitHolds   = 0
	exitFails   = 1
	exitNoLook  = 2
	exitMisused = 3
)

// ExitCode is the code that a command which ended with err exits with: 3 when it was called wrongly, 2 when the network could not be asked,
// 1 for everything else that went wrong.
func ExitCode(err error) int {
	switch {
	case err == nil:
		return exitHolds
	case errors.Is(err, cli.ErrUsage):
		return exitMisused
	case errors.Is(err, rpc.ErrUnavailable), errors.Is(err, rpc.ErrAnswer), errors.Is(err, deploy.ErrNoAccount):
		return exitNoLook
	}
	return exitFails
}

type commands struct {
	Contract contractCommands `cmd:"" help:"Deploy the contract, read it, and make the admin's calls."`
}

// command is what the chosen command can do.
type command interface {
	run(ctx context.Context, out io.Writer) error
}

// Run is the program: args without the program's name.
func Run(ctx context.Context, args []string, stdout io.Writer) error {
	var c commands
	chosen, err := cli.Parse[command](cli.Program{Name: "escrowctl", Description: "The operator's tool of StellarEscrow."}, &c, args, stdout)
	if err != nil || chosen == nil {
		return err
	}
	return (*chosen).run(ctx, stdout)
}
