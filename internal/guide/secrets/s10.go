package secrets

import (
	"context"
	"fmt"
	"io/fs"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/history"
)

const example = ".env.example"

// environment tells whether a file holds the values of an environment: .env, and .env.production beside it.
func environment(name string) bool {
	return name == ".env" || strings.HasPrefix(name, ".env.") && name != example
}

func s10() guide.Control {
	return guide.Control{
		ID:       "S10",
		Clause:   "`.env` is never committed",
		Question: "Does .gitignore keep .env and its like from being committed, and has no commit ever held one?",
		Modes: []guide.Mode{
			{Name: "env-not-ignored", What: "a file with the values of an environment can be committed by accident"},
			{Name: "env-committed", What: "a commit holds such a file: whoever has a clone has its values"},
			{Name: "example-ignored", What: "the file that says which values are needed is kept from being committed"},
		},
		Tree: func(_ context.Context, t *facts.Tree) guide.Result {
			names := []string{".env", ".env.local", ".env.production", example}
			ignored, err := facts.Read(t, "gitignore", func(files fs.FS) (map[string]bool, error) { return history.Ignored(files, names...) })
			if err != nil {
				return guide.NoEvidence("%v", err)
			}
			past, err := facts.Read(t, "history", func(files fs.FS) (history.History, error) { return history.Search(files, environment) })
			if err != nil {
				return guide.NoEvidence("%v", err)
			}
			return judgeCommits(names, ignored, past)
		},
		Mutations: []guide.Mutation{
			{Mode: "env-not-ignored", What: "the line that ignores .env is gone", Change: func(d *guide.Draft) error { return d.Append(".gitignore", "!.env\n") }},
			{Mode: "env-not-ignored", What: ".env.production alone may be committed", Change: func(d *guide.Draft) error { return d.Append(".gitignore", "!.env.production\n") }},
			{Mode: "example-ignored", What: "the example is ignored with the rest", Change: func(d *guide.Draft) error { return d.Append(".gitignore", ".env.example\n") }},
			{Mode: "env-committed", What: "a branch holds a .env, though the newest commit does not", Change: commitEnvironment},
		},
		Silent: "what has been committed is in the repository, wherever the system runs",
	}
}

func judgeCommits(names []string, ignored map[string]bool, past history.History) guide.Result {
	at := guide.Place{File: ".gitignore"}
	var findings []guide.Finding
	for _, name := range names {
		switch {
		case name == example && ignored[name]:
			findings = append(findings, guide.Finding{Mode: "example-ignored", Subject: name, Detail: "add !" + example + " after the line that ignores it", At: at})
		case name != example && !ignored[name]:
			findings = append(findings, guide.Finding{Mode: "env-not-ignored", Subject: name, Detail: "add .env* and !" + example, At: at})
		}
	}
	for _, f := range past.Found {
		where := "in commit " + f.Commit
		if f.Commit == "" {
			where = "in no commit that can be reached, but still in the repository"
		}
		findings = append(findings, guide.Finding{Mode: "env-committed", Subject: f.Path, Detail: where + ": replace the values that it holds, whatever becomes of the file", At: guide.Place{File: f.Path}})
	}
	return guide.Judge([]guide.Subject{
		{Name: "history", Evidence: fmt.Sprintf("%d commits, %d versions of folders", past.Commits, past.Trees)},
		{Name: ".gitignore", Evidence: "ignores .env, .env.local and .env.production, and not " + example, At: at},
	}, findings)
}
