package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/Abdullahi130/StellarEscrow/internal/cli"
)

// environment is what a target is given from outside.
type environment struct {
	stdout io.Writer    // what was asked for
	stderr io.Writer    // progress, for people
	log    *slog.Logger // what happened, for machines
}

// The commands. `dev` and `demo` are made of the parts that the others are.
type commands struct {
	Dev      devConfig      `cmd:"" help:"The platform on this machine: a local Stellar network with USDC, the deployed contract, funded demo accounts, indexer, api and page. Nothing to install."`
	Demo     demoConfig     `cmd:"" help:"Plays four trades through the HTTP API of a platform of its own, and shows every step and balance."`
	Indexer  indexerTargets `cmd:"" help:"Follows the escrow contracts into a store, and is the platform's only way out to the network."`
	API      apiConfig      `cmd:"" name:"api" help:"The public HTTP API, on the store and through the indexer."`
	Client   clientConfig   `cmd:"" help:"The page that browsers get, with its headers. It reaches nothing."`
	Health   healthConfig   `cmd:"" help:"Ask the part that runs in this container whether it is well. Ends with 0 if it is, 1 if it is not or does not answer within two seconds."`
	Refusals refusalsConfig `cmd:"" help:"Count for Prometheus what nginx refuses by itself; it runs beside nginx."`
	Localnet localnetConfig `cmd:"" help:"A local Stellar network with the real Soroban host, friendbot and a USDC asset, for any contract."`

	LogLevel slog.Level `help:"Least severe log lines shown on standard error: debug, info, warn or error." default:"warn"`
}

// indexerTargets are the indexer, and what can be asked of its store.
type indexerTargets struct {
	Run       indexerConfig   `cmd:"" default:"withargs" help:"Follow, and serve the relay. This is what happens without a further word."`
	StateHash stateHashConfig `cmd:"" help:"One hash over every trade that is stored, the same whatever engine keeps them."`
	Rebuild   rebuildConfig   `cmd:"" help:"Project every stored event anew, beside what is there, and put the result in its place."`
	Verify    verifyConfig    `cmd:"" help:"Compare what is stored with what the contracts store. Ends with 0 if all is well, 1 if something is not, 2 if it could not look."`
}

// ErrNotLooked is wrapped by the errors of a comparison that could not be made: it says nothing about what is compared.
var ErrNotLooked = errors.New("could not look")

// ExitCode is what the program ends with after err: cli.ExitNotLooked if a comparison could not be made.
func ExitCode(err error) int { return cli.ExitCode(err, ErrNotLooked) }

// target is what each command's configuration can do.
type target interface {
	// Validate reports everything that is wrong with the configuration, each with the flag's name.
	Validate() error
	// run starts the target and returns when ctx ends or it fails.
	run(ctx context.Context, env environment) error
}

// job is a target that comes to an end by itself: one that is stopped before that must not end as if it were done.
type job interface{ job() }

func (*rebuildConfig) job()   {}
func (*verifyConfig) job()    {}
func (*stateHashConfig) job() {}

// Run is the program: args without the program's name. It returns when the command is done, or when ctx ends, which is no error. Errors in
// how it was called wrap cli.ErrUsage.
func Run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var c commands
	chosen, err := cli.Parse[target](cli.Program{Name: "stellarescrow", Description: "Escrow for trades in USDC on Stellar."}, &c, args, stdout)
	if err != nil || chosen == nil {
		return err
	}
	env := environment{stdout: stdout, stderr: stderr, log: slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: c.LogLevel}))}
	err = (*chosen).run(ctx, env)
	if err == nil || ctx.Err() == nil || !errors.Is(err, context.Canceled) {
		return err
	}
	if _, ok := (*chosen).(job); ok {
		return fmt.Errorf("%w: it was stopped before it was done", ErrNotLooked)
	}
	return nil
}
