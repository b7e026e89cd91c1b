package ctl_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/cli"
	"github.com/Abdullahi130/StellarEscrow/internal/ctl"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/opinions"
	"github.com/Abdullahi130/StellarEscrow/test/parts"
)

// root is this checkout.
const root = "../.."

// copied is what the audit reads of this tree, to be changed.
func copied(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"docker-compose.yml", ".env.example", ".gitignore", "nginx", "k8s", "monitoring", "images", "scripts", "docs", ".github", "go.mod"} {
		from, to := filepath.Join(root, name), filepath.Join(dir, name)
		is, err := os.Stat(from)
		if err != nil {
			t.Fatal(err)
		}
		if is.IsDir() {
			if err := os.CopyFS(to, os.DirFS(from)); err != nil {
				t.Fatal(err)
			}
			continue
		}
		text, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// audit calls escrowctl audit.
func audit(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := ctl.Run(t.Context(), append([]string{"audit"}, args...), &out)
	return out.String(), err
}

// The exit code is the same whatever the format, and the formats for programs have it in them: for what holds, what fails, what cannot be looked at, and what a
// baseline accepts.
func TestExitOfEveryFormat(t *testing.T) {
	broken := copied(t)
	text, err := os.ReadFile(filepath.Join(broken, "docker-compose.yml"))
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.Replace(text, []byte(`"127.0.0.1:5432:5432"`), []byte(`"5432:5432"`), 1)
	if err := os.WriteFile(filepath.Join(broken, "docker-compose.yml"), text, 0o644); err != nil {
		t.Fatal(err)
	}
	baseline := filepath.Join(t.TempDir(), "baseline.yaml")
	if err := os.WriteFile(baseline, []byte("accepted: [{clause: N8, verdict: FAIL, modes: [published-to-the-world], reason: it is a test, until: "+time.Now().AddDate(1, 0, 0).Format(time.DateOnly)+"}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		args []string
		want int
	}{
		{"it holds", []string{"N8", "--tree", root}, cli.ExitHolds},
		{"it fails", []string{"N8", "N11", "--tree", broken}, cli.ExitFails},
		{"it cannot be looked at", []string{"N11", "--tree", root}, cli.ExitNotLooked},
		{"as the baseline says", []string{"N8", "--tree", broken, "--baseline", baseline}, cli.ExitHolds},
		{"better than the baseline says", []string{"N8", "--tree", root, "--baseline", baseline}, cli.ExitFails},
		{"otherwise than the baseline says", []string{"N8", "N11", "--tree", broken, "--baseline", baseline}, cli.ExitFails},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, format := range []string{"text", "json", "sarif", "html"} {
				out, err := audit(t, append(c.args, "--format", format)...)
				if got := ctl.ExitCode(err); got != c.want {
					t.Errorf("%s: it ends with %d (%v), want %d", format, got, err, c.want)
				}
				inside := -1
				switch format {
				case "text":
					fmt.Sscanf(out[strings.LastIndex(out, "Exit code"):], "Exit code %d.", &inside)
				case "html":
					fmt.Sscanf(out[strings.Index(out, "exit code"):], "exit code %d", &inside)
				case "json":
					var report struct{ Exit *int }
					if err := json.Unmarshal([]byte(out), &report); err != nil || report.Exit == nil {
						t.Fatalf("%v: %s", err, out)
					}
					inside = *report.Exit
				case "sarif":
					var report struct {
						Runs []struct{ Invocations []struct{ ExitCode *int } }
					}
					if err := json.Unmarshal([]byte(out), &report); err != nil {
						t.Fatal(err)
					}
					inside = *report.Runs[0].Invocations[0].ExitCode
				}
				if inside != c.want {
					t.Errorf("%s says that it ends with %d, want %d", format, inside, c.want)
				}
			}
		})
	}
}

