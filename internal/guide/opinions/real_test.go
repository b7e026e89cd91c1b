//go:build unix

package opinions_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/clauses"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/opinions"
	"github.com/Abdullahi130/StellarEscrow/test/parts"
)

const root = "../../.."

// machine has the tools of this machine, and actionlint as the module has it, which every machine can build. promtool and amtool are parts that tests need; who has none of the others, of
// which Debian has no packages, is told so by a skip.
func machine(t *testing.T, tool string) opinions.Machine {
	t.Helper()
	m := opinions.Machine{Find: exec.LookPath, Root: root}
	switch tool {
	case "actionlint":
		program := filepath.Join(t.TempDir(), "actionlint")
		build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "github.com/rhysd/actionlint/cmd/actionlint")
		build.Dir = root
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("build actionlint: %v\n%s", err, out)
		}
		m.Find = func(string) (string, error) { return program, nil }
	case "promtool":
		parts.Program(t, tool, "apt-get install -y --no-install-recommends prometheus")
	case "amtool":
		parts.Program(t, tool, "apt-get install -y --no-install-recommends prometheus-alertmanager")
	default:
		parts.Program(t, tool, "docs/operations/audit.md says how it is had, and make test PART=prepare installs it")
	}
	return m
}

// audited is what the guide says of a tree: of what tools have opinions of.
func audited(t *testing.T, tree *facts.Tree) []guide.Clause {
	t.Helper()
	g, err := clauses.Guide()
	if err != nil {
		t.Fatal(err)
	}
	chosen, err := g.Choose([]string{"N1", "S1", "S4", "V1", "V7", "V8", "M11", "P"})
	if err != nil {
		t.Fatal(err)
	}
	return guide.Audit(t.Context(), chosen, guide.Asked{Tree: tree, Within: time.Minute, Now: time.Now}).Clauses
}

// Each tool that is installed says of our own tree what the guide says, or there is a reason in docs/second-opinions.yaml; and it sees what is broken.
func TestToolsOnOurTree(t *testing.T) {
	for _, c := range []struct {
		tool           string
		agrees         []string          // clauses of which it agrees as the tree is
		file, old, new string            // what is broken
		breaks         map[string]string // rule that then objects, to the clause that it is of, if the guide has one
		says           string            // in that objection: of a tool that objects to our own tree too
	}{
		{"checkov", []string{"N1", "S1", "S4", "V7", "P2", "P3"}, "infra/terraform/modules/bucket/main.tf", "resource \"aws_s3_bucket\" \"this\" {", "resource \"aws_s3_bucket\" \"more\" {\n  bucket = \"more\"\n}\n\nresource \"aws_s3_bucket\" \"this\" {", map[string]string{"CKV_AWS_18": "V7"}, ""},
		{"checkov", nil, "k8s/base/api.yaml", "      automountServiceAccountToken: false", "      automountServiceAccountToken: true", map[string]string{"CKV_K8S_38": "P2"}, ""},
		{"hadolint", []string{"P1"}, "images/api/Dockerfile", "USER 65532:65532", "USER root", map[string]string{"DL3002": "P1"}, ""},
		{"kube-score", []string{"N1"}, "k8s/base/api.yaml", "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", map[string]string{"container-security-context-readonlyrootfilesystem": "P1"}, ""},
		{"promtool", []string{"M11"}, "monitoring/prometheus.yml", "rule_files:", "rules_files:", map[string]string{"check-config": "M11"}, ""},
		{"amtool", nil, "monitoring/alertmanager.yml", "route:\n", "routes: []\nroute:\n", map[string]string{"check-config": "M11"}, "field routes not found"},
		{"actionlint", []string{"V1"}, ".github/workflows/security-scan.yml", "  pull_request:\n", "  pull_requests:\n", map[string]string{"events": "V1"}, ""},
		{"zizmor", []string{"V1", "V8"}, ".github/workflows/security-scan.yml", "  pull_request:\n", "  pull_request_target:\n", map[string]string{"dangerous-triggers": "V1"}, ""},
	} {
		t.Run(c.tool+" "+c.file, func(t *testing.T) {
			m := machine(t, c.tool)
			tree := facts.Open(os.DirFS(root))
			ask := func(tree *facts.Tree) *guide.Opinions {
				o, err := m.Ask(t.Context(), []string{c.tool}, tree, audited(t, tree))
				if err != nil || o.Tools[0].NotAsked != "" {
					t.Fatalf("%v, %+v", err, o)
				}
				return o
			}
			if c.agrees != nil {
				o := ask(tree)
				if err := o.Err(); err != nil {
					t.Errorf("%v: %+v %+v %q", err, o.Said, o.Beside, o.Strange)
				}
				for _, id := range c.agrees {
					if !slices.ContainsFunc(o.Said, func(s guide.Opinion) bool { return s.Clause == id && (s.Stand == guide.Concurs) && s.Checks > 0 }) {
						t.Errorf("it does not agree about %s: %+v", id, o.Said)
					}
				}
			}
			text, err := fs.ReadFile(os.DirFS(root), c.file)
			if err != nil || !strings.Contains(string(text), c.old) {
				t.Fatalf("%s has no %q (%v)", c.file, c.old, err)
			}
			o := ask(tree.With(map[string][]byte{c.file: []byte(strings.Replace(string(text), c.old, c.new, 1))}))
			for rule, clause := range c.breaks {
				if !slices.ContainsFunc(o.Said, func(s guide.Opinion) bool {
					return s.Clause == clause && slices.ContainsFunc(s.Objections, func(x guide.Objection) bool {
						return x.Rule == rule && (x.Reason == "" || c.says != "") && strings.Contains(x.Says, c.says)
					})
				}) {
					t.Errorf("%s of %s does not object: %+v", rule, clause, o.Said)
				}
			}
		})
	}
}

