//go:build unix

package opinions

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/opinions"
	"github.com/Abdullahi130/StellarEscrow/test/parts"
)

// named is a tool with its version, as pip and go install take it.
var named = regexp.MustCompile(`\b(checkov|hadolint|zizmor|kube-score|actionlint)(?:-bin)?(?:==|@v)([0-9][0-9.]*[0-9])`)

// installs are what the audit says to who lacks a tool.
func installs(t *testing.T) (text string) {
	t.Helper()
	m := opinions.Machine{Find: func(string) (string, error) { return "", errors.New("it is not here") }}
	o, err := m.Ask(t.Context(), opinions.Names(), facts.Open(os.DirFS(t.TempDir())), []guide.Clause{})
	if err != nil || len(o.Tools) != len(opinions.Names()) {
		t.Fatalf("%v, %+v", err, o)
	}
	for _, tool := range o.Tools {
		text += tool.NotAsked + "\n"
	}
	return text
}

// TestEverybodyNamesTheSameVersions: whoever follows a page gets the tools that the tests have had, and so the same opinions.
func TestEverybodyNamesTheSameVersions(t *testing.T) {
	root, err := parts.Repository()
	if err != nil {
		t.Fatal(err)
	}
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	versions := Versions()
	if len(versions) != 4 {
		t.Fatalf("of four tools these have a version: %v", versions)
	}
	m := regexp.MustCompile(`\bgithub\.com/rhysd/actionlint v(\S+)`).FindStringSubmatch(read("go.mod"))
	if m == nil {
		t.Fatal("go.mod has no actionlint: tests build it of there")
	}
	versions["actionlint"] = m[1]
	for _, c := range []struct {
		where, text string
		tools       []string // that it names with a version
	}{
		{"requirements.in", read("test/parts/opinions/requirements.in"), []string{"checkov", "hadolint", "zizmor"}},
		{"what the audit says of a tool that is not there", installs(t), []string{"checkov", "hadolint", "kube-score", "actionlint", "zizmor"}},
		{"docs/operations/audit.md", read("docs/operations/audit.md"), []string{"checkov", "hadolint", "kube-score", "actionlint", "zizmor"}},
		{"docs/operations/scanning.md", read("docs/operations/scanning.md"), []string{"checkov", "zizmor"}},
		{".github/workflows/security-scan.yml", read(".github/workflows/security-scan.yml"), []string{"checkov", "zizmor"}},
	} {
		var seen []string
		for _, m := range named.FindAllStringSubmatch(c.text, -1) {
			seen = append(seen, m[1])
			if m[2] != versions[m[1]] {
				t.Errorf("%s: %s, which is version %s in the tests", c.where, m[0], versions[m[1]])
			}
		}
		slices.Sort(c.tools)
		if seen = slices.Compact(slices.Sorted(slices.Values(seen))); !slices.Equal(seen, c.tools) {
			t.Errorf("%s names the versions of %q, want %q", c.where, seen, c.tools)
		}
	}
	for tool, name := range map[string]string{"checkov": "Checkov", "zizmor": "zizmor"} {
		if row := regexp.MustCompile(`(?m)^\| ` + name + ` \| .* \| ` + regexp.QuoteMeta(versions[tool]) + ` \|$`); !row.MatchString(read("docs/operations/scanning.md")) {
			t.Errorf("docs/operations/scanning.md has no row of %s %s", name, versions[tool])
		}
	}
}
