package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// fuzzTarget is a fuzz target of the module: its name, and the folder of its package below the root.
type fuzzTarget struct{ name, dir string }

func (t fuzzTarget) String() string { return t.dir + " " + t.name }

// fuzzGroup is targets that one asks for together, by PART: how people call what comes in from outside.
type fuzzGroup struct {
	name    string
	targets []fuzzTarget
}

var fuzzGroups = []fuzzGroup{
	{"terms", []fuzzTarget{{"FuzzTermsID", "test/sameid"}, {"FuzzTerms", "internal/stellar"}}},
	{"xdr", []fuzzTarget{
		{"FuzzFrame", "internal/localnet/tx"}, {"FuzzEnvelope", "internal/localnet/node"}, {"FuzzRequest", "internal/localnet/host"}, {"FuzzReply", "internal/localnet/host"},
		{"FuzzDecode", "internal/stellar"}, {"FuzzAuthorisation", "internal/stellar"}, {"FuzzCall", "internal/stellar"}, {"FuzzViews", "internal/stellar"},
		{"FuzzEvent", "internal/stellar"}, {"FuzzReadStoredTrade", "internal/stellar"}, {"FuzzTransaction", "internal/stellar"}, {"FuzzSubmitted", "internal/stellar"},
		{"FuzzMeta", "internal/indexer/source"},
	}},
	{"rpc", []fuzzTarget{
		{"FuzzJSONRPC", "internal/localnet"}, {"FuzzCalls", "internal/localnet"}, {"FuzzSimulate", "internal/localnet"}, {"FuzzLedgerKey", "internal/localnet"},
		{"FuzzDoors", "internal/localnet"}, {"FuzzAnswers", "internal/stellar/rpc"},
	}},
	{"vectors", []fuzzTarget{{"FuzzParse", "contract/vectors"}, {"FuzzStories", "internal/escrow"}}},
}

// besidesGo is what a target runs that is no Go package, by its folder.
var besidesGo = map[string][]string{"test/sameid": {"contract/rules", "contract/fuzz", "contract/Cargo.lock", "client/src/lib/features/trades"}}

// fuzzed is how long a target has run on what it is of, and what came of it.
type fuzzed struct {
	Seconds    float64 `json:"seconds"`
	Executions int     `json:"executions"`
	Kept       int     `json:"kept"` // inputs of the corpus, each of which reaches something that no other does
}

func (f fuzzed) String() string {
	return fmt.Sprintf("%6s  %14s executions  %5d inputs kept", time.Duration(f.Seconds*float64(time.Second)).Round(time.Second), grouped(f.Executions), f.Kept)
}

// fuzzAll runs the fuzz targets asked for, each for the time given: all of the module, those of a group, of a folder, or one by its name. One that has run as
// long on what it is of, its packages as they are, is not run again. What is found lands in the package's testdata, to be committed as a test; the corpus grows
// in Go's build cache, so the next run goes on where this one stopped.
func (s suite) fuzzAll(ctx context.Context, length, only string) error {
	wanted, err := time.ParseDuration(length)
	if err != nil || wanted < time.Second {
		return fmt.Errorf("TIME=%s is no time to fuzz a target for: say 30s or 20m", length)
	}
	all, err := fuzzTargets(".")
	if err != nil {
		return err
	}
	chosen := chooseTargets(all, only)
	if len(chosen) == 0 {
		return fmt.Errorf("PART=%s is no fuzz target: say a group (%s), a folder or a target's name", only, strings.Join(groupNames(), ", "))
	}
	var lines, failed []string
	for _, t := range chosen {
		if ctx.Err() != nil {
			return fmt.Errorf("stopped before %s; what has run is kept: run it again to go on: %w", t, context.Cause(ctx))
		}
		path, before, err := s.fuzzedBefore(ctx, t)
		if err != nil {
			return err
		}
		f := before
		if before.Seconds < wanted.Seconds() {
			if f, err = s.fuzzOne(ctx, t, wanted); err != nil {
				fmt.Fprintf(s.out, "%s: %v\n", t, err)
				failed = append(failed, t.String())
				continue
			}
			if err := writeWhole(path, f); err != nil {
				return fmt.Errorf("keep how long %s has run: %w", t, err)
			}
		}
		lines = append(lines, fmt.Sprintf("%s  %s", f, t))
	}
	fmt.Fprintf(s.out, "\nfuzzed, on the packages as they are:\n%s\n", strings.Join(lines, "\n"))
	if len(failed) > 0 {
		return fmt.Errorf("%d of %d fuzz targets failed: %s", len(failed), len(chosen), strings.Join(failed, ", "))
	}
	return nil
}

