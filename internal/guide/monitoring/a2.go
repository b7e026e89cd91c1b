package monitoring

import (
	"context"
	"fmt"
	"io/fs"
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

// What the programs do where nobody tells them otherwise.
const (
	prometheusKeeps = "15d"   // defaultRetentionDuration
	prometheusData  = "data/" // storage.tsdb.path
	lokiConfig      = "/etc/loki/local-config.yaml"
)

func a2() guide.Control {
	return guide.Control{
		ID:     "A2",
		Clause: "Prometheus keeps 30 days; Loki keeps what `monitoring/loki.yml` says",
		Question: "Is Prometheus told to keep 30 days, without a limit of bytes that ends it earlier, on a volume that outlives it? Does Loki run with monitoring/loki.yml and no other, says " +
			"that how long logs are kept, and does Loki delete them then, from a volume that outlives it? Running: the flags and the configuration that they work with",
		Modes: []guide.Mode{
			{Name: "not-deployed", What: "a deployment has no Prometheus, or no Loki"},
			{Name: "keeps-less", What: "Prometheus is told to keep less than 30 days, or nothing, which is 15"},
			{Name: "bounded-by-size", What: "a limit of bytes makes Prometheus forget earlier"},
			{Name: "forgets", What: "what is kept is on a volume that ends with the container"},
			{Name: "says-nothing", What: "monitoring/loki.yml does not say how long logs are kept"},
			{Name: "never-deletes", What: "Loki is not told to delete what is older, so that what its file says does not happen"},
			{Name: "another-file", What: "Loki does not run with monitoring/loki.yml"},
			{Name: "told-otherwise", What: "a flag of Loki's says otherwise than its file"},
			{Name: "keeps-otherwise", What: "the Loki that runs keeps logs for another time than monitoring/loki.yml says", Running: true},
		},
		Mutations: []guide.Mutation{
			leave("the cluster has no Loki", "loki.yaml"),
			deployment.Change("keeps-less", "two weeks in the cluster", "prometheus.yaml", "--storage.tsdb.retention.time=30d", "--storage.tsdb.retention.time=14d"),
			deployment.Change("keeps-less", "the cluster's Prometheus is told nothing", "prometheus.yaml", "            - --storage.tsdb.retention.time=30d # the guide's A2\n", ""),
			stackfile.Change("keeps-less", "29 days and some in Compose", "--storage.tsdb.retention.time=30d", "--storage.tsdb.retention.time=719h"),
			stackfile.Change("bounded-by-size", "Compose's Prometheus keeps no more than 5 GB", "--storage.tsdb.retention.time=30d # A2", "--storage.tsdb.retention.time=30d\n      - --storage.tsdb.retention.size=5GB"),
			deployment.Change("forgets", "Prometheus keeps its data in the pod", "prometheus.yaml", "- {name: data, mountPath: /prometheus}", "- {name: data, mountPath: /other}"),
			stackfile.Change("forgets", "Loki keeps its data in the container", "loki-data:/loki", "loki-data:/other"),
			change("says-nothing", "no time is said", lokiFile, "  retention_period: 720h\n", ""),
			change("says-nothing", "logs are kept for ever", lokiFile, "retention_period: 720h", "retention_period: 0s"),
			change("never-deletes", "the compactor is not told to delete", lokiFile, "retention_enabled: true", "retention_enabled: false"),
			deployment.Change("another-file", "the cluster's Loki runs with the file of its image", "loki.yaml", "-config.file=/etc/loki/loki.yml", "-config.file=/etc/loki/local-config.yaml"),
			stackfile.Change("another-file", "Compose's Loki runs with a file of the machine's", "./monitoring/loki.yml:/etc/loki/loki.yml:ro", "/etc/loki.yml:/etc/loki/loki.yml:ro"),
			stackfile.Change("told-otherwise", "a flag says a week", "command: [-config.file=/etc/loki/loki.yml]", "command: [-config.file=/etc/loki/loki.yml, -store.retention=168h]"),
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
		found := keptBy(p)
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
	if !says.Deletes {
		findings = append(findings, guide.Finding{Mode: "never-deletes", Subject: lokiFile, Detail: "write compactor.retention_enabled: true", At: at})
	}
	for _, p := range logs {
		name := p.configured(lokiConfig)
		if text, ok := p.text(name); !ok || text != file {
			findings = append(findings, guide.Finding{Mode: "another-file", Subject: p.subject, Detail: fmt.Sprintf("mount %s where it reads %s", lokiFile, name), At: p.where})
		}
		for _, begin := range []string{"store.retention", "compactor.retention", "compactor.deletion", "limits"} {
			for _, flag := range monitors.FlagLike(p.args, begin) {
				findings = append(findings, guide.Finding{Mode: "told-otherwise", Subject: p.subject, Detail: "leave out -" + flag + " and write it into " + lokiFile, At: p.where})
			}
		}
		if k := p.of("/loki"); k != lasting {
			findings = append(findings, guide.Finding{Mode: "forgets", Subject: p.subject, Detail: "mount a volume that outlives it at /loki, which is " + string(k), At: p.where})
		}
		subjects = append(subjects, guide.Subject{Name: p.subject, Evidence: fmt.Sprintf("runs with %s: keeps %s, then deletes", lokiFile, says.Keeps), At: p.where})
	}
	return guide.Judge(subjects, findings)
}

// keptBy is what is wrong with how one Prometheus keeps what it has seen.
func keptBy(p part) (findings []guide.Finding) {
	add := func(mode, detail string) {
		findings = append(findings, guide.Finding{Mode: mode, Subject: p.subject, Detail: detail, At: p.where})
	}
	text, times := monitors.Flag(p.args, "storage.tsdb.retention.time")
	if times == 0 {
		text = prometheusKeeps
	}
	if d, err := monitors.Duration(text); err != nil || d < keeps {
		add("keeps-less", fmt.Sprintf("write --storage.tsdb.retention.time=30d; it keeps %q", text))
	}
	if size, times := monitors.Flag(p.args, "storage.tsdb.retention.size"); times > 0 && size != "0" && size != "0B" {
		add("bounded-by-size", "leave out --storage.tsdb.retention.size="+size+", and give the volume room for 30 days")
	}
	path, times := monitors.Flag(p.args, "storage.tsdb.path")
	if times == 0 {
		path = prometheusData
	}
	if k := p.of(path); k != lasting {
		add("forgets", fmt.Sprintf("mount a volume that outlives it at %s, which is %s", path, k))
	}
	return findings
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
		text := seen.Flags["storage.tsdb.retention.time"]
		if text == "0s" || text == "" { // a flag that nobody has set
			text = prometheusKeeps
		}
		if d, err := monitors.Duration(text); err != nil || d < keeps {
			findings = append(findings, guide.Finding{Mode: "keeps-less", Subject: "prometheus", Detail: fmt.Sprintf("start it with --storage.tsdb.retention.time=30d; it keeps %s", text), At: at})
		}
		if size := seen.Flags["storage.tsdb.retention.size"]; size != "" && size != "0B" {
			findings = append(findings, guide.Finding{Mode: "bounded-by-size", Subject: "prometheus", Detail: "start it without --storage.tsdb.retention.size=" + size, At: at})
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
	if runs != says {
		return guide.Fail(guide.Finding{Mode: "keeps-otherwise", Subject: "loki", Detail: fmt.Sprintf("it keeps %s (deletes: %v), the file says %s (deletes: %v): start it anew with the file", runs.Keeps, runs.Deletes, says.Keeps, says.Deletes), At: at})
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
