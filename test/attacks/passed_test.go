package attacks

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/procgroup"
	"github.com/Abdullahi130/StellarEscrow/internal/reproduce/debian"
	"github.com/Abdullahi130/StellarEscrow/test/parts"
	"github.com/Abdullahi130/StellarEscrow/test/parts/cache"
)

var runThem = flag.Bool("attacks", false, "run the tests and the stories that docs/contract-attacks.md names")

const cargo = "/usr/bin/cargo" // Debian's, as in all tests of the contract

// The readers that replay every story. That of Rust is one test, which fails at any story.
var (
	goReaders  = []string{"internal/escrow", "test/e2e"}
	goStories  = "TestStories"
	rustReader = "stories"
)

// Whatever the page names is run, where it stands, and has passed: Go's tests and Rust's by their names, stories by the three readers. A name that
// stands in several packages is run in each. What is skipped, in whole or in part, has shown nothing.
func TestShownAttacksPass(t *testing.T) {
	if !*runThem {
		t.Skip("takes minutes: make prove PART=attacks")
	}
	if _, err := os.Stat(cargo); err != nil {
		t.Fatalf("%s is missing, and Rust's tests are among those to be run: %s", cargo, debian.Install(debian.Rust()))
	}
	all, root := page(t)
	stand, _ := sources(t, root)
	names := map[string]bool{}
	for _, a := range all {
		for _, name := range a.by {
			names[name] = true
		}
	}
	sorted := slices.Sorted(maps.Keys(names))
	got := results{}
	var goTests, rustTests, stories, packages []string
	for _, name := range sorted {
		switch {
		case isStory(name):
			stories = append(stories, name)
		case strings.HasPrefix(name, "Test"):
			goTests = append(goTests, name)
			packages = append(packages, stand[name]...)
		default:
			rustTests = append(rustTests, name)
		}
	}
	slices.Sort(packages)
	began := time.Now()
	runGo(t, got, root, slices.Compact(packages), "^("+strings.Join(goTests, "|")+")$")
	if len(stories) > 0 {
		runGo(t, got, root, goReaders[:1], "^"+goStories+"$/"+storiesPattern(stories))
		runGo(t, got, root, goReaders[1:], "^"+goStories+"$/^story$/"+storiesPattern(stories))
	}
	runRust(t, got, root, append(rustTests, rustReader))

	passed, sayOnly := 0, 0
	for _, a := range all {
		ok := true
		for _, name := range a.by {
			if why := got.missing(name, stand[name]); why != "" {
				ok = false
				t.Errorf("%s is not shown by %s: %s", a.id, name, why)
			}
		}
		switch {
		case !ok:
		case len(a.by) == 0:
			sayOnly++
		default:
			passed++
		}
	}
	if t.Failed() {
		return
	}
	t.Logf("proved: %d attacks, %d of them shown by what passed and %d said to be accepted and no more: %d tests of Go, %d of Rust, %d stories by three readers, in %.0f s",
		passed+sayOnly, passed, sayOnly, len(goTests), len(rustTests), len(stories), time.Since(began).Seconds())
}

// storiesPattern is of go test's -run: two levels, which let a few more through.
func storiesPattern(stories []string) string {
	groups, names := map[string]bool{}, map[string]bool{}
	for _, story := range stories {
		group, name, _ := strings.Cut(story, "/")
		groups[group], names[name] = true, true
	}
	level := func(of map[string]bool) string { return "^(" + strings.Join(slices.Sorted(maps.Keys(of)), "|") + ")$" }
	return level(groups) + "/" + level(names)
}

// results is what became of tests: "PACKAGE NAME" of Go, with the subtests, and "NAME" of Rust.
type results map[string]string

const (
	pass = "passed"
	fail = "failed"
	skip = "was skipped"
)

// worst keeps what says least for a test that was run more than once.
func (r results) worst(name, result string) {
	if old := r[name]; old == "" || old == pass {
		r[name] = result
	}
}

