package attacks

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	goTest = regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\) \{\n(\s*t\.Skip)?`)
	// A test of Rust, with all that stands above it: attributes, and comments between them.
	rustTest    = regexp.MustCompile(`(?m)^((?:[ \t]*(?:#\[|//).*\n)+)[ \t]*fn (\w+)\(\) \{$`)
	attackCited = regexp.MustCompile(`docs/contract-attacks\.md ([DEIK]\d+)((?:, [DEIK]\d+)*)`)
)

// Each row of the page names tests and stories that are there, and each place that cites a row cites one that is there. It reads the sources and runs nothing: a
// test that is never run, or that skips itself in the middle, is seen by TestShownAttacksPass alone.
func TestAttacksAreShown(t *testing.T) {
	all, root := page(t)
	tests, cited := sources(t, root)
	ids := map[string]bool{}
	for _, a := range all {
		if ids[a.id] {
			t.Errorf("%s stands twice", a.id)
		}
		ids[a.id] = true
		if len(a.by) == 0 && !a.said {
			t.Errorf("%s: neither shown by a test nor said to be accepted", a.id)
		}
		for _, name := range a.by {
			if isStory(name) {
				if _, err := os.Stat(filepath.Join(root, "contract/vectors/stories", name+".json")); err != nil {
					t.Errorf("%s: there is no story %s", a.id, name)
				}
			} else if len(tests[name]) == 0 {
				t.Errorf("%s: there is no test %s that is run", a.id, name)
			}
		}
	}
	if len(cited) == 0 {
		t.Error("no comment cites the page")
	}
	for id, file := range cited {
		if !ids[id] {
			t.Errorf("%s cites %s, which the page does not have", file, id)
		}
	}
}

// testsOf are the names of the tests in a file, by its name Go's or Rust's, without those that are ignored, left out or begin with a skip.
func testsOf(file, text string) (names []string) {
	switch {
	case strings.HasSuffix(file, "_test.go"):
		for _, m := range goTest.FindAllStringSubmatch(text, -1) {
			if m[2] == "" {
				names = append(names, m[1])
			}
		}
	case strings.HasSuffix(file, ".rs"):
		for _, m := range rustTest.FindAllStringSubmatch(text, -1) {
			var attributes []string
			for line := range strings.Lines(m[1]) {
				if line = strings.TrimSpace(line); strings.HasPrefix(line, "#") {
					attributes = append(attributes, line)
				}
			}
			out := func(line string) bool { return strings.HasPrefix(line, "#[ignore") || strings.HasPrefix(line, "#[cfg") }
			if slices.Contains(attributes, "#[test]") && !slices.ContainsFunc(attributes, out) {
				names = append(names, m[2])
			}
		}
	}
	return names
}

// sources are the folders of all tests by their names, Go's and Rust's, and each id that is cited, with a file that does.
func sources(t *testing.T, root string) (tests map[string][]string, cited map[string]string) {
	t.Helper()
	tests, cited = map[string][]string{}, map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch name := d.Name(); {
		case errors.Is(err, fs.ErrNotExist):
			return nil // another test's temporary file
		case err != nil:
			return err
		case d.IsDir() && (name == "node_modules" || name == "target" || name == ".git"):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, ".rs"):
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		folder, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		for _, name := range testsOf(path, string(text)) {
			tests[name] = append(tests[name], folder)
		}
		for _, m := range attackCited.FindAllStringSubmatch(string(text), -1) {
			for _, id := range strings.Split(m[1]+m[2], ", ") {
				cited[id] = path
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return tests, cited
}

// What is no test, is ignored, or does nothing but skip, shows nothing.
func TestWhatIsATest(t *testing.T) {
	for _, c := range []struct{ file, text, want string }{
		{"a_test.go", "func TestA(t *testing.T) {\n\tt.Parallel()\n", "TestA"},
		{"a_test.go", "func TestA(t *testing.T) {\n\tt.Skip(\"not today\")\n", ""},
		{"a_test.go", "func TestA(t *testing.T) {\n\tt.Skipf(\"not %s\", today)\n", ""},
		{"a.go", "func TestA(t *testing.T) {\n", ""},
		{"a.rs", "\n#[test]\nfn a() {\n}\n", "a"},
		{"a.rs", "mod tests {\n    // Why.\n    #[test]\n    #[should_panic]\n    fn a() {\n", "a"},
		{"a.rs", "\nfn a() {\n}\n", ""},
		{"a.rs", "\n// Not #[test].\nfn a() {\n}\n", ""},
		{"a.rs", "\n#[test]\n#[ignore]\nfn a() {\n}\n", ""},
		{"a.rs", "\n#[ignore = \"slow\"]\n#[test]\nfn a() {\n}\n", ""},
		{"a.rs", "\n#[cfg(never)]\n#[test]\nfn a() {\n}\n", ""},
		{"a.rs", "\n#[test]\nfn a() {\n}\n\nfn b() {\n}\n", "a"},
	} {
		if got := strings.Join(testsOf(c.file, c.text), " "); got != c.want {
			t.Errorf("%s: %q: got %q, want %q", c.file, c.text, got, c.want)
		}
	}
}
