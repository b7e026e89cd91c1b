package ctl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/Abdullahi130/StellarEscrow/internal/deploy"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// errUsage is wrapped by errors in how the program was called.
var errUsage = errors.New("wrong usage")

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
	case errors.Is(err, errUsage):
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
	ended := false
	parser, err := kong.New(&c, kong.Name("escrowctl"), kong.Description("The operator's tool of StellarEscrow."),
		kong.Writers(stdout, stdout), kong.Exit(func(int) { ended = true }))
	if err != nil {
		return fmt.Errorf("read the command line: %w", err)
	}
	parsed, err := parser.Parse(args)
	if ended { // help was asked for, and printed
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w: %s; see escrowctl --help", errUsage, strings.TrimSpace(err.Error()))
	}
	chosen, ok := parsed.Selected().Target.Addr().Interface().(command)
	if !ok {
		return fmt.Errorf("%w: %s is not a command to run; see escrowctl --help", errUsage, parsed.Command())
	}
	return chosen.run(ctx, stdout)
}
