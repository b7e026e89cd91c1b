//go:build unix

package images

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/test/parts"
)

// Of each image the newest two stay, and what was asked for lately.
func TestOldImagesAreForgotten(t *testing.T) {
	w := &workshop{cache: t.TempDir()}
	for name, age := range map[string]time.Duration{
		"client-a": 2 * time.Hour, "client-b": 3 * time.Hour, "client-c": 4 * time.Hour, "client-d": 30 * time.Hour,
		"api-a": time.Minute, "api-b": 2 * time.Minute, "api-c": 3 * time.Minute, "api-d": 2 * time.Hour,
		"redis-a": time.Hour, "redis-b": 25 * time.Hour,
	} {
		asked := time.Now().Add(-age)
		path := filepath.Join(w.cache, name)
		if err := errors.Join(os.WriteFile(path+".tar", nil, 0o600), os.WriteFile(path+".json", nil, 0o600), os.Chtimes(path+".tar", asked, asked)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.forget(); err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, ending := range []string{".tar", ".json"} {
		left = left[:0]
		files, err := fs.Glob(os.DirFS(w.cache), "*"+ending)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			left = append(left, strings.TrimSuffix(f, ending))
		}
		if want := []string{"api-a", "api-b", "api-c", "client-a", "client-b", "redis-a"}; !slices.Equal(left, want) {
			t.Errorf("%s: %v are left, want %v", ending, left, want)
		}
	}
}

// What goes into a program is its key, and what does not is not: a module that only tests require, a package of another program.
func TestTheKeyIsOfWhatGoesIn(t *testing.T) {
	from, err := parts.Repository()
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(t.TempDir(), "tree")
	if err := copyContext(from, root); err != nil {
		t.Fatal(err)
	}
	key := func() string {
		t.Helper()
		text, err := hashContext(t.Context(), root, "cmd/stellarescrow")
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	edit := func(name, old, new string) (undo func()) {
		t.Helper()
		path := filepath.Join(root, name)
		was := string(read(t, path))
		if old == "" {
			old = was
			new = was + new
		}
		if !strings.Contains(was, old) {
			t.Fatalf("%s has no %q", name, old)
		}
		write := func(text string) {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		write(strings.Replace(was, old, new, 1))
		return func() { write(was) }
	}
	before := key()
	for _, c := range []struct {
		what, file, old, new string
		other                bool
	}{
		{"a comment in go.mod", "go.mod", "", "\n// nothing\n", false},
		{"a sum of what nobody asks for", "go.sum", "", "example.test/nothing v1.0.0 h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", false},
		{"the other program", "cmd/escrowctl/main.go", "", "\n// changed\n", false},
		{"the program", "cmd/stellarescrow/main.go", "", "\n// changed\n", true},
		{"a package of it", "internal/secret/fit.go", "", "\n// changed\n", true},
		{"a file that is embedded", "internal/api/openapi.yaml", "", "\n# changed\n", true},
		{"another Go", "go.mod", "\ngo 1.26", "\ngodebug x509negativeserial=1\n\ngo 1.26", true},
	} {
		undo := edit(c.file, c.old, c.new)
		if now := key(); (now != before) != c.other {
			t.Errorf("%s: another key: %t, want %t", c.what, now != before, c.other)
		}
		undo()
	}
	if key() != before {
		t.Error("all as before, and another key")
	}
}
