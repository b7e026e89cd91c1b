package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

// Exit codes.
const (
	exitSame = iota
	exitDiffers
	exitMissing
	exitUsage
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// options are the command line.
type options struct {
	record bool
	from   string
	out    string
	note   string
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var o options
	flags := flag.NewFlagSet("reproduce", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.BoolVar(&o.record, "record", false, "write the committed files anew")
	flags.StringVar(&o.from, "from", "", "take what --out left in this `folder`, instead of building")
	flags.StringVar(&o.out, "out", "", "leave what was built in this `folder`")
	flags.StringVar(&o.note, "note", "", "write what could not be compared, and what to do about it, into this `file`")
	if err := flags.Parse(args); err != nil {
		return exitUsage
	}
	fail := func(code int, err error) int {
		fmt.Fprintln(stderr, "reproduce:", err)
		return code
	}
	root, err := findRoot(".")
	if err != nil {
		return fail(exitUsage, err)
	}
	all, err := artifacts(root)
	if err != nil {
		return fail(exitUsage, err)
	}
	chosen, err := choose(all, flags.Args())
	if err != nil {
		return fail(exitUsage, err)
	}
	compiler, err := toolchain(ctx)
	var missing *missingTool
	if errors.As(err, &missing) {
		return fail(exitMissing, err)
	}
	if err != nil {
		return fail(exitDiffers, err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return fail(exitMissing, fmt.Errorf("find a folder for what is built: %w", err))
	}
	r := reproduction{
		builder: builder{root: root, cache: filepath.Join(cache, "stellarescrow"), log: stderr},
		options: o, tools: compiler, cargoHome: cargoHome(), out: stdout,
	}
	return r.all(ctx, chosen)
}

func cargoHome() string {
	if dir := os.Getenv("CARGO_HOME"); dir != "" {
		return dir
	}
	return filepath.Join(os.Getenv("HOME"), ".cargo")
}

// reproduction builds artifacts and says how they compare.
type reproduction struct {
	builder
	options
	tools     string
	cargoHome string
	out       io.Writer
}

// verdict is how an artifact compares with what is committed.
type verdict int

const (
	same verdict = iota
	recorded
	otherCompiler // it differs, but it was also built by another compiler
	differs
)

// all goes through the artifacts, after a failure too, and returns the exit code.
func (r reproduction) all(ctx context.Context, list []artifact) int {
	code := exitSame
	var notCompared []string
	for _, a := range list {
		fmt.Fprintln(r.out, a.committed)
		v, err := r.one(ctx, a)
		switch {
		case err != nil:
			fmt.Fprintf(r.out, "  FAILED: %v\n", err)
			code = exitDiffers
		case v == differs:
			code = exitDiffers
		case v == otherCompiler:
			notCompared = append(notCompared, a.name)
		}
	}
	if len(notCompared) == 0 {
		return code
	}
	names := strings.Join(notCompared, " ")
	note := fmt.Sprintf("built by another compiler, not compared: %s\n"+
		"this is the compiler here, the recorded one stands in toolchain.txt beside each file:\n%s"+
		"to record them anew: go run ./internal/reproduce --record %s, then make test\n", names, indent(r.tools), names)
	fmt.Fprintf(r.out, "\n%s", note)
	if r.note != "" {
		if err := os.WriteFile(r.note, []byte(note), 0o644); err != nil {
			fmt.Fprintf(r.out, "FAILED: write that down: %v\n", err)
			return exitDiffers
		}
	}
	return code
}

func (r reproduction) one(ctx context.Context, a artifact) (verdict, error) {
	wasm, err := r.made(ctx, a)
	if err != nil {
		if recorded, rerr := os.ReadFile(filepath.Join(r.root, a.toolchain())); rerr == nil && string(recorded) != r.tools {
			err = fmt.Errorf("%w (with another compiler than the one in %s)", err, a.toolchain())
		}
		return differs, err
	}
	if r.options.out != "" {
		if err := r.leave(a, wasm); err != nil {
			return differs, err
		}
	}
	v, theirs := recorded, r.tools
	if r.record {
		if err := record(r.root, a, wasm, r.tools); err != nil {
			return differs, err
		}
		fmt.Fprintf(r.out, "  recorded %x\n", sha256.Sum256(wasm))
	} else {
		c, err := read(r.root, a)
		if err != nil {
			return differs, err
		}
		v, theirs = judge(r.out, wasm, c, r.tools), c.toolchain
	}
	if err := describe(r.out, wasm, readHostNames(r.root, a, r.cargoHome)); err != nil {
		return differs, err
	}
	// The standard library of another compiler consists of other crates: its licences are compared no more than its bytes.
	if a.licences != nil && theirs == r.tools {
		if err := r.checkLicences(ctx, a); err != nil {
			return differs, err
		}
	}
	return v, nil
}

// made is what was built, now or by an earlier call that left it.
func (r reproduction) made(ctx context.Context, a artifact) ([]byte, error) {
	if r.from == "" {
		return r.build(ctx, a)
	}
	wasm, err := os.ReadFile(filepath.Join(r.from, a.left()))
	if err != nil {
		return nil, fmt.Errorf("take what was built: %w", err)
	}
	return wasm, nil
}

// judge compares and prints what it found.
func judge(out io.Writer, built []byte, c committed, tools string) verdict {
	if bytes.Equal(built, c.wasm) {
		fmt.Fprintf(out, "  identical %x\n", sha256.Sum256(built))
		return same
	}
	v := differs
	if c.toolchain != tools {
		v = otherCompiler
		fmt.Fprintln(out, "  differs, and was built by another compiler")
	} else {
		fmt.Fprintln(out, "  DIFFERS from what its sources give with the recorded compiler")
	}
	for _, line := range difference(built, c.wasm) {
		fmt.Fprintf(out, "    %s\n", line)
	}
	return v
}

func (r reproduction) leave(a artifact, wasm []byte) error {
	if err := os.MkdirAll(r.options.out, 0o755); err != nil {
		return fmt.Errorf("leave %s in %s: %w", a.name, r.options.out, err)
	}
	if err := os.WriteFile(filepath.Join(r.options.out, a.left()), wasm, 0o644); err != nil {
		return fmt.Errorf("leave %s in %s: %w", a.name, r.options.out, err)
	}
	return nil
}

func indent(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString("  " + line)
	}
	return b.String()
}
