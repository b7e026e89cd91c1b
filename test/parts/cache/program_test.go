//go:build unix

package cache

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// source is a go that hands out a folder as the module, and builds for real.
func source(t *testing.T, sum string) (goProgram string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"module/go.mod":  "module example.test/hello\n\ngo 1.26\n",
		"module/main.go": "package main\n\nfunc main() { println(\"hello\") }\n",
		"go": "#!/bin/sh\nif [ \"$2\" = download ]; then echo x >>" + dir + "/downloads; echo '{\"Dir\": \"" + dir + "/module\", \"Sum\": \"" + sum + "\"}'; exit; fi\n" +
			"exec go \"$@\"\n",
	} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "go")
}

func hello() Program {
	return Program{Name: "hello", Module: "example.test/hello", Version: "v1.0.0", Sum: "h1:right", Main: "."}
}

func TestAProgramIsBuiltOnce(t *testing.T) {
	goCache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOCACHE", filepath.Join(goCache, "go-build"))
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	p, goProgram := hello(), source(t, "h1:right")
	if _, err := p.Path(); !errors.Is(err, ErrMissing) {
		t.Fatalf("before: %v", err)
	}
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			if path, err := p.Build(t.Context(), goProgram, io.Discard); err != nil || filepath.Base(path) != "hello" {
				t.Errorf("%s, %v", path, err)
			}
		})
	}
	both.Wait()
	downloads, err := os.ReadFile(filepath.Join(filepath.Dir(goProgram), "downloads"))
	if err != nil || strings.Count(string(downloads), "x") != 1 {
		t.Errorf("it was fetched %d times, %v", strings.Count(string(downloads), "x"), err)
	}
	path, err := p.Path()
	if err != nil {
		t.Fatal(err)
	}
	other := p
	other.Version = "v1.0.1"
	if at, err := other.Path(); !errors.Is(err, ErrMissing) {
		t.Errorf("another version is at %s too (%s), %v", at, path, err)
	}
}

func TestWhatIsNotWhatItWas(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	if path, err := hello().Build(t.Context(), source(t, "h1:other"), io.Discard); err == nil || !strings.Contains(err.Error(), "h1:other, want h1:right") {
		t.Errorf("another sum: %s, %v", path, err)
	}
	var unreachable *UnreachableError
	if path, err := hello().Build(t.Context(), "false", io.Discard); !errors.As(err, &unreachable) || !strings.Contains(unreachable.Install(), "example.test/hello@v1.0.0") {
		t.Errorf("nobody has it: %s, %v", path, err)
	}
	if _, err := hello().Path(); !errors.Is(err, ErrMissing) {
		t.Errorf("what failed is there: %v", err)
	}
}
