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

// grafanaPorts is a line of Compose's service, behind which mutations add to it.
const grafanaPorts = "    ports: [\"127.0.0.1:3002:3000\"]\n"

// passwordVariable overrides what the settings file says; with __FILE behind it names a file.
const passwordVariable = "GF_SECURITY_ADMIN_PASSWORD"

func c6() guide.Control {
	return guide.Control{
		ID:     "C6",
		Clause: "Grafana's admin password is not the default",
		Question: "Does each Grafana, of each overlay and of Compose, read its settings from the tree, is its administrator's password there that of a mounted secret, does " +
			"nothing override it, and is there no way in without a password? Running: is admin refused with the password admin?",
		Modes: []guide.Mode{
			{Name: "not-deployed", What: "a deployment has no Grafana, so that nothing can be said of it"},
			{Name: "another-file", What: "Grafana reads settings that are not in the tree"},
			{Name: "by-default", What: "no password is set: it is Grafana's default, which everybody knows"},
			{Name: "in-the-open", What: "the password stands in the settings or the environment, for whoever reads them"},
			{Name: "not-mounted", What: "the file that holds the password is not mounted from a secret: Grafana would not find it"},
			{Name: "without-password", What: "there is a way in that asks for no password, or whoever comes may make themselves an account"},
			wraps(),
			{Name: "default-login", What: "Grafana lets in admin with the password admin", Running: true},
		},
		Mutations: []guide.Mutation{
			leave("the cluster has no Grafana", "grafana.yaml"),
			deployment.Change("another-file", "the cluster's reads the settings of its image", "grafana.yaml", "            - {name: GF_PATHS_CONFIG, value: /etc/stellar-escrow/grafana.ini}\n", ""),
			stackfile.Change("another-file", "Compose's reads settings of the machine's", "./monitoring/grafana/grafana.ini:/etc/grafana/grafana.ini:ro", "/etc/grafana.ini:/etc/grafana/grafana.ini:ro"),
			change("by-default", "the settings do not name a password", grafanaFile, "admin_password = $__file{/run/secrets/GRAFANA_ADMIN_PASSWORD}\n", ""),
			change("by-default", "it is set to what it is by default", grafanaFile, "$__file{/run/secrets/GRAFANA_ADMIN_PASSWORD}", defaultWord, "S4/secret-in-configmap"),
			change("in-the-open", "it stands in the settings", grafanaFile, "$__file{/run/secrets/GRAFANA_ADMIN_PASSWORD}", "eighteen-purple-otters", "S4/secret-in-configmap"),
			stackfile.Change("in-the-open", "it stands in Compose's environment", grafanaPorts, grafanaPorts+"    environment: {"+passwordVariable+": eighteen-purple-otters}\n", "S11/known-value"),
			stackfile.Change("not-mounted", "Compose's mounts its secrets elsewhere", "secrets-grafana:/run/secrets:ro", "secrets-grafana:/run/other:ro"),
			change("not-mounted", "the settings name a file of no secret", grafanaFile, "$__file{/run/secrets/GRAFANA_ADMIN_PASSWORD}", "$__file{/var/lib/grafana/password}"),
			deployment.Change("in-the-open", "the cluster's is in an argument", "grafana.yaml", "          image: grafana\n", "          image: grafana\n          args: [\"cfg:security.admin_password=eighteen-purple-otters\"]\n", "S4/secret-in-arguments"),
			stackfile.Change("another-file", "Compose's takes variables from a file of the machine's", grafanaPorts, grafanaPorts+"    env_file: [grafana.env]\n"),
			deployment.Change("another-file", "the cluster's takes variables from a ConfigMap", "grafana.yaml", "          env:\n", "          envFrom: [{configMapRef: {name: grafana-environment, optional: true}}]\n          env:\n"),
			change("without-password", "nobody has to sign in", grafanaFile, "[auth.anonymous]\nenabled = false", "[auth.anonymous]\nenabled = true\norg_role = Admin"),
			change("without-password", "whoever comes is whom a header says", grafanaFile, "[auth.anonymous]", "[auth.proxy]\nenabled = true\n\n[auth.anonymous]"),
			change("without-password", "whoever comes may sign up", grafanaFile, "allow_sign_up = false", "allow_sign_up = true"),
			stackfile.Change("without-password", "a variable of Compose's lets in who does not sign in", grafanaPorts, grafanaPorts+"    environment: {GF_AUTH_ANONYMOUS_ENABLED: \"true\"}\n"),
			stackfile.Change("without-password", "whoever starts Compose's says whether one has to sign in", grafanaPorts, grafanaPorts+"    environment: [GF_AUTH_ANONYMOUS_ENABLED]\n"),
			deployment.Change("without-password", "a variable of the cluster's lets in whom a header says", "grafana.yaml", "          env:\n", "          env:\n            - {name: GF_AUTH_PROXY_ENABLED, value: \"true\"}\n"),
			deployment.Change("without-password", "an argument of the cluster's lets in who does not sign in", "grafana.yaml", "          image: grafana\n", "          image: grafana\n          args: [\"cfg:default.auth.anonymous.enabled=true\"]\n"),
			deployment.Patch("without-password", "in staging alone nobody has to sign in", "staging", "{kind: Deployment, name: grafana}", "{op: add, path: /spec/template/spec/containers/0/env/-, value: {name: GF_AUTH_ANONYMOUS_ENABLED, value: \"true\"}}"),
			stackfile.Change("wrapped", "a shell starts Compose's", grafanaPorts, grafanaPorts+"    entrypoint: [/bin/sh, -c, \"GF_AUTH_ANONYMOUS_ENABLED=true exec /run.sh\"]\n"),
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
		found, evidence, err := wayIn(p)
		switch {
		case err != nil:
			return guide.NoEvidence("%s: %v", grafanaFile, err)
		case len(found) > 0:
			findings = append(findings, found...)
		default:
			subjects = append(subjects, guide.Subject{Name: p.subject, Evidence: evidence, At: p.where})
		}
	}
	return guide.Judge(subjects, findings)
}

// open are the settings by which somebody comes in without the password of an account that somebody has made.
func open() []struct{ section, name string } {
	return []struct{ section, name string }{{"auth.anonymous", "enabled"}, {"auth.proxy", "enabled"}, {"users", "allow_sign_up"}}
}

// wayIn is who gets into a Grafana, and by which password; or what is wrong with that.
func wayIn(p part) (findings []guide.Finding, evidence string, err error) {
	find := func(mode, format string, args ...any) {
		findings = append(findings, guide.Finding{Mode: mode, Subject: p.subject, Detail: fmt.Sprintf(format, args...), At: p.where})
	}
	findings = p.wrapped("grafana", "grafana-server", "run.sh")
	for _, other := range p.beside {
		find("another-file", "%s: what stands there says more than the settings: write its variables where they are seen", other)
	}
	name := cmp.Or(p.env["GF_PATHS_CONFIG"], p.configured(grafanaConfig))
	if flag, times := monitors.Flag(p.args, "config"); times > 0 {
		name = flag
	}
	text, ok := p.text(name)
	if !ok {
		find("another-file", "mount %s where it reads %s", grafanaFile, name)
		return findings, "", nil
	}
	settings, err := monitors.ReadGrafana([]byte(text))
	if err != nil {
		return nil, "", err
	}
	for _, s := range open() {
		value := settings.Setting(s.section, s.name)
		if variable, there := p.env[monitors.Variable(s.section, s.name)]; there {
			value = variable
		}
		if argument, there := monitors.Argument(p.args, s.section, s.name); there {
			value = argument
		}
		if _, there := p.env[monitors.Variable(s.section, s.name)+"__FILE"]; there || !monitors.Off(value) {
			find("without-password", "write %s = false under [%s], and nothing that says otherwise", s.name, s.section)
		}
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
	if argument, there := monitors.Argument(p.args, "security", "admin_password"); there {
		value, fromFile = argument, false
	}
	m, rest, mountedThere := p.find(path)
	switch {
	case value == "" || value == defaultWord:
		find("by-default", "write admin_password = $__file{…} under [security], with the path of a mounted secret")
	case !fromFile:
		find("in-the-open", "take the password from a mounted secret, $__file{…}, and make another one: this one has been read")
	case !mountedThere || m.kind != secrets || rest == "" || strings.Contains(rest, "/"):
		find("not-mounted", "mount the secret at %s, which is %s", path, p.of(path))
	}
	return findings, "reads its administrator's password from " + path + ", of a mounted secret, and lets in nobody without one", nil
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
