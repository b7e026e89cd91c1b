package monitoring

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
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

// keeps is what the guide wants of Prometheus.
const keeps = 30 * 24 * time.Hour

// The bounds of what Loki may be told.
const (
	lokiLeast = 24 * time.Hour // less it refuses (limits.Validate, the compactor's period being a day)
	lokiLate  = 48 * time.Hour // after its time, what is kept no longer must be gone
)

// What the programs do where nobody tells them otherwise.
const (
	prometheusKeeps = "15d"   // defaultRetentionDuration
	prometheusData  = "data/" // storage.tsdb.path
	lokiConfig      = "/etc/loki/local-config.yaml"
	lokiData        = "/loki"
)

func a2() guide.Control {
	return guide.Control{
		ID:     "A2",
		Clause: "Prometheus keeps 30 days; Loki keeps what `monitoring/loki.yml` says",
		Question: "Of each overlay and of Compose: is Prometheus told to keep 30 days, by its flags and its file, without a limit of bytes that ends it earlier, on a volume that outlives it? Does Loki " +
			"run with monitoring/loki.yml and no other, says that how long logs are kept, all of them, and does Loki delete them then, from a volume that outlives it? And can nobody who reaches " +
			"either take away what it keeps, or add to it? Running: the flags and the configuration that they work with",
		Modes: []guide.Mode{
			{Name: "not-deployed", What: "a deployment has no Prometheus, or no Loki"},
			{Name: "keeps-less", What: "Prometheus is told to keep less than 30 days, or not how long, which is 15, or to keep nothing and send all on"},
			{Name: "keeps-some-less", What: "Loki is told to keep some logs for a shorter time than the others"},
			{Name: "open-to-change", What: "whoever reaches it may have what is kept deleted, add to it, or end the program"},
			wraps(),
			{Name: "bounded-by-size", What: "a limit of bytes makes Prometheus forget earlier"},
			{Name: "forgets", What: "what is kept is on a volume that ends with the container"},
			{Name: "says-nothing", What: "monitoring/loki.yml does not say how long logs are kept"},
			{Name: "never-deletes", What: "Loki is not told to delete what is older, so that what its file says does not happen"},
			{Name: "not-understood", What: "Loki does not start with its file: it keeps nothing for less than a day"},
			{Name: "another-file", What: "Loki does not run with monitoring/loki.yml"},
			{Name: "told-otherwise", What: "a flag of Loki's, or another file, says otherwise than its file, or Prometheus' flags stand in a file"},
			{Name: "keeps-otherwise", What: "the Loki that runs keeps logs for another time than monitoring/loki.yml says", Running: true},
		},
		Mutations: []guide.Mutation{
			leave("the cluster has no Loki", "loki.yaml"),
			deployment.Change("keeps-less", "two weeks in the cluster", "prometheus.yaml", "--storage.tsdb.retention.time=30d", "--storage.tsdb.retention.time=14d"),
			deployment.Change("keeps-less", "the cluster's Prometheus is told nothing", "prometheus.yaml", "            - --storage.tsdb.retention.time=30d # the guide's A2\n", ""),
			stackfile.Change("keeps-less", "29 days and some in Compose", "--storage.tsdb.retention.time=30d", "--storage.tsdb.retention.time=719h"),
			stackfile.Change("bounded-by-size", "Compose's Prometheus keeps no more than 5 GB", "--storage.tsdb.retention.time=30d # A2", "--storage.tsdb.retention.time=30d\n      - --storage.tsdb.retention.size=5GB"),
			deployment.Change("forgets", "Prometheus keeps its data in the pod", "prometheus.yaml", "- {name: data, mountPath: /prometheus}", "- {name: data, mountPath: /mnt}"),
			stackfile.Change("forgets", "Loki keeps its data in the container", "loki-data:/loki", "loki-data:/mnt", "N10/unknown-mount"),
			change("says-nothing", "no time is said", lokiFile, "  retention_period: 720h\n", ""),
			change("says-nothing", "logs are kept for ever", lokiFile, "retention_period: 720h", "retention_period: 0s"),
			change("never-deletes", "the compactor is not told to delete", lokiFile, "retention_enabled: true", "retention_enabled: false"),
			deployment.Change("another-file", "the cluster's Loki runs with the file of its image", "loki.yaml", "-config.file=/etc/loki/loki.yml", "-config.file=/etc/loki/local-config.yaml"),
			stackfile.Change("another-file", "Compose's Loki runs with a file of the machine's", "./monitoring/loki.yml:/etc/loki/loki.yml:ro", "/etc/loki.yml:/etc/loki/loki.yml:ro", "N10/shares-the-machine"),
			stackfile.Change("told-otherwise", "a flag says a week", "command: [-config.file=/etc/loki/loki.yml]", "command: [-config.file=/etc/loki/loki.yml, -store.retention=168h]"),
			stackfile.Change("told-otherwise", "a flag names a file with other limits", "command: [-config.file=/etc/loki/loki.yml]", "command: [-config.file=/etc/loki/loki.yml, -runtime-config.file=/etc/loki/runtime.yml]"),
			change("told-otherwise", "the file names another with the limits of some tenants", lokiFile, "analytics:", "runtime_config: {file: /loki/limits.yml}\nanalytics:"),
			deployment.Change("told-otherwise", "Prometheus' flags stand in a file", "prometheus.yaml", "            - --web.listen-address=:9090\n", "            - --web.listen-address=:9090\n            - \"@/prometheus/flags\"\n"),
			deployment.Change("told-otherwise", "a flag of Prometheus' is a value of a ConfigMap's", "prometheus.yaml", "            - --web.listen-address=:9090\n          ports:\n", "            - --web.listen-address=:9090\n            - $(MORE)\n          env: [{name: MORE, valueFrom: {configMapKeyRef: {name: prometheus-more, key: flag, optional: true}}}]\n          ports:\n"),
			deployment.Change("open-to-change", "the flag is a variable's value", "prometheus.yaml", "            - --web.listen-address=:9090\n          ports:\n", "            - --web.listen-address=:9090\n            - $(MORE)\n          env: [{name: MORE, value: --web.enable-admin-api}]\n          ports:\n"),
			change("never-deletes", "the compactor looks once a year", lokiFile, "retention_enabled: true", "retention_enabled: true\n  compaction_interval: 10000h"),
			change("never-deletes", "it waits for a year with what it has marked", lokiFile, "retention_enabled: true", "retention_enabled: true\n  retention_delete_delay: 10000h"),
			change("not-understood", "an hour, with which Loki does not start", lokiFile, "retention_period: 720h", "retention_period: 1h"),
			deployment.Change("forgets", "Prometheus' volume goes with it", "prometheus.yaml", "  replicas: 1\n", "  replicas: 1\n  persistentVolumeClaimRetentionPolicy: {whenDeleted: Delete}\n"),
			deployment.Change("forgets", "Loki's volume goes when it is stopped for a while", "loki.yaml", "  replicas: 1\n", "  replicas: 1\n  persistentVolumeClaimRetentionPolicy: {whenScaled: Delete}\n"),
			deployment.Change("not-deployed", "the cluster's Loki has no pod", "loki.yaml", "replicas: 1", "replicas: 0"),
			stackfile.Change("wrapped", "a file stands in the place of Compose's Loki", "      - loki-data:/loki\n", "      - loki-data:/loki\n      - ./monitoring/loki.yml:/usr/bin/loki:ro\n", "N10/unknown-mount"),
			{Mode: "keeps-less", What: "a file over Compose's says a day", Change: func(d *guide.Draft) error {
				return d.Write("docker-compose.prod.yml", []byte("services:\n  prometheus:\n    command: [--config.file=/etc/prometheus/prometheus.yml, --storage.tsdb.path=/prometheus, --storage.tsdb.retention.time=1d]\n"))
			}},
			change("keeps-less", "its file says a week", prometheusFile, "rule_files:", "storage: {tsdb: {retention: {time: 7d}}}\nrule_files:"),
			change("bounded-by-size", "its file says no more than 5 GB", prometheusFile, "rule_files:", "storage: {tsdb: {retention: {size: 5GB}}}\nrule_files:"),
			deployment.Change("keeps-less", "the cluster's Prometheus keeps nothing and sends all on", "prometheus.yaml", "            - --web.listen-address=:9090\n", "            - --web.listen-address=:9090\n            - --agent\n"),
			stackfile.Change("keeps-less", "Compose's does so by the older name", "--storage.tsdb.retention.time=30d # A2", "--storage.tsdb.retention.time=30d\n      - --enable-feature=exemplar-storage,agent"),
			deployment.Patch("keeps-less", "two weeks in staging alone", "staging", "{kind: StatefulSet, name: prometheus}", "{op: replace, path: /spec/template/spec/containers/0/args/2, value: --storage.tsdb.retention.time=14d}"),
			deployment.Change("open-to-change", "whoever reaches the cluster's Prometheus may delete", "prometheus.yaml", "            - --web.listen-address=:9090\n", "            - --web.listen-address=:9090\n            - --web.enable-admin-api\n"),
			stackfile.Change("open-to-change", "whoever reaches Compose's may write into it", "--storage.tsdb.retention.time=30d # A2", "--storage.tsdb.retention.time=30d\n      - --web.enable-remote-write-receiver"),
			stackfile.Change("open-to-change", "by OpenTelemetry's protocol too", "--storage.tsdb.retention.time=30d # A2", "--storage.tsdb.retention.time=30d\n      - --enable-feature=otlp-write-receiver"),
			stackfile.Change("open-to-change", "whoever reaches Compose's may end it", "--storage.tsdb.retention.time=30d # A2", "--storage.tsdb.retention.time=30d\n      - --web.enable-lifecycle"),
			change("open-to-change", "whoever reaches Loki may have logs deleted", lokiFile, "deletion_mode: disabled", "deletion_mode: filter-and-delete"),
			change("open-to-change", "nothing is said of that, which lets them", lokiFile, "  deletion_mode: disabled # by whoever reaches it: what is kept is kept until it is old enough\n", ""),
			change("keeps-some-less", "what the api logs is kept for a day", lokiFile, "  reject_old_samples: true\n", "  reject_old_samples: true\n  retention_stream: [{selector: '{app=\"api\"}', priority: 1, period: 24h}]\n"),
			change("never-deletes", "there is no compactor", lokiFile, "compactor:\n  working_directory: /loki/compactor\n  retention_enabled: true\n  delete_request_store: filesystem\n", ""),
			change("never-deletes", "it only answers questions", lokiFile, "auth_enabled: false", "target: querier\nauth_enabled: false"),
			change("forgets", "logs are kept in memory", lokiFile, "chunks_directory: /loki/chunks", "chunks_directory: /tmp/chunks"),
			stackfile.Change("wrapped", "a shell starts Compose's Prometheus", "    command:\n      - --config.file=/etc/prometheus/prometheus.yml", "    entrypoint: [/bin/sh, -c, \"exec /bin/prometheus --web.enable-admin-api $$@\"]\n    command:\n      - --config.file=/etc/prometheus/prometheus.yml", "M11/wrapped"),
			deployment.Change("wrapped", "a shell starts the cluster's Loki", "loki.yaml", "          args: [-config.file=/etc/loki/loki.yml]\n", "          command: [/bin/sh, -c, exec /usr/bin/loki]\n          args: [-config.file=/etc/loki/loki.yml]\n"),
		},
		Tree:    judgeKept,
		Running: runningKept,
		Agree:   agreeKept,
	}
}

