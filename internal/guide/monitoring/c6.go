package monitoring

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path"
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
	grafanaHome   = "/usr/share/grafana" // GF_PATHS_HOME of its image
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
			{Name: "another-file", What: "Grafana reads settings that are not in the tree, or something stands in the place of what its image has"},
			{Name: "by-default", What: "no password is set: it is Grafana's default, which everybody knows"},
			{Name: "in-the-open", What: "the password stands in the settings or the environment, for whoever reads them"},
			{Name: "not-mounted", What: "the file that holds the password is not mounted from a secret: Grafana would not find it"},
			{Name: "without-password", What: "there is a way in that asks for no password of Grafana's own, or whoever comes may make themselves an account, or see what somebody has shared"},
			{Name: unjudgedSetting, What: "a setting is none of those that are known to let nobody in"},
			wraps(),
			{Name: "default-login", What: "Grafana lets in admin with the password admin", Running: true},
		},
		Mutations: []guide.Mutation{
			leave("the cluster has no Grafana", "grafana.yaml"),
			deployment.Change("another-file", "the cluster's reads the settings of its image", "grafana.yaml", "            - {name: GF_PATHS_CONFIG, value: /etc/stellar-escrow/grafana.ini}\n", ""),
			stackfile.Change("another-file", "Compose's reads settings of the machine's", "./monitoring/grafana/grafana.ini:/etc/grafana/grafana.ini:ro", "/etc/grafana.ini:/etc/grafana/grafana.ini:ro", "N10/shares-the-machine"),
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
			change("without-password", "whoever has an account elsewhere makes themselves one", grafanaFile, "[auth.anonymous]", "[auth.github]\nenabled = true\nallow_sign_up = true\n\n[auth.anonymous]"),
			change("without-password", "whoever brings a token signs in, and is made an account", grafanaFile, "[auth.anonymous]", "[auth.jwt]\nenabled = true\nheader_name = X-JWT\nauto_sign_up = true\n\n[auth.anonymous]"),
			change("without-password", "whoever a directory knows signs in", grafanaFile, "[auth.anonymous]", "[auth.ldap]\nenabled = true\nallow_sign_up = true\n\n[auth.anonymous]"),
			change("without-password", "what is shared is seen by all", grafanaFile, "[public_dashboards]\nenabled = false\n", "[public_dashboards]\nenabled = true\n"),
			change("without-password", "nothing is said of what is shared, which all see", grafanaFile, "[public_dashboards]\nenabled = false\n", ""),
			change("without-password", "whoever comes may make and delete snapshots", grafanaFile, "external_enabled = false", "external_enabled = false\npublic_mode = true"),
			deployment.Change("without-password", "a variable of the cluster's lets in whom a provider knows", "grafana.yaml", "          env:\n", "          env:\n            - {name: GF_AUTH_GENERIC_OAUTH_ENABLED, value: \"true\"}\n"),
			change(unjudgedSetting, "signing in is off", grafanaFile, "disable_login_form = false", "disable_login = true"),
			change(unjudgedSetting, "a setting of a section that nobody has looked at", grafanaFile, "[analytics]", "[feature_toggles]\nenable = passwordlessMagicLinkAuthentication\n\n[analytics]"),
			stackfile.Change(unjudgedSetting, "whoever guesses passwords may go on", grafanaPorts, grafanaPorts+"    environment: {GF_SECURITY_DISABLE_BRUTE_FORCE_LOGIN_PROTECTION: \"true\"}\n"),
			stackfile.Change("another-file", "other defaults stand in the place of the image's", "      - grafana-data:/var/lib/grafana\n", "      - grafana-data:/var/lib/grafana\n      - ./monitoring/grafana/grafana.ini:/usr/share/grafana/conf/defaults.ini:ro\n"),
			deployment.Change("another-file", "the cluster's has its defaults elsewhere", "grafana.yaml", "          env:\n", "          env:\n            - {name: GF_PATHS_HOME, value: /var/lib/grafana}\n"),
			{Mode: "without-password", What: "a file over Compose's lets in who does not sign in", Change: func(d *guide.Draft) error {
				return d.Write("docker-compose.prod.yml", []byte("services:\n  grafana:\n    environment: {GF_AUTH_ANONYMOUS_ENABLED: \"true\"}\n"))
			}},
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

// wayIn is who gets into a Grafana, and by which password; or what is wrong with that.
func wayIn(p part) (findings []guide.Finding, evidence string, err error) {
	find := func(mode, format string, args ...any) {
		findings = append(findings, guide.Finding{Mode: mode, Subject: p.subject, Detail: fmt.Sprintf(format, args...), At: p.where})
	}
	findings = p.wrapped("grafana", "grafana-server", "run.sh")
	for _, other := range p.beside {
		find("another-file", "%s: what stands there says more than the settings: write its variables where they are seen", other)
	}
	findings = append(findings, p.strays("another-file", "/etc/grafana", "/etc/stellar-escrow", "/etc/stellar-escrow-provisioning")...)
	home := cmp.Or(p.env["GF_PATHS_HOME"], grafanaHome)
	if flag, times := monitors.Flag(p.args, "homepath"); times > 0 {
		home = flag
	}
	if path.Clean(home) != grafanaHome {
		find("another-file", "its defaults are those of %s: leave it at %s", home, grafanaHome)
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
	says := told{settings, p}
	for _, at := range says.ways() {
		find("without-password", "write %s = false under [%s], and nothing that says otherwise", at[1], at[0])
	}
	for _, setting := range says.unjudged() {
		find(unjudgedSetting, "take %s away: whom it lets in is not known here", setting)
	}
	value := settings.Setting("security", "admin_password")
	file, fromFile := monitors.FromFile(value)
	for _, variable := range slices.Sorted(maps.Keys(p.env)) { // an environment says more than a file
		switch variable {
		case passwordVariable:
			value, fromFile = p.env[variable], false
		case passwordVariable + "__FILE":
			value, file, fromFile = p.env[variable], p.env[variable], true
		}
	}
	if argument, there := monitors.Argument(p.args, "security", "admin_password"); there {
		value, fromFile = argument, false
	}
	m, rest, mountedThere := p.find(file)
	switch {
	case value == "" || value == defaultWord:
		find("by-default", "write admin_password = $__file{…} under [security], with the path of a mounted secret")
	case !fromFile:
		find("in-the-open", "take the password from a mounted secret, $__file{…}, and make another one: this one has been read")
	case !mountedThere || m.kind != secrets || rest == "" || strings.Contains(rest, "/"):
		find("not-mounted", "mount the secret at %s, which is %s", file, p.of(file))
	}
	return findings, "reads its administrator's password from " + file + ", of a mounted secret, and lets in nobody without one", nil
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
