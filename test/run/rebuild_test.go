package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The go of these tests: what comparing, recording and the stories end with is told by the environment, and each of them is logged. The
// stories pass only where the rebuilt files have been recorded, in a copy of the tree.
const fakeGo = `
case "$*" in
"run ./internal/reproduce --note "*)
	echo compared >>"$LOG"
	mkdir "$6" && echo rebuilt >"$6/committed"
	[ -z "$NOTE" ] || printf "$NOTE" >"$4"
	exit "$COMPARE" ;;
"run ./internal/reproduce --record --from "*" contract host")
	echo "recorded in a copy with $(echo *)" >>"$LOG"
	cp "$5/committed" .
	exit "$RECORD" ;;
"test "*" ./test/e2e")
	echo "stories with $(cat committed)" >>"$LOG"
	exit "$STORIES" ;;
esac
echo "not expected: go $*"
exit 9`

const otherCompiler = `built by another compiler, not compared: host\nto record them anew: go run ./internal/reproduce --record host, then make test\n`

// TestRebuild runs the stage, as make test PART=rebuild does, with each way in which what is built can compare.
func TestRebuild(t *testing.T) {
	const tried = "compared\nrecorded in a copy with committed fresh script\n"
	for _, c := range []struct {
		name, compare, note, record, stories string
		fails                                string
		did                                  string
	}{
		{name: "identical", compare: "0", did: "compared\n"},
		{name: "the recorded compiler gives other bytes", compare: "1", did: "compared\n", fails: "go run ./internal/reproduce --note"},
		{name: "another compiler, every story passes", compare: "0", note: otherCompiler, record: "0", stories: "0", did: tried + "stories with rebuilt\n"},
		{name: "another compiler, a story fails", compare: "0", note: otherCompiler, record: "0", stories: "1", did: tried + "stories with rebuilt\n", fails: "what another compiler built does not pass"},
		{name: "another compiler, not to be recorded", compare: "0", note: otherCompiler, record: "1", did: tried, fails: "what another compiler built does not pass"},
		{name: "another compiler for one, the recorded one gives other bytes", compare: "1", note: otherCompiler, did: "compared\n", fails: "go run ./internal/reproduce --note"},
	} {
		t.Run(c.name, func(t *testing.T) {
			log := filepath.Join(t.TempDir(), "log")
			for name, value := range map[string]string{"LOG": log, "COMPARE": c.compare, "NOTE": c.note, "RECORD": c.record, "STORIES": c.stories, "TMPDIR": t.TempDir()} {
				t.Setenv(name, value)
			}
			bin := programs(t, map[string]string{"go": fakeGo, "cargo": ""})
			t.Chdir(workingTree(t))

			var out bytes.Buffer
			err := suite{out: &out, required: true, cargo: filepath.Join(bin, "cargo"), cache: t.TempDir(), notes: new([]string)}.runAll(t.Context(), "rebuild")
			if (err != nil) != (c.fails != "") || !strings.Contains(out.String(), "FAILED: "+c.fails) && c.fails != "" {
				t.Errorf("it ended with %v, want a failure %q:\n%s", err, c.fails, &out)
			}
			did, readErr := os.ReadFile(log)
			if readErr != nil || string(did) != c.did {
				t.Errorf("it did\n%swant\n%s%v", did, c.did, readErr)
			}
			last := strings.ReplaceAll(c.note, `\n`, "\n")
			if c.note != "" && len(c.record) > 0 && !strings.HasSuffix(out.String(), last) {
				t.Errorf("the last lines are not\n%sbut\n%s", last, &out)
			}
			if c.note == "" && strings.Contains(out.String(), "another compiler") {
				t.Errorf("it speaks of another compiler:\n%s", &out)
			}
			if left, _ := filepath.Glob(filepath.Join(os.Getenv("TMPDIR"), "*")); len(left) > 0 {
				t.Errorf("it left %v", left)
			}
			if here, err := os.ReadFile("committed"); err != nil || string(here) != "as recorded" {
				t.Errorf("the tree itself has %q, %v", here, err)
			}
		})
	}
	t.Run("no Debian compiler", func(t *testing.T) {
		err := rebuild(t.Context(), suite{cargo: filepath.Join(t.TempDir(), "cargo")})
		if err == nil || !strings.Contains(err.Error(), "apt-get install") {
			t.Errorf("it ended with %v, want what to install", err)
		}
	})
}

// workingTree is a repository with a committed file, one that is not committed yet, one that was deleted since, and one that git ignores.
func workingTree(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	write := func(name, content string, mode os.FileMode) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), mode); err != nil {
			t.Fatal(err)
		}
	}
	git := func(args ...string) {
		cmd := exec.CommandContext(t.Context(), "git", append([]string{"-C", dir, "-c", "user.name=test", "-c", "user.email=test@example.org"}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	git("init", "--quiet")
	write("committed", "as recorded", 0o644)
	write("script", "#!/bin/sh\n", 0o755)
	write("gone", "", 0o644)
	write(".gitignore", "target\n", 0o644)
	git("add", ".")
	git("commit", "--quiet", "-m", "all")
	write("fresh", "", 0o644)
	write("target", "", 0o644)
	if err := os.Remove(filepath.Join(dir, "gone")); err != nil {
		t.Fatal(err)
	}
	return dir
}
