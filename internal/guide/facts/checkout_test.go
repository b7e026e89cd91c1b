package facts_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/history"
	"github.com/Abdullahi130/StellarEscrow/test/parts"
)

// In a worktree that git itself has made, its repository is looked through, and its own commit is the one that is checked out. A .git that anybody could have written leads nowhere.
func TestAWorktreeIsReadAsGitDoes(t *testing.T) {
	program := parts.Program(t, "git", "apt-get install -y git")
	main, linked := filepath.Join(t.TempDir(), "main"), filepath.Join(t.TempDir(), "linked")
	git := func(dir string, args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), program, append([]string{"-C", dir, "-c", "user.name=a committer", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"}, args...)...)
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %q: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	write := func(name, text string) {
		t.Helper()
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(main, "README.md"), "it\n")
	git(main, "init", "-q")
	git(main, "add", ".")
	git(main, "commit", "-q", "-m", "one")
	git(main, "worktree", "add", "-q", "-b", "other", linked)
	write(filepath.Join(linked, ".env"), "A=b\n")
	git(linked, "add", "-f", ".env")
	git(linked, "commit", "-q", "-m", "two")
	look := func(dir string) (head string, h history.History, err error) {
		t.Helper()
		c, err := facts.OpenCheckout(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if h, err = history.Search(c, func(name string) bool { return name == ".env" }); err != nil {
			return "", h, err
		}
		head, err = history.Head(c)
		return head, h, err
	}
	pointer := filepath.Join(linked, ".git")
	absolute, err := os.ReadFile(pointer)
	if err != nil {
		t.Fatal(err)
	}
	relative, err := filepath.Rel(linked, strings.TrimSpace(strings.TrimPrefix(string(absolute), "gitdir: ")))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"as git has written it": string(absolute), "relative": "gitdir: " + relative + "\n"} {
		write(pointer, text)
		head, h, err := look(linked)
		if want := git(linked, "rev-parse", "HEAD"); err != nil || head != want || h.Commits != 2 || len(h.Found) != 1 {
			t.Errorf("%s: %s, %+v, %v, want %s", name, head, h, err, want)
		}
	}
	if head, _, err := look(main); err != nil || head != git(main, "rev-parse", "HEAD") {
		t.Errorf("beside it: %s, %v", head, err)
	}
	thief := t.TempDir()
	for name, text := range map[string]string{
		"another's worktree":  string(absolute),
		"another's checkout":  "gitdir: " + filepath.Join(main, ".git") + "\n",
		"a folder of nothing": "gitdir: " + t.TempDir() + "\n",
		"no folder":           "gitdir: /no-such-folder\n",
		"no pointer":          "something else\n",
		"too long":            "gitdir: /" + strings.Repeat("x", 5_000) + "\n",
	} {
		write(filepath.Join(thief, ".git"), text)
		if _, h, err := look(thief); !errors.Is(err, history.ErrNone) || !strings.Contains(err.Error(), ".git is a file") {
			t.Errorf("%s: %+v, %v", name, h, err)
		}
	}
	c, err := facts.OpenCheckout(linked)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for name, want := range map[string]bool{".git/objects": true, ".git/HEAD": false, ".git": true, ".": true} {
		if at, err := fs.Stat(c, name); err != nil || at.IsDir() != want {
			t.Errorf("%s: %v, %v", name, at, err)
		}
	}
	if _, err := fs.ReadFile(c, ".git/no-such-file"); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), ".git/no-such-file") {
		t.Error(err)
	}
}
