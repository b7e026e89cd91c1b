package host

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// compiledInto compiles with a cache in dir and returns the files of code in it, and what was logged.
func compiledInto(t *testing.T, dir string) (code []string, log string) {
	t.Helper()
	var lines bytes.Buffer
	m, err := Compile(t.Context(), Options{CacheDir: dir, Log: slog.New(slog.NewTextHandler(&lines, nil))})
	if err != nil {
		t.Fatal(err)
	}
	h, err := m.NewHost(t.Context(), nil)
	if err == nil {
		_, _, err = h.DefaultCosts(t.Context()) // runs
	}
	if err := errors.Join(err, m.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
	inner, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(inner) > 1 {
		t.Fatal(inner, err)
	}
	for _, in := range inner {
		if err := eachCode(in, func(path string) error { code = append(code, path); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	return code, lines.String()
}

// Compiled code that was damaged in any way is made again, with a line that says so, and is used the next time without any.
func TestDamagedCode(t *testing.T) {
	dir := t.TempDir()
	code, log := compiledInto(t, dir)
	if len(code) != 1 || log != "" {
		t.Fatalf("%d files, and the log says %q", len(code), log)
	}
	path := code[0]
	inner := filepath.Dir(filepath.Dir(path))
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadFile(path + sumSuffix)
	if err != nil {
		t.Fatal(err)
	}
	put := func(text []byte) {
		t.Helper()
		for path, text := range map[string][]byte{path: text, path + sumSuffix: kept} {
			if err := os.WriteFile(path, text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	flipped := func(at int) []byte {
		b := bytes.Clone(whole)
		b[at] ^= 0x10
		return b
	}
	if n, err := dropDamaged(inner); n != 0 || err != nil {
		t.Fatalf("whole: %d damaged, %v", n, err)
	}
	for name, text := range map[string][]byte{"empty": {}, "shortened": whole[:len(whole)-100], "longer": append(bytes.Clone(whole), 0),
		"how many functions": flipped(20), "where one begins": flipped(100), "code": flipped(len(whole) / 2), "the last byte": flipped(len(whole) - 1)} {
		put(text)
		if n, err := dropDamaged(inner); n != 1 || err != nil {
			t.Errorf("%s: %d damaged, %v", name, n, err)
		}
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s: it is still there", name)
		}
	}
	put(whole[:len(whole)/3])
	_, log = compiledInto(t, dir)
	if strings.Count(log, "\n") != 1 || !strings.Contains(log, "was damaged and is compiled again") || !strings.Contains(log, dir) {
		t.Errorf("the log says %q, want one line with the folder", log)
	}
	if _, log = compiledInto(t, dir); log != "" {
		t.Errorf("made again, and the log says %q", log)
	}
	if err := os.Remove(path + sumSuffix); err != nil {
		t.Fatal(err)
	}
	if n, err := dropDamaged(inner); n != 0 || err != nil {
		t.Errorf("without a sum: %d damaged, %v", n, err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("code without a sum is still there")
	}
}

// A cache that can be neither used nor repaired costs two seconds, and a line that names the folder.
func TestCacheThatCannotBeRepaired(t *testing.T) {
	dir := t.TempDir()
	code, _ := compiledInto(t, dir)
	if err := os.Remove(code[0] + sumSuffix); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(code[0]+sumSuffix, "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, log := compiledInto(t, dir)
	if strings.Count(log, "\n") != 1 || !strings.Contains(log, "without its cache") || !strings.Contains(log, "use the folder "+dir) {
		t.Errorf("the log says %q, want one line with the folder", log)
	}
}
