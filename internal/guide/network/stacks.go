package network

import (
	"context"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/compose"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/stackfile"
)

// over are files that somebody puts over the Compose file by -f, as a developer does; those that Compose reads by itself stackfile refuses.
var over = regexp.MustCompile(`^docker-compose\.[A-Za-z0-9_-]+\.ya?ml$`)

// maxStacks is how many of them are looked at.
const maxStacks = 16

// judgeStacks judges the Compose file, and each file that is put over it together with it. What is found without it is told once.
func judgeStacks(ctx context.Context, t *facts.Tree, judge func(*compose.Project) guide.Result) guide.Result {
	p, err := stackfile.Project(ctx, t)
	if err != nil {
		return guide.NoEvidence("%v", err)
	}
	r := judge(p)
	if v := r.Verdict(); v != guide.Passed && v != guide.Failed {
		return r
	}
	names, err := facts.Read(t, "files over "+stackfile.Name, filesOver)
	if err != nil {
		return guide.NoEvidence("%v", err)
	}
	if len(names) > maxStacks {
		return guide.NoEvidence("more than %d files could be put over %s", maxStacks, stackfile.Name)
	}
	subjects, findings := slices.Clone(r.Subjects()), slices.Clone(r.Findings())
	for _, name := range names {
		both, err := facts.Read(t, stackfile.Name+" and "+name, func(files fs.FS) (*compose.Project, error) {
			variables, err := compose.Variables(files, stackfile.Name, name)
			if err != nil {
				return nil, err
			}
			return compose.Load(ctx, files, compose.StandIns(variables), stackfile.Name, name)
		})
		if err != nil {
			return guide.NoEvidence("%v", err)
		}
		more := judge(both)
		for _, f := range more.Findings() {
			known := slices.ContainsFunc(r.Findings(), func(g guide.Finding) bool { return g.Mode == f.Mode && g.Subject == f.Subject })
			if !known {
				f.Detail = "with " + name + ", " + f.Detail
				findings = append(findings, f)
			}
		}
		for _, s := range more.Subjects() {
			if !slices.Contains(r.Subjects(), s) {
				s.Name += ", with " + name
				subjects = append(subjects, s)
			}
		}
	}
	return guide.Judge(subjects, findings)
}

func filesOver(files fs.FS) (names []string, err error) {
	entries, err := fs.ReadDir(files, ".")
	for _, e := range entries {
		if over.MatchString(e.Name()) && !strings.Contains(e.Name(), ".override.") {
			names = append(names, e.Name())
		}
	}
	return names, err
}
