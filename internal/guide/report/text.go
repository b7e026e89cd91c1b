package report

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
)

// Style is how text is to look.
type Style struct {
	Width    int  // columns of what it is read on; 0: wide
	Color    bool // by ANSI's codes
	Evidence bool // say also of what holds what was looked at
	Fixable  int  // how many findings escrowctl audit --fix has a patch for
}

const (
	wide   = 120
	narrow = 40 // a terminal that says less is taken for one that does not know
	// maxFindings is how many findings of a clause are shown, and maxSubjects how many subjects of one; the other formats have all.
	maxFindings = 8
	maxSubjects = 6
)

// Text writes first what has to be done, clauses with the same trouble together; then the whole guide, a line for each section; then the sum: the last lines on
// the screen say how things are.
func Text(w io.Writer, r guide.Report, s Style) error {
	if s.Width < narrow {
		s.Width = wide
	}
	p := page{Style: s}
	for _, verdict := range []guide.Verdict{guide.Failed, guide.NotEvidenced} {
		p.troubles(r, verdict)
	}
	if s.Evidence {
		p.evidence(r)
	}
	if r.Opinions != nil {
		p.opinions(*r.Opinions)
	}
	p.overview(r)
	p.sum(r)
	_, err := io.WriteString(w, p.String())
	return err
}

type page struct {
	Style
	strings.Builder
}

// troubles writes the clauses of a verdict, those that say the same once. What a baseline accepts is not to be done today.
func (p *page) troubles(r guide.Report, verdict guide.Verdict) {
	type trouble struct {
		clauses []guide.Clause
		body    string
	}
	var all []trouble
	for _, c := range r.Clauses {
		if c.Verdict != verdict || r.Accepts(c) {
			continue
		}
		body := p.body(c)
		if i := slices.IndexFunc(all, func(t trouble) bool { return t.body == body }); i >= 0 {
			all[i].clauses = append(all[i].clauses, c)
			continue
		}
		all = append(all, trouble{[]guide.Clause{c}, body})
	}
	for _, t := range all {
		head := p.colored(verdict, string(verdict)) + "  "
		if len(t.clauses) == 1 {
			head += t.clauses[0].Control.ID + "  " + oneLine(t.clauses[0].Control.Clause)
		} else {
			head += ids(t.clauses)
		}
		p.wrap(head, "", strings.Repeat(" ", len(verdict)+2))
		p.WriteString(t.body + "\n")
	}
}

// body is what was found of a clause, without its name.
func (p *page) body(c guide.Clause) string {
	b := page{Style: p.Style}
	for _, col := range columns(c) {
		type finding struct {
			mode, detail, at string
			subjects         []string
		}
		var all []finding
		for _, f := range col.Findings() {
			at := f.At.String()
			if i := slices.IndexFunc(all, func(x finding) bool { return x.mode == f.Mode && x.detail == f.Detail && x.at == at }); i >= 0 {
				all[i].subjects = append(all[i].subjects, f.Subject)
				continue
			}
			all = append(all, finding{f.Mode, f.Detail, at, []string{f.Subject}})
		}
		for _, f := range all[:min(len(all), maxFindings)] {
			who := strings.Join(f.subjects[:min(len(f.subjects), maxSubjects)], ", ")
			if more := len(f.subjects) - maxSubjects; more > 0 {
				who += fmt.Sprintf(" and %d more", more)
			}
			b.wrap(fmt.Sprintf("%s  %s: %s: %s", col.name, f.mode, who, f.detail), "  ", "        ")
			if f.at != "" && f.at != who {
				b.WriteString("        at " + f.at + "\n") // never wrapped: it is to be clicked and copied
			}
		}
		if more := len(all) - maxFindings; more > 0 {
			b.wrap(fmt.Sprintf("%s  and %d more: --format html or json has all", col.name, more), "  ", "        ")
		}
		if reason := col.Reason(); reason != "" && col.Verdict() == guide.NotEvidenced {
			b.wrap(col.name+"  "+reason, "  ", "        ")
		}
	}
	if c.Control.OnlyRunning && c.Running.Verdict() == guide.NotAsked {
		b.wrap("only a running system can show it: name one with --live", "  ", "  ")
	}
	return b.String()
}

// evidence writes what was looked at of the clauses that hold, and what is done instead of those that cannot.
func (p *page) evidence(r guide.Report) {
	for _, c := range r.Clauses {
		if c.Verdict != guide.Passed && c.Verdict != guide.GuideDefect && c.Verdict != guide.NotApplicable {
			continue
		}
		p.wrap(p.colored(c.Verdict, string(c.Verdict))+"  "+c.Control.ID+"  "+oneLine(c.Control.Clause), "", strings.Repeat(" ", len(c.Verdict)+2))
		for _, col := range columns(c) {
			if reason := col.Reason(); reason != "" {
				p.wrap(col.name+"  "+reason, "  ", "        ")
			}
			for _, s := range col.Subjects() {
				text := col.name + "  " + s.Name
				if s.Evidence != "" {
					text += ": " + s.Evidence
				}
				p.wrap(text, "  ", "        ")
			}
		}
		p.WriteByte('\n')
	}
}

