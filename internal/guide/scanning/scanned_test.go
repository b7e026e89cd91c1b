package scanning

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/sarif"
)

const (
	deployedCommit = "0123456789abcdef0123456789abcdef01234567"
	anotherCommit  = "fedcba9876543210fedcba9876543210fedcba98"
)

// listed is an analysis as GitHub lists it.
type listed struct {
	ID       int64          `json:"id"`
	Commit   string         `json:"commit_sha"`
	Ref      string         `json:"ref"`
	Category string         `json:"category"`
	Created  time.Time      `json:"created_at"`
	Results  int            `json:"results_count"`
	Error    string         `json:"error"`
	Tool     map[string]any `json:"tool"`

	found []sarif.Result
	rules []sarif.Rule
}

// uploaded is what the workflow of our own tree uploads when nothing is found: an analysis for each category that it has, of the scanners that the two clauses are about.
func uploaded(t *testing.T) (all []*listed) {
	t.Helper()
	tree := facts.Open(os.DirFS(root))
	s, err := look(tree)
	if err != nil {
		t.Fatal(err)
	}
	for i := range s.workflow.Jobs {
		j := &s.workflow.Jobs[i]
		tool := map[string]string{"npm-audit": "npm audit", "cargo-audit": "cargo-audit", "govulncheck": "govulncheck", "images": "Trivy", "deployed-images": "Trivy", "codeql": "CodeQL"}[j.ID]
		for r := range j.Runs {
			for _, up := range uploads(place{j, &j.Runs[r], 0}) {
				if tool != "" {
					all = append(all, &listed{ID: int64(len(all) + 1), Commit: deployedCommit, Ref: "refs/heads/main", Category: up.step().With["category"], Created: time.Now().Add(-time.Hour).UTC().Truncate(time.Second), Tool: map[string]any{"name": tool, "version": "1.2.3"}})
				}
			}
		}
	}
	return all
}