// fuzzExecutions is how `go test` says how far it has come.
var fuzzExecutions = regexp.MustCompile(`execs: (\d+) .*\(total: (\d+)\)`)

// timeUp is how `go test` may end when the time is over and nothing was found, by a race of its own (https://go.dev/issue/75804, mended in Go 1.27).
var timeUp = regexp.MustCompile(`(?m)^--- FAIL: Fuzz\w+ \([\d.]+s\)\n +context deadline exceeded\nFAIL$`)

// fuzzOne runs a target. An input is made smaller in 60 attempts at most: one that has dumped a database or played a story for a second each time would do
// nothing else.
func (s suite) fuzzOne(ctx context.Context, t fuzzTarget, length time.Duration) (fuzzed, error) {
	fmt.Fprintf(s.out, "--- %s\n", t)
	var out bytes.Buffer
	tee := s
	tee.out = io.MultiWriter(s.out, &out)
	err := tee.command(ctx, t.dir, nil, "go", "test", "-run=^$", "-fuzz=^"+t.name+"$", "-fuzztime="+length.String(), "-fuzzminimizetime=60x", ".")
	if err != nil && !timeUp.MatchString(out.String()) {
		return fuzzed{}, err
	}
	said := fuzzExecutions.FindAllStringSubmatch(out.String(), -1)
	if len(said) == 0 {
		return fuzzed{}, errors.New("it passed without an execution: it was skipped, or TIME is too short to read its corpus")
	}
	last := said[len(said)-1]
	f := fuzzed{Seconds: length.Seconds()}
	if f.Executions, err = strconv.Atoi(last[1]); err == nil {
		f.Kept, err = strconv.Atoi(last[2])
	}
	if err != nil {
		return fuzzed{}, fmt.Errorf("read how far it has come in %q: %w", last[0], err)
	}
	return f, nil
}

// fuzzedBefore is how long a target has run on what it is of as that is now, and the file that keeps it.
func (s suite) fuzzedBefore(ctx context.Context, t fuzzTarget) (path string, f fuzzed, err error) {
	key, err := madeOf(ctx, []string{t.dir}, besidesGo[t.dir])
	if err != nil {
		return "", f, fmt.Errorf("what %s is of: %w", t, err)
	}
	path = filepath.Join(s.cache, "fuzz", strings.ReplaceAll(t.dir, "/", "-")+"-"+t.name+"-"+key+".json")
	err = readKept(path, &f)
	return path, f, err
}

var fuzzFunction = regexp.MustCompile(`(?m)^func (Fuzz\w+)\(`)

// fuzzTargets are all of the module below root, in the order of their folders.
func fuzzTargets(root string) (all []fuzzTarget, err error) {
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "node_modules" || d.Name() == "target" || d.Name() == "testdata"):
			return filepath.SkipDir
		case !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(path))
		for _, m := range fuzzFunction.FindAllStringSubmatch(string(text), -1) {
			all = append(all, fuzzTarget{m[1], filepath.ToSlash(dir)})
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look for fuzz targets: %w", err)
	}
	return all, nil
}

// chooseTargets are those that a PART names.
func chooseTargets(all []fuzzTarget, part string) []fuzzTarget {
	for _, g := range fuzzGroups {
		if g.name == part {
			return g.targets
		}
	}
	folder := strings.Trim(strings.TrimPrefix(part, "./"), "/")
	return slices.DeleteFunc(slices.Clone(all), func(t fuzzTarget) bool {
		return part != "" && t.name != part && t.dir != folder && !strings.HasPrefix(t.dir, folder+"/")
	})
}

func groupNames() (names []string) {
	for _, g := range fuzzGroups {
		names = append(names, g.name)
	}
	return names
}
