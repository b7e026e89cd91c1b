package guide

import "slices"

// Verdict is what can be said of a clause, or of one column of it. The texts are those of every report.
type Verdict string

// The verdicts, from the best to the worst.
const (
	NotAsked      Verdict = "not asked"      // of a column alone: nobody wanted to know
	NotApplicable Verdict = "NOT APPLICABLE" // what the clause is about does not exist here; Result.Reason says what
	Passed        Verdict = "PASS"           // it holds, of the subjects that are listed
	GuideDefect   Verdict = "GUIDE DEFECT"   // it cannot hold as the guide is written; what is done instead holds
	NotEvidenced  Verdict = "NOT EVIDENCED"  // it could not be looked at; that is never a pass
	Failed        Verdict = "FAIL"           // it does not hold, in the ways that are named
)

var order = [...]Verdict{NotAsked, NotApplicable, Passed, GuideDefect, NotEvidenced, Failed}

func (v Verdict) rank() int { return slices.Index(order[:], v) }

// Worse is the worse of the two.
func Worse(a, b Verdict) Verdict {
	if a.rank() > b.rank() {
		return a
	}
	return b
}
