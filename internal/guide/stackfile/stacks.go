package stackfile

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"regexp"
	"slices"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/compose"
)

// over are files of the checkout's first folder that somebody puts over the Compose file by -f, as a developer does; those that Compose reads by itself are refused (valued).
var over = regexp.MustCompile(`^(docker-)?compose[A-Za-z0-9._-]*\.ya?ml$`)

// maxOver is how many of them are looked at.
const maxOver = 16

// Stack is what somebody starts on one machine.
type Stack struct {
	*compose.Project
	Over string // the file that is put over Name; empty: none
}

// String is the file that makes the stack what it is.
func (s Stack) String() string {
	if s.Over != "" {
		return s.Over
	}
	return Name
}

// Stacks are the Compose file by itself, which comes first, and together with each file that is put over it.
func Stacks(ctx context.Context, t *facts.Tree) ([]Stack, error) {
	all, unread, err := stacks(ctx, t)
	return all, cmp.Or(err, unread)
}

// stacks are those that can be read; unread says why one cannot, and the error that nobody knows which there are.
func stacks(ctx context.Context, t *facts.Tree) (all []Stack, unread, err error) {
	alone, err := Project(ctx, t)
	if err != nil {
		return nil, nil, err
	}
	names, err := facts.Read(t, "what is put over "+Name, func(files fs.FS) (names []string, err error) {
		entries, err := fs.ReadDir(files, ".")
		for _, e := range entries {
			if e.Name() != Name && over.MatchString(e.Name()) && !e.IsDir() {
				names = append(names, e.Name())
			}
		}
		return names, err
	})
	if err != nil {
		return nil, nil, err
	}
	if len(names) > maxOver {
		return nil, nil, fmt.Errorf("more than %d files could be put over %s", maxOver, Name)
	}
	all = []Stack{{Project: alone}}
	for _, name := range names {
		both, err := facts.Read(t, Name+" and "+name, func(files fs.FS) (*compose.Project, error) {
			variables, err := compose.Variables(files, Name, name)
			if err != nil {
				return nil, err
			}
			return compose.Load(ctx, files, compose.StandIns(variables), Name, name)
		})
		if err != nil {
			unread = cmp.Or(unread, err)
			continue
		}
		all = append(all, Stack{both, name})
	}
	return all, unread, nil
}

// JudgeEach judges each stack. What is found without a file over it is told once. While nothing is found, one that cannot be read or judged makes the whole NOT EVIDENCED.
func JudgeEach(ctx context.Context, t *facts.Tree, judge func(*compose.Project) guide.Result) guide.Result {
	all, unread, err := stacks(ctx, t)
	if err != nil {
		return guide.NoEvidence("%v", err)
	}
	var subjects []guide.Subject
	var findings []guide.Finding
	var alone guide.Result
	unseen := ""
	if unread != nil {
		unseen = unread.Error()
	}
	for _, s := range all {
		r := judge(s.Project)
		if v := r.Verdict(); v != guide.Passed && v != guide.Failed {
			unseen = cmp.Or(unseen, s.String()+": "+r.Reason())
		}
		if s.Over == "" {
			alone, subjects, findings = r, slices.Clone(r.Subjects()), slices.Clone(r.Findings())
			continue
		}
		for _, f := range r.Findings() {
			known := slices.ContainsFunc(alone.Findings(), func(g guide.Finding) bool { return g.Mode == f.Mode && g.Subject == f.Subject })
			if !known {
				f.Detail = "with " + s.Over + ", " + f.Detail
				findings = append(findings, f)
			}
		}
		for _, one := range r.Subjects() {
			if !slices.Contains(alone.Subjects(), one) {
				one.Name += ", with " + s.Over
				subjects = append(subjects, one)
			}
		}
	}
	if len(findings) == 0 && unseen != "" {
		return guide.NoEvidence("%s", unseen)
	}
	return guide.Judge(subjects, findings)
}
