package deployment

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/breaks"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/cluster"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/kube"
)

// errNoCluster is that nobody has named one.
var errNoCluster = errors.New("the targets file names no cluster")

// Cluster is what the cluster of the targets file has, read once.
func Cluster(ctx context.Context, s *facts.System) (*cluster.Facts, error) {
	return facts.Look(ctx, s, breaks.Cluster+": objects", func(ctx context.Context) (*cluster.Facts, error) {
		if s.Targets.Cluster == (facts.Cluster{}) {
			return nil, errNoCluster
		}
		c, err := cluster.Open(s.Targets.Cluster)
		if err != nil {
			return nil, err
		}
		return c.Look(ctx), nil
	})
}

// Live is the running column of a control that is about the platform's objects: needs are the resources ("networkpolicies") that it cannot do without.
func Live(ctx context.Context, s *facts.System, needs []string, judge func(*cluster.Facts) guide.Result) guide.Result {
	f, err := Cluster(ctx, s)
	if err == nil {
		err = f.Seen(needs...)
	}
	if err != nil {
		return guide.NoEvidence("%v", err)
	}
	return judge(f)
}

// Once leaves out findings and subjects that stand there already: of what the pods that run and the template that they were made by both show.
func Once(subjects []guide.Subject, findings []guide.Finding) guide.Result {
	slices.SortStableFunc(findings, func(a, b guide.Finding) int {
		return cmp.Or(cmp.Compare(a.Mode, b.Mode), cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Detail, b.Detail))
	})
	slices.SortStableFunc(subjects, func(a, b guide.Subject) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Evidence, b.Evidence))
	})
	return guide.Judge(slices.Compact(subjects), slices.Compact(findings))
}

// Comparison is how objects of one type are held against those of the tree, by name.
type Comparison[T any] struct {
	Resource string // as the API calls it: "networkpolicies"
	// Means is what counts of an object, with the server's defaults filled in.
	Means func(*T) any
	// Ours tells which of the cluster's are the platform's; nil: those of its namespace. Of others it is no finding that the tree does not have them.
	Ours func(kube.Found[T], string) bool
	// Missing, Different and Surplus are the ways to fail: the tree has it and the cluster does not, it means something else there, the tree does not have it.
	// Surplus may be empty.
	Missing, Different, Surplus string
}

// Look compares.
func (c Comparison[T]) Look(t *facts.Tree, f *cluster.Facts) (subjects []guide.Subject, findings []guide.Finding, err error) {
	if err := f.Seen(c.Resource); err != nil {
		return nil, nil, err
	}
	set, err := Rendered(t)
	if err != nil {
		return nil, nil, err
	}
	live := map[string]kube.Found[T]{}
	for _, o := range kube.Of[T](f.Set) {
		if c.Ours != nil && c.Ours(o, NamespaceOf(f.Set)) || c.Ours == nil && o.Namespace == NamespaceOf(f.Set) {
			live[o.Kind+" "+o.Name] = o
		}
	}
	add := func(mode string, o kube.Object, detail string) {
		findings = append(findings, guide.Finding{Mode: mode, Subject: o.String(), Detail: detail, At: At(o)})
	}
	for _, o := range kube.Of[T](set) {
		if o.Namespace != "" && o.Namespace != Namespace {
			continue
		}
		there, ok := live[o.Kind+" "+o.Name]
		delete(live, o.Kind+" "+o.Name)
		if !ok {
			add(c.Missing, o.Object, fmt.Sprintf("%s does not have it: apply %s", f.Cluster.Name, o.File))
			continue
		}
		want, got, err := c.texts(o.Value, there.Value)
		if err != nil {
			return nil, nil, fmt.Errorf("compare %s: %w", o.Object, err)
		}
		if want != got {
			add(c.Different, o.Object, fmt.Sprintf("in %s it is %s; the tree has %s", f.Cluster.Name, got, want))
			continue
		}
		subjects = append(subjects, guide.Subject{Name: o.String(), Evidence: "in the cluster as in the tree", At: At(o.Object)})
	}
	for _, o := range live {
		if c.Surplus != "" {
			add(c.Surplus, o.Object, "the tree does not have it: take it away, or put it there")
		}
	}
	return subjects, findings, nil
}

func (c Comparison[T]) texts(tree, live *T) (want, got string, err error) {
	for _, one := range []struct {
		object *T
		text   *string
	}{{tree, &want}, {live, &got}} {
		text, err := json.Marshal(c.Means(one.object))
		if err != nil {
			return "", "", err
		}
		*one.text = string(text)
	}
	return want, got, nil
}
