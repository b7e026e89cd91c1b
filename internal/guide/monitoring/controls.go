package monitoring

import (
	"cmp"
	"errors"
	"path"
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/monitors"
)

// Controls are those of what is watched, of three sections.
func Controls() []guide.Control { return []guide.Control{a2(), c6(), m11()} }

// Where the files stand in the tree.
const (
	folder           = "monitoring/"
	lokiFile         = folder + "loki.yml"
	prometheusFile   = folder + "prometheus.yml"
	alertmanagerFile = folder + "alertmanager.yml"
	grafanaFile      = folder + "grafana/grafana.ini"
)

// notDeployed are the findings of a program that a deployment does not have.
func notDeployed(name string, absent []string) (findings []guide.Finding) {
	for _, file := range absent {
		findings = append(findings, guide.Finding{Mode: "not-deployed", Subject: name, Detail: "deploy it: without it nothing is kept and nobody is told", At: guide.Place{File: file}})
	}
	return findings
}

// configured is the path of the file that a program is started with, or its default.
func (p part) configured(byDefault string) string {
	path, _ := monitors.Flag(p.args, "config.file")
	return cmp.Or(path, byDefault)
}

// wrapped is the finding of a program that something else starts, whose arguments then say nothing: a shell adds what it likes.
func (p part) wrapped(programs ...string) []guide.Finding {
	if p.starts == "" || slices.Contains(programs, path.Base(p.starts)) {
		return nil
	}
	return []guide.Finding{{Mode: "wrapped", Subject: p.subject, Detail: p.starts + " starts it: leave it to what the image starts", At: p.where}}
}

// itself are the findings of a program of which not even that is known: something else starts it, or stands in its place.
func (p part) itself(program string) []guide.Finding {
	return append(p.wrapped(program), p.strays("wrapped", "/etc/"+program, "/"+program)...)
}

// strays are the findings of what stands in the place of what a program's image has, where nothing of the program's own is kept: of the program itself, or of what it reads unasked.
// own are the folders that are the program's.
func (p part) strays(mode string, own ...string) (findings []guide.Finding) {
	own = append(own, "/data", "/mnt", "/run", "/srv", "/tmp", "/var")
	for _, m := range p.mounts {
		if !slices.ContainsFunc(own, func(dir string) bool { return m.at == dir || strings.HasPrefix(m.at, dir+"/") }) {
			findings = append(findings, guide.Finding{Mode: mode, Subject: p.subject, Detail: "take away what is mounted at " + m.at + ": what the image has there is the program's, or read by it unasked", At: p.where})
		}
	}
	return findings
}

// wraps is the way to fail that wrapped finds, and strays of those whose folders are theirs alone.
func wraps() guide.Mode {
	return guide.Mode{Name: "wrapped", What: "something else than the program is started, or stands in the place of what its image has, so that what it is told is not known"}
}

// change is a mutation of a file of monitoring/.
func change(mode, what, file, old, new string, also ...string) guide.Mutation {
	return guide.Mutation{Mode: mode, What: what, Change: func(d *guide.Draft) error { return d.Replace(file, old, new) }, Also: also}
}

// leave is a mutation that takes a part out of the base.
func leave(what, file string) guide.Mutation {
	return guide.Mutation{Mode: "not-deployed", What: what, Also: []string{"N1/no-such-part"}, Change: func(d *guide.Draft) error {
		return d.Replace("k8s/base/kustomization.yaml", "  - "+file+"\n", "")
	}}
}

// together is the running column of a clause that asks several servers: what one of them shows to be wrong is wrong, whatever could not be looked at.
func together(subjects []guide.Subject, findings []guide.Finding, unseen []string) guide.Result {
	if len(findings) == 0 && len(unseen) > 0 {
		return guide.NoEvidence("%s", strings.Join(unseen, "; "))
	}
	return guide.Judge(subjects, findings)
}

// errNotNamed is why a part of the running system is not looked at.
var errNotNamed = errors.New("the targets file does not name it")
