package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// proof is a part of `make prove`: what is too long for every run of the tests. It is done in steps, so that one that is stopped goes on
// where it was; a step is a run of `go test` on its packages. What has passed holds until something changes that it is of: those packages, all of the module
// that they are built from, and what they read besides.
type proof struct {
	name, about string
	steps       int
	packages    []string // by their folders below the root
	besides     []string // paths below the root
	counts      string   // what its figures begin with a number of, for the table; "": it has no line there
	env         []string
	flags       func(step int) []string // of go test
}

// same is the flags of a proof whose steps are all alike.
func same(flags ...string) func(int) []string { return func(int) []string { return flags } }

// worlds are seeded worlds in steps of 100, each with seeds of its own.
func worlds(test string) func(step int) []string {
	return func(step int) []string {
		return []string{"-run=" + test, "-worlds=100", fmt.Sprintf("-seed=%d", step*100+1)}
	}
}

var proofs = []proof{
	{
		name: "plans", about: "every list's plan with 1,000,000 trades stored, on both engines", steps: 1, env: []string{"STELLARESCROW_PLAN_TRADES=1000000"},
		packages: []string{"internal/store/postgres", "internal/store/sqlite"}, flags: same("-run=^TestStore$"),
	},
	{
		name: "nodes", about: "1,000 worlds of nodes that lag, fork, fail and lie: the pool leaves each", steps: 10,
		packages: []string{"internal/indexer/source/pool"}, flags: worlds("^TestWeather$"),
	},
	{
		name: "explore", about: "every state of small trades: from each there is a way out that needs nobody", steps: 1, counts: "states explored",
		packages: []string{"internal/escrow/explore"}, flags: same("-run=^TestNoDeadEnd$"),
	},
	{
		name: "lockstep", about: "100,000 actions of many people, on the model and on the contract: both accept, refuse, pay and announce alike", steps: 10,
		counts: "actions compared", packages: []string{"test/lockstep"}, besides: []string{"contract/fixtures"},
		flags: func(step int) []string {
			return []string{"-run=^TestLockstep$", "-actions=10000", fmt.Sprintf("-seed=%d", step*1000+1)}
		},
	},
	{
		name: "attacks", about: "each attack of docs/contract-attacks.md is shown: the tests and stories that it names are run, and pass", steps: 1, counts: "attacks shown or bounded",
		packages: []string{"test/attacks"}, besides: []string{"."}, flags: same("-run=^TestShownAttacksPass$", "-attacks"),
	},
	{
		name: "wrong", about: "contracts that are wrong in one place, each with the rule it breaks: a test finds every one", steps: 4, counts: "wrong contracts found",
		packages: []string{"test/mutants"}, besides: mutated,
		flags: func(step int) []string {
			return []string{"-run=^TestWrongContracts", fmt.Sprintf("-wrong=%d/4", step+1)}
		},
	},
	{
		name: "mutants", about: "every mutant that cargo-mutants makes of the contract is killed, or argued in docs/proof.md", steps: 8, counts: "mutants killed",
		packages: []string{"test/mutants"}, besides: append([]string{"docs/proof.md"}, mutated...),
		flags: func(step int) []string {
			return []string{"-run=^TestMutantsAreFound$", fmt.Sprintf("-mutants=%d/8", step+1)}
		},
	},
	{
		name: "sim", about: "1,000 worlds of trades, weather, kills and clocks: what is stored is what a run without faults stores", steps: 10,
		packages: []string{"test/sim"}, besides: []string{"contract/fixtures"}, flags: worlds("^TestWorlds$"),
	},
	{
		name: "submits", about: "200 worlds of transactions handed to nodes in all weathers: each is in a ledger once, or never and said so", steps: 10,
		packages: []string{"test/sim"}, besides: []string{"contract/fixtures"}, flags: worlds("^TestSubmissions$"),
	},
	{
		name: "kills", about: "500 processes killed at random moments, on both engines, leaders and replicas", steps: 10,
		packages: []string{"test/sim"}, besides: []string{"contract/fixtures"},
		flags: func(step int) []string {
			return []string{"-run=^TestKills$", "-kills=50", fmt.Sprintf("-seed=%d", step*50+1)}
		},
	},
	{
		name: "commits", about: "a process killed at every commit, one after the other, before and after the store's answer", steps: 1,
		packages: []string{"test/sim"}, besides: []string{"contract/fixtures"}, flags: same("-run=^TestKilledAtCommits$", "-boundaries=1000"),
	},
}

// mutated is what a mutant is made of, and judged by.
var mutated = []string{
	"contract/.cargo", "contract/Cargo.lock", "contract/Cargo.toml", "contract/escrow", "contract/rules", "contract/rulebook", "contract/fixtures", "contract/wasm",
	"contract/vectors/codes.json", "contract/vectors/defaults.json", "contract/vectors/stories", "docs/contract.md", "docs/contract-attacks.md",
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
	key, err := madeOf(ctx, p.packages, p.besides)
	if err != nil {
		return "", nil, fmt.Errorf("what %s is of: %w", p.name, err)
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
		args := []string{"test", "-count=1", "-v", "-timeout=55m"}
		for _, dir := range p.packages {
			args = append(args, "./"+dir)
		}
		if err := tee.command(ctx, ".", p.env, "go", append(args, p.flags(step)...)...); err != nil {
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