// fetchedAs writes a folder as somebody fetches it.
func fetchedAs(t *testing.T, all []*listed) string {
	t.Helper()
	dir := t.TempDir()
	for _, a := range all {
		if a.Results == 0 {
			a.Results = len(a.found)
		}
		log, err := json.Marshal(sarif.Of(sarif.Run{Tool: sarif.Tool{Driver: sarif.Driver{Name: a.Tool["name"].(string), Rules: a.rules}}, Results: append([]sarif.Result{}, a.found...)}))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(a.ID, ".sarif")), log, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "analyses.json"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// hole is a result of a rule with this severity, which may be none.
func (a *listed) hole(level, severity string) {
	a.found = append(a.found, sarif.Result{RuleID: "HOLE-1", Level: level, Message: sarif.Message{Text: "a\nhole"}})
	rule := sarif.Rule{ID: "HOLE-1"}
	if severity != "" {
		rule.Properties = &sarif.Properties{Severity: severity}
	}
	a.rules = append(a.rules, rule)
}

// What the scanners found passes when it is whole, of the commit, of these days and without holes; each way to fail is brought about, and found by exactly its name while the other clause says
// what it said.
func TestWhatWasScanned(t *testing.T) {
	const c2, c3 = "C2", "C3"
	pick := func(all []*listed, category string) *listed {
		i := slices.IndexFunc(all, func(a *listed) bool { return a.Category == category })
		if i < 0 {
			t.Fatalf("nothing is uploaded as %s", category)
		}
		return all[i]
	}
	without := func(all []*listed, category string) []*listed {
		pick(all, category)
		return slices.DeleteFunc(all, func(a *listed) bool { return a.Category == category })
	}
	const npm, cargo, module, image = "npm-audit/test/js", "cargo-audit/contract/Cargo.lock", "govulncheck/.", "trivy/postgres"
	for _, c := range []struct {
		name, clause, mode string
		change             func([]*listed) []*listed
	}{
		{"nothing was found", "", "", func(a []*listed) []*listed { return a }},
		{"high, in a Node package", "", "", func(a []*listed) []*listed { pick(a, npm).hole("error", "8.9"); return a }},
		{"what is not reached, in a Go module", "", "", func(a []*listed) []*listed { pick(a, module).hole("warning", ""); return a }},
		{"medium, in an image", "", "", func(a []*listed) []*listed { pick(a, image).hole("warning", "6.9"); return a }},
		{"an older result had holes", "", "", func(a []*listed) []*listed {
			old := *pick(a, npm)
			old.ID, old.Created = 9000, old.Created.Add(-time.Hour)
			old.hole("error", "9.9")
			return append(a, &old)
		}},
		{"another scanner's results", "", "", func(a []*listed) []*listed { pick(a, "codeql/go").hole("error", "9.9"); return a }},
		{"critical, in a Node package", c2, "holes-found", func(a []*listed) []*listed { pick(a, npm).hole("error", "9.0"); return a }},
		{"of no severity, in a Node package", c2, "holes-found", func(a []*listed) []*listed { pick(a, npm).hole("note", ""); return a }},
		{"of a severity that is none", c2, "holes-found", func(a []*listed) []*listed { pick(a, npm).hole("note", "NaN"); return a }},
		{"unmaintained, in a crate", c2, "holes-found", func(a []*listed) []*listed { pick(a, cargo).hole("note", "0.0"); return a }},
		{"reached, in a Go module", c2, "holes-found", func(a []*listed) []*listed { pick(a, module).hole("error", ""); return a }},
		{"more than are named", c2, "holes-found", func(a []*listed) []*listed {
			for range maxHoles + 1 {
				pick(a, module).hole("error", "")
			}
			return a
		}},
		{"high, in an image of others", c3, "holes-found", func(a []*listed) []*listed { pick(a, image).hole("error", "7.0"); return a }},
		{"critical, in one of ours", c3, "holes-found", func(a []*listed) []*listed { pick(a, "trivy/api").hole("error", "9.8"); return a }},
		{"a newer result has holes", c3, "holes-found", func(a []*listed) []*listed {
			next := *pick(a, image)
			next.ID, next.Created = 9000, next.Created.Add(time.Minute)
			next.hole("error", "9.9")
			return append(a, &next)
		}},
		{"a lock file was not looked at", c2, "not-scanned", func(a []*listed) []*listed { return without(a, cargo) }},
		{"a module was not", c2, "not-scanned", func(a []*listed) []*listed { return without(a, module) }},
		{"Node packages were not", c2, "not-scanned", func(a []*listed) []*listed { return without(a, npm) }},
		{"by another scanner", c2, "not-scanned", func(a []*listed) []*listed { pick(a, npm).Tool["name"] = "CodeQL"; return a }},
		{"an image was not", c3, "not-scanned", func(a []*listed) []*listed { return without(a, image) }},
		{"a lock file, of another commit", c2, "another-commit", func(a []*listed) []*listed { pick(a, cargo).Commit = anotherCommit; return a }},
		{"an image, of another commit", c3, "another-commit", func(a []*listed) []*listed { pick(a, image).Commit = anotherCommit; return a }},
		{"not taken whole", c2, "not-completed", func(a []*listed) []*listed { pick(a, npm).Error = "too many results"; return a }},
		{"an image's, not taken whole", c3, "not-completed", func(a []*listed) []*listed { pick(a, image).Error = "too many results"; return a }},
		{"of last week", c2, "too-old", func(a []*listed) []*listed {
			pick(a, module).Created = time.Now().Add(-maxScanAge - time.Minute)
			return a
		}},
		{"an image's, of last week", c3, "too-old", func(a []*listed) []*listed {
			pick(a, image).Created = time.Now().Add(-maxScanAge - time.Minute)
			return a
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := fetchedAs(t, c.change(uploaded(t)))
			for _, r := range ask(t, dir, deployedCommit) {
				want, modes := guide.Passed, []string(nil)
				if r.Control.ID == c.clause {
					want, modes = guide.Failed, []string{c.mode}
				}
				if r.Verdict != want || !slices.Equal(r.Modes(), modes) {
					t.Errorf("%s: %s %v, want %s %v: %v %v, %s, %s", r.Control.ID, r.Verdict, r.Modes(), want, modes, r.Running.Findings(), r.Agree.Findings(), r.Running.Reason(), r.Agree.Reason())
				}
			}
		})
	}
}

// treeOf is our own tree as if a commit of it were checked out.
func treeOf(t *testing.T, commit string) *facts.Tree {
	t.Helper()
	checkout, err := facts.OpenCheckout(root)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { checkout.Close() })
	return facts.Open(checkout).With(map[string][]byte{".git/HEAD": []byte(commit + "\n")})
}

// ask asks both clauses of the tree of a commit.
func ask(t *testing.T, folder, commit string) []guide.Clause {
	t.Helper()
	return askOf(t, treeOf(t, commit), folder, commit)
}

func askOf(t *testing.T, tree *facts.Tree, folder, commit string) []guide.Clause {
	t.Helper()
	return guide.Audit(t.Context(), []guide.Control{c2(), c3()}, guide.Asked{
		Tree: tree, Running: facts.Running(facts.Targets{Redis: "127.0.0.1:1", Scans: facts.Scans{Folder: folder, Commit: commit}}), Within: time.Minute, Now: time.Now,
	}).Clauses
}