func TestAuditCalledWrongly(t *testing.T) {
	file := func(text string) string {
		name := filepath.Join(t.TempDir(), "a-file.yaml")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	pipe := filepath.Join(t.TempDir(), "pipe") // into which nobody writes
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	accepted := func(clause, mode string) string {
		return "accepted: [{clause: " + clause + ", verdict: FAIL, modes: [" + mode + "], reason: later, until: 2027-03-31}]\n"
	}
	for _, args := range [][]string{
		{"Z9"}, {"n3"}, {"--tree", filepath.Join(root, "go.mod")}, {"--tree", "/nowhere/at/all"}, {"--format", "pdf"}, {"--live", "/nowhere"}, {"--baseline", "/nowhere"}, {"--write"},
		{"--fix", "--prove"}, {"--fix", "--live", "targets.yaml"}, {"--within", "soon"}, {"--within", "0s"}, {"--tree", ""}, {"--fix", "--format", "json"}, {"--prove", "--format", "sarif"}, {"--second-opinions", "shellcheck"}, {"--second-opinions", "any", "--prove"}, {"--second-opinions", "any", "--fix"},
		// What is empty, as of a variable of the shell that is not set, is not what is left out; and what is not done is not passed over in silence.
		{"N8", "--live", ""}, {"N8", "--baseline", ""}, {"N8", "--second-opinions", ""}, {"--break-running", "", "--prove"}, {"N8", "--tree", ".", "--tree", root},
		{"--explain", "--format", "json"}, {"--explain", "--fix"}, {"--explain", "--prove"}, {"--explain", "--live", file("door: https://a.example\n")}, {"--explain", "--baseline", file("accepted: []\n")},
		{"--live", file("door: https://a.example\nroots: /nowhere.pem\n")}, {"--live", file("door: https://a.example\nroots: " + filepath.Join(root, "go.mod") + "\n")},
		{"--live", file("cluster: {kubeconfig: /nowhere, context: c}\n")}, {"--live", file("scans: {folder: /nowhere, commit: \"" + strings.Repeat("a", 40) + "\"}\n")},
		{"--live", pipe}, {"--baseline", pipe}, {"--baseline", file("")}, {"--baseline", file(accepted("ZZ", "nonsense"))}, {"--baseline", file(accepted("N8", "nonsense"))},
	} {
		out, err := audit(t, args...)
		if ctl.ExitCode(err) != cli.ExitMisused || !errors.Is(err, cli.ErrUsage) || out != "" || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, exit code %d, and it prints %q", args, err, ctl.ExitCode(err), out)
		}
	}
}

// The help names the tools that can be asked, and no others.
func TestAuditHelpNamesTheTools(t *testing.T) {
	out, err := audit(t, "--help")
	if want := "or names (" + strings.Join(opinions.Names(), ", ") + ")"; err != nil || !strings.Contains(strings.Join(strings.Fields(out), " "), want) {
		t.Errorf("%v: it does not say %q:\n%s", err, want, out)
	}
}

// An audit that is stopped leaves nothing that could be taken for a report, or for a patch.
func TestAuditThatIsStopped(t *testing.T) {
	for _, args := range [][]string{{"--format", "json"}, {"--fix"}, {"N", "--fix", "--write"}, {"N8", "--prove"}} {
		ctx, stop := context.WithCancel(t.Context())
		stop()
		var out bytes.Buffer
		err := ctl.Run(ctx, append([]string{"audit", "--tree", copied(t)}, args...), &out)
		if ctl.ExitCode(err) != cli.ExitNotLooked || !errors.Is(err, context.Canceled) || out.Len() > 0 {
			t.Errorf("%q: %v, exit code %d, and it prints %q", args, err, ctl.ExitCode(err), out.String())
		}
	}
}

// TestFix prints a patch and changes nothing; with --write the tree is mended.
func TestFix(t *testing.T) {
	dir := copied(t)
	path := filepath.Join(dir, "docker-compose.yml")
	was, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	broken := bytes.Replace(was, []byte(`"127.0.0.1:6379:6379"`), []byte(`"6379:6379"`), 1)
	if err := os.WriteFile(path, broken, 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := audit(t, "N8", "--tree", dir); ctl.ExitCode(err) != cli.ExitFails || !strings.Contains(out, "escrowctl audit --fix prints a patch for 1 of the findings") {
		t.Errorf("%v\n%s", err, out)
	}
	out, err := audit(t, "N8", "--tree", dir, "--fix")
	if err != nil || !strings.Contains(out, "\n+    ports: [\"127.0.0.1:6379:6379\"]\n") {
		t.Errorf("%v\n%s", err, out)
	}
	if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, broken) {
		t.Errorf("the tree was changed without being asked to (%v)", err)
	}
	if _, err := audit(t, "N8", "--tree", dir, "--fix", "--write"); err != nil {
		t.Error(err)
	}
	if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, was) {
		t.Errorf("%v, it is mended to\n%s", err, now)
	}
	// What has no edit is left, and the exit code says so.
	if out, err := audit(t, "N8", "S9", "--tree", t.TempDir(), "--fix"); ctl.ExitCode(err) != cli.ExitNotLooked {
		t.Errorf("%v\n%s", err, out)
	}
}

