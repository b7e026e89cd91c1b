package report

import (
	"encoding/json"
	"io"
	"net/url"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
)

// The parts of SARIF 2.1.0 that are written (https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html).
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool        sarifTool         `json:"tool"`
		Invocations []sarifInvocation `json:"invocations"`
		Results     []sarifResult     `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		InformationURI string      `json:"informationUri"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID               string       `json:"id"`
		ShortDescription sarifMessage `json:"shortDescription"`
		FullDescription  sarifMessage `json:"fullDescription"`
	}
	sarifInvocation struct {
		ExecutionSuccessful bool   `json:"executionSuccessful"`
		ExitCode            int    `json:"exitCode"`
		StartTimeUTC        string `json:"startTimeUtc"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		RuleIndex int             `json:"ruleIndex"`
		Kind      string          `json:"kind"`
		Level     string          `json:"level"`
		Message   sarifMessage    `json:"message"`
		Locations []sarifLocation `json:"locations,omitempty"`
		// Suppressions are of what the baseline accepts.
		Suppressions []sarifSuppression `json:"suppressions,omitempty"`
	}
	sarifSuppression struct {
		Kind          string `json:"kind"`
		Justification string `json:"justification"`
	}
	sarifMessage struct {
		Text string `json:"text"`
	}
	sarifLocation struct {
		PhysicalLocation *sarifPlace    `json:"physicalLocation,omitempty"`
		LogicalLocations []sarifLogical `json:"logicalLocations,omitempty"`
	}
	sarifLogical struct {
		FullyQualifiedName string `json:"fullyQualifiedName"`
	}
	sarifPlace struct {
		ArtifactLocation sarifArtifact `json:"artifactLocation"`
		Region           *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine int `json:"startLine"`
	}
)

// SARIF writes the report for code scanning. A rule is a clause's way to fail; what holds, what does not apply and what could not be looked at are results
// of the clause itself (kinds pass, notApplicable and open), so that a report of nothing cannot be taken for one of nothing wrong.
func SARIF(w io.Writer, r guide.Report) error {
	run := sarifRun{
		Tool:        sarifTool{sarifDriver{Name: "escrowctl audit", InformationURI: "https://github.com/Abdullahi130/StellarEscrow", Rules: []sarifRule{}}},
		Invocations: []sarifInvocation{{ExecutionSuccessful: true, ExitCode: r.Exit(), StartTimeUTC: r.At.UTC().Format("2006-01-02T15:04:05Z")}},
		Results:     []sarifResult{},
	}
	rules := map[string]int{}
	rule := func(id, short, full string) int {
		rules[id] = len(run.Tool.Driver.Rules)
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{id, sarifMessage{short}, sarifMessage{full}})
		return rules[id]
	}
	for _, c := range r.Clauses {
		whole := rule(c.Control.ID, c.Control.Clause, c.Control.Question)
		for _, m := range c.Control.Modes {
			rule(c.Control.ID+"/"+m.Name, m.What, c.Control.Clause)
		}
		for _, col := range columns(c) {
			for _, f := range col.Findings() {
				id := c.Control.ID + "/" + f.Mode
				run.Results = append(run.Results, sarifResult{id, rules[id], "fail", "error", sarifMessage{f.Subject + ": " + f.Detail}, locations(col.name, f), suppressed(r, c)})
			}
			if kind := kinds[col.Verdict()]; kind != "" {
				text := col.Reason()
				if text == "" {
					text = seen(col)
				}
				run.Results = append(run.Results, sarifResult{c.Control.ID, whole, kind, "none", sarifMessage{col.name + ": " + text}, nil, nil})
			}
		}
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(sarifLog{"https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json", "2.1.0", []sarifRun{run}})
}

// kinds of the verdicts that are of a clause as a whole.
var kinds = map[guide.Verdict]string{guide.Passed: "pass", guide.NotApplicable: "notApplicable", guide.NotEvidenced: "open", guide.GuideDefect: "review"}

// locations are files of the tree; of what runs, the name of the part.
func locations(column string, f guide.Finding) []sarifLocation {
	if column != "tree" || f.At.File == "" {
		return []sarifLocation{{LogicalLocations: []sarifLogical{{f.Subject}}}}
	}
	place := sarifPlace{ArtifactLocation: sarifArtifact{(&url.URL{Path: f.At.File}).String()}}
	if f.At.Line > 0 {
		place.Region = &sarifRegion{f.At.Line}
	}
	return []sarifLocation{{PhysicalLocation: &place}}
}

func suppressed(r guide.Report, c guide.Clause) []sarifSuppression {
	if !r.Accepts(c) {
		return nil
	}
	for _, a := range r.Held.Accepted {
		if a.Clause == c.Control.ID {
			return []sarifSuppression{{"external", a.Reason + ", until " + a.Until}}
		}
	}
	return nil
}

func seen(c column) string {
	text := ""
	for i, s := range c.Subjects() {
		if i > 0 {
			text += "; "
		}
		text += s.Name
		if s.Evidence != "" {
			text += ": " + s.Evidence
		}
	}
	return text
}