// What cannot be looked at is never a pass, and says what to do.
func TestWhatWasNotScanned(t *testing.T) {
	good := fetchedAs(t, uploaded(t))
	change := func(what func(dir string) error) string {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(good)); err != nil {
			t.Fatal(err)
		}
		if err := what(dir); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	write := func(name, text string) string {
		return change(func(dir string) error { return os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600) })
	}
	tomorrow := uploaded(t)
	for _, a := range tomorrow {
		a.Created = time.Now().Add(24 * time.Hour)
	}
	miscounted := uploaded(t)
	for _, a := range miscounted {
		a.Results = 1
	}
	for name, c := range map[string]struct{ folder, says string }{
		"no folder":              {filepath.Join(good, "none"), "no such file"},
		"a file":                 {filepath.Join(good, "analyses.json"), "not a directory"},
		"no list":                {change(func(dir string) error { return os.Remove(filepath.Join(dir, "analyses.json")) }), "analyses.json"},
		"half a list":            {write("analyses.json", "["), "analyses.json"},
		"a list of nothing":      {write("analyses.json", "[]"), "0 analyses"},
		"an answer that is none": {write("analyses.json", `{"message": "Not Found"}`), "analyses.json"},
		"a list of something":    {write("analyses.json", `[{"id": 1}]`), "not what GitHub lists"},
		"of the future":          {fetchedAs(t, tomorrow), "a clock is wrong"},
		"other results":          {fetchedAs(t, miscounted), "fetch both anew"},
		"no results": {change(func(dir string) error {
			return errors.Join(os.Remove(filepath.Join(dir, "1.sarif")), os.Remove(filepath.Join(dir, "14.sarif")))
		}), ".sarif"},
	} {
		for _, r := range ask(t, c.folder, deployedCommit) {
			if r.Verdict != guide.NotEvidenced || !strings.Contains(r.Running.Reason()+r.Agree.Reason(), c.says) {
				t.Errorf("%s: %s is %s %v: %q %q, want %q", name, r.Control.ID, r.Verdict, r.Modes(), r.Running.Reason(), r.Agree.Reason(), c.says)
			}
		}
	}
	// Of another commit nothing is known: what there is, is of that one.
	for _, r := range ask(t, good, anotherCommit) {
		if r.Verdict != guide.Failed || !slices.Equal(r.Modes(), []string{"another-commit"}) || !strings.Contains(r.Running.Reason(), "run the workflow") {
			t.Errorf("%s is %s %v: %s", r.Control.ID, r.Verdict, r.Modes(), r.Running.Reason())
		}
	}
	// Of a tree of another commit it is not known what its results would have to be, whatever they are; nor of one that does not say which it is of.
	archive := facts.Open(facts.Overlay(os.DirFS(root), map[string][]byte{".git": nil}))
	for says, tree := range map[string]*facts.Tree{"the tree is of " + anotherCommit: treeOf(t, anotherCommit), "cannot be told": archive} {
		for _, r := range askOf(t, tree, good, deployedCommit) {
			if r.Verdict != guide.NotEvidenced || r.Running.Verdict() != guide.Passed || !strings.Contains(r.Agree.Reason(), says) {
				t.Errorf("%s is %s: %s, want %q", r.Control.ID, r.Verdict, r.Agree.Reason(), says)
			}
		}
	}
	// What was found counts, whatever else could not be looked at.
	half := uploaded(t)
	for _, a := range half {
		a.hole("error", "9.9")
	}
	dir := fetchedAs(t, half)
	for _, name := range []string{"1.sarif", "14.sarif"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range ask(t, dir, deployedCommit) {
		if r.Verdict != guide.Failed || !slices.Equal(r.Modes(), []string{"holes-found"}) {
			t.Errorf("%s is %s %v: %s", r.Control.ID, r.Verdict, r.Modes(), r.Agree.Reason())
		}
	}
	late := uploaded(t)
	for _, a := range late {
		a.Error = "too many results"
	}
	late[0].Error, late[0].Created = "", time.Now().Add(24*time.Hour)
	for _, r := range ask(t, fetchedAs(t, late), deployedCommit) {
		if !slices.Contains(r.Modes(), "not-completed") {
			t.Errorf("%s is %s %v: %s", r.Control.ID, r.Verdict, r.Modes(), r.Running.Reason())
		}
	}
	// Where nobody has fetched anything, nothing is known, and it is said how to.
	for _, r := range guide.Audit(t.Context(), []guide.Control{c2(), c3()}, guide.Asked{Tree: facts.Open(os.DirFS(root)), Running: facts.Running(facts.Targets{Redis: "127.0.0.1:1"}), Within: time.Minute, Now: time.Now}).Clauses {
		if r.Verdict != guide.NotEvidenced || !strings.Contains(r.Running.Reason(), "docs/operations/audit.md") {
			t.Errorf("%s is %s: %s", r.Control.ID, r.Verdict, r.Running.Reason())
		}
	}
}
