package monitoring

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/deployment"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/monitors"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/probe/monitorprobe"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/stackfile"
)

// What the programs read and serve where nobody tells them otherwise.
const (
	alertmanagerConfig = "alertmanager.yml"
	prometheusConfig   = "prometheus.yml"
	alertmanagerAt     = "alertmanager:9093" // the Service, and Compose's service
)

// severities are those of an alert; an alert without one is looked at too.
func severities() []string { return []string{"critical", "warning", "info", ""} }

const receivers = "receivers:\n"

func m11() guide.Control {
	return guide.Control{
		ID:     "M11",
		Clause: "every alert reaches its receiver through Alertmanager, by severity",
		Question: "Of each overlay and of Compose: does Prometheus load every rules file there is and send what fires to Alertmanager unchanged, has every alert a severity, and does Alertmanager's own loader bring " +
			"each severity to a receiver that tells somebody, critical alerts to one of their own, at any hour and whatever else fires, and does nothing start without their addresses? Does Alertmanager listen where Prometheus speaks to it, is a critical alert sent on within 5 minutes, and any other within an hour? Running: whom Prometheus tells, and the configuration that Alertmanager has loaded",
		Modes: []guide.Mode{
			{Name: "not-deployed", What: "a deployment has no Prometheus, or no Alertmanager"},
			{Name: "another-file", What: "the program reads a file that is not in the tree"},
			{Name: "not-understood", What: "Alertmanager does not start with its file"},
			{Name: "nobody-told", What: "an alert ends at a receiver that tells nobody"},
			{Name: "not-by-severity", What: "critical alerts come to no other receiver than all the rest"},
			{Name: "muted", What: "at some hours nobody is told of a critical alert"},
			{Name: "kept-back", What: "while something else fires, a critical alert may be kept back"},
			{Name: "address-not-mounted", What: "the file with a receiver's address is not of a mounted secret: Alertmanager would not find it"},
			{Name: "address-may-be-empty", What: "Compose starts without a receiver's address: alerts come to Alertmanager, and reach nobody"},
			wraps(),
			{Name: "not-sent", What: "Prometheus does not send what fires to Alertmanager"},
			{Name: "changed-on-the-way", What: "alerts are changed or dropped before Alertmanager gets them"},
			{Name: "rules-not-loaded", What: "a rules file is in the tree, and Prometheus does not load it"},
			{Name: neverArrives, What: "what is sent does not come to whom it is for: Alertmanager is spoken to at another address, port or path than it listens at, or by other means, or it cannot reach, or wait for, a receiver"},
			{Name: "too-late", What: "an alert is looked at, or sent on, so seldom that it comes too late"},
			{Name: "without-severity", What: "an alert has no severity, or one that depends on what it is about"},
		},
		Mutations: []guide.Mutation{
			leave("the cluster has no Alertmanager", "alertmanager.yaml"),
			deployment.Change("another-file", "the cluster's Alertmanager reads the file of its image", "alertmanager.yaml", "--config.file=/etc/alertmanager/alertmanager.yml", "--config.file=/etc/amtool/config.yml"),
			stackfile.Change("another-file", "Compose's Prometheus reads a file of the machine's", "./monitoring:/etc/prometheus:ro", "/etc/prometheus:/etc/prometheus:ro", "N10/shares-the-machine"),
			change("not-understood", "a route to a receiver that there is not", alertmanagerFile, "- matchers: [severity=\"critical\"]\n      receiver: critical", "- matchers: [severity=\"critical\"]\n      receiver: pager"),
			change("not-understood", "a setting that Alertmanager does not know", alertmanagerFile, "route:\n", "routes: []\nroute:\n"),
			change("nobody-told", "warnings end at a receiver without a way", alertmanagerFile, "  - name: warning\n    webhook_configs:\n      - {url_file: /run/secrets/ALERT_WARNING_URL, send_resolved: true, max_alerts: 100}\n", "  - name: warning\n"),
			change("not-by-severity", "critical alerts go where all go", alertmanagerFile, "      receiver: critical\n", "      receiver: warning\n"),
			change("not-by-severity", "the matcher is misspelt", alertmanagerFile, `[severity="critical"]`, `[severity="Critical"]`),
			{Mode: "muted", What: "nobody is woken at night", Change: func(d *guide.Draft) error {
				if err := d.Replace(alertmanagerFile, "      receiver: critical\n", "      receiver: critical\n      mute_time_intervals: [nights]\n"); err != nil {
					return err
				}
				return d.Append(alertmanagerFile, "\ntime_intervals:\n  - {name: nights, time_intervals: [{times: [{start_time: \"22:00\", end_time: \"24:00\"}]}]}\n")
			}},
			change("kept-back", "a warning keeps all critical alerts back", alertmanagerFile, receivers, "inhibit_rules:\n  - {source_matchers: [severity=\"warning\"], target_matchers: [severity=\"critical\"]}\n\n"+receivers),
			deployment.Change("address-not-mounted", "the cluster's mounts its secrets elsewhere", "alertmanager.yaml", "{name: alertmanager-secrets, mountPath: /run/secrets, readOnly: true}", "{name: alertmanager-secrets, mountPath: /run/other, readOnly: true}"),
			change("address-not-mounted", "the address is in a file that nobody mounts", alertmanagerFile, "/run/secrets/ALERT_CRITICAL_URL", "/etc/alerts/critical"),
			change("address-not-mounted", "the address is one that nobody hands out", alertmanagerFile, "/run/secrets/ALERT_WARNING_URL", "/run/secrets/ALERT_WARNINGS_URL"),
			stackfile.Change("address-may-be-empty", "Compose starts while the address of critical alerts is empty", "${ALERT_CRITICAL_URL:?", "${ALERT_CRITICAL_URL?"),
			stackfile.Change("address-may-be-empty", "Compose starts without an address for all other alerts", "  - ${ALERT_WARNING_URL:?write where all other alerts go into .env, see .env.example}\n", ""),
			deployment.Change("wrapped", "a shell starts the cluster's Alertmanager", "alertmanager.yaml", "          args:\n            - --config.file", "          command: [/bin/sh, -c, exec /bin/alertmanager]\n          args:\n            - --config.file"),
			deployment.Patch("another-file", "staging's Alertmanager alone reads the file of its image", "staging", "{kind: StatefulSet, name: alertmanager}", "{op: replace, path: /spec/template/spec/containers/0/args/0, value: --config.file=/etc/amtool/config.yml}"),
			change("not-sent", "Prometheus names no Alertmanager", prometheusFile, "        - targets: [alertmanager:9093]\n\nscrape_configs:", "        - targets: []\n\nscrape_configs:"),
			change("not-sent", "Prometheus tells somebody else", prometheusFile, "    - static_configs:\n        - targets: [alertmanager:9093]\n\nscrape_configs:", "    - static_configs:\n        - targets: [alerts:9093]\n\nscrape_configs:"),
			change("changed-on-the-way", "the severity is taken off", prometheusFile, "alerting:\n", "alerting:\n  alert_relabel_configs:\n    - {action: labeldrop, regex: severity}\n"),
			change("rules-not-loaded", "Prometheus loads the rules of another folder", prometheusFile, "rule_files: [alert_rules*.yml]", "rule_files: [rules/*.yml]"),
			{Mode: "rules-not-loaded", What: "the cluster's pods do not get a rules file", Change: func(d *guide.Draft) error {
				return d.Write(folder+extraRules, []byte(oneAlert("severity: warning")))
			}},
			change(neverArrives, "Alertmanager is dropped from whom Prometheus has found", prometheusFile, "    - static_configs:\n        - targets: [alertmanager:9093]\n\nscrape_configs:", "    - relabel_configs: [{source_labels: [__address__], action: drop}]\n      static_configs:\n        - targets: [alertmanager:9093]\n\nscrape_configs:"),
			change(neverArrives, "it is spoken to below another path", prometheusFile, "    - static_configs:\n        - targets: [alertmanager:9093]\n\nscrape_configs:", "    - path_prefix: /x\n      static_configs:\n        - targets: [alertmanager:9093]\n\nscrape_configs:"),
			change(neverArrives, "it is spoken to by TLS, which it does not speak", prometheusFile, "    - static_configs:\n        - targets: [alertmanager:9093]\n\nscrape_configs:", "    - scheme: https\n      static_configs:\n        - targets: [alertmanager:9093]\n\nscrape_configs:"),
			change(neverArrives, "it has a millisecond to answer", prometheusFile, "    - static_configs:\n        - targets: [alertmanager:9093]\n\nscrape_configs:", "    - timeout: 1ms\n      static_configs:\n        - targets: [alertmanager:9093]\n\nscrape_configs:"),
			deployment.Change(neverArrives, "the cluster's Prometheus keeps no alert until it is sent", "prometheus.yaml", "            - --web.listen-address=:9090\n", "            - --web.listen-address=:9090\n            - --alertmanager.notification-queue-capacity=0\n"),
			deployment.Change(neverArrives, "the cluster's Alertmanager listens to its own pod alone", "alertmanager.yaml", "--web.listen-address=:9093", "--web.listen-address=127.0.0.1:9093"),
			deployment.Change(neverArrives, "it listens at another port", "alertmanager.yaml", "--web.listen-address=:9093", "--web.listen-address=:9999"),
			deployment.Change(neverArrives, "it listens below another path", "alertmanager.yaml", "            - --storage.path=/alertmanager\n", "            - --storage.path=/alertmanager\n            - --web.route-prefix=/am\n"),
			deployment.Change(neverArrives, "it listens below the path of its own address", "alertmanager.yaml", "            - --storage.path=/alertmanager\n", "            - --storage.path=/alertmanager\n            - --web.external-url=https://example.com/am\n"),
			deployment.Change(neverArrives, "it asks who comes for a certificate", "alertmanager.yaml", "            - --storage.path=/alertmanager\n", "            - --storage.path=/alertmanager\n            - --web.config.file=/etc/alertmanager/web.yml\n"),
			deployment.Change(neverArrives, "its Service has another port", "alertmanager.yaml", "{name: http, port: 9093, targetPort", "{name: http, port: 9094, targetPort"),
			deployment.Change(neverArrives, "the cluster's Prometheus takes an address elsewhere for Alertmanager's", "prometheus.yaml", "      enableServiceLinks: false\n", "      enableServiceLinks: false\n      hostAliases: [{ip: 203.0.113.1, hostnames: [alertmanager]}]\n"),
			deployment.Change("not-deployed", "the cluster's Alertmanager has no pod", "alertmanager.yaml", "replicas: 1", "replicas: 0"),
			stackfile.Change("not-deployed", "Compose's is started only by whoever asks for it", "    command: [--config.file=/etc/alertmanager/alertmanager.yml", "    profiles: [alerts]\n    command: [--config.file=/etc/alertmanager/alertmanager.yml"),
			stackfile.Change(neverArrives, "Compose's has no network with Prometheus", "    networks: [prometheus-alertmanager, alertmanager-outside]", "    networks: [alertmanager-outside]"),
			stackfile.Change(neverArrives, "Compose's has no way out", "    networks: [prometheus-alertmanager, alertmanager-outside]", "    networks: [prometheus-alertmanager]"),
			stackfile.Change(neverArrives, "Compose's Prometheus takes an address elsewhere for Alertmanager's", "      - --storage.tsdb.retention.time=30d # A2\n", "      - --storage.tsdb.retention.time=30d # A2\n    extra_hosts: {alertmanager: 203.0.113.1}\n"),
			change(neverArrives, "a receiver has a millisecond to answer", alertmanagerFile, "      - {url_file: /run/secrets/ALERT_CRITICAL_URL, send", "      - {timeout: 1ms, url_file: /run/secrets/ALERT_CRITICAL_URL, send"),
			change(neverArrives, "receivers are spoken to through somebody who is not there", alertmanagerFile, "route:\n", "global: {http_config: {proxy_url: \"http://127.0.0.1:1\"}}\nroute:\n"),
			change("not-by-severity", "critical alerts have a receiver of their own, with the address of all others", alertmanagerFile, "/run/secrets/ALERT_CRITICAL_URL", "/run/secrets/ALERT_WARNING_URL"),
			stackfile.Change("not-by-severity", "both addresses are made of one variable", "ALERT_CRITICAL_URL: {environment: ALERT_CRITICAL_URL}", "ALERT_CRITICAL_URL: {environment: ALERT_WARNING_URL}"),
			change("too-late", "a critical alert waits a day for others", alertmanagerFile, "group_wait: 10s", "group_wait: 24h"),
			change("too-late", "the second critical alert of a group waits a day", alertmanagerFile, "group_interval: 5m", "group_interval: 1d"),
			change("too-late", "rules are looked at once a day", prometheusFile, "evaluation_interval: 15s", "evaluation_interval: 24h"),
			{Mode: "too-late", What: "one group of rules is looked at once a day", Change: func(d *guide.Draft) error {
				if err := withRules(d, "severity: warning"); err != nil {
					return err
				}
				return d.Replace(folder+extraRules, "  - name: extra\n", "  - name: extra\n    interval: 1d\n")
			}},
			{Mode: "another-file", What: "a file over Compose's has Alertmanager read another", Change: func(d *guide.Draft) error {
				return d.Write("docker-compose.prod.yml", []byte("services:\n  alertmanager:\n    command: [--config.file=/etc/amtool/config.yml]\n"))
			}},
			stackfile.Change("wrapped", "a file stands in the place of Compose's Alertmanager", "      - secrets-alertmanager:/run/secrets:ro\n", "      - secrets-alertmanager:/run/secrets:ro\n      - ./monitoring/alertmanager.yml:/bin/alertmanager:ro\n", "N10/unknown-mount"),
			{Mode: "without-severity", What: "an alert has no severity", Change: func(d *guide.Draft) error { return withRules(d, "team: platform") }},
			{Mode: "without-severity", What: "an alert's severity is of its subject", Change: func(d *guide.Draft) error { return withRules(d, "severity: '{{ $labels.level }}'") }},
		},
		Tree:    judgeRouted,
		Running: runningRouted,
	}
}

