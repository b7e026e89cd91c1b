package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// module is a valid module with one function that returns n, and a custom section.
func module(n byte, custom string) []byte {
	m := []byte("\x00asm\x01\x00\x00\x00")
	section := func(id byte, body ...byte) { m = append(append(m, id, byte(len(body))), body...) }
	section(1, 1, 0x60, 0, 1, 0x7f)
	section(2, append([]byte{1, 1, 'l', 1, '_'}, 0, 0)...)
	section(3, 1, 0)
	section(7, append([]byte{1, 3, 'g', 'e', 't'}, 0, 1)...)
	section(10, 1, 4, 0, 0x41, n, 0x0b)
	section(0, append([]byte{4, 'm', 'e', 't', 'a'}, custom...)...)
	return m
}

// tree is a source tree with one artifact, "thing", whose recipe copies a file.
type tree struct {
	t    *testing.T
	root string
	a    artifact
	out  bytes.Buffer
	r    reproduction
}

func newTree(t *testing.T) *tree {
	t.Helper()
	tr := &tree{t: t, root: t.TempDir(), a: artifact{name: "thing", group: "things", recipe: []string{"build.sh", "source"}, cache: "things", built: "out/thing.wasm", committed: "wasm/thing.wasm.zst"}}
	tr.write("go.mod", "module example")
	tr.write("build.sh", "#!/bin/sh\nset -eu\nmkdir -p \"$2/out\"\n[ ! -f \"$1\" ] || cp \"$1\" \"$2/out/thing.wasm\"\n")
	if err := os.Chmod(filepath.Join(tr.root, "build.sh"), 0o755); err != nil {
		t.Fatal(err)
	}
	tr.write("source", string(module(1, "x")))
	tr.r = reproduction{builder: builder{root: tr.root, cache: filepath.Join(tr.root, "cache"), log: &tr.out}, tools: "rustc 1\n", out: &tr.out}
	return tr
}

func (tr *tree) write(name, content string) {
	tr.t.Helper()
	if err := os.WriteFile(filepath.Join(tr.root, name), []byte(content), 0o644); err != nil {
		tr.t.Fatal(err)
	}
}

// run builds and returns the exit code and what was printed.
func (tr *tree) run() (int, string) {
	tr.t.Helper()
	tr.out.Reset()
	code := tr.r.all(tr.t.Context(), []artifact{tr.a})
	return code, tr.out.String()
}

// recorded is a tree whose artifact is committed.
func recordedTree(t *testing.T) *tree {
	t.Helper()
	tr := newTree(t)
	tr.r.record = true
	if code, out := tr.run(); code != exitSame || !strings.Contains(out, "recorded") {
		t.Fatalf("recording ended with %d: %s", code, out)
	}
	tr.r.record = false
	return tr
}

func TestReproduce(t *testing.T) {
	cases := []struct {
		name   string
		change func(tr *tree)
		code   int
		want   []string
		not    string
	}{
		{"nothing changed", func(tr *tree) {}, exitSame,
			[]string{"  identical ", "custom meta", "func l._", "func get"}, "DIFFERS"},
		{"nothing changed, another compiler", func(tr *tree) { tr.r.tools = "rustc 2\n" }, exitSame,
			[]string{"  identical "}, "another compiler"},
		{"the code changed", func(tr *tree) { tr.write("source", string(module(2, "x"))) }, exitDiffers,
			[]string{"DIFFERS", "the first difference is at byte", "section code differs: built 8 bytes, committed 8"}, "section type differs"},
		{"a custom section grew", func(tr *tree) { tr.write("source", string(module(1, "xyz"))) }, exitDiffers,
			[]string{"section custom meta differs: built 10 bytes, committed 8"}, "section code differs"},
		{"the code changed, another compiler", func(tr *tree) {
			tr.r.tools = "rustc 2\n"
			tr.write("source", string(module(2, "x")))
		}, exitSame, []string{"built by another compiler, not compared: thing", "rustc 2", "--record thing"}, "DIFFERS"},
		{"the recipe builds nothing", func(tr *tree) {
			if err := os.Remove(filepath.Join(tr.root, "source")); err != nil {
				tr.t.Fatal(err)
			}
		}, exitDiffers, []string{"FAILED: read what build.sh built"}, "identical"},
		{"the recipe fails", func(tr *tree) { tr.write("build.sh", "#!/bin/sh\necho no registry\nexit 3\n") }, exitDiffers,
			[]string{"no registry", "FAILED: build thing with build.sh: exit status 3"}, "identical"},
		{"the recipe fails, another compiler", func(tr *tree) {
			tr.r.tools = "rustc 2\n"
			tr.write("build.sh", "#!/bin/sh\nexit 3\n")
		}, exitDiffers, []string{"with another compiler than the one in wasm/toolchain.txt"}, "identical"},
		{"the sha256 is of something else", func(tr *tree) { tr.write("wasm/thing.wasm.sha256", "00  thing.wasm\n") }, exitDiffers,
			[]string{"do not belong together"}, "identical"},
		{"what is committed is not compressed", func(tr *tree) { tr.write("wasm/thing.wasm.zst", string(module(1, "x"))) }, exitDiffers,
			[]string{"unpack wasm/thing.wasm.zst"}, "identical"},
		{"what is built is no module", func(tr *tree) { tr.write("source", "hello") }, exitDiffers,
			[]string{"not both can be read as modules"}, "identical"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			tr := recordedTree(t)
			c.change(tr)
			code, out := tr.run()
			if code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			for _, want := range c.want {
				if !strings.Contains(out, want) {
					t.Errorf("it does not say %q:\n%s", want, out)
				}
			}
			if strings.Contains(out, c.not) && c.not != "" {
				t.Errorf("it says %q:\n%s", c.not, out)
			}
		})
	}
}

