package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
)

// maxFindings is how many findings of a clause the text shows; the other formats show all.
const maxFindings = 5

// Text writes what has to be done first, then a line for each clause, then the sum: the last screen says how things are.
func Text(w io.Writer, r guide.Report) error {
	var b strings.Builder
	for _, worst := range []guide.Verdict{guide.Failed, guide.NotEvidenced, guide.GuideDefect} {
		for _, c := range r.Clauses {
			if c.Verdict == worst {
				details(&b, c)
			}
		}
	}
	for _, c := range r.Clauses {
		fmt.Fprintf(&b, "%-4s %-14s  tree %-14s  live %-14s  %s\n", c.Control.ID, c.Verdict, c.Tree.Verdict(), c.Running.Verdict(), shortened(c.Control.Clause, 100))
	}
	var sums []string
	for _, c := range counts(r) {
		sums = append(sums, fmt.Sprintf("%d %s", c.N, c.Verdict))
	}
	fmt.Fprintf(&b, "\n%d clauses in %.1f s: %s\n", len(r.Clauses), r.Took.Seconds(), strings.Join(sums, ", "))
	_, err := io.WriteString(w, b.String())
	return err
}

func details(b *strings.Builder, c guide.Clause) {
	fmt.Fprintf(b, "%s %s: %s\n", c.Control.ID, c.Verdict, c.Control.Clause)
	for _, col := range columns(c) {
		findings := col.Findings()
		for _, f := range findings[:min(len(findings), maxFindings)] {
			at := ""
			if f.At.File != "" {
				at = " (" + f.At.String() + ")"
			}
			fmt.Fprintf(b, "  %s  %s: %s: %s%s\n", col.name, f.Mode, f.Subject, f.Detail, at)
		}
		if more := len(findings) - maxFindings; more > 0 {
			fmt.Fprintf(b, "  %s  and %d more: --format json has all\n", col.name, more)
		}
		if reason := col.Reason(); reason != "" && col.Verdict() != guide.NotApplicable {
			fmt.Fprintf(b, "  %s  %s\n", col.name, reason)
		}
	}
	b.WriteByte('\n')
}

func shortened(text string, most int) string {
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}