// extraRules is a rules file that mutations make.
const extraRules = "alert_rules_extra.yml"

func oneAlert(labels string) string {
	return "groups:\n  - name: extra\n    rules:\n      - alert: SomethingIsWrong\n        expr: up == 0\n        labels: {" + labels + "}\n"
}

// withRules adds a rules file with one alert, for both deployments.
func withRules(d *guide.Draft, labels string) error {
	if err := d.Write(folder+extraRules, []byte(oneAlert(labels))); err != nil {
		return err
	}
	return d.Replace(folder+"kustomization.yaml", "files: [prometheus.yml]", "files: [prometheus.yml, "+extraRules+"]")
}

func judgeRouted(ctx context.Context, t *facts.Tree) guide.Result {
	var findings []guide.Finding
	var subjects []guide.Subject
	fire, absent, err := parts(ctx, t, "prometheus")
	if err != nil {
		return guide.NoEvidence("%v", err)
	}
	findings = append(findings, notDeployed("prometheus", absent)...)
	rules, err := rulesOf(t)
	if err != nil {
		return guide.NoEvidence("%v", err)
	}
	for _, p := range fire {
		findings = append(findings, p.itself("prometheus")...)
		f, s, err := judgeSends(p, rules)
		if err != nil {
			return guide.NoEvidence("%s: %v", prometheusFile, err)
		}
		findings, subjects = append(findings, f...), append(subjects, s...)
	}
	for _, name := range sortedNames(rules) {
		for _, a := range rules[name] {
			if severity := a.Labels["severity"]; severity == "" || strings.Contains(severity, "{{") {
				findings = append(findings, guide.Finding{Mode: "without-severity", Subject: a.Name, Detail: "write labels: {severity: critical}, or warning", At: guide.Place{File: folder + name, Line: a.Line}})
			}
			if a.Every > soon {
				findings = append(findings, guide.Finding{Mode: "too-late", Subject: a.Name, Detail: fmt.Sprintf("its group is looked at every %s: make that %s at most", a.Every, soon), At: guide.Place{File: folder + name, Line: a.Line}})
			}
		}
	}
	undelivered, err := judgeDelivered(ctx, t)
	if err != nil {
		return guide.NoEvidence("%v", err)
	}
	findings = append(findings, undelivered...)
	route, absent, err := parts(ctx, t, "alertmanager")
	if err != nil {
		return guide.NoEvidence("%v", err)
	}
	findings = append(findings, notDeployed("alertmanager", absent)...)
	for _, p := range route {
		findings = append(findings, p.itself("alertmanager")...)
		name := p.configured(alertmanagerConfig)
		text, ok := p.text(name)
		if !ok {
			findings = append(findings, guide.Finding{Mode: "another-file", Subject: p.subject, Detail: fmt.Sprintf("mount %s where it reads %s", alertmanagerFile, name), At: p.where})
			continue
		}
		f, s, reached := judgeRoutes(p.subject, text, guide.Place{File: alertmanagerFile})
		findings, subjects = append(findings, f...), append(subjects, s...)
		findings = append(findings, p.sameSource(reached)...)
		for _, r := range reached {
			for _, file := range r.Files {
				if k := p.of(file); k != secrets {
					findings = append(findings, guide.Finding{Mode: "address-not-mounted", Subject: p.subject, Detail: fmt.Sprintf("receiver %s: mount a secret at %s, which is %s", r.Name, file, k), At: p.where})
					continue
				}
				wrong, err := givenBy(ctx, t, p, r.Name, file)
				if err != nil {
					return guide.NoEvidence("%v", err)
				}
				findings = append(findings, wrong...)
			}
		}
	}
	return guide.Judge(subjects, findings)
}

