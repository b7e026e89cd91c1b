package opinions

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
)

// answer is what one tool was asked and said.
type answer struct {
	tool   guide.Tool
	checks []check
}

// hold holds what the tools say against what the guide says of the tree.
func hold(clauses []guide.Clause, answers []answer, e Explanations) *guide.Opinions {
	lines := table()
	o := &guide.Opinions{}
	used := map[int]map[string]bool{} // the subjects of each explanation that were met
	for _, a := range answers {
		o.Tools = append(o.Tools, a.tool)
		of := map[string][]check{} // by clause; "" for what no clause asks
		for _, c := range a.checks {
			r, known := ruleOf(lines, a.tool.Name, c.rule)
			if !known && !c.passed {
				c.says += " (a rule that nobody has thought about yet: give it a line in the table of package opinions)"
			}
			if !c.passed {
				c.reason = e.reason(a.tool, c, used)
			}
			if len(r.clauses) == 0 {
				of[""] = append(of[""], c)
			}
			for _, id := range r.clauses {
				of[id] = append(of[id], c)
			}
		}
		of[""] = disputed(of[""])
		for _, id := range append(ids(clauses), "") {
			if len(of[id]) == 0 {
				continue
			}
			said := guide.Opinion{Clause: id, Tool: a.tool.Name, Checks: len(of[id]), Rules: []string{}, Objections: []guide.Objection{}}
			for _, c := range of[id] {
				said.Rules = append(said.Rules, c.rule)
				if !c.passed {
					said.Objections = append(said.Objections, guide.Objection{Rule: c.rule, Subject: c.subject, Says: c.says, At: c.at, Reason: c.reason})
				}
			}
			slices.Sort(said.Rules)
			said.Rules = slices.Compact(said.Rules)
			slices.SortStableFunc(said.Objections, func(x, y guide.Objection) int {
				return cmp.Or(cmp.Compare(x.Rule, y.Rule), cmp.Compare(x.Subject, y.Subject), cmp.Compare(x.At.Line, y.At.Line))
			})
			said.Objections = slices.Compact(said.Objections)
			if id == "" {
				said.Stand = stand(guide.Passed, said.Objections)
				o.Beside = append(o.Beside, said)
				continue
			}
			i := slices.IndexFunc(clauses, func(c guide.Clause) bool { return c.Control.ID == id })
			said.Stand = stand(clauses[i].Tree.Verdict(), said.Objections)
			o.Said = append(o.Said, said)
		}
	}
	slices.SortStableFunc(o.Said, func(a, b guide.Opinion) int {
		return cmp.Compare(slices.Index(ids(clauses), a.Clause), slices.Index(ids(clauses), b.Clause))
	})
	o.Strange = e.strange(answers, used)
	return o
}

// disputed are the checks of rules that have failed somewhere.
func disputed(all []check) []check {
	failed := map[string]bool{}
	for _, c := range all {
		failed[c.rule] = failed[c.rule] || !c.passed
	}
	return slices.DeleteFunc(all, func(c check) bool { return !failed[c.rule] })
}

func ids(clauses []guide.Clause) (all []string) {
	for _, c := range clauses {
		all = append(all, c.Control.ID)
	}
	return all
}

// stand is how objections stand to a verdict. What the guide could not look at is held by nobody, so that an objection to it needs its reason as well.
func stand(v guide.Verdict, objections []guide.Objection) guide.Stand {
	open := slices.ContainsFunc(objections, func(x guide.Objection) bool { return x.Reason == "" })
	switch holds := v == guide.Passed || v == guide.GuideDefect || v == guide.NotApplicable; {
	case v == guide.Failed && len(objections) == 0:
		return guide.Blind
	case v == guide.Failed || holds && len(objections) == 0:
		return guide.Concurs
	case len(objections) == 0:
		return guide.Aside
	case open:
		return guide.Objects
	}
	return guide.Explained
}

// applies tells whether an explanation is about what this tool, in its version, says.
func (x Explanation) applies(t guide.Tool) bool {
	return x.Tool == t.Name && strings.HasPrefix(t.Version, x.Version)
}

// reason is why a check that has failed is borne, and notes that it was met.
func (e Explanations) reason(t guide.Tool, c check, used map[int]map[string]bool) string {
	for i, x := range e.Explained {
		if x.applies(t) && x.Rule == c.rule && slices.Contains(x.Subjects, c.subject) {
			if used[i] == nil {
				used[i] = map[string]bool{}
			}
			used[i][c.subject] = true
			return strings.Join(strings.Fields(x.Reason), " ")
		}
	}
	return ""
}

// strange are the explanations of what no tool said, of those that were asked: whoever could not be asked may still say it.
func (e Explanations) strange(answers []answer, used map[int]map[string]bool) (all []string) {
	for i, x := range e.Explained {
		if !slices.ContainsFunc(answers, func(a answer) bool { return a.tool.NotAsked == "" && len(a.checks) > 0 && x.applies(a.tool) }) {
			continue
		}
		for _, s := range x.Subjects {
			if !used[i][s] {
				all = append(all, fmt.Sprintf("%s explains %s %s of %s, which it does not say: take it away", File, x.Tool, x.Rule, s))
			}
		}
	}
	return all
}
