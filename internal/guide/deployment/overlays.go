package deployment

import (
	"fmt"
	"io/fs"
	"path"
	"slices"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/kube"
)

// Overlay is one beside Production, by its folder.
type Overlay struct {
	Name string
	Set  *kube.Set
}

// maxOverlays is how many are looked at.
const maxOverlays = 32

// Others are the overlays beside Production: what holds there and not in these is weakened for whoever applies one of them.
func Others(t *facts.Tree) ([]Overlay, error) {
	return facts.Read(t, "other overlays", func(files fs.FS) (all []Overlay, err error) {
		found, err := fs.ReadDir(files, path.Dir(Production))
		if err != nil {
			return nil, err
		}
		if len(found) > maxOverlays {
			return nil, fmt.Errorf("%s has %d overlays, more than %d", path.Dir(Production), len(found), maxOverlays)
		}
		for _, f := range found {
			name := path.Join(path.Dir(Production), f.Name())
			if !f.IsDir() || name == Production {
				continue
			}
			set, err := kube.Render(files, name)
			if err != nil {
				return nil, err
			}
			if len(set.Unread) > 0 {
				return nil, fmt.Errorf("%s: %s (%s) is of a kind that is not known here: it may start pods, open ways or hold secrets", name, set.Unread[0], set.Unread[0].File)
			}
			all = append(all, Overlay{Name: name, Set: set})
		}
		return all, nil
	})
}

// JudgeAll is Judge, and of every other overlay what is wrong there alone.
func JudgeAll(t *facts.Tree, judge func(*kube.Set) guide.Result) guide.Result {
	r := Judge(t, judge)
	if v := r.Verdict(); v != guide.Passed && v != guide.Failed {
		return r
	}
	others, err := Others(t)
	if err != nil && r.Verdict() == guide.Passed {
		return guide.NoEvidence("%v", err)
	}
	findings := slices.Clone(r.Findings())
	for _, o := range others {
		for _, f := range judge(o.Set).Findings() {
			if slices.ContainsFunc(r.Findings(), func(g guide.Finding) bool { return g.Mode == f.Mode && g.Subject == f.Subject }) {
				continue
			}
			f.Subject = path.Base(o.Name) + ": " + f.Subject
			findings = append(findings, f)
		}
	}
	return guide.Judge(r.Subjects(), findings)
}

// Patch is a mutation of an overlay beside Production: one more patch of its own. target is written as YAML in braces, and so is the operation, a JSON patch.
func Patch(mode, what, overlay, target, operation string, also ...string) guide.Mutation {
	return guide.Mutation{Mode: mode, What: what, Also: also, Change: func(d *guide.Draft) error {
		return d.Append(path.Join(path.Dir(Production), overlay, "kustomization.yaml"), "patches:\n  - target: "+target+"\n    patch: |-\n      - "+operation+"\n")
	}}
}
