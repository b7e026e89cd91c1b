package arch

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	attackRow   = regexp.MustCompile(`(?m)^\| ([DEIK]\d+) \| (.+) \| (.+) \| (.+) \|$`)
	quoted      = regexp.MustCompile("`([^`]+)`")
	testName    = regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)|^\s*fn (\w+)\(\) \{$`)
	attackCited = regexp.MustCompile(`docs/contract-attacks\.md ([DEIK]\d+)((?:, [DEIK]\d+)*)`)
)

// Each row of docs/contract-attacks.md names tests and stories that exist, and each place that cites a row cites one that is there.
func TestAttacksAreShown(t *testing.T) {
	const root = "../.."
	page, err := os.ReadFile(filepath.Join(root, "docs/contract-attacks.md"))
	if err != nil {
		t.Fatal(err)
	}
	tests, cited := testsAndCitations(t, root)
	rows := map[string]bool{}
	for _, row := range attackRow.FindAllStringSubmatch(string(page), -1) {
		id, answer, shown := row[1], row[3], row[4]
		if rows[id] {
			t.Errorf("%s stands twice", id)
		}
		rows[id] = true
		names := quoted.FindAllStringSubmatch(shown, -1)
		if len(names) == 0 && !strings.Contains(answer, "*Said*") {
			t.Errorf("%s: neither shown by a test nor said to be accepted", id)
		}
		for _, name := range names {
			_, err := os.Stat(filepath.Join(root, "contract/vectors/stories", name[1]+".json"))
			if story := strings.Contains(name[1], "/"); story && err != nil || !story && !tests[name[1]] {
				t.Errorf("%s: there is no test or story %s", id, name[1])
			}
		}
	}
	if len(rows) < 40 {
		t.Fatalf("read %d rows, there are more than 40", len(rows))
	}
	if len(cited) == 0 {
		t.Error("no comment cites the page")
	}
	t.Logf("proved: %d attacks, each shown by tests that are there or said to be accepted", len(rows))
	for id, file := range cited {
		if !rows[id] {
			t.Errorf("%s cites %s, which the page does not have", file, id)
		}
	}
}

// testsAndCitations are the names of all tests, Go's and Rust's, and each id that is cited, with a file that does.
func testsAndCitations(t *testing.T, root string) (tests map[string]bool, cited map[string]string) {
	t.Helper()
	tests, cited = map[string]bool{}, map[string]string{}
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
		if strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, ".rs") {
			for _, m := range testName.FindAllStringSubmatch(string(text), -1) {
				tests[m[1]+m[2]] = true
			}
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
