package guide

import (
	"cmp"
	"fmt"
	"slices"
)

// Place is where something stands. File is a path in the tree, with slashes; or, of the running system, what was asked ("nginx 127.0.0.1:443").
type Place struct {
	File string `json:"file"`
	Line int    `json:"line,omitempty"` // from 1; 0: the whole file
}

func (p Place) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}

// Mode is a way to fail. Its name is a promise to whoever reads reports by machine: never renamed, never reused.
type Mode struct {
	Name string // in the clause's own space: "published-to-the-world"
	What string // in a sentence, of any subject
	// Running is of a way that only the running system can show: no change of the tree brings it about.
	Running bool
}

// Finding is one failure.
type Finding struct {
	Mode    string `json:"mode"`    // name of one of the control's modes
	Subject string `json:"subject"` // what it is found of: "service redis"
	Detail  string `json:"detail"`  // what is wrong, and what to do
	At      Place  `json:"at,omitzero"`
}

// Subject is something that was looked at.
type Subject struct {
	Name     string // "service redis"
	Evidence string // what was seen of it: "127.0.0.1:6379->6379"
	At       Place
}

// Result is what a judge says of one column. Make it with Pass, Fail, NoEvidence, NotHere or Defect.
type Result struct {
	verdict  Verdict
	subjects []Subject
	findings []Finding
	reason   string
}

// Pass is that the clause holds of these subjects. Without any it is NoEvidence: nothing was looked at.
func Pass(subjects ...Subject) Result {
	if len(subjects) == 0 {
		return NoEvidence("nothing was found that the clause could be about")
	}
	return Result{verdict: Passed, subjects: ordered(subjects)}
}

// Judge is Fail if there are findings, otherwise Pass.
func Judge(subjects []Subject, findings []Finding) Result {
	if len(findings) == 0 {
		return Pass(subjects...)
	}
	r := Fail(findings[0], findings[1:]...)
	r.subjects = ordered(subjects)
	return r
}

// Fail is that the clause does not hold.
func Fail(first Finding, others ...Finding) Result {
	all := append([]Finding{first}, others...)
	slices.SortStableFunc(all, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Mode, b.Mode), cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.At.File, b.At.File), cmp.Compare(a.At.Line, b.At.Line))
	})
	return Result{verdict: Failed, findings: all}
}

// NoEvidence is that nobody could look, and why.
func NoEvidence(format string, args ...any) Result {
	return Result{verdict: NotEvidenced, reason: fmt.Sprintf(format, args...)}
}

// NotHere is that what the clause is about does not exist here, and why that is so.
func NotHere(format string, args ...any) Result {
	return Result{verdict: NotApplicable, reason: fmt.Sprintf(format, args...)}
}

// Defect is that the clause cannot hold as it is written: instead says what is done in its place. r is what the judge says of that; a pass becomes
// GUIDE DEFECT, anything worse stays what it is.
func Defect(instead string, r Result) Result {
	if r.verdict == Passed {
		r.verdict, r.reason = GuideDefect, instead
	}
	return r
}

// Verdict is the zero Result's NotAsked, or what it was made as.
func (r Result) Verdict() Verdict {
	if r.verdict == "" {
		return NotAsked
	}
	return r.verdict
}

// Subjects are in the order of their names.
func (r Result) Subjects() []Subject { return r.subjects }

// Findings are in the order of their modes and subjects.
func (r Result) Findings() []Finding { return r.findings }

// Reason is why it is NOT EVIDENCED or NOT APPLICABLE, or what is done instead of a clause that is a GUIDE DEFECT.
func (r Result) Reason() string { return r.reason }

func ordered(all []Subject) []Subject {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b Subject) int { return cmp.Compare(a.Name, b.Name) })
	return all
}
