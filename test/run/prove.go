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
	"slices"
	"strings"
	"time"
)

// proof is a part of `make prove`: what is too long for every run of the tests. It is done in steps, so that one that is stopped goes on
// where it was; a step is a run of `go test`.
type proof struct {
	name, about string
	steps       int
	of          []string // the paths that it says something about: what has passed holds until one of them changes. None: the whole tree
	counts      string   // what its figures begin with a number of, for the table; "": it has no line there
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
		name: "explore", about: "every state of small trades: from each there is a way out that needs nobody", steps: 1, counts: "states explored",
		of: []string{"go.mod", "internal/amount", "internal/escrow"},
		args: func(int) []string {
			return []string{"-run=^TestNoDeadEnd$", "./internal/escrow/explore"}
		},
	},
	{
		name: "lockstep", about: "100,000 actions of many people, on the model and on the contract: both accept, refuse, pay and announce alike", steps: 10,
		counts: "actions compared",
		of: []string{
			"go.mod", "go.sum", "contract/vectors", "contract/wasm", "contract/fixtures", "internal/amount", "internal/deploy", "internal/escrow", "internal/localnet",
			"internal/stellar", "test/lockstep", "test/stories",
		},
		args: func(step int) []string {
			return []string{"-run=^TestLockstep$", "./test/lockstep", "-actions=10000", fmt.Sprintf("-seed=%d", step*1000+1)}
		},
	},
	{
		name: "attacks", about: "each attack of docs/contract-attacks.md is shown: the tests and stories that it names are run, and pass", steps: 1, counts: "attacks shown or bounded",
		args: func(int) []string { return []string{"-run=^TestShownAttacksPass$", "./test/attacks", "-attacks"} },
	},
	{
		name: "wrong", about: "contracts that are wrong in one place, each with the rule it breaks: a test finds every one", steps: 4, counts: "wrong contracts found", of: ofMutants,
		args: func(step int) []string {
			return []string{"-run=^TestWrongContracts", "./test/mutants", fmt.Sprintf("-wrong=%d/4", step+1)}
		},
	},
	{
		name: "mutants", about: "every mutant that cargo-mutants makes of the contract is killed, or argued in docs/proof.md", steps: 8, counts: "mutants killed",
		of: append([]string{"docs/proof.md"}, ofMutants...),
		args: func(step int) []string {
			return []string{"-run=^TestMutantsAreFound$", "./test/mutants", fmt.Sprintf("-mutants=%d/8", step+1)}
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

// What a mutant is made of and judged by.
var ofMutants = []string{
	"contract/.cargo", "contract/Cargo.lock", "contract/Cargo.toml", "contract/escrow", "contract/rules", "contract/rulebook", "contract/fixtures", "contract/wasm",
	"contract/vectors/codes.json", "contract/vectors/defaults.json", "contract/vectors/stories", "docs/contract.md", "docs/contract-attacks.md", "test/mutants",
}

func proofNames() (names []string) {
	for _, p := range proofs {
		names = append(names, p.name)
	}
	return names
}

// figure is a line of a test's output that says what was proved.
var figure = regexp.MustCompile(`(?m)^.*\bproved: (.*)$`)

// proven is what has passed of a proof: the step's name, and the figures it ended with.
type proven map[string][]string

// proveAll runs every proof, or the one named, without the steps that have passed already on what the proof is of.
func (s suite) proveAll(ctx context.Context, only string) error {
	var lines []string
	var all []tally
	failed := 0
	for _, p := range proofs {
		path, done, err := s.before(ctx, p)
		if err != nil {
			return err
		}
		if only == "" || only == p.name {
			began, earlier := time.Now(), len(done)
			if err := s.proveOne(ctx, p, path, done); err != nil {
				return err
			}
			verdict := "proved"
			if len(done) < p.steps {
				failed++
				verdict = fmt.Sprintf("FAILED: %d of %d steps", p.steps-len(done), p.steps)
			}
			if earlier > 0 {
				verdict += fmt.Sprintf(" (%d steps earlier, and nothing it is of has changed)", earlier)
			}
			lines = append(lines, fmt.Sprintf("%-8s %7.1fs  %s: %s", p.name, time.Since(began).Seconds(), verdict, p.about))
			for step := range p.steps {
				for _, f := range done[p.step(step)] {
					lines = append(lines, "                    "+f)
				}
			}
		}
		if p.counts != "" {
			all = append(all, tallyOf(p, done))
		}
	}
	if len(lines) == 0 {
		return fmt.Errorf("no proof is called %q; there are %s", only, strings.Join(proofNames(), ", "))
	}
	fmt.Fprintf(s.out, "\n%s\n\n%s", strings.Join(lines, "\n"), table(all))
	if failed > 0 {
		return fmt.Errorf("%d proofs failed", failed)
	}
	return nil
}

// step names a step in what is kept.
func (p proof) step(number int) string { return fmt.Sprintf("%s %d of %d", p.name, number+1, p.steps) }

// before is what has passed of a proof on the tree as it is, and the file that keeps it.
func (s suite) before(ctx context.Context, p proof) (path string, done proven, err error) {
	key, err := treeID(ctx, p.of)
	if err != nil {
		return "", nil, err
	}
	path = filepath.Join(s.cache, "prove", p.name+"-"+key+".json")
	kept := proven{}
	if err := readKept(path, &kept); err != nil {
		return "", nil, err
	}
	done = proven{}
	for step := range p.steps { // another number of steps has others
		if figures, ok := kept[p.step(step)]; ok {
			done[p.step(step)] = figures
		}
	}
	return path, done, nil
}

// proveOne runs the steps that are not done, and keeps each that passes.
func (s suite) proveOne(ctx context.Context, p proof, path string, done proven) error {
	for step := range p.steps {
		name := p.step(step)
		if _, ok := done[name]; ok {
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
		said := figures(out.Bytes())
		if len(said) == 0 {
			return fmt.Errorf("%s passed and says of nothing that it was proved: it looked at nothing", name)
		}
		done[name] = said
		if err := writeWhole(path, done); err != nil {
			return fmt.Errorf("keep what was proved: %w", err)
		}
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

// treeID is one name for the files below the paths, as they are now; without paths for all that git would commit.
func treeID(ctx context.Context, paths []string) (string, error) {
	args := append([]string{"ls-files", "-z", "--cached", "--others", "--exclude-standard", "--"}, paths...)
	out, err := exec.CommandContext(ctx, "git", args...).Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w: a proof is of one tree, so it needs the repository", strings.Join(args, " "), err)
	}
	names := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
	slices.Sort(names)
	h := sha256.New()
	for _, name := range slices.Compact(names) {
		text, err := os.ReadFile(name)
		if info, statErr := os.Lstat(name); statErr == nil && !info.Mode().IsRegular() {
			text, err = []byte(info.Mode().Type().String()), nil // a link: what it names is elsewhere in the list
		}
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted, and not committed yet
		}
		if err != nil {
			return "", fmt.Errorf("read what a proof is of: %w", err)
		}
		fmt.Fprintf(h, "%s %d\n", name, len(text))
		h.Write(text)
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:12]), nil
}

// readKept reads what an earlier run has kept in a file (writeWhole) into v, and leaves v as it is where there is no such file.
func readKept(path string, v any) error {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(text, v)
	}
	if err != nil {
		return fmt.Errorf("read what an earlier run has kept: %w; remove %s to begin anew", err, path)
	}
	return nil
}

// writeWhole replaces a file by what v is in JSON, as a whole: a run that is killed leaves the one before.
func writeWhole(path string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o755)
	}
	if err == nil {
		err = os.WriteFile(path+".new", text, 0o644)
	}
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	return err
}
