package report

import (
	"encoding/json"
	"io"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
)

type document struct {
	Clauses []clause `json:"clauses"`
	At      string   `json:"at"` // RFC 3339
	Seconds float64  `json:"seconds"`
	Exit    int      `json:"exit"` // what the program ends with
	// Matrix is who reaches whom by the files, LiveMatrix in the cluster that runs, where network clauses were asked.
	Matrix     *guide.Matrix `json:"matrix,omitempty"`
	LiveMatrix *guide.Matrix `json:"live_matrix,omitempty"`
	// Second is what tools of others say, where that was asked.
	Second *second `json:"second_opinions,omitempty"`
}

type second struct {
	Tools   []guide.Tool    `json:"tools"`
	Said    []guide.Opinion `json:"said"`
	Beside  []guide.Opinion `json:"beside"`
	Strange []string        `json:"strange"`
}

type clause struct {
	ID       string          `json:"id"`
	Clause   string          `json:"clause"`
	Verdict  guide.Verdict   `json:"verdict"`
	Tree     guide.Verdict   `json:"tree"`
	Live     guide.Verdict   `json:"live"`
	Agree    guide.Agreement `json:"agree"`    // whether what runs is what the files say
	Accepted bool            `json:"accepted"` // by the baseline, exactly as it is
	Modes    []string        `json:"modes"`    // the ways to fail that were found
	Subjects []string        `json:"subjects"` // what was looked at
	Evidence []evidence      `json:"evidence"` // what was seen of it
	Findings []guide.Finding `json:"findings"`
	Reasons  []string        `json:"reasons,omitempty"` // why it is NOT EVIDENCED or NOT APPLICABLE, or what is done instead of a defect
}

type evidence struct {
	Column  string      `json:"column"` // tree, live, agree
	Subject string      `json:"subject"`
	Seen    string      `json:"seen"`
	At      guide.Place `json:"at,omitzero"`
}

// JSON writes the report as one object, as docs/audit.schema.json says. Lists are never null.
func JSON(w io.Writer, r guide.Report) error {
	d := document{Clauses: []clause{}, At: r.At.UTC().Format("2006-01-02T15:04:05Z"), Seconds: r.Took.Seconds(), Exit: r.Exit(), Matrix: r.Matrix, LiveMatrix: r.RunningMatrix}
	for _, c := range r.Clauses {
		line := clause{
			ID: c.Control.ID, Clause: c.Control.Clause, Verdict: c.Verdict, Tree: c.Tree.Verdict(), Live: c.Running.Verdict(), Agree: c.Agreement(), Accepted: r.Accepts(c),
			Modes: append([]string{}, c.Modes()...), Subjects: []string{}, Evidence: []evidence{}, Findings: []guide.Finding{},
		}
		for _, column := range columns(c) {
			for _, s := range column.Subjects() {
				line.Subjects = append(line.Subjects, s.Name)
				line.Evidence = append(line.Evidence, evidence{column.name, s.Name, s.Evidence, s.At})
			}
			line.Findings = append(line.Findings, column.Findings()...)
			if reason := column.Reason(); reason != "" {
				line.Reasons = append(line.Reasons, column.name+": "+reason)
			}
		}
		d.Clauses = append(d.Clauses, line)
	}
	if o := r.Opinions; o != nil {
		d.Second = &second{append([]guide.Tool{}, o.Tools...), append([]guide.Opinion{}, o.Said...), append([]guide.Opinion{}, o.Beside...), append([]string{}, o.Strange...)}
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(d)
}

// column is one that was asked for.
type column struct {
	name string
	guide.Result
}

func columns(c guide.Clause) (asked []column) {
	for _, col := range []column{{"tree", c.Tree}, {"live", c.Running}, {"agree", c.Agree}} {
		if col.Verdict() != guide.NotAsked {
			asked = append(asked, col)
		}
	}
	return asked
}
