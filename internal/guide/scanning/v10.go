package scanning

import (
	"context"
	"io/fs"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
)

const (
	script = "scripts/security-audit.sh"
	whole  = `exec "${ESCROWCTL:-escrowctl}" audit --tree "$(dirname "$0")/.." "$@"`
)

func v10() guide.Control {
	return guide.Control{
		ID:       "V10",
		Clause:   "`scripts/security-audit.sh`, a full local audit",
		Question: "Does the script hand over to this audit, of every clause and of the checkout that it stands in, and do nothing else?",
		Modes: []guide.Mode{
			{Name: "no-script", What: "there is no such script"},
			{Name: "not-the-audit", What: "the script runs something else, or more than the audit: what it says is not what the audit says"},
		},
		Mutations: []guide.Mutation{
			{Mode: "no-script", What: "the script is gone", Change: func(d *guide.Draft) error { return d.Remove(script) }},
			{Mode: "not-the-audit", What: "it asks about the network alone", Change: func(d *guide.Draft) error { return d.Replace(script, " audit --tree", " audit N --tree") }},
			{Mode: "not-the-audit", What: "it succeeds whatever comes of it", Change: func(d *guide.Draft) error { return d.Append(script, "exit 0\n") }},
			{Mode: "not-the-audit", What: "the audit is a comment", Change: func(d *guide.Draft) error { return d.Replace(script, "exec ", "# exec ") }},
		},
		Tree: func(_ context.Context, t *facts.Tree) guide.Result {
			text, err := facts.Read(t, script, func(files fs.FS) ([]byte, error) { return facts.File(files, script) })
			at := guide.Place{File: script}
			switch {
			case facts.NotThere(err):
				return guide.Fail(guide.Finding{Mode: "no-script", Subject: script, Detail: "write a script that calls escrowctl audit", At: at})
			case err != nil:
				return guide.NoEvidence("%v", err)
			}
			return judgeScript(string(text))
		},
		Silent: "the script is of a checkout",
	}
}

func judgeScript(text string) guide.Result {
	at := guide.Place{File: script}
	var commands []string
	for n, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			commands = append(commands, line)
			at.Line = n + 1
		}
	}
	if len(commands) != 1 || commands[0] != whole {
		return guide.Fail(guide.Finding{Mode: "not-the-audit", Subject: script, Detail: "its one command must be: " + whole, At: at})
	}
	return guide.Pass(guide.Subject{Name: script, Evidence: whole, At: at})
}
