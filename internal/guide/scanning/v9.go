package scanning

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/workflow"
)

// page has the commands for one's own machine.
const page = "docs/operations/scanning.md"

// literal are the guide's commands that work here as it gives them. Its two others cannot: the api is no Node package, and no crate is at the root.
var literal = [...]string{
	"trivy image --severity CRITICAL,HIGH stellar-escrow-api:latest",
	"gitleaks detect --source . --verbose",
	"./scripts/security-audit.sh",
}

func v9() guide.Control {
	change := func(mode, what, old, new string) guide.Mutation {
		return guide.Mutation{Mode: mode, What: what, Change: func(d *guide.Draft) error { return d.Replace(page, old, new) }}
	}
	return guide.Control{
		ID:     "V9",
		Clause: "each scanner's local command works as the guide gives it",
		Question: "Does " + page + " have a command for each package.json, Cargo.lock, go.mod, image and plan that the workflow scans, of what is in the tree, and the guide's own commands where they can " +
			"work? That a command works, only running it shows: this audit runs none.",
		Modes: []guide.Mode{
			{Name: "no-page", What: "there is no such page"},
			{Name: "unreadable", What: "a command of the page is none that a shell can read"},
			{Name: "no-command", What: "something that the workflow scans cannot be scanned by hand, as far as the page says"},
			{Name: "another-command", What: "a command of the guide's that works here is given otherwise, or not at all"},
			{Name: nothingThere, What: "a command is about something that is not in the tree"},
		},
		Mutations: []guide.Mutation{
			{Mode: "no-page", What: "the page is gone", Change: func(d *guide.Draft) error { return d.Remove(page) }},
			change("unreadable", "a parenthesis is not closed", "--audit-level=high)\n", "--audit-level=high\n"),
			change("no-command", "a lock file is left out", "cargo audit --deny warnings --file internal/localnet/host/shim/Cargo.lock\n", ""),
			change("no-command", "a module is left out", "govulncheck -C test/tools -test tool\n", ""),
			change("no-command", "an image is scanned that nothing has built", "docker build --file images/client/Dockerfile --tag stellar-escrow-client:latest .\n", ""),
			change("no-command", "a command is a remark", "\ngovulncheck -test ./...\n", "\n# govulncheck -test ./...\n"),
			change("another-command", "gitleaks looks at today's files", "gitleaks detect --source . --verbose", "gitleaks dir . --verbose"),
			change("another-command", "Trivy looks for what is critical only", "trivy image --severity CRITICAL,HIGH stellar-escrow-api:latest", "trivy image --severity CRITICAL stellar-escrow-api:latest"),
			change(nothingThere, "a folder that there is not", "(cd test/js && npm audit --audit-level=high)\n", "(cd test/js && npm audit --audit-level=high)\n(cd api && npm audit --audit-level=high)\n"),
		},
		OnlyRunning: true,
		Tree: func(_ context.Context, t *facts.Tree) guide.Result {
			s, err := look(t)
			if err != nil {
				return guide.NoEvidence("%v", err)
			}
			text, err := facts.Read(t, page, func(files fs.FS) ([]byte, error) { return facts.File(files, page) })
			switch {
			case facts.NotThere(err):
				return guide.Fail(guide.Finding{Mode: "no-page", Subject: page, Detail: "write it: a command for each scanner", At: guide.Place{File: page}})
			case err != nil:
				return guide.NoEvidence("%v", err)
			}
			return guide.Defect("the guide's cd api && npm audit and its bare cargo audit find nothing to look at here (the api is Go, and no crate is at the root): the page gives the folders and lock files that "+
				"there are, and the guide's other commands as they stand", judgePage(t, s, text))
		},
		Running: func(context.Context, *facts.System) guide.Result {
			return guide.NoEvidence("whether the scanners of a machine work is not looked at: this audit runs no command of the tree's. go test ./internal/guide/scanning ./internal/ops/npmsarif runs some")
		},
	}
}

func judgePage(t *facts.Tree, s scans, text []byte) guide.Result {
	var findings []guide.Finding
	add := func(mode, subject, detail string, at guide.Place) {
		findings = append(findings, guide.Finding{Mode: mode, Subject: subject, Detail: detail, At: at})
	}
	// The page's commands are looked at as if they were a step of a workflow: the same code says what each of them scans.
	step := workflow.Step{}
	for _, b := range blocks(text) {
		commands, err := workflow.Commands(b.text)
		if err != nil {
			add("unreadable", page, err.Error(), guide.Place{File: page, Line: b.line})
		}
		step.Commands = append(step.Commands, commands...)
	}
	if len(findings) > 0 {
		return guide.Judge(nil, findings)
	}
	hand := scans{&workflow.Workflow{Jobs: []workflow.Job{{ID: "by hand", Runs: []workflow.Run{{Steps: []workflow.Step{step, step}}}}}}, s.tree, nil, nil}
	npm, err := hand.npm(t)
	if err != nil {
		return guide.NoEvidence("%v", err)
	}
	cargo, err := hand.cargo(t)
	if err != nil {
		return guide.NoEvidence("%v", err)
	}
	trivy, err := hand.trivy(t)
	if err != nil {
		return guide.NoEvidence("%v", err)
	}
	checkov, err := hand.checkov(t)
	if err != nil {
		return guide.NoEvidence("%v", err)
	}
	var seen []guide.Subject
	for _, part := range []struct {
		subjects []subject
		attempts []attempt
	}{{s.packages(), npm}, {s.locks(), cargo}, {s.modules(), hand.govulncheck()}, {s.dockerfiles(), trivy}, {s.plans(), checkov}} {
		for _, of := range part.subjects {
			if i := slices.IndexFunc(part.attempts, func(a attempt) bool { return a.subject == of.name }); i >= 0 {
				seen = append(seen, guide.Subject{Name: of.name, Evidence: part.attempts[i].evidence, At: guide.Place{File: page}})
			} else {
				add("no-command", of.name, "write the command for it", guide.Place{File: page})
			}
		}
		told := map[string]bool{}
		for _, a := range part.attempts {
			if !told[a.subject] && !slices.ContainsFunc(part.subjects, func(of subject) bool { return of.name == a.subject }) {
				told[a.subject] = true
				add(nothingThere, a.subject, fmt.Sprintf("there is no %s in the tree", a.subject), guide.Place{File: page})
			}
		}
	}
	for _, want := range literal {
		if !slices.ContainsFunc(step.Commands, func(c workflow.Command) bool { return c.Lost == "" && c.Dir == "." && line(c) == want }) {
			add("another-command", strings.Fields(want)[0], "write the guide's command: "+want, guide.Place{File: page})
			continue
		}
		seen = append(seen, guide.Subject{Name: want, Evidence: "as the guide gives it", At: guide.Place{File: page}})
	}
	return guide.Judge(seen, findings)
}

// block is a piece of a page that a shell reads, and the line that it begins in.
type block struct {
	line int
	text string
}

func blocks(text []byte) (all []block) {
	open := false
	for n, l := range bytes.Split(text, []byte("\n")) {
		switch l := string(bytes.TrimRight(l, " \r")); {
		case !open && l == "```sh":
			open = true
			all = append(all, block{line: n + 2})
		case open && l == "```":
			open = false
		case open:
			all[len(all)-1].text += l + "\n"
		}
	}
	return all
}