// TestNoteIsWrittenForAnotherCompilerOnly reads what `make test` repeats below its summary.
func TestNoteIsWrittenForAnotherCompilerOnly(t *testing.T) {
	for _, c := range []struct {
		name, tools string
		built       byte
		code        int
		noted       bool
	}{
		{"the same bytes", "rustc 1\n", 1, exitSame, false},
		{"the same bytes, another compiler", "rustc 2\n", 1, exitSame, false},
		{"other bytes", "rustc 1\n", 2, exitDiffers, false},
		{"other bytes, another compiler", "rustc 2\n", 2, exitSame, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			tr := recordedTree(t)
			tr.r.tools, tr.r.note = c.tools, filepath.Join(tr.root, "note")
			tr.write("source", string(module(c.built, "x")))
			code, out := tr.run()
			if code != c.code {
				t.Errorf("exit code %d, want %d:\n%s", code, c.code, out)
			}
			note, err := os.ReadFile(tr.r.note)
			if (err == nil) != c.noted {
				t.Fatalf("noted %q, %v", note, err)
			}
			if c.noted && (!strings.HasPrefix(string(note), "built by another compiler, not compared: thing\n") || !strings.HasSuffix(out, string(note))) {
				t.Errorf("the note is\n%s\nit printed\n%s", note, out)
			}
		})
	}
}

// TestLicencesOfAnotherCompilerAreNotCompared has a list that is out of date, and no compiler to make a new one.
func TestLicencesOfAnotherCompilerAreNotCompared(t *testing.T) {
	for tools, want := range map[string]int{"rustc 1\n": exitDiffers, "rustc 2\n": exitSame} {
		tr := recordedTree(t)
		tr.a.licences = &licensed{file: "LICENSES", crate: "nowhere", target: "wasm32-unknown-unknown"}
		tr.r.tools = tools
		if code, out := tr.run(); code != want || strings.Contains(out, "list the licences") != (want == exitDiffers) {
			t.Errorf("%s: exit code %d, want %d:\n%s", tools, code, want, out)
		}
	}
}

func TestRecordWritesEverything(t *testing.T) {
	tr := recordedTree(t)
	c, err := read(tr.root, tr.a)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(c.wasm, module(1, "x")) || c.toolchain != "rustc 1\n" {
		t.Errorf("recorded %x by %q", c.wasm, c.toolchain)
	}
}

func TestOutLeavesWhatWasBuilt(t *testing.T) {
	tr := recordedTree(t)
	tr.write("source", string(module(9, "x")))
	tr.r.options.out = filepath.Join(tr.root, "here", "there")
	tr.run()
	got, err := os.ReadFile(filepath.Join(tr.root, "here", "there", "thing.wasm"))
	if err != nil || !bytes.Equal(got, module(9, "x")) {
		t.Errorf("left %x, %v", got, err)
	}

	// And takes it from there, whatever would be built now.
	tr.write("build.sh", "#!/bin/sh\nexit 3\n")
	tr.r.options = options{record: true, from: tr.r.options.out}
	if code, out := tr.run(); code != exitSame {
		t.Fatalf("exit code %d:\n%s", code, out)
	}
	if c, err := read(tr.root, tr.a); err != nil || !bytes.Equal(c.wasm, module(9, "x")) {
		t.Errorf("recorded %x, %v", c.wasm, err)
	}
	tr.r.options.from = tr.root
	if code, out := tr.run(); code != exitDiffers || !strings.Contains(out, "take what was built: ") {
		t.Errorf("nothing is left there: exit code %d:\n%s", code, out)
	}
}

