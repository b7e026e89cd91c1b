package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A go that lists no packages, writes down what it was asked to test, fails what FAIL names, and has proved a number.
const provingGo = `
case "$1" in list) exit 0 ;; esac
echo "$*" >>"$LOG"
case "$*" in *"$FAIL"*) echo "--- FAIL"; exit 1 ;; esac
[ -n "$MUTE" ] || echo "    world_test.go:12: proved: 100 worlds"
exit 0`

// A proof that failed or was stopped goes on with the steps that have not passed; what is changed is proved anew; a step that passes without
// having looked at anything is a failure.
func TestProveGoesOn(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	tree := filepath.Join(t.TempDir(), "tree")
	if err := os.WriteFile(tree, []byte("one"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"LOG": log, "TREE": tree, "MUTE": ""} {
		t.Setenv(name, value)
	}
	programs(t, map[string]string{"go": provingGo, "git": `printf '%s\0' "$TREE"`})
	var out bytes.Buffer
	s := suite{out: &out, cache: t.TempDir()}
	run := func(fail string) (ran int, err error) {
		t.Helper()
		t.Setenv("FAIL", fail)
		if err := os.WriteFile(log, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		out.Reset()
		err = s.proveAll(t.Context(), "nodes")
		text, readErr := os.ReadFile(log)
		if readErr != nil {
			t.Fatal(readErr)
		}
		return strings.Count(string(text), "\n"), err
	}
	if ran, err := run("-seed=301"); err == nil || ran != 10 || !strings.Contains(out.String(), "FAILED: 1 of 10 steps") {
		t.Errorf("with one step that fails: %d ran, %v\n%s", ran, err, out.String())
	}
	if ran, err := run("nothing"); err != nil || ran != 1 || !strings.Contains(out.String(), "proved (9 steps earlier") || strings.Count(out.String(), "100 worlds") != 11 {
		t.Errorf("the second time: %d ran, %v\n%s", ran, err, out.String())
	}
	if ran, err := run("nothing"); err != nil || ran != 0 {
		t.Errorf("the third time: %d ran, %v", ran, err)
	}
	if err := os.WriteFile(tree, []byte("two"), 0o600); err != nil {
		t.Fatal(err)
	}
	if ran, err := run("nothing"); err != nil || ran != 10 {
		t.Errorf("another tree: %d ran, %v", ran, err)
	}
	if err := os.WriteFile(tree, []byte("three"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("MUTE", "1")
	if _, err := run("nothing"); err == nil || !strings.Contains(err.Error(), "looked at nothing") {
		t.Errorf("steps that prove nothing: %v", err)
	}
	if err := s.proveAll(t.Context(), "no such"); err == nil || !strings.Contains(err.Error(), "plans, nodes, explore, lockstep, attacks, wrong, mutants, sim, submits, kills, commits") {
		t.Errorf("%v", err)
	}
}

// What ends `make prove` has what was proved before, too.
func TestTheTableIsWhole(t *testing.T) {
	t.Setenv("LOG", filepath.Join(t.TempDir(), "log"))
	tree := filepath.Join(t.TempDir(), "tree")
	if err := os.WriteFile(tree, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TREE", tree)
	programs(t, map[string]string{"git": `printf '%s\0' "$TREE"`, "go": `
case "$*" in
*-actions=*) echo "x.go:1: proved: 10000 actions in 9 worlds" ;;
*-mutants=8/8*) exit 1 ;;
*-mutants=*) echo "x.go:1: proved: 11 of 12 mutants are killed" ;;
esac`})
	var out bytes.Buffer
	s := suite{out: &out, cache: t.TempDir()}
	if err := s.proveAll(t.Context(), "mutants"); err == nil {
		t.Error("a step failed and nobody says so")
	}
	out.Reset()
	if err := s.proveAll(t.Context(), "lockstep"); err != nil {
		t.Fatal(err)
	}
	const want = `
proved of this tree:
  states explored            0 (0 of 1 steps)
  actions compared           100,000
  attacks shown or bounded   0 (0 of 1 steps)
  wrong contracts found      0 (0 of 4 steps)
  mutants killed             77 / 84 (7 of 8 steps)
`
	if got := out.String(); !strings.HasSuffix(got, want) {
		t.Errorf("it ends with\n%s\nwant\n%s", got, want)
	}
}

// What a proof is of is there, and has in it the files that its tests read beside their packages: else it would go on holding when one of those has changed.
func TestProofsAreOfWhatTheyRead(t *testing.T) {
	t.Chdir("../..")
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	outside := regexp.MustCompile(`"((?:\.\./)+[^"]*[^"./][^"]*)"`)
	read := map[string]bool{}
	for _, p := range proofs {
		of, err := pathsOf(t.Context(), p.packages, p.besides)
		if err != nil || len(p.packages) == 0 {
			t.Fatalf("%s, of the tests in %v: %v", p.name, p.packages, err)
		}
		for i, path := range of {
			of[i] = strings.TrimPrefix(path, root+"/")
			if _, err := os.Stat(path); err != nil {
				t.Errorf("%s is of what is not there: %v", p.name, err)
			}
		}
		for _, dir := range p.packages {
			files, err := filepath.Glob(dir + "/*.go")
			if err != nil || len(files) == 0 {
				t.Fatalf("%s: no tests in %s: %v", p.name, dir, err)
			}
			for _, file := range files {
				text, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				for _, m := range outside.FindAllStringSubmatch(string(text), -1) {
					path := filepath.Join(dir, m[1])
					read[path] = true
					if !slices.ContainsFunc(of, func(of string) bool { return of == "." || path == of || strings.HasPrefix(path, of+"/") }) {
						t.Errorf("%s reads %s and is not of it: %s", p.name, path, file)
					}
				}
			}
		}
	}
	if !read["contract/fixtures/wasm/token.wasm"] {
		t.Errorf("of what the tests read it finds only %v", read)
	}
}
