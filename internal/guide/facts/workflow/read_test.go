package workflow

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func read(t *testing.T, text string) *Workflow {
	t.Helper()
	w, err := Read(fstest.MapFS{"w.yml": {Data: []byte(text)}}, "w.yml")
	if err != nil {
		t.Fatal(err)
	}
	return w
}

const whole = `
on:
  push:
    branches: [main]
    paths-ignore: ["docs/**"]
  pull_request: {types: [opened]}
  schedule: [{cron: "1 2 * * *"}]
permissions: {contents: read}
concurrency: {group: one, cancel-in-progress: "${{ github.ref != 'x' }}"}
defaults: {run: {shell: bash}}
env: {WHOLE: w}
jobs:
  second:
    needs: [first]
    if: github.actor == 'somebody'
    continue-on-error: true
    permissions: write-all
    runs-on: ubuntu-24.04
    steps:
      - run: echo
  first:
    runs-on: ubuntu-24.04
    timeout-minutes: 7
    strategy:
      fail-fast: false
      matrix:
        dir: [a, b]
        flag: ["1"]
        exclude: [{dir: b, flag: "1"}]
        include: [{dir: a, more: x}, {dir: c}]
    env: {DIR: "in/${{ matrix.dir }}"}
    steps:
      - {id: one, uses: an/action@0123456789012345678901234567890123456789, with: {Ref: "image-${{ matrix.dir }}", n: "${{ github.sha }}"}}
      - name: two
        if: always()
        continue-on-error: ${{ matrix.dir == 'a' }}
        env: {BOTH: "${{ env.WHOLE }}12"}
        working-directory: ${{ matrix.dir }}
        run: tool --dir "$DIR" "$BOTH" ${{ github.ref }} "$NONE" > out.sarif
`

func TestWhatIsRead(t *testing.T) {
	w := read(t, whole)
	if len(w.Problems) > 0 || len(w.On) != 3 || fmt.Sprint(w.On[0].Filters) != "[branches paths-ignore]" || fmt.Sprint(w.On[1].Filters) != "[types]" || w.On[2].Schedule[0] != "1 2 * * *" {
		t.Errorf("events %+v, problems %+v", w.On, w.Problems)
	}
	if w.Rights.Of("contents") != "read" || w.Rights.Of("packages") != "none" || w.Cancels != "${{ github.ref != 'x' }}" {
		t.Errorf("rights %+v, cancels %q", w.Rights, w.Cancels)
	}
	second, first := w.Jobs[0], w.Jobs[1]
	if second.ID != "second" || second.If == "" || second.ContinueOnError != "true" || second.Needs[0] != "first" || second.Rights.Of("contents") != "write" || second.FailFast || len(second.Runs) != 1 {
		t.Errorf("second: %+v", second)
	}
	if first.Rights.Of("contents") != "read" || first.Minutes != 7 || first.FailFast || first.If != "" {
		t.Errorf("first: %+v", first)
	}
	var got []string
	for _, r := range first.Runs {
		got = append(got, fmt.Sprintf("%s %s %s", r.Matrix["dir"], r.Matrix["flag"], r.Matrix["more"]))
	}
	if want := []string{"a 1 x", "c  "}; !slices.Equal(got, want) {
		t.Errorf("combinations %q, want %q", got, want)
	}
	action, run := first.Runs[1].Steps[0], first.Runs[1].Steps[1]
	if action.Uses != "an/action" || len(action.Ref) != 40 || action.With["ref"] != "image-c" || action.With["n"] != Unknown {
		t.Errorf("action %+v", action)
	}
	c := run.Commands[0]
	if want := []string{"tool", "--dir", "in/c", "w12", Unknown, Unknown}; !slices.Equal(c.Args, want) || c.Dir != "c" || c.Out != "out.sarif" || c.Lost != "" {
		t.Errorf("command %+v, want %q", c, want)
	}
	if run.If != "always()" || run.ContinueOnError != "${{ matrix.dir == 'a' }}" || run.Broken != "" {
		t.Errorf("step %+v", run)
	}
}

