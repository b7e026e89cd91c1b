package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
)

// Proof writes a line for each break, and what was wrong with those that were not found by exactly their name.
func Proof(w io.Writer, p guide.Proof) error {
	var b strings.Builder
	found := 0
	for _, t := range p.Tried {
		verdict := "found"
		if t.Wrong != "" {
			verdict = "NOT as it must be"
		} else {
			found++
		}
		fmt.Fprintf(&b, "%-4s %-28s %-18s %s\n", t.Clause, t.Mutation.Mode, verdict, t.Mutation.What)
		if t.Wrong != "" {
			fmt.Fprintf(&b, "     %s\n", t.Wrong)
		}
	}
	for _, d := range p.Defects {
		fmt.Fprintf(&b, "%s\n", d)
	}
	fmt.Fprintf(&b, "\n%d of %d breaks are found by exactly their name; %d ways to fail that nothing breaks\n", found, len(p.Tried), len(p.Defects))
	_, err := io.WriteString(w, b.String())
	return err
}