// A tool that cannot be asked is exit code 2, whatever the format, and named in each; a disagreement that nobody has explained is 1.
func TestSecondOpinions(t *testing.T) {
	bin := t.TempDir()
	t.Setenv("PATH", bin)
	tool := func(script string) {
		if err := os.WriteFile(filepath.Join(bin, "promtool"), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name, script, asked, says string
		want                      int
	}{
		{"none is installed", "", "any", "it is not installed", cli.ExitNotLooked},
		{"it is not installed", "", "promtool", "it is not installed", cli.ExitNotLooked},
		{"it breaks", "exit 9", "any", "is not understood", cli.ExitNotLooked},
		{"it agrees", "echo SUCCESS", "any", "agrees", cli.ExitHolds},
		{"it disagrees", "[ \"$1\" = --version ] || { echo 'FAILED: of its own mind'; exit 1; }", "promtool", "of its own mind", cli.ExitFails},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := os.RemoveAll(filepath.Join(bin, "promtool")); err != nil {
				t.Fatal(err)
			}
			if c.script != "" {
				tool(c.script)
			}
			for _, format := range []string{"text", "json", "sarif", "html"} {
				out, err := audit(t, "M11", "--tree", root, "--second-opinions", c.asked, "--format", format)
				if got := ctl.ExitCode(err); got != c.want || !strings.Contains(out, c.says) && !(format == "sarif" && c.want == cli.ExitHolds) {
					t.Errorf("%s: it ends with %d (%v), want %d and %q\n%s", format, got, err, c.want, c.says, out)
				}
			}
		})
	}
}

// TestTheManualOfTheAudit runs every command of the page.
func TestTheManualOfTheAudit(t *testing.T) {
	shell := parts.Program(t, "bash", "apt-get install bash")
	parts.Program(t, "patch", "apt-get install patch")
	parts.Program(t, "promtool", "apt-get install --no-install-recommends prometheus")
	text, err := os.ReadFile(filepath.Join(root, "docs/operations/audit.md"))
	if err != nil {
		t.Fatal(err)
	}
	bin, work := t.TempDir(), t.TempDir()
	self, err := filepath.Abs(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(bin, "escrowctl"), fmt.Appendf(nil, "#!/bin/sh\n%s=1 exec %q \"$@\"\n", ctl.AsProgram, self), 0o755); err != nil {
		t.Fatal(err)
	}
	whole, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	// The baseline is of the whole tree, and the rest of a part of it that may be changed.
	want := []struct{ checkout, says string }{
		{whole, "clauses, files only"}, {whole, "published-to-the-world"}, {whole, "tree  service redis: 127.0.0.1:6379"}, {whole, ""}, {whole, "NOT EVIDENCED  N12"}, {whole, "no such file"}, {whole, "promtool agrees: 1 check"},
		{copied(t), "1 of  1 PASS"}, {whole, "breaks are found by exactly their name"},
	}
	ran := 0
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		if ran == len(want) {
			t.Fatalf("the page has a block that this test does not know:\n%s", block[1])
		}
		cmd := exec.CommandContext(t.Context(), shell, "-euo", "pipefail", "-c", block[1])
		cmd.Dir, cmd.Env = work, append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "CHECKOUT="+want[ran].checkout)
		out, err := cmd.CombinedOutput()
		if ran == 0 && strings.Contains(string(out), "the audit is not as its baseline says") {
			err = nil // whether it is, the tests of the clauses ask: an unpacked archive, for one, has no history
		}
		if err != nil || !strings.Contains(string(out), want[ran].says) {
			t.Errorf("%s\n%s(%v), want %q", block[1], out, err, want[ran].says)
		}
		ran++
	}
	if ran != len(want) {
		t.Errorf("%d blocks were run, want %d", ran, len(want))
	}
	for _, name := range []string{"audit.json", "audit.sarif", "audit.html"} {
		if is, err := os.Stat(filepath.Join(work, name)); err != nil || is.Size() < 1000 {
			t.Errorf("%s: %v", name, err)
		}
	}
}
