package report

import (
	"io"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
)

// Explain writes what each clause asks and every way to fail, and of each way who can show it and whether fixable has a remedy for it.
func Explain(w io.Writer, controls []guide.Control, s Style, fixable func(clause, mode string) bool) error {
	if s.Width < narrow {
		s.Width = wide
	}
	p := page{Style: s}
	for i, c := range controls {
		if i > 0 {
			p.WriteByte('\n')
		}
		p.wrap(c.ID+"  "+oneLine(c.Clause), "", "    ")
		p.wrap(oneLine(c.Question), "    ", "    ")
		switch {
		case c.Tree == nil:
			p.wrap("It looks at the running system alone: "+c.Silent+".", "    ", "    ")
		case c.Running == nil:
			p.wrap("It looks at the files alone: "+c.Silent+".", "    ", "    ")
		case c.OnlyRunning:
			p.wrap("Files alone cannot show that it holds.", "    ", "    ")
		}
		p.wrap("It fails as", "    ", "    ")
		for _, m := range c.Modes {
			text := m.Name + ": " + m.What
			if m.Running {
				text += " (shown by a running system)"
			}
			if fixable(c.ID, m.Name) {
				text += " (--fix mends it)"
			}
			p.wrap(text, "      ", "        ")
		}
	}
	_, err := io.WriteString(w, p.String())
	return err
}
