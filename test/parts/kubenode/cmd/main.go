//go:build linux

// Command cmd builds the programs of a Kubernetes node, and starts one for a human:
//
//	go run ./test/parts/kubenode/cmd build [NAME…]       what is not built yet (programs.All), into the user's cache
//	go run ./test/parts/kubenode/cmd up [--sync 10s] [--keep]
//	                                                     a node, until control-C; says where its folder DIR is
//	go run ./test/parts/kubenode/cmd in DIR COMMAND…     a command inside it: kubectl get pods -A
//
// It exits with 0 if all went well, with the command's own code after in, else with 1, and with 3 if it was called wrongly.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/Abdullahi130/StellarEscrow/test/parts/kubenode/cluster"
	"github.com/Abdullahi130/StellarEscrow/test/parts/kubenode/programs"
)

// Exit codes.
const (
	exitFailed = 1
	exitUsage  = 3
)

const usage = "say build [NAME…], up [--sync 10s] [--keep], or in DIR COMMAND…"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, out, stderr io.Writer) int {
	err := errors.New(usage)
	code := exitUsage
	if len(args) > 0 {
		switch args[0] {
		case "build":
			code, err = exitFailed, build(ctx, args[1:], out)
		case "up":
			code, err = up(ctx, args[1:], out, stderr)
		case "in":
			if len(args) >= 3 {
				code, err = in(ctx, args[1], args[2], args[3:])
			}
		}
	}
	if err != nil {
		fmt.Fprintln(stderr, "kubenode:", err)
		return code
	}
	return 0
}

func build(ctx context.Context, names []string, out io.Writer) error {
	cache, err := programs.Open(ctx)
	if err != nil {
		return err
	}
	return cache.Build(ctx, out, names...)
}

func up(ctx context.Context, args []string, out, stderr io.Writer) (code int, err error) {
	flags := flag.NewFlagSet("up", flag.ContinueOnError)
	flags.SetOutput(stderr)
	sync := flags.Duration("sync", 10*time.Second, "how `soon` a changed Secret reaches the files of pods")
	stays := flags.Bool("keep", false, "leave the folder, with its logs, in the end")
	if err := flags.Parse(args); err != nil || flags.NArg() > 0 {
		return exitUsage, errors.New(usage)
	}
	found, err := cluster.Find(ctx)
	if err != nil {
		return exitFailed, err
	}
	dir, err := os.MkdirTemp("", "kubenode-*")
	if err != nil {
		return exitFailed, err
	}
	defer func() {
		if !*stays {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	bin := filepath.Join(dir, "bin")
	if err := programs.Quick(ctx, bin, "pause", "keep/keeper"); err != nil {
		return exitFailed, err
	}
	found["pause"], found["keeper"] = filepath.Join(bin, "pause"), filepath.Join(bin, "keeper")
	began := time.Now()
	node, err := cluster.StartNode(ctx, cluster.Config{Dir: dir, Stays: *stays, Programs: found, Now: began, Sync: *sync})
	if err != nil {
		return exitFailed, err
	}
	fmt.Fprintf(out, "Ready after %.1f s. Until control-C, from another terminal:\n\n  go run ./test/parts/kubenode/cmd in %s kubectl get pods -A\n\n", time.Since(began).Seconds(), dir)
	<-ctx.Done()
	return exitFailed, node.Stop()
}

// in runs a command with this process's streams.
func in(ctx context.Context, dir, name string, args []string) (code int, err error) {
	place, err := cluster.Enter(dir)
	if err != nil {
		return exitFailed, err
	}
	cmd, err := place.Command(ctx, name, args...)
	if err != nil {
		return exitFailed, err
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := place.Inside(cmd.Start); err != nil {
		return exitFailed, fmt.Errorf("start %s: %w", name, err)
	}
	err = cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() > 0 {
		return exit.ExitCode(), fmt.Errorf("%s: %w", name, err)
	}
	return exitFailed, err
}