func judgeKept(ctx context.Context, t *facts.Tree) guide.Result {
	var findings []guide.Finding
	var subjects []guide.Subject
	watch, absent, err := parts(ctx, t, "prometheus")
	if err != nil {
		return guide.NoEvidence("%v", err)
	}
	findings = append(findings, notDeployed("prometheus", absent)...)
	for _, p := range watch {
		found, err := keptBy(p)
		if err != nil {
			return guide.NoEvidence("%s: %v", p.subject, err)
		}
		findings = append(findings, found...)
		if len(found) == 0 {
			subjects = append(subjects, guide.Subject{Name: p.subject, Evidence: "keeps 30 days on " + string(lasting), At: p.where})
		}
	}
	logs, absent, err := parts(ctx, t, "loki")
	if err != nil {
		return guide.NoEvidence("%v", err)
	}
	findings = append(findings, notDeployed("loki", absent)...)
	file, says, err := lokiSays(t)
	if err != nil {
		return guide.NoEvidence("%s: %v", lokiFile, err)
	}
	at := guide.Place{File: lokiFile}
	if says.Keeps <= 0 {
		findings = append(findings, guide.Finding{Mode: "says-nothing", Subject: lokiFile, Detail: "write limits_config.retention_period", At: at})
	}
	if says.Keeps > 0 && min(says.Keeps, says.Least) < lokiLeast {
		findings = append(findings, guide.Finding{Mode: "not-understood", Subject: lokiFile, Detail: fmt.Sprintf("write a retention_period of %s or more", lokiLeast), At: at})
	}
	if !says.Deletes {
		findings = append(findings, guide.Finding{Mode: "never-deletes", Subject: lokiFile, Detail: "write compactor.retention_enabled: true", At: at})
	}
	if says.Late > lokiLate {
		findings = append(findings, guide.Finding{Mode: "never-deletes", Subject: lokiFile, Detail: fmt.Sprintf("what is to be deleted is there for %s more: leave out the compactor's intervals and delays", says.Late), At: at})
	}
	if says.Least < says.Keeps {
		findings = append(findings, guide.Finding{Mode: "keeps-some-less", Subject: lokiFile, Detail: fmt.Sprintf("limits_config.retention_stream keeps some for %s: leave it out", says.Least), At: at})
	}
	if says.Asked {
		findings = append(findings, guide.Finding{Mode: "open-to-change", Subject: lokiFile, Detail: "write limits_config.deletion_mode: disabled", At: at})
	}
	for _, other := range says.Others {
		findings = append(findings, guide.Finding{Mode: "told-otherwise", Subject: lokiFile, Detail: "leave out " + other + ", by which it keeps what it likes", At: at})
	}
	for _, p := range logs {
		findings = append(findings, p.itself("loki")...)
		name := p.configured(lokiConfig)
		if text, ok := p.text(name); !ok || text != file {
			findings = append(findings, guide.Finding{Mode: "another-file", Subject: p.subject, Detail: fmt.Sprintf("mount %s where it reads %s", lokiFile, name), At: p.where})
		}
		for _, begin := range []string{"store", "compactor", "limits", "runtime-config", "config.expand-env", "target", "common"} {
			for _, flag := range monitors.FlagLike(p.args, begin) {
				findings = append(findings, guide.Finding{Mode: "told-otherwise", Subject: p.subject, Detail: "leave out -" + flag + " and write it into " + lokiFile, At: p.where})
			}
		}
		for _, folder := range append([]string{lokiData}, says.Folders...) {
			if k := p.of(folder); k != lasting {
				findings = append(findings, guide.Finding{Mode: "forgets", Subject: p.subject, Detail: fmt.Sprintf("mount a volume that outlives it at %s, which is %s", folder, k), At: p.where})
			}
		}
		subjects = append(subjects, guide.Subject{Name: p.subject, Evidence: fmt.Sprintf("runs with %s: keeps %s, then deletes", lokiFile, says.Keeps), At: p.where})
	}
	return guide.Judge(subjects, findings)
}

