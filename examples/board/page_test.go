//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/procgroup"
	"github.com/Abdullahi130/StellarEscrow/test/parts"
)

// onPage is where the page's network is.
const onPage = "http://127.0.0.1:8000"

// command is one of the page's, with what the page says it prints: "…" stands for anything.
type command struct{ line, prints string }

// commands reads the page's console blocks.
func commands(t *testing.T, root string) (list []command) {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(root, "docs", "localnet.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range regexp.MustCompile("(?s)```console\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		for _, line := range strings.SplitAfter(block[1], "\n") {
			if c, ok := strings.CutPrefix(line, "$ "); ok {
				list = append(list, command{line: strings.TrimSpace(c)})
			} else if len(list) > 0 {
				list[len(list)-1].prints += line
			}
		}
	}
	return list
}

// like tells whether something was printed as the page has it.
func like(printed, page string) bool {
	pattern := strings.ReplaceAll(regexp.QuoteMeta(strings.TrimSpace(page)), "…", ".*")
	return regexp.MustCompile("^" + pattern + "$").MatchString(strings.TrimSpace(printed))
}

// Each command of docs/localnet.md is run as it stands there, but for the address, and prints what stands there.
func TestPage(t *testing.T) {
	root, err := parts.Repository()
	if err != nil {
		t.Fatal(err)
	}
	list := commands(t, root)
	start := list[0]
	if !strings.HasPrefix(start.line, "go run ./cmd/stellarescrow localnet ") {
		t.Fatalf("the page begins with %q, not with the network", start.line)
	}
	url := startNetwork(t, root, start)
	home := t.TempDir()
	board := filepath.Join(home, "board") // where the page goes with its JavaScript
	run := 0
	for _, c := range list[1:] {
		t.Run(c.line, func(t *testing.T) {
			script, dir, env := strings.ReplaceAll(c.line, onPage, url), root, os.Environ()
			switch program, _, _ := strings.Cut(c.line, " "); program {
			case "go":
			case "mkdir":
				env = append(env, "HOME="+home)
			case "curl":
				parts.Program(t, "curl", "apt-get install curl")
			case "npm": // what it installs is there for other tests already, at the version that they are about
				modules := parts.Folder(t, filepath.Join(root, "test/js/node_modules"), "npm ci in test/js")
				if err := os.Symlink(modules, filepath.Join(board, "node_modules")); err != nil {
					t.Fatal(err)
				}
				return
			case "node":
				parts.Program(t, "node", "apt-get install nodejs")
				parts.Folder(t, filepath.Join(root, "test/js/node_modules"), "npm ci in test/js")
				dir = board
			default:
				t.Fatalf("no part is known for %s", program)
			}
			run++
			cmd := exec.CommandContext(t.Context(), "sh", "-c", script)
			cmd.Dir, cmd.Env = dir, env
			var said bytes.Buffer
			cmd.Stderr = &said
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("%v\n%s%s", err, out, said.Bytes())
			}
			if printed := strings.ReplaceAll(string(out), url, onPage); !like(printed, c.prints) {
				t.Errorf("printed\n%s\nthe page has\n%s", printed, c.prints)
			}
		})
	}
	if run < 2 {
		t.Errorf("%d commands of the page were run, want 2 at least: it shows nothing", run)
	}
}

// startNetwork starts the page's network on a free port, and holds what it prints against the page.
func startNetwork(t *testing.T, root string, c command) (url string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	args := strings.Fields(strings.ReplaceAll(c.line, "127.0.0.1:8000", "127.0.0.1:0"))
	cmd := procgroup.Command(ctx, args[0], args[1:]...)
	cmd.Dir = root
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = procgroup.Run(cmd) // it is stopped; what was wrong before that is missing in what it printed
	}()
	t.Cleanup(func() {
		stop()
		<-ended
	})
	var printed strings.Builder
	for lines := bufio.NewScanner(out); lines.Scan(); {
		printed.WriteString(lines.Text() + "\n")
		if _, after, ok := strings.Cut(lines.Text(), "  RPC "); ok {
			url = strings.TrimSpace(after)
		}
		if strings.Contains(lines.Text(), "/advance") {
			break
		}
	}
	if url == "" || !like(strings.ReplaceAll(printed.String(), url, onPage), c.prints) {
		stop()
		<-ended
		t.Fatalf("the network printed\n%s\n%s\nthe page has\n%s", printed.String(), said.String(), c.prints)
	}
	return url
}

// Tests that the page names are there.
func TestNamesOnThePage(t *testing.T) {
	root, err := parts.Repository()
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(root, "docs", "localnet.md"))
	if err != nil {
		t.Fatal(err)
	}
	var sources bytes.Buffer
	for _, pattern := range []string{"internal/localnet/*_test.go", "internal/localnet/*/*_test.go"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			content, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			sources.Write(content)
		}
	}
	names := regexp.MustCompile("`(Test[A-Za-z]+)`").FindAllSubmatch(page, -1)
	for _, m := range names {
		if !bytes.Contains(sources.Bytes(), []byte("func "+string(m[1])+"(t *testing.T)")) {
			t.Errorf("the page names %s, which is no test of localnet", m[1])
		}
	}
	if len(names) < 10 {
		t.Errorf("the page names %d tests, want 10 at least: is it read as it is written?", len(names))
	}
}
