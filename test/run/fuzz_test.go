package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Each group names targets that are there.
func TestFuzzGroupsNameTargets(t *testing.T) {
	all, err := fuzzTargets("../..")
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 50 {
		t.Fatalf("%d fuzz targets found, of a module that has more", len(all))
	}
	for _, g := range fuzzGroups {
		if len(g.targets) == 0 {
			t.Errorf("PART=%s has no target", g.name)
		}
		for _, want := range g.targets {
			if !slices.Contains(all, want) {
				t.Errorf("PART=%s has %s, which is not there", g.name, want)
			}
		}
	}
}

func TestChooseTargets(t *testing.T) {
	all := []fuzzTarget{{"FuzzA", "internal/a"}, {"FuzzB", "internal/a/b"}, {"FuzzA", "internal/ab"}}
	for part, want := range map[string][]fuzzTarget{
		"":              all,
		"FuzzA":         {all[0], all[2]},
		"internal/a":    {all[0], all[1]},
		"./internal/a/": {all[0], all[1]},
		"internal/a/b":  {all[1]},
		"vectors":       {{"FuzzParse", "contract/vectors"}, {"FuzzStories", "internal/escrow"}},
		"internal/z":    {},
	} {
		if got := chooseTargets(all, part); !slices.Equal(got, want) {
			t.Errorf("PART=%s: %v, want %v", part, got, want)
		}
	}
}

// A go that lists no packages, and fuzzes as MODE says.
const fuzzingGo = `
case "$1" in list) exit 0 ;; esac
echo "$*" >>"$LOG"
case "$MODE" in
fails) echo "--- FAIL: FuzzStories"; exit 1 ;;
mute) echo PASS; exit 0 ;;
esac
case "$MODE" in late) trap 'printf -- "--- FAIL: FuzzStories (6.0s)\n    context deadline exceeded\nFAIL\nexit status 1\n"; exit 1' EXIT ;; esac
echo "fuzz: elapsed: 3s, execs: 60 (20/sec), new interesting: 1 (total: 7)"
echo "fuzz: elapsed: 6s, execs: 1200 (20/sec), new interesting: 2 (total: 8)"`

// A target that has run as long on the same packages is not run again; for longer, on others, or after a failure it is. One that says of nothing that it ran is a
// failure.
func TestFuzzGoesOn(t *testing.T) {
	log, tree := filepath.Join(t.TempDir(), "log"), filepath.Join(t.TempDir(), "tree")
	for name, value := range map[string]string{"LOG": log, "TREE": tree, "MODE": ""} {
		t.Setenv(name, value)
	}
	programs(t, map[string]string{"go": fuzzingGo, "git": `printf '%s\0' "$TREE"`})
	t.Chdir("../..")
	var out bytes.Buffer
	s := suite{out: &out, cache: t.TempDir()}
	run := func(mode, length string) (ran int, err error) {
		t.Helper()
		t.Setenv("MODE", mode)
		out.Reset()
		if err := os.WriteFile(log, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		err = s.fuzzAll(t.Context(), length, "FuzzStories")
		text, readErr := os.ReadFile(log)
		if readErr != nil {
			t.Fatal(readErr)
		}
		return strings.Count(string(text), "-fuzztime="), err
	}
	change := func(to string) {
		t.Helper()
		if err := os.WriteFile(tree, []byte(to), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	change("one")
	for _, step := range []struct {
		name, mode, length string
		before             func()
		ran                int
		fails              bool
	}{
		{name: "one that finds something", mode: "fails", length: "6s", ran: 1, fails: true},
		{name: "one that looks at nothing", mode: "mute", length: "6s", ran: 1, fails: true},
		{name: "the first that passes", length: "6s", ran: 1},
		{name: "the same again", length: "6s"},
		{name: "shorter", length: "5s"},
		{name: "longer", length: "7s", ran: 1},
		{name: "one that ends late", mode: "late", length: "8s", ran: 1},
		{name: "the same again", length: "8s"},
		{name: "another tree", length: "8s", before: func() { change("two") }, ran: 1},
		{name: "no time", length: "soon", fails: true},
	} {
		if step.before != nil {
			step.before()
		}
		ran, err := run(step.mode, step.length)
		if ran != step.ran || (err != nil) != step.fails {
			t.Errorf("%s: %d ran, want %d; %v\n%s", step.name, ran, step.ran, err, out.String())
		}
		if !step.fails && !strings.Contains(out.String(), "1,200 executions      8 inputs kept  internal/escrow FuzzStories") {
			t.Errorf("%s: it says\n%s", step.name, out.String())
		}
	}
	if err := s.fuzzAll(t.Context(), "6s", "everything"); err == nil || !strings.Contains(err.Error(), "terms, xdr, rpc, vectors") {
		t.Errorf("a PART that is none: %v", err)
	}
}