// overview writes a line for each section: what holds is a number, the rest is named.
func (p *page) overview(r guide.Report) {
	var letters []string
	of := map[string][]guide.Clause{}
	for _, c := range r.Clauses {
		s := c.Control.Section()
		if of[s] == nil {
			letters = append(letters, s)
		}
		of[s] = append(of[s], c)
	}
	most := 0
	for _, l := range letters {
		most = max(most, len(section(l)))
	}
	for _, l := range letters {
		var groups []string
		for _, v := range []guide.Verdict{guide.Failed, guide.NotEvidenced, guide.GuideDefect, guide.NotApplicable} {
			var open, accepted []guide.Clause
			for _, c := range of[l] {
				switch {
				case c.Verdict != v:
				case r.Accepts(c):
					accepted = append(accepted, c)
				default:
					open = append(open, c)
				}
			}
			if len(open) > 0 {
				groups = append(groups, p.colored(v, string(v))+" "+ids(open))
			}
			if len(accepted) > 0 {
				groups = append(groups, string(v)+", as accepted, "+ids(accepted))
			}
		}
		passed := 0
		for _, c := range of[l] {
			if c.Verdict == guide.Passed {
				passed++
			}
		}
		head := fmt.Sprintf("%s %-*s  %2d of %2d PASS", l, most, section(l), passed, len(of[l]))
		if len(groups) > 0 {
			head += "   " + strings.Join(groups, "; ")
		}
		p.wrap(head, "", strings.Repeat(" ", 2+most+2+len("10 of 10 PASS")+3))
	}
}

// sum writes the last lines: how much was looked at, what came out, and what to do next.
func (p *page) sum(r guide.Report) {
	var sums []string
	for _, c := range counts(r) {
		sums = append(sums, p.colored(c.Verdict, fmt.Sprintf("%d %s", c.N, c.Verdict)))
	}
	where := "files only"
	if slices.ContainsFunc(r.Clauses, func(c guide.Clause) bool { return c.Running.Verdict() != guide.NotAsked }) {
		where = "files and the running system"
	}
	p.WriteByte('\n')
	p.wrap(fmt.Sprintf("%d clauses, %s, %.1f s: %s. Exit code %d.", len(r.Clauses), where, r.Took.Seconds(), strings.Join(sums, ", "), r.Exit()), "", "")
	if next := p.next(r); next != "" {
		p.wrap("Next: "+next, "", "      ")
	}
}

// next is what to do first; nothing if all is well.
func (p *page) next(r guide.Report) string {
	var first *guide.Clause
	for _, v := range []guide.Verdict{guide.Failed, guide.NotEvidenced} {
		for i, c := range r.Clauses {
			if first == nil && c.Verdict == v && !r.Accepts(c) {
				first = &r.Clauses[i]
			}
		}
	}
	switch {
	case first == nil && r.Opinions != nil && errors.Is(r.Opinions.Err(), guide.ErrOpinions):
		return "mend what another tool objects to, or say in docs/second-opinions.yaml why it stands; take out what explains nothing any more"
	case r.Held != nil && r.Held.Check(r) != nil && first == nil:
		return "bring the baseline up to date, as the last lines below say"
	case first == nil:
		return ""
	case p.Fixable > 0:
		return fmt.Sprintf("escrowctl audit --fix prints a patch for %d of the findings", p.Fixable)
	}
	return fmt.Sprintf("escrowctl audit --explain %s says what it asks; --format html keeps all of this as a page", first.Control.ID)
}

// wrap writes a text broken at blanks; a word that is longer than the line stays whole. What counts is what is seen, not bytes, nor codes of colours.
func (p *page) wrap(text, first, rest string) {
	line, seen := first, width(first)
	for i, word := range strings.Split(text, " ") {
		switch w := width(word); {
		case i == 0:
			line, seen = line+word, seen+w
		case seen+1+w <= p.Width || strings.TrimSpace(line) == "":
			line, seen = line+" "+word, seen+1+w
		default:
			p.WriteString(strings.TrimRight(line, " ") + "\n")
			line, seen = rest+word, width(rest)+w
		}
	}
	p.WriteString(strings.TrimRight(line, " ") + "\n")
}

// colored is the text in the colour of a verdict.
func (p *page) colored(v guide.Verdict, text string) string {
	code := map[guide.Verdict]string{guide.Failed: "1;31", guide.NotEvidenced: "1;33", guide.GuideDefect: "1;35", guide.Passed: "32"}[v]
	if !p.Color || code == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// width is how many columns a text takes, codes of colours apart. Our texts have no character that takes two.
func width(text string) int {
	n, inside := 0, false
	for _, r := range text {
		switch {
		case r == '\x1b':
			inside = true
		case inside:
			inside = r != 'm'
		default:
			n++
		}
	}
	return n
}

func ids(all []guide.Clause) string {
	names := make([]string, len(all))
	for i, c := range all {
		names[i] = c.Control.ID
	}
	return strings.Join(names, " ")
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// section is the name of a section by its letter, as docs/guide.md has it.
func section(letter string) string {
	return map[string]string{"N": "Network", "S": "Secrets", "V": "Scanning", "M": "Monitoring", "P": "Pods and RBAC", "A": "Audit trail", "C": "Checklist"}[letter]
}
