package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
)

// opinions writes what tools of others say: first what nobody has explained, then a line a clause, then of whom nothing is known.
func (p *page) opinions(o guide.Opinions) {
	all := slices.Concat(o.Said, o.Beside)
	for _, s := range all {
		if s.Stand == guide.Objects {
			p.wrap(p.colored(guide.NotEvidenced, "SECOND OPINION")+"  "+about(s)+": "+s.Tool+" disagrees", "", "                ")
			p.objections(s.Objections, func(x guide.Objection) bool { return x.Reason == "" })
			p.WriteByte('\n')
		}
	}
	for _, s := range o.Strange {
		p.wrap(p.colored(guide.NotEvidenced, "SECOND OPINION")+"  "+s, "", "                ")
	}
	p.WriteString("Second opinions\n")
	before := ""
	for _, s := range all {
		of := cmp.Or(s.Clause, "beside")
		head := fmt.Sprintf("%-6s", of)
		if of == before {
			head = "      "
		}
		before = of
		p.wrap(fmt.Sprintf("  %s %s %s: %s", head, s.Tool, s.Stand, judged(s)), "", "         ")
		if s.Stand == guide.Explained || p.Evidence {
			p.objections(s.Objections, func(x guide.Objection) bool { return x.Reason != "" })
		}
	}
	for _, t := range o.Tools {
		switch {
		case t.NotAsked != "":
			p.wrap(fmt.Sprintf("  not asked: %s: %s", t.Name, t.NotAsked), "", "         ")
		case t.Online:
			p.wrap(fmt.Sprintf("  %s %s could have reached a network: this machine would not take that from it", t.Name, t.Version), "", "         ")
		}
		for _, u := range first(t.Unseen) {
			p.wrap(fmt.Sprintf("  %s has no opinion of %s: it did not look at it", t.Name, u), "", "         ")
		}
		for _, s := range first(t.Skips) {
			p.wrap(fmt.Sprintf("  %s was told to overlook: %s", t.Name, s), "", "         ")
		}
	}
	p.WriteByte('\n')
}

// first are as many as are shown, and how many more there are.
func first(all []string) []string {
	if len(all) <= maxFindings {
		return all
	}
	return slices.Concat(all[:maxFindings], []string{fmt.Sprintf("%d more: --format json has all", len(all)-maxFindings)})
}

func about(s guide.Opinion) string {
	if s.Clause == "" {
		return "beside the guide"
	}
	return s.Clause
}

// judged says how much an opinion rests on.
func judged(s guide.Opinion) string {
	text := fmt.Sprintf("%d checks", s.Checks)
	if s.Checks == 1 {
		text = "1 check"
	}
	if n := len(s.Objections); n > 0 && s.Stand != guide.Concurs {
		text += fmt.Sprintf(", %d of them against it", n)
	} else if n > 0 {
		text += fmt.Sprintf(", %d of them find it too", n)
	}
	return text + ", by " + briefly(s.Rules, " ")
}

// briefly names a few of many.
func briefly(all []string, separator string) string {
	text := strings.Join(all[:min(len(all), maxSubjects)], separator)
	if more := len(all) - maxSubjects; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// objections writes those that are wanted, of one rule and reason together.
func (p *page) objections(all []guide.Objection, wanted func(guide.Objection) bool) {
	type group struct{ rule, says, reason string }
	var order []group
	of := map[group][]string{}
	at := map[group]string{}
	for _, x := range all {
		if !wanted(x) {
			continue
		}
		g := group{x.Rule, x.Says, x.Reason}
		if i := slices.IndexFunc(order, func(o group) bool { return o.rule == x.Rule && o.reason == x.Reason && x.Reason != "" }); i >= 0 {
			g = order[i] // what is explained alike is told of once, in the words of the first
		}
		if of[g] == nil {
			order = append(order, g)
			at[g] = x.At.String()
		}
		of[g] = append(of[g], x.Subject)
	}
	for _, g := range order {
		text := g.rule + ": " + briefly(of[g], ", ") + ": " + g.says
		if g.reason != "" {
			text += ". Explained: " + g.reason
		}
		p.wrap(text, "         ", "           ")
		if g.reason == "" && at[g] != "" {
			p.WriteString("           at " + at[g] + "\n")
		}
	}
}
