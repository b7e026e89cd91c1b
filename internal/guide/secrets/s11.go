package secrets

import (
	"context"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/stackfile"
	"github.com/Abdullahi130/StellarEscrow/internal/secret"
)

// required are the secrets that the guide names.
func required() []string {
	return []string{"POSTGRES_PASSWORD", "REDIS_PASSWORD", "API_KEYS", "ADMIN_KEYS", "GRAFANA_ADMIN_PASSWORD"}
}

func s11() guide.Control {
	mutations := []guide.Mutation{{Mode: "not-required", What: "API_KEYS has a default", Change: func(d *guide.Draft) error {
		return d.Replace(stackfile.Name, "${API_KEYS:?write the keys of integrators into .env, see .env.example}", "${API_KEYS:-none}")
	}}}
	for _, name := range required() {
		m := guide.Mutation{Mode: "not-required", What: name + " may be empty", Change: func(d *guide.Draft) error {
			return d.Replace(stackfile.Name, "${"+name+":?", "${"+name+"?")
		}}
		if name == "REDIS_PASSWORD" {
			m.Also = []string{"N9/password-not-required"}
		}
		mutations = append(mutations, m)
	}
	return guide.Control{
		ID:     "S11",
		Clause: "required: POSTGRES_PASSWORD, REDIS_PASSWORD, API_KEYS, ADMIN_KEYS, GRAFANA_ADMIN_PASSWORD",
		Question: "Does Compose start nothing while one of them is missing or empty, and name it? And do the programs refuse every value that everybody knows " +
			"(internal/secret, which this audit asks)? Running: is none that a container has in /run/secrets, or that stands in the guide's Secret, empty, short or well known? " +
			"In a cluster the passwords of Redis and Grafana stand in files of pods alone, which no API shows: N9 and C6 try them.",
		Modes: []guide.Mode{
			{Name: "not-required", What: "the stack starts without the secret, or with an empty one"},
			{Name: "well-known-taken", What: "a value that everybody knows is taken for a secret", Running: true},
			unfitInUse(),
		},
		Mutations: mutations,
		Breaks:    breakRequired(),
		Tree: func(ctx context.Context, t *facts.Tree) guide.Result {
			// Of a file that cannot be read whole nothing starts at all: that would be no evidence.
			if _, err := stackfile.Project(ctx, t); err != nil {
				return guide.NoEvidence("%v", err)
			}
			var findings []guide.Finding
			var subjects []guide.Subject
			for _, name := range required() {
				refused, err := stackfile.Refused(ctx, t, name)
				if err != nil {
					return guide.NoEvidence("%v", err)
				}
				if !refused {
					findings = append(findings, guide.Finding{Mode: "not-required", Subject: name, Detail: "write ${" + name + ":?…} where Compose reads it", At: guide.Place{File: stackfile.Name}})
					continue
				}
				subjects = append(subjects, guide.Subject{Name: name, Evidence: "Compose refuses to start without it, and while it is empty"})
			}
			known := secret.WellKnown()
			for _, value := range known {
				if secret.Check(value) == nil {
					findings = append(findings, guide.Finding{Mode: "well-known-taken", Subject: value, Detail: "the programs take it for a secret"})
				}
			}
			return guide.Judge(subjects, findings)
		},
		Running: runRequired,
	}
}
