package secrets

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/compose"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/stackfile"
)

// setting is a line of .env.example.
type setting struct {
	value string
	line  int
}

func s9() guide.Control {
	return guide.Control{
		ID:       "S9",
		Clause:   "local: `.env.example` is copied to `.env` and filled in",
		Question: "Is each variable that Compose must have in .env.example, without a value that could be left as it is, and does Compose name it when it is missing?",
		Modes: []guide.Mode{
			{Name: "not-in-example", What: "a required variable is not in .env.example: whoever copies it does not learn of it"},
			{Name: "has-a-value", What: "a required variable has a value in .env.example, which everybody who copies it then has"},
			{Name: "no-example", What: "there is no .env.example to copy"},
		},
		Mutations: []guide.Mutation{
			{Mode: "not-in-example", What: "the relay's secret is not listed", Change: func(d *guide.Draft) error { return d.Replace(example, "\nRELAY_SECRET=\n", "\n") }},
			{Mode: "has-a-value", What: "a value for the database's password to begin with", Change: func(d *guide.Draft) error {
				return d.Replace(example, "\nPOSTGRES_PASSWORD=\n", "\nPOSTGRES_PASSWORD=a-value-to-begin-with\n")
			}},
			{Mode: "has-a-value", What: "a value in quotes", Change: func(d *guide.Draft) error {
				return d.Replace(example, "\nADMIN_KEYS=\n", "\nADMIN_KEYS=\"one, two\"\n")
			}},
			{Mode: "no-example", What: "the example is gone", Change: func(d *guide.Draft) error { return d.Remove(example) }},
		},
		Tree: func(ctx context.Context, t *facts.Tree) guide.Result {
			p, err := stackfile.Project(ctx, t)
			if err != nil {
				return guide.NoEvidence("%v", err)
			}
			settings, err := facts.Read(t, example, readExample)
			if err != nil {
				return guide.NoEvidence("%v", err)
			}
			return judgeExample(p.Variables, settings)
		},
		Silent: "what somebody has in their .env is theirs alone: Compose asks for it at each start",
	}
}

// readExample is nil without an example.
func readExample(files fs.FS) (map[string]setting, error) { return readSettings(files, example) }

// readSettings reads a file of variables, a line each; nil without one.
func readSettings(files fs.FS, name string) (map[string]setting, error) {
	text, err := facts.File(files, name)
	if facts.NotThere(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	all, n := map[string]setting{}, 0
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		n++
		name, value, ok := strings.Cut(strings.TrimSpace(lines.Text()), "=")
		if name = strings.TrimPrefix(name, "export "); ok && !strings.HasPrefix(name, "#") {
			all[strings.TrimSpace(name)] = setting{strings.Trim(strings.TrimSpace(value), `"'`), n}
		}
	}
	return all, nil
}

func judgeExample(variables []compose.Variable, settings map[string]setting) guide.Result {
	if settings == nil {
		return guide.Fail(guide.Finding{Mode: "no-example", Subject: example, Detail: "write each required variable into it, without a value", At: guide.Place{File: example}})
	}
	var findings []guide.Finding
	var subjects []guide.Subject
	for _, v := range variables {
		if !v.Required {
			continue
		}
		s, ok := settings[v.Name]
		at := guide.Place{File: example, Line: s.line}
		switch {
		case !ok:
			findings = append(findings, guide.Finding{Mode: "not-in-example", Subject: v.Name, Detail: fmt.Sprintf("add %s=, and how its value is made", v.Name), At: guide.Place{File: example}})
		case s.value != "":
			findings = append(findings, guide.Finding{Mode: "has-a-value", Subject: v.Name, Detail: "take its value away", At: at})
		default:
			subjects = append(subjects, guide.Subject{Name: v.Name, Evidence: "listed without a value", At: at})
		}
	}
	return guide.Judge(subjects, findings)
}