// Each way in which a shell loses that a command has failed, and each that only looks like one.
func TestWhatAShellLoses(t *testing.T) {
	for _, c := range []struct {
		name, shell, script string
		lost                bool
	}{
		{"alone", "", "scan", false},
		{"before others", "", "scan\necho done", false},
		{"true after it", "", "scan || true", true},
		{"anything after it", "", "scan || echo found", true},
		{"true before it", "", "true || scan", true},
		{"a colon", "", "scan || :", true},
		{"last of and", "", "cd x && scan", false},
		{"first of and, at the end", "", "scan && echo none", false},
		{"first of and, not at the end", "", "scan && echo none\necho done", true},
		{"a pipe", "", "scan | tee log", true},
		{"a pipe of bash", "bash", "scan | tee log", false},
		{"a pipe of sh", "sh", "scan | tee log", true},
		{"a pipe with pipefail", "", "set -o pipefail\nscan | tee log", false},
		{"a pipe without pipefail", "bash", "set +o pipefail\nscan | tee log", true},
		{"at the end of a pipe", "", "cat list | scan", false},
		{"errexit off", "", "set +e\nscan\necho done", true},
		{"errexit off by its name", "", "set +o errexit\nscan\necho done", true},
		{"errexit off, at the end", "", "set +e\nscan", false},
		{"errexit off and on", "", "set +e\nset -e\nscan\necho done", false},
		{"negated", "", "! scan", true},
		{"in the background", "", "scan &", true},
		{"a condition", "", "if scan; then echo; fi", true},
		{"under a condition", "", "if true; then scan; fi", true},
		{"in a loop", "", "for i in $LIST; do scan; done", true},
		{"in a function", "", "f() { scan; }\nf", true},
		{"after exit", "", "exit 0\nscan", true},
		{"after a trap", "", "trap 'exit 0' EXIT\nscan", true},
		{"in a group", "", "{ scan; }", false},
		{"in a subshell", "", "(cd x; scan)", false},
		{"in a subshell that is ignored", "", "(scan) || true", true},
		{"the output of another", "", "echo $(scan)", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			all, _, broken := commands(c.script, c.shell, "", nil)
			if broken != "" {
				t.Fatal(broken)
			}
			i := slices.IndexFunc(all, func(c Command) bool { return c.Args[0] == "scan" })
			if lost := i < 0 || all[i].Lost != ""; lost != c.lost {
				t.Errorf("%q: lost %t (%+v), want %t", c.script, lost, all, c.lost)
			}
		})
	}
}

func TestWhereCommandsRun(t *testing.T) {
	all, _, _ := commands("one\ncd a\ntwo\n(cd b; three)\nfour\ncd \"$X\"\nfive\ncd /etc\nsix", "", "w", map[string]string{"X": "../c"})
	got := map[string]string{}
	for _, c := range all {
		got[c.Args[0]] = c.Dir
	}
	for name, want := range map[string]string{"one": "w", "two": "w/a", "three": "w/a/b", "four": "w/a", "five": "w/c", "six": Unknown} {
		if got[name] != want {
			t.Errorf("%s in %q, want %q", name, got[name], want)
		}
	}
	if all, _, broken := commands("scan", "python", "", nil); len(all) > 0 || broken == "" {
		t.Errorf("%v, %q", all, broken)
	}
	if all, _, broken := commands("if scan", "", "", nil); len(all) > 0 || broken == "" {
		t.Errorf("%v, %q", all, broken)
	}
}

// What makes a command another one than it reads is told of, whatever it is; what our workflow needs is not.
func TestWhatIsMoreThanCommands(t *testing.T) {
	for script, want := range map[string]bool{
		"scan --all": false, "scan 'a $b *' \"in $DIR\"": false, "build\nscan \\\n  --all": false, "scan < in.json > out.json": false, `scan >> "$GITHUB_OUTPUT"`: false, "build; scan": false,
		"scan | tee log": true, "scan || true": true, "cd x && scan": false, "cd x && PATH=. scan": true, "scan && echo &": true, "scan &": true, "! scan": true, "(scan)": true, "{ scan; }": true, "scan() { :; }\nscan": true, "if x; then scan; fi": true,
		"PATH=.:$PATH": true, "PATH=. scan": true, "export PATH=.": true, "scan $(x)": true, "scan `x`": true, "scan $DIR": true, "scan \"${DIR:-x}\"": true, "scan *": true, "scan ~/x": true,
		"scan {a,b}": true, "scan $'a'": true, "sc\\an": true, `scan >> "$GITHUB_PATH"`: true, `scan >> "$GITHUB_ENV"`: true, `scan >> log`: true, "scan 2> log": true, "scan <<END\nx\nEND": true,
		"scan > >(x)": true, "scan >| log": true, "alias scan=true\nscan": false, "set +e\nscan": false, // which commands there may be is asked elsewhere
	} {
		_, more, broken := commands(script, "", "", nil)
		if broken != "" || (more != "") != want {
			t.Errorf("%q: %q, %q", script, more, broken)
		}
	}
}

