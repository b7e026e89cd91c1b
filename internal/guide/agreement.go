package guide

// Agreement says whether what runs is what the files say. The texts are those of every report.
type Agreement string

// The agreements.
const (
	NotCompared Agreement = "not compared" // one of the two was not asked, could not be looked at, or has nothing to say
	Agrees      Agreement = "agree"
	Differs     Agreement = "differ"
)

// Agreement is the third column of a clause: whether the running system and the files agree. Where the control compares them, it says so; otherwise both
// hold, or neither does.
func (c Clause) Agreement() Agreement {
	switch c.Agree.Verdict() {
	case Failed:
		return Differs
	case Passed, GuideDefect:
		return Agrees
	case NotEvidenced:
		return NotCompared
	}
	holds, fails := 0, 0
	for _, v := range []Verdict{c.Tree.Verdict(), c.Running.Verdict()} {
		switch v {
		case Passed, GuideDefect:
			holds++
		case Failed:
			fails++
		}
	}
	switch {
	case holds+fails < 2:
		return NotCompared
	case holds == 1:
		return Differs
	}
	return Agrees
}