// The real checkov neither reads the settings of the tree nor runs the checks beside them, wherever they stand; and it reports what the files tell it to overlook.
func TestCheckovLoadsNothingOfTheTree(t *testing.T) {
	m := machine(t, "checkov")
	ran := filepath.Join(t.TempDir(), "ran")
	settings := []byte("external-checks-dir:\n  - checks\nskip-check:\n  - CKV_AWS_18\nsoft-fail: true\n")
	code := []byte("open(" + "'" + ran + "', 'w').write('it ran')\n")
	dir := t.TempDir()
	for name, text := range map[string][]byte{
		".checkov.yaml": settings, ".checkov.yml": settings, "checks/__init__.py": code, "checks/evil.py": code, "infra/terraform/.checkov.yaml": settings, "infra/terraform/checks/evil.py": code,
		"infra/terraform/checks/__init__.py": code, "checkov.py": code, "sitecustomize.py": code,
		"infra/terraform/main.tf": []byte("resource \"aws_s3_bucket\" \"logs\" {\n  #checkov:skip=CKV_AWS_144:nobody reads them\n  bucket = \"logs\"\n}\n"),
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// By hand, where it stands, checkov does run them: the test would show nothing otherwise.
	program, err := exec.LookPath("checkov")
	if err != nil {
		t.Fatal(err)
	}
	byHand := exec.CommandContext(t.Context(), program, "--directory", ".", "--framework", "terraform", "--skip-download", "--compact", "--quiet")
	byHand.Dir = dir
	out, err := byHand.CombinedOutput()
	if _, missing := os.Stat(ran); missing != nil {
		t.Fatalf("checkov by hand did not run the tree's check (%v):\n%s", err, out)
	}
	if err := os.Remove(ran); err != nil {
		t.Fatal(err)
	}
	m.Root = dir
	t.Chdir(dir)
	tree := facts.Open(os.DirFS("."))
	o, err := m.Ask(t.Context(), []string{"checkov"}, tree, nil)
	if err != nil || o.Tools[0].NotAsked != "" {
		t.Fatalf("%v, %+v", err, o)
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("a check of the tree was run")
	}
	if told := o.Tools[0]; !slices.ContainsFunc(told.Skips, func(s string) bool {
		return strings.Contains(s, "CKV_AWS_144") && strings.Contains(s, "nobody reads them")
	}) {
		t.Errorf("what it was told to overlook: %q", told.Skips)
	}
	// What the settings would have it skip, it says.
	o, err = m.Ask(t.Context(), []string{"checkov"}, tree, audited(t, tree))
	if err != nil || !slices.ContainsFunc(o.Said, func(s guide.Opinion) bool {
		return s.Clause == "V7" && slices.ContainsFunc(s.Objections, func(x guide.Objection) bool { return x.Rule == "CKV_AWS_18" })
	}) {
		t.Errorf("%v: %+v", err, o)
	}
}
