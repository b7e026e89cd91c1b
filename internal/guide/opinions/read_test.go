package opinions

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
)

const workflowFile = ".github/workflows/ci.yml"

// readers are the parsers, each with what it was given when its answer was recorded.
func readers() map[string]struct {
	read  func([]byte, given) (heard, error)
	given given
} {
	objects := map[string]guide.Place{"Pod example/shell": {File: "pod.yaml", Line: 3}, "ClusterRole reader": {File: "roles.yaml", Line: 7}}
	return map[string]struct {
		read  func([]byte, given) (heard, error)
		given given
	}{
		"checkov":    {readCheckov, given{[]string{"Dockerfile", rendered, "main.tf"}, objects}},
		"kube-score": {readKubeScore, given{[]string{rendered}, objects}},
		"hadolint":   {readHadolint, given{[]string{"Dockerfile"}, nil}},
		"actionlint": {readActionlint, given{[]string{workflowFile}, nil}},
		"zizmor": {func(text []byte, g given) (heard, error) {
			return readZizmor(text, []byte(" INFO audit: zizmor: completed ./"+workflowFile+"\n"), g)
		}, given{[]string{workflowFile}, nil}},
	}
}

func recorded(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// What real tools have said is understood: each judgement with its rule, its subject, its place in the tree, and which way it went.
func TestWhatToolsHaveSaid(t *testing.T) {
	dockerfile, workflow := guide.Place{File: "Dockerfile"}, guide.Place{File: workflowFile}
	line := func(p guide.Place, n int) guide.Place { p.Line = n; return p }
	for tool, want := range map[string][]check{
		"checkov": {
			{rule: "CKV_DOCKER_8", subject: "Dockerfile", at: line(dockerfile, 4), says: "Ensure the last USER is not root"},
			{rule: "CKV_K8S_16", subject: "Pod example/shell", at: guide.Place{File: "pod.yaml", Line: 3}, says: "Container should not be privileged"},
			{rule: "CKV_K8S_21", subject: "Pod example/shell", at: guide.Place{File: "pod.yaml", Line: 3}, says: "The default namespace should not be used", passed: true},
			{rule: "CKV_K8S_49", subject: "ClusterRole reader", at: guide.Place{File: "roles.yaml", Line: 7}, says: "Minimize wildcard use in Roles and ClusterRoles"},
			{rule: "CKV_AWS_18", subject: "aws_s3_bucket.logs", at: guide.Place{File: "main.tf", Line: 1}, says: "Ensure the S3 bucket has access logging enabled"},
		},
		"kube-score": {
			{rule: "container-security-context-privileged", subject: "Pod example/shell", at: guide.Place{File: "pod.yaml", Line: 3}, says: "shell The container is privileged"},
			{rule: "stable-version", subject: "Pod example/shell", at: guide.Place{File: "pod.yaml", Line: 3}, passed: true},
		},
		"hadolint": {
			{rule: "DL3002", subject: "Dockerfile", at: line(dockerfile, 4), says: "Last USER should not be root"},
			{rule: "DL3008", subject: "Dockerfile", at: line(dockerfile, 3), says: "Pin versions in apt get install. Instead of `apt-get install <package>` use `apt-get install <package>=<version>`"},
		},
		"actionlint": {{rule: "expression", subject: workflowFile, at: line(workflow, 8)}},
		"zizmor": {
			{rule: "dangerous-triggers", subject: workflowFile, at: line(workflow, 2)},
			{rule: "unpinned-uses", subject: workflowFile, at: line(workflow, 7)},
		},
	} {
		r := readers()[tool]
		h, err := r.read(recorded(t, tool), r.given)
		if err != nil {
			t.Errorf("%s: %v", tool, err)
			continue
		}
		for _, w := range want {
			if !slices.ContainsFunc(h.checks, func(c check) bool {
				return c.rule == w.rule && c.subject == w.subject && c.at == w.at && c.passed == w.passed && (w.says == "" || c.says == w.says)
			}) {
				t.Errorf("%s: %+v is not among %+v", tool, w, h.checks)
			}
		}
		for _, name := range r.given.names {
			if !h.seen[name] {
				t.Errorf("%s: %s was not seen", tool, name)
			}
		}
		if tool == "checkov" && (h.version != "3.3.30" || len(h.skips) != 1 || !strings.Contains(h.skips[0], "CKV_AWS_144 of aws_s3_bucket.logs, as the file asks: logs need no second region")) {
			t.Errorf("%s: version %q, skips %q", tool, h.version, h.skips)
		}
	}
}

// What is no answer is an error: never an answer of nothing.
func TestWhatIsNoAnswer(t *testing.T) {
	for tool, r := range readers() {
		for _, text := range []string{"", "null", "{", "[", "true", `{"error": "x"}`, "[{}]", `[[]]`, "Traceback (most recent call last):\n", string(recorded(t, tool)[:200])} {
			if h, err := r.read([]byte(text), r.given); err == nil {
				t.Errorf("%s: %q is taken for %+v", tool, text, h)
			}
		}
		// Of files that it was not given nobody may judge.
		other := r.given
		other.names = []string{"another"}
		if h, err := r.read(recorded(t, tool), other); err == nil {
			t.Errorf("%s judges what it was not given: %+v", tool, h.checks)
		}
	}
	// checkov ends with 0 on a folder in which it has found nothing: that is nothing seen.
	h, err := readCheckov([]byte(`{"passed": 0, "failed": 0, "skipped": 0, "parsing_errors": 0, "resource_count": 0, "checkov_version": "3.3.30"}`), given{names: []string{"main.tf"}})
	if err != nil || len(h.seen) > 0 || len(h.checks) > 0 {
		t.Errorf("%+v, %v", h, err)
	}
	// Nor does zizmor's empty list say that it has looked.
	if h, err := readZizmor([]byte("[]"), nil, given{names: []string{workflowFile}}); err != nil || len(h.seen) > 0 {
		t.Errorf("%+v, %v", h, err)
	}
}

func TestOutcomes(t *testing.T) {
	for name, c := range map[string]struct {
		o      output
		passed bool
		fails  bool
	}{
		"taken":                   {output{out: []byte("Checking a\n SUCCESS: a is valid\n")}, true, false},
		"refused":                 {output{out: []byte("Checking a\n"), err: []byte("  FAILED: field x not found\n"), exit: 1}, false, false},
		"both":                    {output{out: []byte("SUCCESS\nFAILED: the second\n"), exit: 1}, false, false},
		"silent":                  {output{}, false, true},
		"success that failed":     {output{out: []byte("SUCCESS"), exit: 1}, false, true},
		"failed without a code":   {output{err: []byte("FAILED: x")}, false, true},
		"the program is no other": {output{out: []byte("usage: x"), exit: 2}, false, true},
	} {
		h, err := readOutcome(c.o, given{names: []string{prometheusFile}})
		if (err != nil) != c.fails || err == nil && (len(h.checks) != 1 || h.checks[0].passed != c.passed || h.checks[0].rule != readsConfig) {
			t.Errorf("%s: %+v, %v", name, h.checks, err)
		}
	}
	if h, err := readOutcome(output{out: []byte("SUCCESS")}, given{names: []string{"monitoring/alert_rules.yml"}}); err != nil || h.checks[0].rule != readsRules {
		t.Errorf("%+v, %v", h, err)
	}
}

// fuzz holds a reader to what everybody after it relies on.
func fuzz(f *testing.F, tool string) {
	r := readers()[tool]
	f.Add(recorded(f, tool))
	f.Add([]byte("[]"))
	f.Add([]byte("null"))
	f.Fuzz(func(t *testing.T, text []byte) {
		h, err := r.read(text, r.given)
		if err != nil {
			return
		}
		for name := range h.seen {
			if !slices.Contains(r.given.names, name) {
				t.Errorf("%q was seen, and not given", name)
			}
		}
		for _, c := range h.checks {
			if c.rule == "" || c.at.File == "" || c.at.Line < 0 {
				t.Errorf("%+v", c)
			}
			for _, text := range append([]string{c.rule, c.subject, c.says, h.version}, h.skips...) {
				if strings.ContainsFunc(text, unicode.IsControl) {
					t.Errorf("%q would reach a terminal", text)
				}
			}
		}
	})
}

func FuzzCheckov(f *testing.F)    { fuzz(f, "checkov") }
func FuzzKubeScore(f *testing.F)  { fuzz(f, "kube-score") }
func FuzzHadolint(f *testing.F)   { fuzz(f, "hadolint") }
func FuzzActionlint(f *testing.F) { fuzz(f, "actionlint") }
func FuzzZizmor(f *testing.F)     { fuzz(f, "zizmor") }
