package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/procgroup"
)

// A missing part ends a stage without a verdict.
type missing struct{ part, install string }

func (m missing) Error() string { return fmt.Sprintf("%s is missing: %s", m.part, m.install) }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "run:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("run", flag.ContinueOnError)
	partsFlag := flags.String("parts", "optional", "optional: a missing part is a skip; required: a failure")
	part := flags.String("part", "", "run this stage only")
	prove := flags.Bool("prove", false, "instead of the stages, run what is too long for every run, going on where an earlier run stopped")
	fuzz := flags.String("fuzz", "", "instead of the stages, run every fuzz target for this long")
	bench := flags.Bool("bench", false, "instead of the stages, run the benchmarks, going on where an earlier run stopped")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *partsFlag != "optional" && *partsFlag != "required" {
		return fmt.Errorf("-parts=%s: say optional or required", *partsFlag)
	}
	s := suite{out: out, required: *partsFlag == "required", cargo: "/usr/bin/cargo", cache: cacheDir(), notes: new([]string)}
	if *prove {
		return s.proveAll(ctx, *part)
	}
	if *bench {
		return s.benchAll(ctx, *part)
	}
	if *fuzz != "" {
		return s.fuzzAll(ctx, *fuzz, *part)
	}
	return s.runAll(ctx, *part)
}

func cacheDir() string {
	base := os.Getenv("XDG_CACHE_HOME")
	if base == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			home = os.TempDir()
		}
		base = filepath.Join(home, ".cache")
	}
	return filepath.Join(base, "stellarescrow")
}

type suite struct {
	out      io.Writer
	required bool
	cargo    string // Debian's: the path of another would build other bytes
	cache    string
	notes    *[]string // to be read last, below the summary
}

// runAll runs the stages in their order, or the one named, and goes on after a failure so that one run shows everything.
func (s suite) runAll(ctx context.Context, only string) error {
	var passed, failed, skipped int
	var lines []string
	for _, st := range stages {
		if only != st.name && (only != "" || st.onlyByName) {
			continue
		}
		if ctx.Err() != nil {
			return fmt.Errorf("stopped before %s: %w", st.name, context.Cause(ctx))
		}
		fmt.Fprintf(s.out, "--- %s: %s\n", st.name, st.about)
		start := time.Now()
		err := st.do(ctx, s)
		verdict := "ok"
		var m missing
		switch {
		case err == nil:
			passed++
		case errors.As(err, &m) && !s.required:
			skipped++
			verdict = "skipped: " + m.Error()
		default:
			failed++
			verdict = "FAILED: " + err.Error()
		}
		lines = append(lines, fmt.Sprintf("%-12s %7.1fs  %s", st.name, time.Since(start).Seconds(), verdict))
	}
	if len(lines) == 0 {
		return fmt.Errorf("no stage is called %q; there are %s", only, strings.Join(stageNames(), ", "))
	}
	fmt.Fprintf(s.out, "\nstages:\n%s\n%d passed, %d failed, %d skipped\n", strings.Join(lines, "\n"), passed, failed, skipped)
	for _, note := range *s.notes {
		fmt.Fprintln(s.out, note)
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d stages failed", failed, len(lines))
	}
	return nil
}

// command runs a program in dir with the suite's environment; its output goes where the suite's does.
func (s suite) command(ctx context.Context, dir string, env []string, name string, args ...string) error {
	cmd := procgroup.Command(ctx, name, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, s.out, s.out
	cmd.Env = append(os.Environ(), env...)
	if s.required {
		cmd.Env = append(cmd.Env, "STELLARESCROW_PARTS=required")
	}
	if err := procgroup.Run(cmd); err != nil {
		return fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
	}
	return nil
}

// tool returns the path of a Go tool pinned in test/tools, built into the cache.
func (s suite) tool(ctx context.Context, name string) (string, error) {
	bin, err := filepath.Abs(filepath.Join(s.cache, "bin"))
	if err != nil {
		return "", err
	}
	if err := s.command(ctx, "test/tools", []string{"GOBIN=" + bin}, "go", "install", "tool"); err != nil {
		return "", err
	}
	return filepath.Join(bin, name), nil
}
