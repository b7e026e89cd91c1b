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
	"github.com/Abdullahi130/StellarEscrow/internal/guide/stackfile"
)

// setting is a line of .env.example.
type setting struct {
	value string
	line  int
}

func s9() guide.Control {
	return guide.Control{
		ID:     "S9",
		Clause: "local: `.env.example` is copied to `.env` and filled in",
		Question: "Is each variable that Compose must have in .env.example, without a value that could be left as it is, and does Compose name it when it is missing? Is nothing else set there: no value of a secret that may stay empty, and no " +
			"variable that no Compose file of the checkout asks for, as COMPOSE_FILE, by which whoever copies it would start another stack?",
		Modes: []guide.Mode{
			{Name: "not-in-example", What: "a required variable is not in .env.example: whoever copies it does not learn of it"},
			{Name: "has-a-value", What: "a required variable, or a secret, has a value in .env.example, which everybody who copies it then has"},
			{Name: "not-asked-for", What: "a variable is set in .env.example that no Compose file asks for: of Compose's own and Docker's there are some that start something else"},
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
			{Mode: "has-a-value", What: "a value of a secret that may stay empty", Change: func(d *guide.Draft) error {
				return d.Replace(example, "\nFEE_KEY=\n", "\nFEE_KEY=changeme\n")
			}},
			{Mode: "not-asked-for", What: "who copies it starts another stack", Change: func(d *guide.Draft) error {
				return d.Append(example, "\nCOMPOSE_FILE=docker-compose.yml:docker-compose.dev.yml\n")
			}},
			{Mode: "no-example", What: "the example is gone", Change: func(d *guide.Draft) error { return d.Remove(example) }},
		},
		Tree: func(ctx context.Context, t *facts.Tree) guide.Result {
			stacks, err := stackfile.Stacks(ctx, t)
			if err != nil {
				return guide.NoEvidence("%v", err)
			}
			settings, err := facts.Read(t, example, readExample)
			if err != nil {
				return guide.NoEvidence("%v", err)
			}
			return judgeExample(stacks, settings)
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

// judgeExample holds the example against the Compose file, which comes first, and what the files over it ask for.
func judgeExample(stacks []stackfile.Stack, settings map[string]setting) guide.Result {
	if settings == nil {
		return guide.Fail(guide.Finding{Mode: "no-example", Subject: example, Detail: "write each required variable into it, without a value", At: guide.Place{File: example}})
	}
	var findings []guide.Finding
	var subjects []guide.Subject
	asked, handed := map[string]bool{}, map[string]bool{} // by the file, and of those as a secret
	required := map[string]bool{}
	for _, stack := range stacks {
		for _, one := range stack.Model.Secrets {
			asked[one.Environment], handed[one.Environment] = true, true
		}
		for _, v := range stack.Variables {
			asked[v.Name] = true
		}
	}
	for _, v := range stacks[0].Variables {
		if !v.Required {
			continue
		}
		required[v.Name] = true
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
	for name, s := range settings {
		at := guide.Place{File: example, Line: s.line}
		switch {
		case !asked[name]:
			findings = append(findings, guide.Finding{Mode: "not-asked-for", Subject: name, Detail: "no Compose file asks for it: take it away", At: at})
		case (handed[name] || secretVariable(name)) && s.value != "" && !required[name]:
			findings = append(findings, guide.Finding{Mode: "has-a-value", Subject: name, Detail: "take its value away", At: at})
		}
	}
	return guide.Judge(subjects, findings)
}
