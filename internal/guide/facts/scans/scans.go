package scans

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/sarif"
)

// The bounds of what is read.
const (
	maxList     = 16 << 20 // bytes of the list
	maxAnalyses = 20_000
	maxResults  = 64 << 20 // bytes of one SARIF file
)

// List is the file with the analyses.
const List = "analyses.json"

// Analysis is what one scanner has uploaded once, as GitHub lists it
// (https://docs.github.com/en/rest/code-scanning/code-scanning#list-code-scanning-analyses-for-a-repository).
type Analysis struct {
	ID       int64     `json:"id"`
	Commit   string    `json:"commit_sha"`
	Category string    `json:"category"`
	Created  time.Time `json:"created_at"`
	Results  int       `json:"results_count"`
	Error    string    `json:"error"` // why it was not taken whole
	Tool     struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	} `json:"tool"`
}

// Folder is what has been fetched.
type Folder struct {
	Analyses []Analysis // the newest first
	files    fs.FS
}

// Open reads the list. The error says what of it is none: a list of nothing is one too.
func Open(files fs.FS) (*Folder, error) {
	text, err := facts.FileOf(files, List, maxList)
	if err != nil {
		return nil, err
	}
	f := &Folder{files: files}
	if err := json.Unmarshal(text, &f.Analyses); err != nil {
		return nil, fmt.Errorf("read %s: %w", List, err)
	}
	if len(f.Analyses) == 0 || len(f.Analyses) > maxAnalyses {
		return nil, fmt.Errorf("read %s: it has %d analyses: fetch those of the commit that is deployed, %d at most", List, len(f.Analyses), maxAnalyses)
	}
	for i, a := range f.Analyses {
		if a.ID <= 0 || !facts.IsCommit(a.Commit) || a.Category == "" || a.Created.IsZero() || a.Results < 0 || a.Tool.Name == "" {
			return nil, fmt.Errorf("read %s: analysis %d has no id, commit, category, time or tool: it is not what GitHub lists", List, i+1)
		}
	}
	slices.SortStableFunc(f.Analyses, func(a, b Analysis) int { return b.Created.Compare(a.Created) })
	return f, nil
}

// Found is one result of an analysis.
type Found struct {
	Rule     string
	Level    string  // SARIF's: error, warning, note, none
	Severity float64 // GitHub's security-severity, 0 to 10; -1 where the rule has none
	Text     string
}

// Found are the results of an analysis. It is an error if its file is not there, is no SARIF, is of another tool, or does not have as many results as the list says.
func (f *Folder) Found(a Analysis) ([]Found, error) {
	name := strconv.FormatInt(a.ID, 10) + ".sarif"
	text, err := facts.FileOf(f.files, name, maxResults)
	if err != nil {
		return nil, err
	}
	var log sarif.Log
	if err := json.Unmarshal(text, &log); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if log.Version != sarif.Version || len(log.Runs) == 0 {
		return nil, fmt.Errorf("read %s: it is no SARIF %s, or has no run", name, sarif.Version)
	}
	all := []Found{}
	for _, run := range log.Runs {
		if run.Tool.Driver.Name != a.Tool.Name || run.Results == nil {
			return nil, fmt.Errorf("read %s: it is of %q, not of %s, or has no results, not even none", name, run.Tool.Driver.Name, a.Tool.Name)
		}
		rules := map[string]sarif.Rule{}
		for _, r := range run.Tool.Driver.Rules {
			rules[r.ID] = r
		}
		for _, r := range run.Results {
			rule := rules[r.RuleID]
			all = append(all, Found{Rule: r.RuleID, Level: level(r, rule), Severity: severity(rule), Text: r.Message.Text})
		}
	}
	if len(all) != a.Results {
		return nil, fmt.Errorf("read %s: it has %d results, and the list says %d: fetch both anew", name, len(all), a.Results)
	}
	return all, nil
}

// level is that of a result, or else of its rule, or else what SARIF 2.1.0 has for neither (§3.27.10).
func level(r sarif.Result, rule sarif.Rule) string {
	switch {
	case r.Level != "":
		return r.Level
	case rule.Default != nil && rule.Default.Level != "":
		return rule.Default.Level
	}
	return "warning"
}

func severity(rule sarif.Rule) float64 {
	if rule.Properties == nil {
		return -1
	}
	n, err := strconv.ParseFloat(rule.Properties.Severity, 64)
	if err != nil || !(n >= 0 && n <= 10) {
		return -1
	}
	return n
}