// sameSource are the findings of receivers of one Alertmanager whose addresses Compose makes of one value, though they are in two files.
func (p part) sameSource(reached []monitors.Reached) (findings []guide.Finding) {
	of := map[source]string{}
	for _, r := range reached {
		for _, file := range r.Files {
			from := p.given[path.Base(file)]
			if other, known := of[from]; known && other != file && from != (source{}) {
				findings = append(findings, guide.Finding{Mode: "not-by-severity", Subject: p.subject, Detail: fmt.Sprintf("make %s and %s of a variable each: both are of %s%s", other, file, from.variable, from.file), At: p.where})
			}
			of[from] = file
		}
	}
	return findings
}

// givenBy is what is wrong with whether Compose has what a receiver's file is made of, before it starts anything. What a cluster has, its secrets' clauses ask (S1 to S3).
func givenBy(ctx context.Context, t *facts.Tree, p part, receiver, file string) ([]guide.Finding, error) {
	if p.given == nil {
		return nil, nil
	}
	from := p.given[path.Base(file)]
	if from.file != "" { // without it Compose does not start
		return nil, nil
	}
	if from.variable == "" {
		return []guide.Finding{{Mode: "address-not-mounted", Subject: p.subject, Detail: fmt.Sprintf("receiver %s: hand out %s, from a variable of .env", receiver, path.Base(file)), At: p.where}}, nil
	}
	refused, err := stackfile.Refused(ctx, t, from.variable)
	if err != nil || refused {
		return nil, err
	}
	return []guide.Finding{{Mode: "address-may-be-empty", Subject: p.subject, Detail: fmt.Sprintf("receiver %s: write ${%s:?…} where Compose reads it first", receiver, from.variable), At: p.where}}, nil
}

