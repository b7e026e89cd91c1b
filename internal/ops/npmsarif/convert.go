package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/sarif"
)

// report is what npm writes, as of npm 7 (auditReportVersion 2).
type report struct {
	Version         int                   `json:"auditReportVersion"`
	Vulnerabilities map[string]vulnerable `json:"vulnerabilities"`
	Message         string                `json:"message"` // of an audit that could not be made
	Error           *struct{ Code, Summary, Detail string }
	Metadata        *struct {
		Vulnerabilities map[string]int
	} `json:"metadata"`
}

// vulnerable is a package that has a hole, or depends on one that does.
type vulnerable struct {
	Name  string            `json:"name"`
	Via   []json.RawMessage `json:"via"`   // advisories of its own, and names of packages that it has others from
	Nodes []string          `json:"nodes"` // where it stands in the lock file
	Fix   json.RawMessage   `json:"fixAvailable"`
}

// advisory is a hole that somebody has told of.
type advisory struct {
	Source   int64  `json:"source"`
	Name     string `json:"name"`
	Title    string `json:"title"`
	URL      string `json:"url"`
	Severity string `json:"severity"`
	Range    string `json:"range"`
	CVSS     struct {
		Score float64 `json:"score"`
	} `json:"cvss"`
}

// level and score of a severity: SARIF's own, and GitHub's "security-severity" for what has no score.
func (a advisory) level() (level, score string) {
	level, score = "note", "2.0"
	switch a.Severity {
	case "critical":
		level, score = "error", "9.5"
	case "high":
		level, score = "error", "8.0"
	case "moderate":
		level, score = "warning", "5.5"
	}
	if a.CVSS.Score > 0 {
		score = fmt.Sprintf("%.1f", a.CVSS.Score)
	}
	return level, score
}

// id is the advisory's own name, at the end of its address: GHSA-….
func (a advisory) id() string {
	if base := path.Base(a.URL); strings.HasPrefix(base, "GHSA-") {
		return base
	}
	return fmt.Sprintf("npm-%d", a.Source)
}

func convert(text []byte, lock string, locked []byte, out io.Writer) error {
	var r report
	if err := json.Unmarshal(text, &r); err != nil {
		return fmt.Errorf("read the report: %w", err)
	}
	switch {
	case r.Error != nil:
		return fmt.Errorf("npm could not audit: %s %s", r.Error.Code, cmp.Or(r.Error.Summary, r.Message))
	case r.Message != "":
		return fmt.Errorf("npm could not audit: %s", r.Message)
	case r.Version != 2 || r.Metadata == nil:
		return errors.New("this is no report of npm audit, or of another npm than 7 and later: auditReportVersion is not 2")
	}
	run := sarif.Run{Tool: sarif.Tool{Driver: sarif.Driver{Name: "npm audit", InformationURI: "https://docs.npmjs.com/cli/commands/npm-audit", Rules: []sarif.Rule{}}}, Results: []sarif.Result{}}
	rules := map[string]int{}
	for _, p := range sortedPackages(r.Vulnerabilities) {
		for _, raw := range p.Via {
			var a advisory
			if raw = bytes.TrimSpace(raw); len(raw) == 0 || raw[0] == '"' {
				continue // what the other package has is told of it
			}
			if err := json.Unmarshal(raw, &a); err != nil {
				return fmt.Errorf("read the report: package %s: %w", p.Name, err)
			}
			level, score := a.level()
			if _, ok := rules[a.id()]; !ok {
				rules[a.id()] = len(run.Tool.Driver.Rules)
				run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarif.Rule{
					ID: a.id(), ShortDescription: sarif.Message{Text: a.Title}, HelpURI: a.URL, Properties: &sarif.Properties{Severity: score, Tags: []string{"security"}},
				})
			}
			run.Results = append(run.Results, sarif.Result{
				RuleID: a.id(), RuleIndex: rules[a.id()], Level: level,
				Message:   sarif.Message{Text: fmt.Sprintf("%s: %s (%s, versions %s). %s", p.Name, a.Title, a.Severity, a.Range, next(p.Fix))},
				Locations: []sarif.Location{{Physical: &sarif.Physical{Artifact: sarif.Artifact{URI: lock}, Region: &sarif.Region{StartLine: lineOf(locked, p.Nodes)}}}},
			})
		}
	}
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	return enc.Encode(sarif.Of(run))
}

func sortedPackages(all map[string]vulnerable) []vulnerable {
	var list []vulnerable
	for name, p := range all {
		p.Name = cmp.Or(p.Name, name)
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b vulnerable) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// next is what to do: npm says true, false, or which package to take in which version.
func next(fix json.RawMessage) string {
	var of struct {
		Name, Version string
		IsSemVerMajor bool `json:"isSemVerMajor"`
	}
	switch {
	case string(fix) == "true":
		return "npm audit fix takes a version without it"
	case json.Unmarshal(fix, &of) == nil && of.Name != "":
		return fmt.Sprintf("take %s %s", of.Name, of.Version)
	}
	return "there is no version without it yet"
}

// lineOf is where the first of the packages stands in the lock file, 1 if it stands nowhere.
func lineOf(locked []byte, nodes []string) int {
	for _, n := range nodes {
		if i := bytes.Index(locked, fmt.Appendf(nil, "%q:", n)); i >= 0 {
			return 1 + bytes.Count(locked[:i], []byte("\n"))
		}
	}
	return 1
}
