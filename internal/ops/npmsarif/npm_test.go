package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/Abdullahi130/StellarEscrow/internal/sarif"
	"github.com/Abdullahi130/StellarEscrow/test/parts"
)

// registry stands in for npm's: it knows two packages, "holed" and "above", which needs it, and the advisories that it is given.
func registry(t *testing.T, advisories string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/-/npm/v1/security/advisories/bulk":
			if advisories == "" {
				http.Error(w, "no advisories today", http.StatusServiceUnavailable)
				return
			}
			_, _ = io.WriteString(w, advisories)
		case "/holed":
			_, _ = io.WriteString(w, `{"name": "holed", "dist-tags": {"latest": "1.0.1"}, "versions": {"1.0.0": {"name": "holed", "version": "1.0.0"}, "1.0.1": {"name": "holed", "version": "1.0.1"}}}`)
		case "/above":
			_, _ = io.WriteString(w, `{"name": "above", "dist-tags": {"latest": "2.0.0"}, "versions": {"2.0.0": {"name": "above", "version": "2.0.0", "dependencies": {"holed": "^1.0.0"}}}}`)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// project is a folder with a lock file.
func project(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"package.json": `{"name": "a-project", "version": "1.0.0", "dependencies": {"above": "2.0.0"}}`,
		"package-lock.json": `{
  "name": "a-project", "version": "1.0.0", "lockfileVersion": 3, "requires": true,
  "packages": {
    "": {"name": "a-project", "version": "1.0.0", "dependencies": {"above": "2.0.0"}},
    "node_modules/above": {"version": "2.0.0", "dependencies": {"holed": "^1.0.0"}},
    "node_modules/holed": {"version": "1.0.0"}
  }
}
`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// audit runs the real npm, with the arguments that the workflow gives it.
func audit(t *testing.T, dir, registry string, args ...string) (out []byte, code int) {
	t.Helper()
	npm := parts.Program(t, "npm", "Node with npm")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, npm, append([]string{"audit", "--registry", registry, "--fetch-retries=0", "--cache", t.TempDir()}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "npm_config_update_notifier=false")
	out, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out, cmd.ProcessState.ExitCode()
}

func advisories(severity string) string {
	return `{"holed": [{"id": 1, "url": "https://github.com/advisories/GHSA-aaaa-bbbb-cccc", "title": "a hole", "severity": "` + severity + `", "vulnerable_versions": "<1.0.1", "cwe": ["CWE-1"], "cvss": {"score": 0, "vectorString": null}}]}`
}

// The gate of the workflow, by the real npm: critical stops it, high does not, and an audit that cannot be made does.
func TestTheGate(t *testing.T) {
	for _, c := range []struct {
		name, advisories string
		fails            bool
	}{{"nothing", "{}", false}, {"high", advisories("high"), false}, {"critical", advisories("critical"), true}, {"no answer", "", true}} {
		t.Run(c.name, func(t *testing.T) {
			if out, code := audit(t, project(t), registry(t, c.advisories), "--audit-level=critical"); (code != 0) != c.fails {
				t.Errorf("exit code %d\n%s", code, out)
			}
		})
	}
}

// What the real npm says comes out as SARIF that its schema takes, with each hole where it stands.
func TestWhatNpmSaysAsSARIF(t *testing.T) {
	for _, c := range []struct {
		name, advisories, level string
		results                 int
	}{{"nothing", "{}", "", 0}, {"moderate", advisories("moderate"), "warning", 1}, {"critical", advisories("critical"), "error", 1}} {
		t.Run(c.name, func(t *testing.T) {
			dir := project(t)
			report, code := audit(t, dir, registry(t, c.advisories), "--json", "--audit-level=none")
			if code != 0 {
				t.Fatalf("exit code %d\n%s", code, report)
			}
			var out bytes.Buffer
			if err := run([]string{"-lock", filepath.Join(dir, "package-lock.json")}, bytes.NewReader(report), &out); err != nil {
				t.Fatalf("%v\n%s", err, report)
			}
			var log sarif.Log
			if err := json.Unmarshal(out.Bytes(), &log); err != nil {
				t.Fatal(err)
			}
			results := log.Runs[0].Results
			if len(results) != c.results {
				t.Fatalf("%d results, want %d\n%s", len(results), c.results, out.String())
			}
			for _, r := range results {
				if r.RuleID != "GHSA-aaaa-bbbb-cccc" || r.Level != c.level || r.Locations[0].Physical.Region.StartLine != 6 || !strings.Contains(r.Message.Text, "holed: a hole") {
					t.Errorf("%+v", r)
				}
			}
			valid(t, out.Bytes())
		})
	}
}

// valid holds a text against the schema of OASIS.
func valid(t *testing.T, text []byte) {
	t.Helper()
	c := jsonschema.NewCompiler()
	schema, err := c.Compile("../../guide/report/testdata/schema/sarif-schema-2.1.0.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(doc); err != nil {
		t.Errorf("%v\n%s", err, text)
	}
}

// What is no report of an audit is never a report of nothing.
func TestWhatIsNoReport(t *testing.T) {
	lock := filepath.Join(project(t), "package-lock.json")
	for name, text := range map[string]string{
		"nothing":            "",
		"an empty object":    "{}",
		"an error":           `{"message": "request failed", "error": {"code": "ENOTFOUND", "summary": "no registry", "detail": ""}}`,
		"an older npm":       `{"advisories": {}, "metadata": {"vulnerabilities": {}}}`,
		"half of a report":   `{"auditReportVersion": 2, "vulnerabilities": {`,
		"without its counts": `{"auditReportVersion": 2, "vulnerabilities": {}}`,
		"another advisory":   `{"auditReportVersion": 2, "vulnerabilities": {"a": {"via": [{"source": "x"}]}}, "metadata": {"vulnerabilities": {}}}`,
	} {
		var out bytes.Buffer
		if err := run([]string{"-lock", lock}, strings.NewReader(text), &out); err == nil || out.Len() > 0 {
			t.Errorf("%s: %v, %q", name, err, out.String())
		}
	}
	for _, args := range [][]string{nil, {"-lock", "there-is-none"}, {"-lock", lock, "more"}} {
		if err := run(args, strings.NewReader(`{"auditReportVersion": 2, "vulnerabilities": {}, "metadata": {}}`), io.Discard); err == nil {
			t.Errorf("%q was taken", args)
		}
	}
}
