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
	"regexp"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/procgroup"
	"github.com/Abdullahi130/StellarEscrow/test/parts/cache"
)

const (
	toolName = "cargo-mutants"
	// ToolVersion is the one whose list docs/proof.md argues about. The tool is asked for its list alone: what it would change is built and tested as
	// our own list is.
	ToolVersion = "27.1.0"
)

// UnreachableError says that cargo-mutants could not be had.
type UnreachableError struct{ Err error }

func (e *UnreachableError) Error() string {
	return "install " + toolName + " " + ToolVersion + ": " + e.Err.Error()
}

// Unwrap is what cargo said.
func (e *UnreachableError) Unwrap() error { return e.Err }

// Tool is the path of cargo-mutants, which is built the first time. The error may be an UnreachableError.
func Tool(ctx context.Context, out io.Writer) (string, error) {
	folder, err := cache.Folder(filepath.Join("mutants", toolName+"-"+ToolVersion))
	if err != nil {
		return "", err
	}
	unlock, err := cache.Lock(ctx, filepath.Join(folder, "lock"), out)
	if err != nil {
		return "", err
	}
	defer unlock()
	path := filepath.Join(folder, "bin", toolName)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	// Not optimised: it reads some thousand lines, once.
	cmd := procgroup.Command(ctx, Cargo, "install", "--quiet", "--locked", "--debug", "--root", folder, "--version", "="+ToolVersion, toolName)
	cmd.Env = append(without(os.Environ(), "CARGO", "RUST", "PATH="), "PATH=/usr/bin:/bin", "CARGO_TARGET_DIR="+filepath.Join(folder, "target"))
	if _, err := procgroup.Output(cmd); err != nil {
		return "", &UnreachableError{err}
	}
	if err := os.RemoveAll(filepath.Join(folder, "target")); err != nil {
		return "", fmt.Errorf("tidy up after building %s: %w", toolName, err)
	}
	return path, nil
}

type place struct{ Line, Column int }

// listed is a mutant as cargo-mutants lists it.
type listed struct {
	Name string // with file, line and column
	File string
	Span struct{ Start, End place }
	// Replacement takes the place of what the span has.
	Replacement string
}

var lineAndColumn = regexp.MustCompile(`^(\S+?):\d+:\d+: `)

// Outside is the list of cargo-mutants for the contract in the folder, by contract/.cargo/mutants.toml. A mutant's name has no line: it is
// "FILE: what is replaced in which function", and from the second of the same name on " #2".
func Outside(ctx context.Context, tool, contract string) ([]Mutant, error) {
	cmd := procgroup.Command(ctx, tool, "mutants", "--list", "--json", "--no-shuffle")
	cmd.Dir = contract
	cmd.Env = append(without(os.Environ(), "CARGO", "RUST", "PATH="), "PATH=/usr/bin:/bin")
	text, err := procgroup.Output(cmd)
	if err != nil {
		return nil, fmt.Errorf("ask %s for its list: %w", toolName, err)
	}
	var list []listed
	if err := json.NewDecoder(bytes.NewReader(text)).Decode(&list); err != nil {
		return nil, fmt.Errorf("read the list of %s: %w", toolName, err)
	}
	if len(list) == 0 {
		return nil, errors.New("the list of " + toolName + " is empty: see contract/.cargo/mutants.toml")
	}
	var all []Mutant
	seen := map[string]int{}
	for _, l := range list {
		name := lineAndColumn.ReplaceAllString(l.Name, "$1: ")
		if name == l.Name {
			return nil, fmt.Errorf("the list of %s has %q, which names no line", toolName, l.Name)
		}
		seen[name]++
		if n := seen[name]; n > 1 {
			name = fmt.Sprintf("%s #%d", name, n)
		}
		all = append(all, Mutant{Name: name, File: l.File, change: l.change})
	}
	return all, nil
}

// change puts the replacement in the place of the span. Lines and columns count from 1, columns in characters.
func (l listed) change(text string) (string, error) {
	from, err := offset(text, l.Span.Start)
	if err != nil {
		return "", err
	}
	to, err := offset(text, l.Span.End)
	if err != nil {
		return "", err
	}
	if from >= to && l.Replacement == "" {
		return "", errors.New("nothing changes")
	}
	return text[:from] + l.Replacement + " " + text[to:], nil
}

func offset(text string, at place) (int, error) {
	rest := text
	for range at.Line - 1 {
		_, after, ok := strings.Cut(rest, "\n")
		if !ok {
			return 0, fmt.Errorf("there is no line %d", at.Line)
		}
		rest = after
	}
	column := 1
	for i := range rest {
		if column == at.Column {
			return len(text) - len(rest) + i, nil
		}
		column++
	}
	return 0, fmt.Errorf("there is no column %d in line %d", at.Column, at.Line)
}

// without is an environment without the variables whose names begin so.
func without(env []string, beginnings ...string) (kept []string) {
	for _, variable := range env {
		out := false
		for _, beginning := range beginnings {
			out = out || strings.HasPrefix(variable, beginning)
		}
		if !out {
			kept = append(kept, variable)
		}
	}
	return kept
}