// What is too large, endless, broken or none is an error or a problem, and never a workflow that reads well.
func TestWhatIsNoWorkflow(t *testing.T) {
	bomb := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := 1; i < 9; i++ {
		bomb += fmt.Sprintf("a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10), ", "))
	}
	for _, c := range []struct{ name, text string }{
		{"nothing", ""},
		{"a list", "- a"},
		{"no jobs", "on: push\n"},
		{"broken", "on: [push\n"},
		{"a key twice", "on: push\non: pull_request\njobs: {a: {runs-on: x, steps: [{run: y}]}}\n"},
		{"a key that there is not", "on: push\njobs: {a: {runs-on: ubuntu-24.04, step: [], steps: [{run: y}]}}\n"},
		{"an expression of nothing", "on: push\njobs: {a: {runs-on: ubuntu-24.04, steps: [{run: \"${{ matrix.none }}\"}]}}\n"},
		{"a job that waits for none", "on: push\njobs: {a: {needs: [b], runs-on: ubuntu-24.04, steps: [{run: y}]}}\n"},
		{"many aliases", bomb},
		{"itself", "a: &a {b: *a}\n"},
		{"large", "# " + strings.Repeat("x", maxBytes)},
		{"many combinations", "on: push\njobs: {a: {runs-on: x, strategy: {matrix: {a: [1,2,3,4,5,6,7,8,9], b: [1,2,3,4,5,6,7,8,9], c: [1,2,3,4,5,6,7,8,9]}}, steps: [{run: y}]}}\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, err := Read(fstest.MapFS{"w.yml": {Data: []byte(c.text)}}, "w.yml")
			if err == nil && len(w.Problems) == 0 {
				t.Errorf("it reads as %+v", w)
			}
		})
	}
}

func TestAMatrixThatOnlyARunKnows(t *testing.T) {
	for _, m := range []string{"\"${{ fromJSON('{}') }}\"", "{dir: \"${{ fromJSON('[1]') }}\"}", "{include: \"${{ fromJSON('[1]') }}\"}"} {
		w := read(t, "on: push\njobs: {a: {runs-on: ubuntu-24.04, strategy: {matrix: "+m+" }, steps: [{run: \"scan ${{ matrix.dir }}\"}]}}\n")
		j := w.Jobs[0]
		if j.Dynamic == "" || len(j.Runs) != 1 || j.Runs[0].Steps[0].Commands[0].Args[1] != Unknown || !j.FailFast {
			t.Errorf("%s: %+v", m, j)
		}
	}
}

// Our own workflows are what GitHub, and actionlint, take.
func TestOurs(t *testing.T) {
	root := os.DirFS("../../../..")
	w, err := Read(root, ".github/workflows/security-scan.yml")
	if err != nil || len(w.Problems) > 0 || len(w.Jobs) < 9 {
		t.Fatalf("%v, %+v", err, w)
	}
	for _, j := range w.Jobs {
		for _, r := range j.Runs {
			for _, s := range r.Steps {
				if s.Broken != "" || (s.Uses == "") == (len(s.Commands) == 0) {
					t.Errorf("%s, step of line %d: %q, %d commands", j.ID, s.Line, s.Broken, len(s.Commands))
				}
			}
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(whole))
	f.Add([]byte("on: push\njobs: {a: {runs-on: x, steps: [{run: \"if a; then\"}]}}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		w, err := Read(fstest.MapFS{"w.yml": {Data: text}}, "w.yml")
		if err == nil && len(w.Jobs) == 0 && len(w.Problems) == 0 {
			t.Errorf("%q reads well, and has no jobs", text)
		}
	})
}
