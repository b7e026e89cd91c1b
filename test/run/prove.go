package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// proof is a part of `make prove`: what is too long for every run of the tests. It is done in steps, so that one that is stopped goes on
// where it was; a step is a run of `go test`.
type proof struct {
	name, about string
	steps       int
	env         []string
	args        func(step int) []string // of go test
}

// worlds are seeded worlds in steps of 100, each with seeds of its own.
func worlds(pkg, test string) func(step int) []string {
	return func(step int) []string {
		return []string{"-run=" + test, pkg, "-worlds=100", fmt.Sprintf("-seed=%d", step*100+1)}
	}
}

var proofs = []proof{
	{
		name: "plans", about: "every list's plan with 1,000,000 trades stored, on both engines", steps: 1, env: []string{"STELLARESCROW_PLAN_TRADES=1000000"},
		args: func(int) []string {
			return []string{"-run=^TestStore$", "./internal/store/postgres", "./internal/store/sqlite"}
		},
	},
	{name: "nodes", about: "1,000 worlds of nodes that lag, fork, fail and lie: the pool leaves each", steps: 10, args: worlds("./internal/indexer/source/pool", "^TestWeather$")},
	{
		name: "lockstep", about: "100,000 actions of many people, on the model and on the contract: both accept, refuse, pay and announce alike", steps: 10,
		args: func(step int) []string {
			return []string{"-run=^TestLockstep$", "./test/lockstep", "-actions=10000", fmt.Sprintf("-seed=%d", step*1000+1)}
		},
	},
	{name: "sim", about: "1,000 worlds of trades, weather, kills and clocks: what is stored is what a run without faults stores", steps: 10, args: worlds("./test/sim", "^TestWorlds$")},
	{
		name: "submits", about: "200 worlds of transactions handed to nodes in all weathers: each is in a ledger once, or never and said so", steps: 10,
		args: worlds("./test/sim", "^TestSubmissions$"),
	},
	{
		name: "kills", about: "500 processes killed at random moments, on both engines, leaders and replicas", steps: 10,
		args: func(step int) []string {
			return []string{"-run=^TestKills$", "./test/sim", "-kills=50", fmt.Sprintf("-seed=%d", step*50+1)}
		},
	},
	{
		name: "commits", about: "a process killed at every commit, one after the other, before and after the store's answer", steps: 1,
		args: func(int) []string { return []string{"-run=^TestKilledAtCommits$", "./test/sim", "-boundaries=1000"} },
	},
}

func proofNames() (names []string) {
	for _, p := range proofs {
		names = append(names, p.name)
	}
	return names
}

// figure is a line of a test's output that says what was proved.
var figure = regexp.MustCompile(`(?m)^.*\bproved: (.*)$`)

// proven is what has passed on a tree: the step's name, and the figures it ended with.
type proven map[string][]string

// proveAll runs every proof, or the one named, without the steps that have passed on this very tree already.
func (s suite) proveAll(ctx context.Context, only string) error {
	tree, err := treeID(ctx)
	if err != nil {
		return err
	}
	path := filepath.Join(s.cache, "prove", tree+".json")
	done, err := readProven(path)
	if err != nil {
		return err
	}
	var lines []string
	failed := 0
	for _, p := range proofs {
		if only != "" && only != p.name {
			continue
		}
		began := time.Now()
		passed, before := 0, 0
		for step := range p.steps {
			name := fmt.Sprintf("%s %d of %d", p.name, step+1, p.steps)
			if _, ok := done[name]; ok {
				before++
				continue
			}
			if ctx.Err() != nil {
				return fmt.Errorf("stopped before %s; what has passed is kept: run it again to go on: %w", name, context.Cause(ctx))
			}
			fmt.Fprintf(s.out, "--- %s: %s\n", name, p.about)
			var out bytes.Buffer
			tee := s
			tee.out = io.MultiWriter(s.out, &out)
			if err := tee.command(ctx, ".", p.env, "go", append([]string{"test", "-count=1", "-v", "-timeout=55m"}, p.args(step)...)...); err != nil {
				fmt.Fprintf(s.out, "%s: %v\n", name, err)
				continue
			}
			done[name] = figures(out.Bytes())
			if len(done[name]) == 0 {
				return fmt.Errorf("%s passed and says of nothing that it was proved: it looked at nothing", name)
			}
			if err := writeProven(path, done); err != nil {
				return err
			}
			passed++
		}
		verdict := "proved"
		if passed+before < p.steps {
			failed++
			verdict = fmt.Sprintf("FAILED: %d of %d steps", p.steps-passed-before, p.steps)
		}
		if before > 0 {
			verdict += fmt.Sprintf(" (%d steps earlier, on the same tree)", before)
		}
		lines = append(lines, fmt.Sprintf("%-8s %7.1fs  %s: %s", p.name, time.Since(began).Seconds(), verdict, p.about))
		for step := range p.steps {
			for _, f := range done[fmt.Sprintf("%s %d of %d", p.name, step+1, p.steps)] {
				lines = append(lines, "                    "+f)
			}
		}
	}
	if len(lines) == 0 {
		return fmt.Errorf("no proof is called %q; there are %s", only, strings.Join(proofNames(), ", "))
	}
	fmt.Fprintf(s.out, "\n%s\n", strings.Join(lines, "\n"))
	if failed > 0 {
		return fmt.Errorf("%d proofs failed", failed)
	}
	return nil
}

// figures are what a run of tests says that it proved.
func figures(out []byte) (all []string) {
	for _, m := range figure.FindAllSubmatch(out, -1) {
		all = append(all, string(m[1]))
	}
	return all
}

// treeID is one name for all that is proved: the commit, and what was changed since.
func treeID(ctx context.Context) (string, error) {
	h := sha256.New()
	for _, args := range [][]string{{"rev-parse", "HEAD"}, {"diff", "HEAD"}, {"ls-files", "--others", "--exclude-standard"}} {
		out, err := exec.CommandContext(ctx, "git", args...).Output()
		if err != nil {
			return "", fmt.Errorf("git %s: %w: a proof is of one tree, so it needs the repository", strings.Join(args, " "), err)
		}
		h.Write(out)
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:12]), nil
}

func readProven(path string) (proven, error) {
	done := proven{}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return done, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &done)
	}
	if err != nil {
		return nil, fmt.Errorf("read what was proved before: %w; remove %s to begin anew", err, path)
	}
	return done, nil
}

// writeProven replaces the file as a whole: a run that is killed leaves the one before.
func writeProven(path string, done proven) error {
	text, err := json.MarshalIndent(done, "", "  ")
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o755)
	}
	if err == nil {
		err = os.WriteFile(path+".new", text, 0o644)
	}
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return fmt.Errorf("keep what was proved: %w", err)
	}
	return nil
}