func TestMissingToolIsOneSentence(t *testing.T) {
	dir := t.TempDir()
	err := present([]string{filepath.Join(dir, "rustc"), dir}, filepath.Join(dir, "src-*"))
	var missing *missingTool
	if !errors.As(err, &missing) || !slices.Equal(missing.what, []string{dir + "/rustc", dir + "/src-*"}) {
		t.Fatalf("%v, want rustc and the sources missing", err)
	}
	if text := err.Error(); !strings.Contains(text, "rustc-web cargo-web rust-web-src lld-19 binaryen") || strings.Contains(text, "\n") {
		t.Errorf("it says %q, want the packages on one line", text)
	}
	if err := present([]string{dir}, dir); err != nil {
		t.Errorf("all there, and yet %v", err)
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{}, {"nothing"}, {"-wrong"}} {
		var out, errs bytes.Buffer
		if code := run(context.Background(), args, &out, &errs); code != exitUsage || errs.Len() == 0 {
			t.Errorf("run %q ended with %d and said %q, want %d and a reason", args, code, errs.String(), exitUsage)
		}
	}
}

// The real tree.

func realArtifacts(t *testing.T) (string, []artifact) {
	t.Helper()
	root, err := findRoot(".")
	if err != nil {
		t.Fatal(err)
	}
	all, err := artifacts(root)
	if err != nil {
		t.Fatal(err)
	}
	return root, all
}

// Whoever changes a committed file without its record, or adds a test contract without its build, learns it without a compiler.
func TestCommittedFilesAreTheRecordedOnes(t *testing.T) {
	root, all := realArtifacts(t)
	for _, a := range all {
		t.Run(a.name, func(t *testing.T) {
			c, err := read(root, a)
			if err != nil {
				t.Fatalf("%v: go run ./internal/reproduce --record %s", err, a.name)
			}
			if c.toolchain == "" {
				t.Errorf("%s is missing: go run ./internal/reproduce --record %s", a.toolchain(), a.name)
			}
			if _, err := os.Stat(filepath.Join(root, a.recipe[0])); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestArtifactsAreNamedOnce(t *testing.T) {
	_, all := realArtifacts(t)
	seen := map[string]bool{}
	for _, a := range all {
		if seen[a.name] || a.name == a.group && a.name != "host" {
			t.Errorf("two artifacts or groups are called %s", a.name)
		}
		seen[a.name] = true
	}
	for _, name := range []string{"host", "probe", "stellar_escrow", "token"} {
		if !seen[name] {
			t.Errorf("%s is missing in the table", name)
		}
	}
	chosen, err := choose(all, []string{"contract"})
	if err != nil || slices.ContainsFunc(chosen, func(a artifact) bool { return a.group != "contract" }) {
		t.Errorf("the group contract is %v, %v", chosen, err)
	}
}

func TestLicencesFollowTheLock(t *testing.T) {
	root, all := realArtifacts(t)
	listed := 0
	for _, a := range all {
		if a.licences == nil {
			continue
		}
		listed++
		want, err := lockLine(root, *a.licences)
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(root, a.licences.file))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), want+"\n") {
			t.Errorf("%s is out of date: go run ./internal/reproduce --record %s", a.licences.file, a.name)
		}
	}
	if listed == 0 {
		t.Error("no artifact lists its licences")
	}
}

func TestHostNames(t *testing.T) {
	names := parseHostNames([]byte(`{"modules":[{"name":"ledger","export":"l","functions":[{"export":"_","name":"put_contract_data"}]}]}`))
	var out bytes.Buffer
	if err := describe(&out, module(1, "x"), names); err != nil {
		t.Fatal(err)
	}
	const want = `  53 bytes
            7  type
            9  import
            4  function
            9  export
            8  code
            8  custom meta
  1 imports
    func l._  ledger.put_contract_data
  1 exports
    func get
`
	if got := out.String(); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	if fmt.Sprint(parseHostNames([]byte("no json"))) != "map[]" {
		t.Error("names were read from what is no JSON")
	}
}
