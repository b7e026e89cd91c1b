package scanning

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/history"
	found "github.com/Abdullahi130/StellarEscrow/internal/guide/facts/scans"
)

// The bounds of what was scanned.
const (
	// maxScanAge is how old what a scan found may be: every night has one, and one may be missed.
	maxScanAge = 48 * time.Hour
	// maxClockSkew is how far another clock may be before ours.
	maxClockSkew = 10 * time.Minute
	// maxHoles is how many holes of one scan are named; how many more there are is said.
	maxHoles = 20
	// maxText is how many letters of what a scanner says of a hole are told.
	maxText = 200
)

// scanner is one whose results a deployment waits for.
type scanner struct {
	tool  string // as its results name it, in lower case and without hyphens
	stops func(found.Found) bool
}

// critical and high are GitHub's words for a severity (CVSS 3's, https://www.first.org/cvss/v3.1/specification-document#Qualitative-Severity-Rating-Scale). What has none might be either.
func atLeast(severity float64) func(found.Found) bool {
	return func(f found.Found) bool { return f.Severity < 0 || f.Severity >= severity }
}

const (
	critical = 9.0
	high     = 7.0
)

// auditors are those of C2, each with what its job of the workflow fails on (V2, V3, V3g): npm on what is critical, cargo on any advisory, govulncheck on what can be reached.
func auditors() []scanner {
	return []scanner{
		{"npm audit", atLeast(critical)},
		{"cargo audit", func(found.Found) bool { return true }},
		{"govulncheck", func(f found.Found) bool { return f.Level == "error" }},
	}
}

// imageScanners are those of C3.
func imageScanners() []scanner { return []scanner{{"trivy", atLeast(high)}} }

// The ways to fail that both clauses share, of what runs.
func scannedModes(what string) []guide.Mode {
	return []guide.Mode{
		{Name: "another-commit", What: "what a scanner found is of other commits than the one that is deployed", Running: true},
		{Name: "not-completed", What: "a result was not taken whole", Running: true},
		{Name: "too-old", What: fmt.Sprintf("a result is older than %.0f hours", maxScanAge.Hours()), Running: true},
		{Name: "not-scanned", What: "there is no result of " + what, Running: true},
		{Name: "holes-found", What: "a scan found what a deployment must not have", Running: true},
	}
}

// fetched is what has been fetched of the scanners' results.
func fetched(ctx context.Context, s *facts.System) (*found.Folder, error) {
	return facts.Look(ctx, s, "scans", func(context.Context) (*found.Folder, error) {
		if s.Targets.Scans == (facts.Scans{}) {
			return nil, fmt.Errorf("the targets file names no scans: fetch what the scanners have found of the commit that is deployed, and name the folder (docs/operations/audit.md)")
		}
		return found.Open(os.DirFS(s.Targets.Scans.Folder))
	})
}

// of are the newest analyses of a tool for a commit, one a category, and the categories that it has for others.
func (w scanner) of(f *found.Folder, commit string) (newest []found.Analysis, others []string) {
	seen := map[string]bool{}
	for _, a := range f.Analyses { // the newest first
		switch {
		case strings.ReplaceAll(strings.ToLower(a.Tool.Name), "-", " ") != w.tool:
		case a.Commit != commit:
			others = append(others, a.Category)
		case !seen[a.Category]:
			newest, seen[a.Category] = append(newest, a), true
		}
	}
	return newest, others
}

// ranScans is the running column: what there is of the commit that is deployed is whole, and of these days. Whether it is all that there must be, and what was found, is held against the files.
func ranScans(ctx context.Context, s *facts.System, scanners []scanner, now time.Time) guide.Result {
	f, err := fetched(ctx, s)
	if err != nil {
		return guide.NoEvidence("%v", err)
	}
	commit := s.Targets.Scans.Commit
	var subjects []guide.Subject
	var findings []guide.Finding
	var unseen []string
	add := func(mode, subject, format string, args ...any) {
		findings = append(findings, guide.Finding{Mode: mode, Subject: subject, Detail: fmt.Sprintf(format, args...), At: guide.Place{File: s.Targets.Scans.Folder}})
	}
	for _, w := range scanners {
		newest, _ := w.of(f, commit)
		for _, a := range newest {
			age := now.Sub(a.Created)
			switch {
			case a.Error != "":
				add("not-completed", a.Category, "GitHub says of it: %s", a.Error)
			case age < -maxClockSkew:
				unseen = append(unseen, fmt.Sprintf("%s is of %s, which is yet to come: a clock is wrong, here or there", a.Category, a.Created.UTC().Format(time.RFC3339)))
			case age > maxScanAge:
				add("too-old", a.Category, "it is of %s: run the workflow on %s again", a.Created.UTC().Format(time.RFC3339), commit)
			}
			subjects = append(subjects, guide.Subject{Name: a.Category, Evidence: fmt.Sprintf("%s %s, %d results, %s", a.Tool.Name, a.Tool.Version, a.Results, a.Created.UTC().Format(time.RFC3339)), At: guide.Place{File: s.Targets.Scans.Folder}})
		}
	}
	if len(subjects) == 0 {
		return guide.NoEvidence("%s has nothing of %s: run the workflow on it, and fetch what it finds", s.Targets.Scans.Folder, commit)
	}
	return together(subjects, findings, unseen)
}