// opens are the switches by which whoever reaches a Prometheus may do more than ask, and features that are older names of them.
func opens() (flags, features []string) {
	return []string{"web.enable-admin-api", "web.enable-remote-write-receiver", "web.enable-otlp-receiver", "web.enable-lifecycle"}, []string{"remote-write-receiver", "otlp-write-receiver"}
}

// features are those that are switched on.
func features(args []string) (all []string) {
	for i, arg := range args {
		if value, times := monitors.Flag(args[i:min(i+2, len(args))], "enable-feature"); times > 0 && strings.Contains(arg, "enable-feature") {
			all = append(all, strings.Split(value, ",")...)
		}
	}
	return all
}

// keptBy is what is wrong with how one Prometheus keeps what it has seen.
func keptBy(p part) (findings []guide.Finding, err error) {
	add := func(mode, detail string) {
		findings = append(findings, guide.Finding{Mode: mode, Subject: p.subject, Detail: detail, At: p.where})
	}
	findings = p.itself("prometheus")
	text, times := monitors.Flag(p.args, "storage.tsdb.retention.time")
	if times == 0 {
		text = prometheusKeeps
	}
	size, _ := monitors.Flag(p.args, "storage.tsdb.retention.size")
	if config, ok := p.text(p.configured(prometheusConfig)); ok { // another one M11 finds
		says, err := monitors.ReadPrometheus([]byte(config))
		if err != nil {
			return nil, err
		}
		text, size = cmp.Or(says.Keeps, text), cmp.Or(says.KeepsSize, size)
	}
	if d, err := monitors.Duration(text); err != nil || d < keeps {
		add("keeps-less", fmt.Sprintf("write --storage.tsdb.retention.time=30d, and nothing about it into its file; it keeps %q", text))
	}
	if size != "" && size != "0" && size != "0B" {
		add("bounded-by-size", "leave out storage.tsdb.retention.size, which is "+size+", and give the volume room for 30 days")
	}
	switches, named := opens()
	on := features(p.args)
	if monitors.On(p.args, "agent") || slices.Contains(on, "agent") {
		add("keeps-less", "leave out --agent: an agent keeps nothing")
	}
	for _, name := range switches {
		if monitors.On(p.args, name) {
			add("open-to-change", "leave out --"+name)
		}
	}
	for _, name := range named {
		if slices.Contains(on, name) {
			add("open-to-change", "leave "+name+" out of --enable-feature")
		}
	}
	for _, arg := range p.args {
		if strings.HasPrefix(arg, "@") || reference.MatchString(arg) {
			add("told-otherwise", "write what stands in "+arg+" here, where it is seen")
		}
	}
	path, times := monitors.Flag(p.args, "storage.tsdb.path")
	if times == 0 {
		path = prometheusData
	}
	if k := p.of(path); k != lasting {
		add("forgets", fmt.Sprintf("mount a volume that outlives it at %s, which is %s", path, k))
	}
	return findings, nil
}

