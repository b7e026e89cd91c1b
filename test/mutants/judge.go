package mutants

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/procgroup"
)

// Mutant is the contract with a change in one file.
type Mutant struct {
	Name   string
	File   string // below contract/
	change func(text string) (string, error)
}

// Verdict is what became of a mutant.
type Verdict struct {
	Killer string // the test that failed, or "": it survived
	// Of a change that the compiler refuses: what it says. Such a mutant is nobody's mistake to make.
	Refused       string
	Built, Tested time.Duration // of the processor
}

// round is what is built of the contract, which tests of it are run, and for how much of the processor's time at most: what does not end is
// told from the contract by that. The contract itself takes a fifth of it at most.
type round struct {
	build, run []string
	most       time.Duration
}

var (
	ofEscrow = []string{"--workspace", "--test=escrow"}
	// Built with a package that has no unit tests, but asks for what the whole workspace does of others' crates: with other features those
	// would all be built once more.
	ofRules = []string{"--package=stellar-escrow-rules", "--package=stellar-escrow-fuzz", "--lib"}
)

// The unit tests of the rules are built in a third of the time; they find what is wrong in their own files.
var units = round{ofRules, nil, 20 * time.Second}

// The rounds in their order: what finds most for its time comes first. The last is whatever is in none before it.
var rounds = []round{
	{ofEscrow, []string{"stories::"}, 20 * time.Second},
	{ofEscrow, []string{"ids::", "tokens::", "lifetimes::"}, 20 * time.Second},
	{ofEscrow, []string{"owners::", "--skip=parked_on_purpose"}, 20 * time.Second},
	units,
	{ofEscrow, []string{"invariants::"}, 2 * time.Minute},
	{ofEscrow, []string{"owners::parked_on_purpose"}, 2 * time.Minute},
	{ofEscrow, []string{"--skip=stories::", "--skip=ids::", "--skip=tokens::", "--skip=lifetimes::", "--skip=owners::", "--skip=invariants::"}, time.Minute},
}

// roundsOf are the rounds for a mutant of this file.
func roundsOf(file string) []round {
	if !strings.Contains(file, "#[cfg(test)]") {
		return rounds
	}
	return append([]round{units}, slices.DeleteFunc(slices.Clone(rounds), func(r round) bool { return slices.Equal(r.build, ofRules) })...)
}

// Judge builds the mutant and runs the tests on it, until the first one fails. The copy is mended afterwards.
func (w *Workshop) Judge(ctx context.Context, m Mutant) (v Verdict, err error) {
	path := filepath.Join(w.Contract, filepath.FromSlash(m.File))
	text, err := os.ReadFile(path)
	if err != nil {
		return Verdict{}, fmt.Errorf("make %s: %w", m.Name, err)
	}
	changed, err := m.change(string(text))
	if err != nil {
		return Verdict{}, fmt.Errorf("make %s: %w", m.Name, err)
	}
	if err := os.WriteFile(path, []byte(changed), 0o644); err != nil {
		return Verdict{}, fmt.Errorf("make %s: %w", m.Name, err)
	}
	defer func() { err = errors.Join(err, os.WriteFile(path, text, 0o644)) }()
	v, err = w.test(ctx, roundsOf(changed))
	if err != nil {
		return Verdict{}, fmt.Errorf("judge %s: %w", m.Name, err)
	}
	return v, nil
}

// Healthy is nil if the contract itself passes all tests: only then a failure says something of a mutant. What has passed once is not tested again.
func (w *Workshop) Healthy(ctx context.Context) error {
	sum, err := w.sum()
	if err != nil {
		return err
	}
	kept := filepath.Join(w.dir, "healthy")
	if last, err := os.ReadFile(kept); err == nil && string(last) == sum {
		return nil
	}
	v, err := w.test(ctx, rounds)
	switch {
	case err != nil:
		return fmt.Errorf("test the contract itself: %w", err)
	case v.Refused != "":
		return fmt.Errorf("the contract itself does not build:\n%s", v.Refused)
	case v.Killer != "":
		return fmt.Errorf("the contract itself fails %s: mend that first", v.Killer)
	}
	if err := os.WriteFile(kept, []byte(sum), 0o644); err != nil {
		return fmt.Errorf("note that the contract itself passes: %w", err)
	}
	return nil
}

func (w *Workshop) test(ctx context.Context, rounds []round) (v Verdict, err error) {
	programs := map[string][]program{}
	for _, r := range rounds {
		kind := strings.Join(r.build, " ")
		if programs[kind] == nil {
			built, took, err := w.build(ctx, r.build)
			v.Built += took
			var refused *refusedError
			if errors.As(err, &refused) {
				v.Refused = refused.said
				return v, nil
			}
			if err != nil {
				return v, err
			}
			programs[kind] = built
		}
		for _, p := range programs[kind] {
			took, err := runFirst(ctx, p, r.run, r.most, w.env, w.out)
			v.Tested += took
			var killed *KilledError
			if errors.As(err, &killed) {
				v.Killer = killed.Test
				return v, nil
			}
			if err != nil {
				return v, err
			}
		}
	}
	return v, nil
}

// Ours without optimising: it is built hundreds of times, and run once each. All else, the host above all, is as in other tests.
var plain = []string{
	"--config=profile.dev.package.stellar-escrow-rules.opt-level=0",
	"--config=profile.dev.package.stellar-escrow-rulebook.opt-level=0",
	"--config=profile.dev.package.stellar-escrow.opt-level=0",
}

// A program of tests that cargo has built, and the folder of its package.
type program struct{ path, dir string }

// refusedError is what the compiler says.
type refusedError struct{ said string }

func (e *refusedError) Error() string { return "it does not compile:\n" + e.said }

func (w *Workshop) build(ctx context.Context, args []string) (built []program, took time.Duration, err error) {
	all := slices.Concat([]string{"test", "--locked", "--quiet", "--no-run", "--message-format=json-render-diagnostics"}, plain, args)
	cmd := procgroup.Command(ctx, Cargo, all...)
	var said, artifacts bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = w.Contract, w.env, &artifacts, io.MultiWriter(&said, w.out)
	err = procgroup.Run(cmd)
	took = processorTime(cmd)
	if err != nil && ctx.Err() == nil && bytes.Contains(said.Bytes(), []byte("could not compile")) {
		return nil, took, &refusedError{said.String()}
	}
	if err != nil {
		return nil, took, fmt.Errorf("cargo test --no-run: %w\n%s", err, bytes.TrimSpace(said.Bytes()))
	}
	for lines := json.NewDecoder(&artifacts); ; {
		var artifact struct {
			Manifest   string `json:"manifest_path"`
			Executable string
		}
		err := lines.Decode(&artifact)
		switch {
		case errors.Is(err, io.EOF) && built == nil:
			return nil, took, fmt.Errorf("cargo test --no-run %v has built no program of tests", args)
		case errors.Is(err, io.EOF):
			return built, took, nil
		case err != nil:
			return nil, took, fmt.Errorf("read what cargo has built: %w", err)
		case artifact.Executable != "":
			built = append(built, program{artifact.Executable, filepath.Dir(artifact.Manifest)})
		}
	}
}
