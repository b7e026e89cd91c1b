package report

import (
	"encoding/json"
	"io"
	"net/url"
	"slices"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/sarif"
)

// SARIF writes the report for code scanning. A rule is a clause's way to fail; what holds, what does not apply and what could not be looked at are results
// of the clause itself (kinds pass, notApplicable and open), so that a report of nothing cannot be taken for one of nothing wrong.
func SARIF(w io.Writer, r guide.Report) error {
	run := sarif.Run{
		Tool:        sarif.Tool{Driver: sarif.Driver{Name: "escrowctl audit", InformationURI: "https://github.com/Abdullahi130/StellarEscrow", Rules: []sarif.Rule{}}},
		Invocations: []sarif.Invocation{{ExecutionSuccessful: true, ExitCode: r.Exit(), StartTimeUTC: r.At.UTC().Format("2006-01-02T15:04:05Z")}},
		Results:     []sarif.Result{},
	}
	rules := map[string]int{}
	rule := func(id, short, full string) int {
		rules[id] = len(run.Tool.Driver.Rules)
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarif.Rule{ID: id, ShortDescription: sarif.Message{Text: short}, FullDescription: &sarif.Message{Text: full}})
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
				run.Results = append(run.Results, sarif.Result{
					RuleID: id, RuleIndex: rules[id], Kind: "fail", Level: "error", Message: sarif.Message{Text: f.Subject + ": " + f.Detail}, Locations: locations(col.name, f), Suppressions: suppressed(r, c),
				})
			}
			if kind := kinds[col.Verdict()]; kind != "" {
				text := col.Reason()
				if text == "" {
					text = seen(col)
				}
				run.Results = append(run.Results, sarif.Result{RuleID: c.Control.ID, RuleIndex: whole, Kind: kind, Level: "none", Message: sarif.Message{Text: col.name + ": " + text}})
			}
		}
	}
	if r.Opinions != nil {
		run.Results = append(run.Results, objections(*r.Opinions, rule)...)
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(sarif.Of(run))
}

// kinds of the verdicts that are of a clause as a whole.
var kinds = map[guide.Verdict]string{guide.Passed: "pass", guide.NotApplicable: "notApplicable", guide.NotEvidenced: "open", guide.GuideDefect: "review"}

// locations are files of the tree; of what runs, the name of the part.
func locations(column string, f guide.Finding) []sarif.Location {
	if column != "tree" {
		f.At = guide.Place{}
	}
	return located(f.At, f.Subject)
}

// located is a place, or, where there is none, the name of what is found something of.
func located(at guide.Place, subject string) []sarif.Location {
	if at.File == "" {
		return []sarif.Location{{Logical: []sarif.Logical{{Name: subject}}}}
	}
	place := sarif.Physical{Artifact: sarif.Artifact{URI: (&url.URL{Path: at.File}).String()}}
	if at.Line > 0 {
		place.Region = &sarif.Region{StartLine: at.Line}
	}
	return []sarif.Location{{Physical: &place}}
}

func suppressed(r guide.Report, c guide.Clause) []sarif.Suppression {
	if !r.Accepts(c) {
		return nil
	}
	for _, a := range r.Held.Accepted {
		if a.Clause == c.Control.ID {
			return []sarif.Suppression{{Kind: "external", Justification: a.Reason + ", until " + a.Until}}
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

// objections are what tools of others have against the tree: a rule each of theirs, under the tool's name. What is explained is suppressed, with its reason.
func objections(o guide.Opinions, rule func(id, short, full string) int) (all []sarif.Result) {
	rules := map[string]int{}
	index := func(id, short string) int {
		if _, ok := rules[id]; !ok {
			rules[id] = rule(id, short, "a second opinion beside the guide's")
		}
		return rules[id]
	}
	seen := map[guide.Objection]bool{}
	for _, s := range slices.Concat(o.Said, o.Beside) {
		for _, x := range s.Objections {
			if s.Stand == guide.Concurs || seen[x] { // a rule may be about several clauses
				continue
			}
			seen[x] = true
			id := "second-opinion/" + s.Tool + "/" + x.Rule
			found := sarif.Result{
				RuleID: id, RuleIndex: index(id, s.Tool+" "+x.Rule), Kind: "fail", Level: "warning", Message: sarif.Message{Text: x.Subject + ": " + x.Says}, Locations: located(x.At, x.Subject),
			}
			if x.Reason != "" {
				found.Suppressions = []sarif.Suppression{{Kind: "external", Justification: x.Reason}}
			}
			all = append(all, found)
		}
	}
	for _, text := range o.Strange {
		const id = "second-opinion/explains-nothing"
		all = append(all, sarif.Result{RuleID: id, RuleIndex: index(id, "an explanation of what no tool says"), Kind: "fail", Level: "warning", Message: sarif.Message{Text: text}})
	}
	for _, t := range o.Tools {
		if t.NotAsked != "" {
			const id = "second-opinion/not-asked"
			all = append(all, sarif.Result{RuleID: id, RuleIndex: index(id, "a tool that was not asked"), Kind: "open", Level: "none", Message: sarif.Message{Text: t.Name + ": " + t.NotAsked}})
		}
	}
	return all
}