// missing says why a name has not shown anything, or "".
func (r results) missing(name string, stand []string) string {
	var of []string
	switch {
	case isStory(name):
		of = []string{goReaders[0] + " " + goStories + "/" + name, goReaders[1] + " " + goStories + "/story/" + name, rustReader}
	case strings.HasPrefix(name, "Test"):
		for _, folder := range stand {
			of = append(of, folder+" "+name)
		}
	default:
		of = []string{name}
	}
	if len(of) == 0 {
		return "it is nowhere"
	}
	for _, one := range of {
		if r[one] == "" {
			return one + ": was not run"
		}
		if r[one] != pass {
			return fmt.Sprintf("%s: %s", one, r[one])
		}
	}
	return ""
}

// runGo runs the tests of a pattern in packages, and notes what became of each and of their subtests.
func runGo(t *testing.T, got results, root string, packages []string, pattern string) {
	t.Helper()
	args := []string{"test", "-json", "-count=1", "-timeout=20m", "-run=" + pattern}
	for _, p := range packages {
		args = append(args, "./"+p)
	}
	cmd := procgroup.Command(t.Context(), "go", args...)
	cmd.Dir, cmd.Env = root, os.Environ()
	tell(t, got, cmd, got.readGo)
}

// runRust runs those of the contract's tests whose names contain one of these, and notes what became of each.
func runRust(t *testing.T, got results, root string, names []string) {
	t.Helper()
	target, err := cache.Folder("contract-target") // of test/run, which tests the contract
	if err != nil {
		t.Fatal(err)
	}
	cmd := procgroup.Command(t.Context(), cargo, append([]string{"test", "--locked", "--tests", "--"}, names...)...)
	cmd.Dir = filepath.Join(root, "contract")
	cmd.Env = append(os.Environ(), "PATH=/usr/bin:/bin", "CARGO_TARGET_DIR="+target, "CARGO_TERM_COLOR=never", "RUSTC_BOOTSTRAP=0")
	tell(t, got, cmd, got.readRust)
}

// tell runs a program and reads what became of the tests. Where one fails, so does the program: that is told by the results, and by what was said.
func tell(t *testing.T, got results, cmd *exec.Cmd, read func(io.Reader, io.Writer) error) {
	t.Helper()
	var out, errs, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	before := len(got)
	err := procgroup.Run(cmd)
	if readErr := read(&out, &said); readErr != nil {
		t.Fatalf("read what %s said: %v", cmd, readErr)
	}
	if err != nil {
		t.Errorf("%s: %v\n%s\n%s", cmd, err, said.Bytes(), errs.Bytes())
	}
	if len(got) == before {
		t.Fatalf("%s ran nothing:\n%s\n%s", cmd, said.Bytes(), errs.Bytes())
	}
}

// readGo reads `go test -json`. What failing tests and builds said goes to said.
func (r results) readGo(out io.Reader, said io.Writer) error {
	spoken := map[string][]string{}
	for lines := json.NewDecoder(out); ; {
		var e struct{ Action, Package, Test, Output string }
		err := lines.Decode(&e)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("an event of go test -json: %w", err)
		}
		folder := strings.TrimPrefix(strings.TrimPrefix(e.Package, parts.Module), "/")
		name := folder + " " + e.Test
		switch {
		case e.Action == "output" || e.Action == "build-output":
			spoken[name] = append(spoken[name], e.Output)
		case e.Action == "fail" || e.Action == "build-fail":
			fmt.Fprintf(said, "%s\n%s", name, strings.Join(spoken[name], ""))
		}
		if e.Test == "" {
			continue
		}
		result := map[string]string{"pass": pass, "fail": fail, "skip": skip}[e.Action]
		if result == "" {
			continue
		}
		if result == skip {
			result += because(spoken[name])
		}
		r.worst(name, result)
		if top, _, isPart := strings.Cut(e.Test, "/"); isPart && e.Action == "skip" {
			r.worst(folder+" "+top, result)
		}
	}
}

// because is what a test said before it was skipped.
func because(spoken []string) string {
	for _, line := range slices.Backward(spoken) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "--- ") && !strings.HasPrefix(line, "=== ") {
			return " (" + line + ")"
		}
	}
	return ""
}