// lokiSays is monitoring/loki.yml, and what it says.
func lokiSays(t *facts.Tree) (text string, says monitors.Loki, err error) {
	type both struct {
		text string
		says monitors.Loki
	}
	b, err := facts.Read(t, lokiFile, func(files fs.FS) (b both, err error) {
		text, err := facts.File(files, lokiFile)
		if err != nil {
			return b, err
		}
		b.text = string(text)
		b.says, err = monitors.ReadLoki(text)
		return b, err
	})
	return b.text, b.says, err
}

func runningKept(ctx context.Context, s *facts.System) guide.Result {
	var findings []guide.Finding
	var subjects []guide.Subject
	var unseen []string
	if seen, err := prometheusSeen(ctx, s); err != nil {
		unseen = append(unseen, fmt.Sprintf("prometheus: %v", err))
	} else {
		at := guide.Place{File: s.Targets.Prometheus}
		text, size, _ := strings.Cut(seen.Keeps, " or ") // "30d or 5GB": what its flags and its file come to
		if d, err := monitors.Duration(text); err != nil || d < keeps {
			findings = append(findings, guide.Finding{Mode: "keeps-less", Subject: "prometheus", Detail: fmt.Sprintf("start it with --storage.tsdb.retention.time=30d; it keeps %s", seen.Keeps), At: at})
		}
		if size != "" {
			findings = append(findings, guide.Finding{Mode: "bounded-by-size", Subject: "prometheus", Detail: "start it without storage.tsdb.retention.size, which is " + size, At: at})
		}
		switches, named := opens()
		for _, name := range switches {
			if !monitors.Off(seen.Flags[name]) {
				findings = append(findings, guide.Finding{Mode: "open-to-change", Subject: "prometheus", Detail: "start it without --" + name, At: at})
			}
		}
		for _, name := range strings.Split(seen.Flags["enable-feature"], ",") {
			if slices.Contains(named, name) {
				findings = append(findings, guide.Finding{Mode: "open-to-change", Subject: "prometheus", Detail: "start it without " + name + " in --enable-feature", At: at})
			}
		}
		subjects = append(subjects, guide.Subject{Name: "prometheus", Evidence: "keeps " + seen.Keeps, At: at})
	}
	if says, err := lokiSeen(ctx, s); err != nil {
		unseen = append(unseen, fmt.Sprintf("loki: %v", err))
	} else {
		at := guide.Place{File: s.Targets.Loki}
		if says.Keeps <= 0 {
			findings = append(findings, guide.Finding{Mode: "says-nothing", Subject: "loki", Detail: "start it with " + lokiFile, At: at})
		}
		if !says.Deletes {
			findings = append(findings, guide.Finding{Mode: "never-deletes", Subject: "loki", Detail: "start it with " + lokiFile, At: at})
		}
		if says.Least < says.Keeps {
			findings = append(findings, guide.Finding{Mode: "keeps-some-less", Subject: "loki", Detail: fmt.Sprintf("it keeps some logs for %s: start it with %s", says.Least, lokiFile), At: at})
		}
		if says.Asked {
			findings = append(findings, guide.Finding{Mode: "open-to-change", Subject: "loki", Detail: "start it with " + lokiFile, At: at})
		}
		for _, other := range says.Others {
			findings = append(findings, guide.Finding{Mode: "told-otherwise", Subject: "loki", Detail: "it reads " + other + " beside: start it with " + lokiFile, At: at})
		}
		subjects = append(subjects, guide.Subject{Name: "loki", Evidence: fmt.Sprintf("keeps %s, then deletes", says.Keeps), At: at})
	}
	return together(subjects, findings, unseen)
}

