package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What has passed is asked for again when a package below the tests has changed, a file that it embeds, or one that the tests read besides; and only then.
func TestMadeOf(t *testing.T) {
	root := filepath.Join(t.TempDir(), "a folder")
	if err := os.Mkdir(root, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Chdir(root)
	write := func(path, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", "module example.test/made\n\ngo 1.26\n")
	write("a/a_test.go", "package a\n\nimport _ \"example.test/made/b\"\n")
	write("b/b.go", "package b\n\nimport _ \"embed\"\n\n//go:embed sql/one.sql\nvar One string\n")
	write("b/sql/one.sql", "select 1")
	write("c/c.go", "package c\n")
	write("data/d.json", "{}")
	write("docs/page.md", "a page")
	if out, err := exec.CommandContext(t.Context(), "git", "init", "-q").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	key := func() string {
		t.Helper()
		key, err := madeOf(t.Context(), []string{"a"}, []string{"data"})
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	before := key()
	for _, step := range []struct {
		path, text string
		changes    bool
	}{
		{"c/c.go", "package c\n\nvar C = 1\n", false},
		{"docs/page.md", "another page", false},
		{"a/a_test.go", "package a\n\nimport _ \"example.test/made/b\"\n\nvar a = 1\n", true},
		{"b/b.go", "package b\n\nimport _ \"embed\"\n\n//go:embed sql/one.sql\nvar Two string\n", true},
		{"b/sql/one.sql", "select 2", true},
		{"data/d.json", "[]", true},
		{"go.mod", "module example.test/made\n\ngo 1.25\n", true},
	} {
		write(step.path, step.text)
		after := key()
		if changed := after != before; changed != step.changes {
			t.Errorf("%s has another text: another key is %v, want %v", step.path, changed, step.changes)
		}
		before = after
	}
	if _, err := madeOf(t.Context(), []string{"nowhere"}, nil); err == nil || !strings.Contains(err.Error(), "directory not found") {
		t.Errorf("a package that is not there: %v", err)
	}
}
