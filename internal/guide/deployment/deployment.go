package deployment

import (
	"cmp"
	"fmt"
	"io/fs"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/kube"
)

const (
	// Namespace is the platform's.
	Namespace = "stellar-escrow"
	// Production is the overlay that the guide is about.
	Production = "k8s/overlays/production"
)

// Rendered is everything that the production overlay comes to. An object of a kind that is not known here is an error: it may start pods, open ways or hold secrets.
func Rendered(t *facts.Tree) (*kube.Set, error) { return rendered(t, Production) }

// objects is what those that were rendered of a tree, and of those that come of it, are kept by.
type objects struct{}

func rendered(t *facts.Tree, overlay string) (*kube.Set, error) {
	known, err := facts.Keep(t, objects{}, func() (*kube.Known, error) { return new(kube.Known), nil })
	if err != nil {
		return nil, err
	}
	return facts.Read(t, overlay, func(files fs.FS) (*kube.Set, error) {
		set, err := known.Render(files, overlay)
		if err != nil {
			return nil, err
		}
		if len(set.Unread) > 0 {
			return nil, fmt.Errorf("%s: %s (%s) is of a kind that is not known here: it may start pods, open ways or hold secrets", overlay, set.Unread[0], set.Unread[0].File)
		}
		return set, nil
	})
}

// NamespaceOf is the platform's in a set.
func NamespaceOf(s *kube.Set) string { return cmp.Or(s.Namespace, Namespace) }

// Workloads are the pods of the platform's namespace, by what makes them.
func Workloads(s *kube.Set) (ours []kube.Workload) {
	for _, w := range s.Workloads() {
		if w.Namespace == NamespaceOf(s) {
			ours = append(ours, w)
		}
	}
	return ours
}

// At is where an object stands.
func At(o kube.Object) guide.Place { return guide.Place{File: o.File, Line: o.Line} }

// Change is a mutation of a file of k8s/base.
func Change(mode, what, file, old, new string, also ...string) guide.Mutation {
	return guide.Mutation{Mode: mode, What: what, Change: func(d *guide.Draft) error { return d.Replace("k8s/base/"+file, old, new) }, Also: also}
}

// Append is a mutation that adds to a file of k8s/base.
func Append(mode, what, file, more string, also ...string) guide.Mutation {
	return guide.Mutation{Mode: mode, What: what, Change: func(d *guide.Draft) error { return d.Append("k8s/base/"+file, more) }, Also: also}
}
