package monitoring

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/deployment"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/monitors"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/probe/monitorprobe"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/stackfile"
)

// What Grafana does where nobody tells it otherwise.
const (
	grafanaConfig = "/etc/grafana/grafana.ini"
	defaultAdmin  = "admin"
	defaultWord   = "admin"
)

// passwordVariable overrides what the settings file says; with __FILE behind it names a file.
const passwordVariable = "GF_SECURITY_ADMIN_PASSWORD"

func c6() guide.Control {
	return guide.Control{
		ID:     "C6",
		Clause: "Grafana's admin password is not the default",
		Question: "Does each Grafana read its settings from the tree, is its administrator's password there that of a mounted secret, and does " +
			"nothing override it? Running: is admin refused with the password admin?",
		Modes: []guide.Mode{
			{Name: "not-deployed", What: "a deployment has no Grafana, so that nothing can be said of it"},
			{Name: "another-file", What: "Grafana reads settings that are not in the tree"},
			{Name: "by-default", What: "no password is set: it is Grafana's default, which everybody knows"},
			{Name: "in-the-open", What: "the password stands in the settings or the environment, for whoever reads them"},
			{Name: "not-mounted", What: "the file that holds the password is not mounted from a secret: Grafana would not find it"},
			{Name: "default-login", What: "Grafana lets in admin with the password admin", Running: true},
		},
		Mutations: []guide.Mutation{
			leave("the cluster has no Grafana", "grafana.yaml"),
			deployment.Change("another-file", "the cluster's reads the settings of its image", "grafana.yaml", "            - {name: GF_PATHS_CONFIG, value: /etc/stellar-escrow/grafana.ini}\n", ""),
			stackfile.Change("another-file", "Compose's reads settings of the machine's", "./monitoring/grafana/grafana.ini:/etc/grafana/grafana.ini:ro", "/etc/grafana.ini:/etc/grafana/grafana.ini:ro"),
			change("by-default", "the settings do not name a password", grafanaFile, "admin_password = $__file{/run/secrets/GRAFANA_ADMIN_PASSWORD}\n", ""),
			change("by-default", "it is set to what it is by default", grafanaFile, "$__file{/run/secrets/GRAFANA_ADMIN_PASSWORD}", defaultWord),
			change("in-the-open", "it stands in the settings", grafanaFile, "$__file{/run/secrets/GRAFANA_ADMIN_PASSWORD}", "eighteen-purple-otters"),
			stackfile.Change("in-the-open", "it stands in Compose's environment", "    ports: [\"127.0.0.1:3002:3000\"]\n", "    ports: [\"127.0.0.1:3002:3000\"]\n    environment: {"+passwordVariable+": eighteen-purple-otters}\n"),
			stackfile.Change("not-mounted", "Compose's mounts its secrets elsewhere", "secrets-grafana:/run/secrets:ro", "secrets-grafana:/run/other:ro"),
			change("not-mounted", "the settings name a file of no secret", grafanaFile, "$__file{/run/secrets/GRAFANA_ADMIN_PASSWORD}", "$__file{/var/lib/grafana/password}"),
		},
		Tree:    judgeGrafana,
		Running: runningGrafana,
	}
}

func judgeGrafana(ctx context.Context, t *facts.Tree) guide.Result {
	all, absent, err := parts(ctx, t, "grafana")
	if err != nil {
		return guide.NoEvidence("%v", err)
	}
	findings := notDeployed("grafana", absent)
	var subjects []guide.Subject
	for _, p := range all {
		finding, evidence, err := passwordOf(p)
		switch {
		case err != nil:
			return guide.NoEvidence("%s: %v", grafanaFile, err)
		case finding != nil:
			findings = append(findings, *finding)
		default:
			subjects = append(subjects, guide.Subject{Name: p.subject, Evidence: evidence, At: p.where})
		}
	}
	return guide.Judge(subjects, findings)
}

// passwordOf is where a Grafana's password comes from, or what is wrong with it.
func passwordOf(p part) (wrong *guide.Finding, evidence string, err error) {
	find := func(mode, format string, args ...any) (*guide.Finding, string, error) {
		return &guide.Finding{Mode: mode, Subject: p.subject, Detail: fmt.Sprintf(format, args...), At: p.where}, "", nil
	}
	name := cmp.Or(p.env["GF_PATHS_CONFIG"], p.configured(grafanaConfig))
	if flag, times := monitors.Flag(p.args, "config"); times > 0 {
		name = flag
	}
	text, ok := p.text(name)
	if !ok {
		return find("another-file", "mount %s where it reads %s", grafanaFile, name)
	}
	settings, err := monitors.ReadGrafana([]byte(text))
	if err != nil {
		return nil, "", err
	}
	value := settings.Setting("security", "admin_password")
	path, fromFile := monitors.FromFile(value)
	for _, variable := range slices.Sorted(maps.Keys(p.env)) { // an environment says more than a file
		switch variable {
		case passwordVariable:
			value, fromFile = p.env[variable], false
		case passwordVariable + "__FILE":
			value, path, fromFile = p.env[variable], p.env[variable], true
		}
	}
	switch {
	case value == "" || value == defaultWord:
		return find("by-default", "write admin_password = $__file{…} under [security], with the path of a mounted secret")
	case !fromFile:
		return find("in-the-open", "take the password from a mounted secret, $__file{…}, and make another one: this one has been read")
	}
	m, rest, mountedThere := p.find(path)
	if !mountedThere || m.kind != secrets || rest == "" || strings.Contains(rest, "/") {
		return find("not-mounted", "mount the secret at %s, which is %s", path, p.of(path))
	}
	return nil, "reads its administrator's password from " + path + ", of a mounted secret", nil
}

func runningGrafana(ctx context.Context, s *facts.System) guide.Result {
	if s.Targets.Grafana == "" {
		return guide.NoEvidence("grafana: %v", errNotNamed)
	}
	seen, err := facts.Look(ctx, s, "grafana", func(ctx context.Context) (monitorprobe.Login, error) {
		return monitorprobe.Probe{}.Grafana(ctx, s.Targets.Grafana, defaultAdmin, defaultWord)
	})
	at := guide.Place{File: s.Targets.Grafana}
	switch {
	case seen.LetIn: // whatever came after that
		return guide.Fail(guide.Finding{Mode: "default-login", Subject: "grafana", Detail: "set another password at once (grafana cli admin reset-admin-password), and look who was in", At: at})
	case err != nil:
		return guide.NoEvidence("%v", err)
	}
	return guide.Pass(guide.Subject{Name: "grafana", Evidence: fmt.Sprintf("version %s refuses admin with the password admin", cmp.Or(seen.Version, "unknown")), At: at})
}
