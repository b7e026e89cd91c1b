// Package images_test holds the tests of what images are built of.
package images_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// ignored tells whether .dockerignore leaves a path out: the last line that matches it, or a folder that it is in, decides (docs.docker.com, build context).
func ignored(t *testing.T, lines []string, name string) bool {
	t.Helper()
	out := false
	for _, line := range lines {
		pattern, kept := strings.CutPrefix(line, "!")
		for at := name; at != "."; at = path.Dir(at) {
			rest, anywhere := strings.CutPrefix(pattern, "**/")
			candidate := at
			if anywhere {
				candidate = path.Base(at)
			}
			ok, err := path.Match(rest, candidate)
			if err != nil {
				t.Fatalf(".dockerignore: %s: %v", line, err)
			}
			if ok {
				out = !kept
				break
			}
		}
	}
	return out
}

// TestTheContextHasWhatIsBuilt asks go for each file of ours that is compiled or embedded into the programs.
func TestTheContextHasWhatIsBuilt(t *testing.T) {
	text, err := os.ReadFile("../.dockerignore")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			lines = append(lines, line)
		}
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=Dir,Standard,GoFiles,EmbedFiles", "./cmd/...")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	need := []string{"go.mod", "go.sum"}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			Dir                 string
			Standard            bool
			GoFiles, EmbedFiles []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		rel, err := filepath.Rel(root, p.Dir)
		if p.Standard || err != nil || strings.HasPrefix(rel, "..") {
			continue
		}
		for _, f := range append(p.GoFiles, p.EmbedFiles...) {
			need = append(need, path.Join(filepath.ToSlash(rel), f))
		}
	}
	if len(need) < 300 {
		t.Errorf("only %d files are needed", len(need))
	}
	for _, name := range need {
		if ignored(t, lines, name) {
			t.Errorf("%s is built and not in the context", name)
		}
	}
	for _, name := range []string{
		".git/config", ".env", ".env.local", "cmd/.env", "internal/app/app_test.go", "internal/api/testdata/x", "docs/guide.md", "test/e2e/x.go", "client/node_modules/x/y.js", "contract/escrow/src/lib.rs",
		"internal/x/target/y", "docker-compose.yml", "bin/stellarescrow", "k8s/base/api.yaml", "id_rsa",
	} {
		if !ignored(t, lines, name) {
			t.Errorf("%s would be in the context", name)
		}
	}
}