// rulesOf are the alerts of every rules file of the tree, by file.
func rulesOf(t *facts.Tree) (map[string][]monitors.Alert, error) {
	return facts.Read(t, folder+"alert_rules*.yml", func(files fs.FS) (map[string][]monitors.Alert, error) {
		names, err := fs.Glob(files, folder+"alert_rules*.yml")
		if err != nil {
			return nil, err
		}
		all := map[string][]monitors.Alert{}
		for _, name := range names {
			text, err := facts.File(files, name)
			if err != nil {
				return nil, err
			}
			if all[path.Base(name)], err = monitors.ReadRules(text); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
		return all, nil
	})
}

func sortedNames(rules map[string][]monitors.Alert) (names []string) {
	for name := range rules {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// judgeSends is what is wrong with how one Prometheus fires alerts and sends them on.
func judgeSends(p part, rules map[string][]monitors.Alert) (findings []guide.Finding, subjects []guide.Subject, err error) {
	at := guide.Place{File: prometheusFile}
	find := func(mode, format string, args ...any) {
		findings = append(findings, guide.Finding{Mode: mode, Subject: p.subject, Detail: fmt.Sprintf(format, args...), At: at})
	}
	name := p.configured(prometheusConfig)
	text, ok := p.text(name)
	if !ok {
		at = p.where
		find("another-file", "mount %s where it reads %s", prometheusFile, name)
		return findings, nil, nil
	}
	says, err := monitors.ReadPrometheus([]byte(text))
	if err != nil {
		return nil, nil, err
	}
	senders := slices.DeleteFunc(slices.Clone(says.Senders), func(s monitors.Sender) bool { return !slices.Contains(s.Targets, alertmanagerAt) })
	switch odd := slices.ContainsFunc(senders, func(s monitors.Sender) bool { return len(s.Odd) == 0 }); {
	case len(senders) == 0:
		find("not-sent", "name %s under alerting.alertmanagers", alertmanagerAt)
	case !odd:
		find(neverArrives, "leave %s out where %s is named: it is spoken to by HTTP, at its root, with a second or more to answer", strings.Join(senders[0].Odd, ", "), alertmanagerAt)
	}
	if says.Evaluates > soon {
		find("too-late", "rules are looked at every %s: make global.evaluation_interval %s at most", says.Evaluates, soon)
	}
	if says.Rewrites > 0 {
		find("changed-on-the-way", "leave out alert_relabel_configs: what a rule says of an alert is what Alertmanager routes by")
	}
	names := sortedNames(rules)
	if len(names) == 0 { // those that the guide names, which come with their rules
		names = []string{"alert_rules.yml", "alert_rules_security.yml"}
	}
	for _, file := range names {
		_, there := p.text(path.Join(path.Dir(name), file))
		if !says.Loads(path.Dir(name), file) || len(rules) > 0 && !there {
			find("rules-not-loaded", "let rule_files name %s, and mount it beside %s", file, name)
		}
	}
	return findings, []guide.Subject{{Name: p.subject, Evidence: "sends what fires to " + alertmanagerAt + ", unchanged", At: at}}, nil
}

// judgeRoutes is what is wrong with where an Alertmanager's configuration brings alerts, and the receivers that they reach.
func judgeRoutes(subject, text string, at guide.Place) (findings []guide.Finding, subjects []guide.Subject, all []monitors.Reached) {
	find := func(mode, format string, args ...any) {
		findings = append(findings, guide.Finding{Mode: mode, Subject: subject, Detail: fmt.Sprintf(format, args...), At: at})
	}
	a, err := monitors.ReadAlertmanager([]byte(text))
	if err != nil {
		find("not-understood", "%v", err)
		return findings, nil, nil
	}
	reached := map[string][]string{}
	for _, severity := range severities() {
		alert, called := map[string]string{"alertname": "Any"}, "without severity"
		if severity != "" {
			alert["severity"], called = severity, "of severity "+severity
		}
		receivers := a.Reaches(alert)
		for _, r := range receivers {
			reached[severity] = append(reached[severity], r.Name)
			if r.Ways == 0 {
				find("nobody-told", "an alert %s comes to receiver %s: give it a way to tell somebody", called, r.Name)
			}
			if len(r.Odd) > 0 {
				find(neverArrives, "leave %s out of receiver %s", strings.Join(r.Odd, ", "), r.Name)
			}
			if most := within(severity); r.Waits > most {
				find("too-late", "an alert %s waits %s at its route: make group_wait and group_interval %s at most", called, r.Waits, most)
			}
			if severity == "critical" && len(r.Muted) > 0 {
				find("muted", "take %s off the route to %s", strings.Join(r.Muted, ", "), r.Name)
			}
			if !slices.ContainsFunc(all, func(o monitors.Reached) bool { return o.Name == r.Name }) {
				all = append(all, r)
			}
		}
		subjects = append(subjects, guide.Subject{Name: subject + ", alerts " + called, Evidence: "reach " + strings.Join(reached[severity], ", "), At: at})
	}
	own := slices.ContainsFunc(all, func(r monitors.Reached) bool {
		return slices.Contains(reached["critical"], r.Name) && !slices.ContainsFunc(all, func(o monitors.Reached) bool {
			return (slices.Contains(reached["warning"], o.Name) || slices.Contains(reached[""], o.Name)) && (r.Name == o.Name || r.Same(o) || r.Within(o))
		})
	})
	if !own {
		find("not-by-severity", "route severity=\"critical\" to a receiver of its own, with an address of its own; now it reaches %s, as all do", strings.Join(reached["critical"], ", "))
	}
	for _, rule := range a.Inhibits(map[string]string{"severity": "critical"}) {
		find("kept-back", "let inhibit rule %d be about alerts of other severities alone", rule)
	}
	return findings, subjects, all
}

// within is how long an alert may be held back by a route.
func within(severity string) time.Duration {
	if severity == "critical" {
		return soon
	}
	return later
}

func runningRouted(ctx context.Context, s *facts.System) guide.Result {
	var findings []guide.Finding
	var subjects []guide.Subject
	var unseen []string
	if s.Targets.Alertmanager == "" {
		unseen = append(unseen, fmt.Sprintf("alertmanager: %v", errNotNamed))
	} else if text, err := facts.Look(ctx, s, "alertmanager", func(ctx context.Context) (string, error) {
		return monitorprobe.Probe{}.Alertmanager(ctx, s.Targets.Alertmanager)
	}); err != nil {
		unseen = append(unseen, err.Error())
	} else {
		f, seen, _ := judgeRoutes("alertmanager", text, guide.Place{File: s.Targets.Alertmanager})
		findings, subjects = append(findings, f...), append(subjects, seen...)
	}
	if seen, err := prometheusSeen(ctx, s); err != nil {
		unseen = append(unseen, fmt.Sprintf("prometheus: %v", err))
	} else {
		at := guide.Place{File: s.Targets.Prometheus}
		if len(seen.Tells) == 0 {
			findings = append(findings, guide.Finding{Mode: "not-sent", Subject: "prometheus", Detail: "it sends alerts to nobody: see alerting.alertmanagers in its file, and whether that name is found", At: at})
		}
		subjects = append(subjects, guide.Subject{Name: "prometheus", Evidence: "sends what fires to " + strings.Join(seen.Tells, ", "), At: at})
	}
	return together(subjects, findings, unseen)
}