// agreeKept holds the Loki that runs against the file that it is said to run with.
func agreeKept(ctx context.Context, t *facts.Tree, s *facts.System) guide.Result {
	runs, err := lokiSeen(ctx, s)
	if err != nil {
		return guide.NoEvidence("loki: %v", err)
	}
	_, says, err := lokiSays(t)
	if err != nil {
		return guide.NoEvidence("%s: %v", lokiFile, err)
	}
	at := guide.Place{File: s.Targets.Loki}
	if runs.Says() != says.Says() {
		return guide.Fail(guide.Finding{Mode: "keeps-otherwise", Subject: "loki", Detail: fmt.Sprintf("it %s; of the file it would be that it %s: start it anew with the file", runs.Says(), says.Says()), At: at})
	}
	return guide.Pass(guide.Subject{Name: "loki", Evidence: fmt.Sprintf("keeps %s, as %s says", runs.Keeps, lokiFile), At: at})
}

func prometheusSeen(ctx context.Context, s *facts.System) (monitorprobe.Prometheus, error) {
	if s.Targets.Prometheus == "" {
		return monitorprobe.Prometheus{}, errNotNamed
	}
	return facts.Look(ctx, s, "prometheus", func(ctx context.Context) (monitorprobe.Prometheus, error) {
		return monitorprobe.Probe{}.Prometheus(ctx, s.Targets.Prometheus)
	})
}

func lokiSeen(ctx context.Context, s *facts.System) (monitors.Loki, error) {
	if s.Targets.Loki == "" {
		return monitors.Loki{}, errNotNamed
	}
	return facts.Look(ctx, s, "loki", func(ctx context.Context) (monitors.Loki, error) {
		text, err := monitorprobe.Probe{}.Loki(ctx, s.Targets.Loki)
		if err != nil {
			return monitors.Loki{}, err
		}
		return monitors.ReadLoki([]byte(text))
	})
}
