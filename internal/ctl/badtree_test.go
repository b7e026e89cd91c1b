//go:build unix

package ctl_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/cli"
	"github.com/Abdullahi130/StellarEscrow/internal/ctl"
)

// said is what an audit says of a clause.
type said struct {
	ID, Verdict, Tree string
	Modes, Reasons    []string
}

// told is the whole audit of a tree, by clause. It ends within the time that all clauses together could take one after the other, says the exit code that it ends
// with, and no control breaks.
func told(t *testing.T, dir string) (map[string]said, string, int) {
	t.Helper()
	began := time.Now()
	out, err := audit(t, "--tree", dir, "--format", "json", "--within", "20s")
	if took := time.Since(began); took > 3*time.Minute {
		t.Errorf("it took %s", took)
	}
	var report struct {
		Exit    int
		Clauses []said
	}
	if decoded := json.Unmarshal([]byte(out), &report); decoded != nil || len(report.Clauses) < 60 || report.Exit != ctl.ExitCode(err) {
		t.Fatalf("%v, %v, exit %d, %d clauses", decoded, err, report.Exit, len(report.Clauses))
	}
	if strings.Contains(out, "the control broke") {
		t.Errorf("a control breaks:\n%s", out)
	}
	all := map[string]said{}
	for _, c := range report.Clauses {
		all[c.ID] = c
	}
	return all, out, report.Exit
}

// holds are the verdicts that count as a pass.
func holds(verdict string) bool { return verdict == "PASS" || verdict == "GUIDE DEFECT" }

// What is none of our checkouts has nothing that holds: what is not there was not looked at.
func TestTreesThatAreNotOurs(t *testing.T) {
	foreign := t.TempDir()
	for name, text := range map[string]string{
		"package.json": `{"name": "a-shop", "dependencies": {"left-pad": "1.0.0"}}`, "src/index.js": "console.log('a shop')\n", "README.md": "# A shop\n",
		"docker-compose.yml":      "services:\n  web:\n    image: shop:latest\n    ports: [\"8080:80\"]\n",
		"k8s/base/deploy.yaml":    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n",
		"nginx/nginx.conf":        "events {}\nhttp { server { listen 80; } }\n",
		".gitignore":              "node_modules\n",
		".github/workflows/a.yml": "on: push\njobs: {}\n",
	} {
		put(t, foreign, name, text)
	}
	for name, dir := range map[string]string{"an empty folder": t.TempDir(), "somebody else's checkout": foreign} {
		t.Run(name, func(t *testing.T) {
			all, _, exit := told(t, dir)
			for _, c := range all {
				if holds(c.Tree) {
					t.Errorf("%s is %s: %+v", c.ID, c.Tree, c)
				}
				if c.Tree == "NOT EVIDENCED" && len(c.Reasons) == 0 {
					t.Errorf("%s does not say why it could not be looked at", c.ID)
				}
			}
			if exit != cli.ExitFails {
				t.Errorf("it ends with %d", exit)
			}
		})
	}
}

