package scanning

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	git "github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing/object"

	_ "github.com/zricethezav/gitleaks/v8/cmd" // what the program below is built of: go.sum keeps the sums of what is imported, and of nothing else
)

const root = "../../.."

// gitleaksProgram is the real one, of the version that go.mod has: that whose code this audit uses.
func gitleaksProgram(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "gitleaks")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "github.com/zricethezav/gitleaks/v8")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build gitleaks: %v\n%s", err, out)
	}
	return program
}

// The guide's command, word for word, with the rules of this checkout: it finds a key of ours that was committed once and removed, and nothing where there was none. The audit's own search, by
// gitleaks' code, says the same.
func TestTheGuidesGitleaks(t *testing.T) {
	program := gitleaksProgram(t)
	words := strings.Fields(literal[1])
	if words[0] != "gitleaks" {
		t.Fatalf("the guide's command is %q", words)
	}
	for _, c := range []struct{ name, text, rule string }{
		{"nothing", "a line\n", ""},
		{"an integrator's key", "key = " + samples()[0].key + "\n", "stellarescrow-key"},
		{"an administrator's key", samples()[1].key, "stellarescrow-key"},
		{"a secret seed", "SEED=" + samples()[2].key + "\n", "stellar-secret-seed"},
		{"a backup's key", samples()[3].key + "\n", "age-secret-key"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			text, err := os.ReadFile(filepath.Join(root, rules))
			if err != nil {
				t.Fatal(err)
			}
			repositoryOf(t, dir, map[string]string{rules: string(text), "notes.txt": c.text}, map[string]string{"notes.txt": "gone\n"})
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			report := filepath.Join(t.TempDir(), "report.json")
			cmd := exec.CommandContext(ctx, program, append(words[1:], "--report-path", report)...)
			cmd.Dir = dir
			out, err := cmd.CombinedOutput()
			if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			if found := cmd.ProcessState.ExitCode() == 1; found != (c.rule != "") {
				t.Errorf("exit code %d\n%s", cmd.ProcessState.ExitCode(), out)
			}
			var leaks []struct{ RuleID string }
			if text, err = os.ReadFile(report); err != nil || json.Unmarshal(text, &leaks) != nil {
				t.Fatalf("the report: %v\n%s", err, text)
			}
			if c.rule != "" && !slices.ContainsFunc(leaks, func(l struct{ RuleID string }) bool { return l.RuleID == c.rule }) {
				t.Errorf("%+v, want %s", leaks, c.rule)
			}
			past, err := searched(dir)
			if err != nil || (len(past.Leaks) > 0) != (c.rule != "") {
				t.Errorf("the audit's search: %+v, %v", past, err)
			}
		})
	}
}

// repositoryOf makes a repository with a commit for each set of files.
func repositoryOf(t *testing.T, dir string, commits ...map[string]string) {
	t.Helper()
	repo, err := git.PlainInit(dir, false)
	if err != nil {
		t.Fatal(err)
	}
	work, err := repo.Worktree()
	if err != nil {
		t.Fatal(err)
	}
	for n, files := range commits {
		for name, text := range files {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := work.Add(name); err != nil {
				t.Fatal(err)
			}
		}
		who := &object.Signature{Name: "a committer", Email: "a@example.com", When: time.Unix(int64(n), 0)}
		if _, err := work.Commit("a commit", &git.CommitOptions{Author: who, Committer: who}); err != nil {
			t.Fatal(err)
		}
	}
}
