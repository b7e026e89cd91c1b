package secrets

import (
	"context"
	"slices"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/deployment"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/compose"
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
	mutations = slices.Concat(mutations, known(), shared())
	return guide.Control{
		ID:     "S11",
		Clause: "required: POSTGRES_PASSWORD, REDIS_PASSWORD, API_KEYS, ADMIN_KEYS, GRAFANA_ADMIN_PASSWORD",
		Question: "Does Compose start nothing while one of them is missing or empty, and name it? Does the stack take none from a default, a text of its own, or a file of the tree that is short or well known, does what hands them out refuse such a one, and does the database, " +
			"there and in each overlay, ask everybody for it? Is the same so with each docker-compose.NAME.yml over it? And do the programs refuse every value that everybody knows " +
			"(internal/secret, which this audit asks)? Running: is none that a container has in /run/secrets, or that stands in the guide's Secret, empty, short or well known? " +
			"In a cluster the passwords of Redis and Grafana stand in files of pods alone, which no API shows: N9 and C6 try them.",
		Modes: []guide.Mode{
			{Name: "not-required", What: "the stack starts without the secret, or with an empty one"},
			{Name: "known-value", What: "what the stack takes for a secret stands in its files: a default, or a file with a value that is short or that everybody knows"},
			{Name: "password-not-asked", What: "the database lets somebody in without a password, or takes one so that others can hear it"},
			{Name: unfitHandedOut, What: "what hands the stack's secrets out is not known to refuse one that is short or that everybody knows"},
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
			stacks := stackfile.JudgeEach(ctx, t, func(p *compose.Project) guide.Result { return judgeStack(ctx, t, p) })
			subjects, findings = append(subjects, stacks.Subjects()...), append(findings, stacks.Findings()...)
			overlays := deployment.JudgeEach(t, func(o deployment.Overlay) guide.Result { return judgeDatabases(o.Set) })
			subjects, findings = append(subjects, overlays.Subjects()...), append(findings, overlays.Findings()...)
			for _, r := range []guide.Result{stacks, overlays} {
				if r.Verdict() == guide.NotEvidenced && len(findings) == 0 {
					return r
				}
			}
			return deployment.Once(subjects, findings)
		},
		Running: runRequired,
	}
}

// judgeStack looks at where the secrets of a stack come from, at what hands them out, and at whom its database lets in.
func judgeStack(ctx context.Context, t *facts.Tree, p *compose.Project) guide.Result {
	subjects, findings, err := sourcesOf(ctx, t, p)
	for _, look := range []func(*facts.Tree, *compose.Project) ([]guide.Subject, []guide.Finding, error){sharedBy, databaseOf} {
		if err != nil {
			return guide.NoEvidence("%v", err)
		}
		var more []guide.Subject
		var wrong []guide.Finding
		more, wrong, err = look(t, p)
		subjects, findings = append(subjects, more...), append(findings, wrong...)
	}
	if err != nil {
		return guide.NoEvidence("%v", err)
	}
	return guide.Judge(subjects, findings)
}

// known are mutations of where the stack's secrets come from, and of whom the databases ask.
func known() []guide.Mutation {
	const mode, method = "known-value", "password-not-asked"
	declared, given := "  POSTGRES_PASSWORD: {environment: POSTGRES_PASSWORD}\n", "      POSTGRES_PASSWORD_FILE: /run/secrets/stellar-escrow/POSTGRES_PASSWORD\n"
	withFile := func(what, file, text, old, new string) guide.Mutation {
		return guide.Mutation{Mode: mode, What: what, Change: func(d *guide.Draft) error {
			if err := d.Write(file, []byte(text)); err != nil {
				return err
			}
			return d.Replace(stackfile.Name, old, new)
		}}
	}
	return []guide.Mutation{
		withFile("the database's password is in a file that everybody has, and is well known", "images/postgres/password", "postgres\n", declared, "  POSTGRES_PASSWORD: {file: ./images/postgres/password}\n"),
		withFile("a file with a short password is mounted where the database's is", "images/postgres/password", "short\n", "      - secrets-postgres:/run/secrets/stellar-escrow:ro\n",
			"      - ./images/postgres/password:/run/secrets/stellar-escrow/POSTGRES_PASSWORD:ro\n"),
		withFile("a file with variables has the database's password", "images/postgres/settings", "POSTGRES_PASSWORD=of-somebody\n", "    shm_size: 256m\n", "    shm_size: 256m\n    env_file: [images/postgres/settings]\n"),
		stackfile.Change(mode, "the database's password has a default", given, "      POSTGRES_PASSWORD: ${DATABASE_PASSWORD:-postgres}\n"),
		stackfile.Change(mode, "the api has a password in its command", "    command: [api]\n    environment:\n", "    command: [api, --admin-password=of-somebody]\n    environment:\n"),
		stackfile.Change("not-required", "the database's password is the value of a variable that may be missing", declared, "  POSTGRES_PASSWORD: {environment: DATABASE_PASSWORD}\n"),
		stackfile.Change(method, "who comes by the network is trusted", given, given+"      "+hostMethod+": trust\n"),
		stackfile.Change(method, "the database is made so that it trusts everybody", "--auth-host=scram-sha-256", "--auth-host=trust"),
		{Mode: method, What: "the stack's database trusts whoever reaches it", Change: func(d *guide.Draft) error {
			return d.Replace("images/postgres/pg_hba.conf", "host  stellarescrow stellarescrow all scram-sha-256", "host  all all 0.0.0.0/0 trust")
		}},
		{Mode: method, What: "the cluster's database takes passwords in the clear", Change: func(d *guide.Draft) error {
			return d.Replace("k8s/base/config/postgres/pg_hba.conf", "hostssl stellarescrow stellarescrow all scram-sha-256", "host stellarescrow stellarescrow all password")
		}},
		over(method, "one more file trusts who comes by the network", "  postgres:\n    environment: {"+hostMethod+": trust}\n"),
		over(mode, "one more file has a default for the database's password", "  postgres:\n    environment: {POSTGRES_PASSWORD: \"${DATABASE_PASSWORD:-postgres}\"}\n"),
		deployment.Patch(method, "in staging alone, who comes by the network is trusted", "staging", "{kind: StatefulSet, name: postgres}", "{op: add, path: /spec/template/spec/containers/0/env/-, value: {name: "+hostMethod+", value: trust}}"),
	}
}

// over is a mutation by a file that is put over the stack's.
func over(mode, what, services string) guide.Mutation {
	return guide.Mutation{Mode: mode, What: what, Change: func(d *guide.Draft) error {
		return d.Write("docker-compose.debug.yml", []byte("services:\n"+services))
	}}
}
