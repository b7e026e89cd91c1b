package scans

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
)

const commit = "0123456789abcdef0123456789abcdef01234567"

// listing is a list as GitHub gives it, of one analysis.
func listing(results int) string {
	return fmt.Sprintf(`[{"ref": "refs/heads/main", "commit_sha": %q, "analysis_key": ".github/workflows/security-scan.yml:images", "environment": "{}", "error": "", "category": "trivy/api",
  "created_at": "2026-11-26T02:31:07Z", "results_count": %d, "rules_count": 1, "id": 201, "url": "x", "sarif_id": "6c81cd8e-b078-4ac3-a3be-1dad7dbd0b53", "tool": {"name": "Trivy", "guid": null, "version": "0.68.1"},
  "deletable": true, "warning": ""}]`, commit, results)
}

const log = `{"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [{"tool": {"driver": {"name": "Trivy", "rules": [
  {"id": "CVE-1", "defaultConfiguration": {"level": "error"}, "properties": {"security-severity": "9.8", "tags": ["security"]}}, {"id": "CVE-2", "properties": {"tags": ["security"]}}]}},
  "results": [{"ruleId": "CVE-1", "message": {"text": "a hole"}, "locations": [{"physicalLocation": {"artifactLocation": {"uri": "usr/bin/x"}}}]}, {"ruleId": "CVE-2", "level": "note", "message": {"text": "another"}}, {"ruleId": "CVE-3", "message": {"text": "of no rule"}}]}]}`

// What was fetched is read: results with their own level or their rule's, and the severity that GitHub sorts by.
func TestFetched(t *testing.T) {
	f, err := Open(fstest.MapFS{List: {Data: []byte(listing(3))}, "201.sarif": {Data: []byte(log)}})
	if err != nil || len(f.Analyses) != 1 || f.Analyses[0].Category != "trivy/api" || f.Analyses[0].Created.Hour() != 2 {
		t.Fatalf("%v, %+v", err, f)
	}
	got, err := f.Found(f.Analyses[0])
	want := []Found{{"CVE-1", "error", 9.8, "a hole"}, {"CVE-2", "note", -1, "another"}, {"CVE-3", "warning", -1, "of no rule"}}
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
}

func TestWhatIsNoResult(t *testing.T) {
	for name, text := range map[string]string{
		"nothing": "", "no SARIF": "{}", "another version": strings.Replace(log, `"version": "2.1.0"`, `"version": "2.0.0"`, 1), "no run": `{"version": "2.1.0", "runs": []}`,
		"another tool": strings.Replace(log, `"Trivy"`, `"Grype"`, 1), "no results": `{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "Trivy"}}}]}`, "fewer": strings.Replace(log, `{"ruleId": "CVE-2", "level": "note", "message": {"text": "another"}}, `, "", 1),
	} {
		f, err := Open(fstest.MapFS{List: {Data: []byte(listing(3))}, "201.sarif": {Data: []byte(text)}})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := f.Found(f.Analyses[0]); err == nil {
			t.Errorf("%s: %v", name, got)
		}
	}
	for name, change := range map[string][2]string{"no commit": {commit, "main"}, "no category": {"trivy/api", ""}, "no time": {"2026-11-26T02:31:07Z", "0001-01-01T00:00:00Z"}, "no id": {"201", "0"}, "no tool": {"Trivy", ""}} {
		text := strings.ReplaceAll(listing(0), change[0], change[1])
		if f, err := Open(fstest.MapFS{List: {Data: []byte(text)}}); err == nil {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// Whatever was fetched, reading it ends with results that the list has announced, or an error.
func FuzzFetched(f *testing.F) {
	f.Add([]byte(listing(3)), []byte(log))
	f.Add([]byte(listing(0)), []byte(`{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "Trivy"}}, "results": []}]}`))
	f.Fuzz(func(t *testing.T, list, text []byte) {
		folder, err := Open(fstest.MapFS{List: {Data: list}, "201.sarif": {Data: text}})
		if err != nil {
			return
		}
		for _, a := range folder.Analyses {
			if all, err := folder.Found(a); err == nil && (len(all) != a.Results || a.ID != 201) {
				t.Errorf("%+v has %+v", a, all)
			}
		}
	})
}