// libtest says "test MODULES::NAME ... ok", or FAILED, or ignored, perhaps with a reason.
var rustResult = regexp.MustCompile(`(?m)^test (?:\w+::)*(\w+)(?: - should panic)? \.\.\. (ok|FAILED|ignored)`)

// readRust reads what `cargo test` prints.
func (r results) readRust(out io.Reader, said io.Writer) error {
	text, err := io.ReadAll(out)
	if err != nil {
		return err
	}
	fmt.Fprintf(said, "%s", text)
	for _, m := range rustResult.FindAllSubmatch(text, -1) {
		r.worst(string(m[1]), map[string]string{"ok": pass, "FAILED": fail, "ignored": skip}[string(m[2])])
	}
	return nil
}

// What was skipped in part, ignored, failed once or never run, has shown nothing.
func TestResults(t *testing.T) {
	event := func(action, folder, test string) string {
		return fmt.Sprintf(`{"Action":%q,"Package":%q,"Test":%q}`, action, parts.Module+"/"+folder, test) + "\n"
	}
	of := func(goEvents, rustLines string) results {
		r := results{}
		if err := errors.Join(r.readGo(strings.NewReader(goEvents), io.Discard), r.readRust(strings.NewReader(rustLines), io.Discard)); err != nil {
			t.Fatal(err)
		}
		return r
	}
	story := event("pass", "internal/escrow", "TestStories/a/b") + event("pass", "test/e2e", "TestStories/story/a/b")
	for _, c := range []struct {
		is         string
		got        results
		name, want string
		stand      []string
	}{
		{"one that passed", of(event("run", "x", "TestA")+event("pass", "x", "TestA/part")+event("pass", "x", "TestA"), ""), "TestA", "", []string{"x"}},
		{"one that failed", of(event("fail", "x", "TestA"), ""), "TestA", "x TestA: failed", []string{"x"}},
		{"one that was skipped", of(event("skip", "x", "TestA"), ""), "TestA", "x TestA: was skipped", []string{"x"}},
		{"one that says why it was skipped", of(`{"Action":"output","Package":"`+parts.Module+`/x","Test":"TestA","Output":"    a_test.go:7: no a: get one\n"}`+"\n"+event("skip", "x", "TestA"), ""), "TestA", "x TestA: was skipped (a_test.go:7: no a: get one)", []string{"x"}},
		{"one with a part that was skipped", of(event("skip", "x", "TestA/part/of it")+event("pass", "x", "TestA"), ""), "TestA", "x TestA: was skipped", []string{"x"}},
		{"one of two packages", of(event("pass", "x", "TestA"), ""), "TestA", "y TestA: was not run", []string{"x", "y"}},
		{"another's name", of(event("pass", "x", "TestAll"), ""), "TestA", "x TestA: was not run", []string{"x"}},
		{"one that is nowhere", of("", ""), "TestA", "it is nowhere", nil},
		{"Rust's that passed", of("", "test tokens::bad ... ok\n"), "bad", "", nil},
		{"Rust's that panicked as it should", of("", "test tokens::bad - should panic ... ok\n"), "bad", "", nil},
		{"Rust's that was ignored", of("", "test tokens::bad ... ignored, slow\n"), "bad", "bad: was skipped", nil},
		{"Rust's that failed", of("", "test bad ... FAILED\n"), "bad", "bad: failed", nil},
		{"Rust's that was not run", of("", "test bad_tokens ... ok\n"), "bad", "bad: was not run", nil},
		{"a story", of(story, "test stories::stories ... ok\n"), "a/b", "", nil},
		{"a story that Rust did not replay", of(story, ""), "a/b", "stories: was not run", nil},
		{"a story that only the model replayed", of(event("pass", "internal/escrow", "TestStories/a/b"), "test stories::stories ... ok\n"), "a/b", "test/e2e TestStories/story/a/b: was not run", nil},
	} {
		if why := c.got.missing(c.name, c.stand); why != c.want {
			t.Errorf("%s: %q, want %q", c.is, why, c.want)
		}
	}
}
