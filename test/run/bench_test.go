package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A go that measures, but for what FAIL names, and says nothing if MUTE is set.
const measuringGo = `
echo "$*" >>"$LOG"
[ -n "$FAIL" ] && case "$*" in *"$FAIL"*) printf -- '    a_test.go:7: the answers differ:\n        one\n--- FAIL: BenchmarkInvoke\n'; exit 1 ;; esac
[ -n "$MUTE" ] || echo "BenchmarkThing/one-2  1  3 ns/op  0.5 of-limit"
exit 0`

// A run of all benchmarks that failed goes on with those that have no figures; one that has come to its end begins anew, and so does one that is asked for by name.
func TestBenchGoesOn(t *testing.T) {
	log, tree := filepath.Join(t.TempDir(), "log"), filepath.Join(t.TempDir(), "tree")
	if err := os.WriteFile(tree, []byte("one"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"LOG": log, "TREE": tree, "FAIL": "", "MUTE": ""} {
		t.Setenv(name, value)
	}
	programs(t, map[string]string{"go": measuringGo, "git": `printf '%s\0' "$TREE"`})
	t.Chdir("../..")
	all := 0
	for _, dir := range benchPackages {
		of, err := benchmarksOf(dir)
		if err != nil {
			t.Fatal(err)
		}
		all += len(of)
	}
	var out bytes.Buffer
	s := suite{out: &out, cache: t.TempDir()}
	run := func(part, fail, mute string) (ran int, err error) {
		t.Helper()
		t.Setenv("FAIL", fail)
		t.Setenv("MUTE", mute)
		if err := os.WriteFile(log, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		out.Reset()
		err = s.benchAll(t.Context(), part)
		text, readErr := os.ReadFile(log)
		if readErr != nil {
			t.Fatal(readErr)
		}
		return strings.Count(string(text), "\n"), err
	}
	for _, step := range []struct {
		name, part, fail, mute string
		ran                    int
		says                   string
	}{
		{name: "one fails", fail: "BenchmarkStart", ran: all, says: "1 of"},
		{name: "on with that one", ran: 1},
		{name: "anew", ran: all},
		{name: "by name", part: "^Start$", ran: 1},
		{name: "by name again", part: "^Start$", ran: 1},
		{name: "no figures", part: "^Start$", mute: "yes", ran: 1, says: "1 of 1 benchmarks failed: Start"},
		{name: "no such benchmark", part: "Typo", says: "PART=Typo is no benchmark: there are "},
		{name: "no expression", part: "(", says: "PART=( is no expression"},
	} {
		ran, err := run(step.part, step.fail, step.mute)
		said := ""
		if err != nil {
			said = err.Error()
		}
		if ran != step.ran || (step.says == "") != (err == nil) || !strings.Contains(said, step.says) {
			t.Errorf("%s: %d ran, want %d; %q, want %q", step.name, ran, step.ran, said, step.says)
		}
		if step.fail != "" && !strings.Contains(out.String(), "    a_test.go:7: the answers differ:\n        one\n--- FAIL: BenchmarkInvoke\ntest/bench BenchmarkStart FAILED") {
			t.Errorf("%s: it does not end with why:\n%s", step.name, out.String())
		}
		if want := step.ran; step.says == "" && strings.Count(out.String()[strings.Index(out.String(), "\nmeasured:"):], "of-limit") < want {
			t.Errorf("%s: it ends with\n%s", step.name, out.String())
		}
	}
}

// A benchmark whose tool is missing is named with the reason, by go itself: it says nothing of one that was skipped unless asked to.
func TestSkippedBenchmarkSaysWhy(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{
		"go.mod":    "module example.org/a\n",
		"a_test.go": "package a\n\nimport \"testing\"\n\nfunc BenchmarkA(b *testing.B) { b.Skip(\"a tool is missing\") }\n",
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := suite{out: io.Discard}
	said, err := s.benchOne(t.Context(), benchmark{".", "BenchmarkA"})
	if err != nil || len(said) != 1 || !strings.Contains(said[0], "a tool is missing\n--- SKIP: BenchmarkA") {
		t.Errorf("%q, %v", said, err)
	}
}

// A package's benchmarks are found; a folder without any is an error, not an empty list.
func TestBenchmarksOf(t *testing.T) {
	all, err := benchmarksOf("../bench")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"BenchmarkInvoke", "BenchmarkTrades"} {
		if !slices.Contains(all, benchmark{"../bench", want}) {
			t.Errorf("%s is not among %v", want, all)
		}
	}
	if _, err := benchmarksOf("../tools"); err == nil {
		t.Error("a folder without benchmarks is taken")
	}
	if got := (benchmark{"internal/guide/reach", "Benchmark"}).part(); got != "reach" {
		t.Errorf("a benchmark without a name of its own is called %q", got)
	}
}