func put(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// bomb is a YAML text that is small and would be 10^9 values.
func bomb() string {
	var b strings.Builder
	b.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := range 9 {
		fmt.Fprintf(&b, "a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i), 10), ", "))
	}
	return b.String()
}

// What cannot be read of one file is NOT EVIDENCED, or FAIL, of the clauses that are about it, which say why; all others say what they said.
func TestTreesThatCannotBeRead(t *testing.T) {
	whole, _, _ := told(t, copied(t))
	outside := filepath.Join(t.TempDir(), "outside")
	const kept = "what-stands-outside-the-tree"
	if err := os.WriteFile(outside, []byte("services: {"+kept+": {image: x}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	stack, manifests := []string{"N8", "N9", "N10", "S9", "S11", "C7"}, []string{"N1", "N2", "N3", "N4", "N5", "N6", "N7", "S1", "S2", "S3", "S4", "P1", "P2", "P3", "C1"}
	door, values := []string{"N11", "N12", "N13", "N14"}, []string{"S9"}
	files := []struct {
		name  string
		about []string
	}{{"docker-compose.yml", stack}, {"k8s/base/api.yaml", manifests}, {"nginx/include/tls.conf", door}, {".env.example", values}}
	ways := map[string]struct {
		of     func(path string) error
		not    []string // files that are not YAML, or that this does nothing bad to
		reason string   // an expression that one of the clauses' reasons fits
	}{
		"half written": {func(path string) error {
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			half := text[:len(text)/2]
			return os.WriteFile(path, append(half[:strings.LastIndexByte(string(half), '\n')], "\n  : [ { \"\n"...), 0o644)
		}, []string{".env.example"}, ""},
		"a key that stands twice": {func(path string) error {
			text, err := os.ReadFile(path)
			return errorOr(err, func() error {
				return os.WriteFile(path, append(text, "\nx-twice: {a: 1, a: 2}\n"...), 0o644)
			})
		}, []string{"nginx/include/tls.conf", ".env.example"}, "line "},
		"a bomb of aliases": {func(path string) error { return os.WriteFile(path, []byte(bomb()), 0o644) }, []string{"nginx/include/tls.conf", ".env.example"}, ""},
		"a link out of the tree": {func(path string) error {
			return errorOr(os.Remove(path), func() error { return os.Symlink(outside, path) })
		}, nil, "link|escapes"},
		"a link to itself": {func(path string) error {
			return errorOr(os.Remove(path), func() error { return os.Symlink(filepath.Base(path), path) })
		}, nil, ""},
		"a pipe that nobody writes to": {func(path string) error {
			return errorOr(os.Remove(path), func() error { return syscall.Mkfifo(path, 0o600) })
		}, nil, ""},
		"a folder": {func(path string) error {
			return errorOr(os.Remove(path), func() error { return os.Mkdir(path, 0o755) })
		}, nil, ""},
		"a gigabyte": {func(path string) error { return os.Truncate(path, 1<<30) }, nil, ""},
		"not text":   {func(path string) error { return os.WriteFile(path, []byte("\x00\xff\xfe\x00{{{"), 0o644) }, []string{".env.example"}, ""},
	}
	if os.Geteuid() != 0 { // root reads it all the same
		ways["no right to read it"] = struct {
			of     func(path string) error
			not    []string
			reason string
		}{func(path string) error { return os.Chmod(path, 0) }, nil, "permission"}
	}
	for name, way := range ways {
		for _, f := range files {
			if slices.Contains(way.not, f.name) {
				continue
			}
			t.Run(name+"/"+f.name, func(t *testing.T) {
				dir := copied(t)
				if err := way.of(filepath.Join(dir, f.name)); err != nil {
					t.Fatal(err)
				}
				all, out, exit := told(t, dir)
				if exit == cli.ExitHolds {
					t.Error("it holds")
				}
				if strings.Contains(out, kept) {
					t.Error("the report has what stands outside the tree")
				}
				reasons := ""
				for id, was := range whole {
					now := all[id]
					switch {
					case slices.Contains(f.about, id):
						if holds(now.Tree) || now.Tree == "NOT EVIDENCED" && len(now.Reasons) == 0 {
							t.Errorf("%s is %s: %v", id, now.Tree, now.Reasons)
						}
						reasons += strings.Join(now.Reasons, "\n")
					case now.Tree != was.Tree && holds(now.Tree):
						t.Errorf("%s is %s, and was %s", id, now.Tree, was.Tree)
					case holds(was.Tree) && now.Tree == "FAIL":
						t.Errorf("%s is FAIL by %v, which is not about %s", id, now.Modes, f.name)
					}
				}
				if !regexp.MustCompile(way.reason).MatchString(reasons) {
					t.Errorf("nobody says %q:\n%s", way.reason, reasons)
				}
			})
		}
	}
}

func errorOr(err error, next func() error) error {
	if err != nil {
		return err
	}
	return next()
}
