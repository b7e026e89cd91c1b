//go:build unix

package opinions

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/test/parts/cache"
)

// The programs of a machine that has nothing else: a Python whose environments have a pip that installs one command and writes down what it was asked for, and a go
// that hands out a module and builds it without looking at it.
const (
	fakePython = `#!/bin/sh
here=$(dirname "$0")
case $* in
--version) cat "$here/version" ;;
"-m venv "*)
	mkdir -p "$3/bin"
	cat >"$3/bin/python3" <<END
#!/bin/sh
echo "\$@" >>"$here/asked"
[ ! -e "$here/unreachable" ] || { echo "no matching distribution" >&2; exit 1; }
for list; do :; done
cp "\$list" "$here/listed"
echo >"$3/bin/tool"
echo >"$3/bin/further"
END
	chmod +x "$3/bin/python3" ;;
*) exit 9 ;;
esac
`
	fakeGo = `#!/bin/sh
here=$(dirname "$0")
case $1 in
mod) echo "{\"Dir\": \"$here\", \"Sum\": \"h1:right\"}" ;;
build) echo built >"$3" ;;
esac
`
)

// machine is one with these programs and an empty cache.
func machine(t *testing.T) (s set, goProgram, dir string) {
	t.Helper()
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	dir = t.TempDir()
	for name, text := range map[string]string{"python3": fakePython, "go": fakeGo, "version": "Python 3.11.2\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return set{
		python: filepath.Join(dir, "python3"), requirements: "a-tool==1.2.3 \\\n    --hash=sha256:00\n", packages: map[string]string{"tool": "a-tool"},
		program: cache.Program{Name: "score", Module: "example.test/score", Version: "v1.0.0", Sum: "h1:right", Main: "."},
	}, filepath.Join(dir, "go"), dir
}

func TestToolsAreInstalledOnce(t *testing.T) {
	s, goProgram, dir := machine(t)
	if at, err := s.prepared(t.Context()); !errors.Is(err, cache.ErrMissing) {
		t.Fatalf("before: %s, %v", at, err)
	}
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			if _, err := s.prepare(t.Context(), goProgram, io.Discard); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	at, err := s.prepared(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	found, err := os.ReadDir(at)
	var names []string
	for _, f := range found {
		names = append(names, f.Name())
		if _, err := os.Stat(filepath.Join(at, f.Name())); err != nil {
			t.Error(err)
		}
	}
	if !slices.Equal(names, []string{"score", "tool"}) {
		t.Errorf("there are %q, %v; want what is wanted and nothing else", names, err)
	}
	asked, err := os.ReadFile(filepath.Join(dir, "asked"))
	if err != nil || strings.Count(string(asked), "\n") != 1 || !strings.HasPrefix(string(asked), "-m pip install ") || !strings.Contains(string(asked), " --require-hashes ") {
		t.Errorf("pip was asked for\n%s%v; want one installation, by hashes", asked, err)
	}
	if list, err := os.ReadFile(filepath.Join(dir, "listed")); err != nil || string(list) != s.requirements {
		t.Errorf("its list was %q, %v", list, err)
	}

	// What it is made of, or with, changes: it is made anew.
	others := map[string]set{"list": s, "program": s}
	other := s
	other.requirements += "more==1 \\\n"
	others["list"] = other
	other = s
	other.program.Version = "v1.0.1"
	others["program"] = other
	for name, o := range others {
		if at, err := o.prepared(t.Context()); !errors.Is(err, cache.ErrMissing) {
			t.Errorf("another %s: %s, %v", name, at, err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "version"), []byte("Python 3.12.0\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if at, err := s.prepared(t.Context()); !errors.Is(err, cache.ErrMissing) {
		t.Errorf("another Python: %s, %v", at, err)
	}
}

func TestAnInstallationThatFails(t *testing.T) {
	s, goProgram, dir := machine(t)
	unreachable := filepath.Join(dir, "unreachable")
	if err := os.WriteFile(unreachable, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if at, err := s.prepare(t.Context(), goProgram, io.Discard); err == nil || !strings.Contains(err.Error(), "no matching distribution") {
		t.Errorf("a package that cannot be had: %s, %v", at, err)
	}
	if at, err := s.prepared(t.Context()); !errors.Is(err, cache.ErrMissing) {
		t.Errorf("after that it is there: %s, %v", at, err)
	}
	if err := os.Remove(unreachable); err != nil {
		t.Fatal(err)
	}
	if _, err := s.prepare(t.Context(), goProgram, io.Discard); err != nil {
		t.Errorf("the next one, which can: %v", err)
	}

	s.packages = map[string]string{"nothing": "a-tool"}
	s.requirements += "more==1 \\\n"
	if at, err := s.prepare(t.Context(), goProgram, io.Discard); err == nil || !strings.Contains(err.Error(), "nothing is not among what was installed") {
		t.Errorf("a package without its command: %s, %v", at, err)
	}
	s.python = filepath.Join(dir, "python4")
	if at, err := s.prepare(t.Context(), goProgram, io.Discard); err == nil || !strings.Contains(err.Error(), "python4") {
		t.Errorf("no Python: %s, %v", at, err)
	}
	s.python = "python-that-nobody-has"
	if at, err := s.prepared(t.Context()); !errors.Is(err, cache.ErrMissing) {
		t.Errorf("no Python on the path: %s, %v", at, err)
	}
	if at, err := s.prepare(t.Context(), goProgram, io.Discard); err == nil || !strings.Contains(err.Error(), "apt-get install python3") {
		t.Errorf("no Python on the path: %s, %v", at, err)
	}
}