// together is what was found, or, where nothing was, what could not be looked at.
func together(subjects []guide.Subject, findings []guide.Finding, unseen []string) guide.Result {
	if len(findings) == 0 && len(unseen) > 0 {
		return guide.NoEvidence("%s", strings.Join(unseen, "; "))
	}
	return guide.Judge(subjects, findings)
}

// ofAnother is why the tree says nothing of what is deployed: it is not known to be of the commit that is. Empty: it is.
func ofAnother(t *facts.Tree, commit string) string {
	head, err := facts.Read(t, "the commit that is checked out", history.Head)
	switch {
	case err != nil:
		return fmt.Sprintf("whether the tree is of %s, which the targets file says is deployed, cannot be told: %v", commit, err)
	case head != commit:
		return fmt.Sprintf("the tree is of %s, and the targets file says that %s is deployed: check that out, or name the other", head, commit)
	}
	return ""
}

// agreeScans holds the results against the tree: each subject that something must not be deployed without has one, under the name that the workflow uploads it as, and nothing was found in
// it that stops a deployment.
func agreeScans(ctx context.Context, t *facts.Tree, s *facts.System, scanners []scanner, required []subject, attempts []attempt) guide.Result {
	f, err := fetched(ctx, s)
	if err != nil {
		return guide.NoEvidence("%v", err)
	}
	if why := ofAnother(t, s.Targets.Scans.Commit); why != "" {
		return guide.NoEvidence("%s", why) // what such a tree wants of results is another's
	}
	type result struct {
		scanner
		found.Analysis
	}
	by := map[string][]result{}
	var elsewhere []string
	for _, w := range scanners {
		newest, others := w.of(f, s.Targets.Scans.Commit)
		elsewhere = append(elsewhere, others...)
		for _, a := range newest {
			by[a.Category] = append(by[a.Category], result{w, a})
		}
	}
	var subjects []guide.Subject
	var findings []guide.Finding
	var unseen []string
	for _, of := range required {
		categories := categoriesOf(of, attempts)
		var results []result
		for _, c := range categories {
			results = append(results, by[c]...)
		}
		if len(results) == 0 {
			mode, detail := "not-scanned", "the workflow uploads nothing of it"
			if len(categories) > 0 {
				detail = fmt.Sprintf("there is no result called %s of %s: run the workflow on it, and fetch what it finds", strings.Join(categories, " or "), s.Targets.Scans.Commit)
			}
			if slices.ContainsFunc(categories, func(c string) bool { return slices.Contains(elsewhere, c) }) {
				mode = "another-commit"
			}
			findings = append(findings, guide.Finding{Mode: mode, Subject: of.name, Detail: detail, At: of.at})
			continue
		}
		for _, r := range results {
			all, err := f.Found(r.Analysis)
			if err != nil {
				unseen = append(unseen, fmt.Sprintf("%s: %v", r.Category, err))
				continue
			}
			holes := slices.DeleteFunc(slices.Clone(all), func(x found.Found) bool { return !r.stops(x) })
			for _, h := range holes[:min(len(holes), maxHoles)] {
				findings = append(findings, guide.Finding{Mode: "holes-found", Subject: of.name, Detail: fmt.Sprintf("%s: %s", h.Rule, guide.OneLine(h.Text, maxText)), At: of.at})
			}
			if more := len(holes) - maxHoles; more > 0 {
				findings = append(findings, guide.Finding{Mode: "holes-found", Subject: of.name, Detail: fmt.Sprintf("and %d more: %s has all", more, r.Category), At: of.at})
			}
			subjects = append(subjects, guide.Subject{Name: of.name, Evidence: fmt.Sprintf("%s: %d results, %d of them stop a deployment", r.Category, len(all), len(holes)), At: of.at})
		}
	}
	return together(subjects, findings, unseen)
}

// categoriesOf are the names under which the workflow uploads what it finds of a subject.
func categoriesOf(of subject, attempts []attempt) (all []string) {
	for _, a := range attempts {
		if a.subject != of.name {
			continue
		}
		for _, up := range uploads(place{a.place.job, a.place.run, 0}) {
			if c := up.step().With["category"]; c != "" && !slices.Contains(all, c) {
				all = append(all, c)
			}
		}
	}
	return all
}
