package deployment

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/kube"
)

// Overlay is a kustomization of the platform that somebody applies: Production, or another.
type Overlay struct {
	Name string    // its folder: "k8s/overlays/staging"
	Set  *kube.Set // what it comes to; nil where Err says why that is not known
	Err  error
}

// String is how a report calls it: "staging".
func (o Overlay) String() string { return strings.TrimPrefix(o.Name, overlays+"/") }

const (
	manifests = "k8s"
	overlays  = "k8s/overlays"
	// maxOverlays is how many are rendered: each takes a good part of a second.
	maxOverlays = 32
)

// base is what every overlay is made of, and each says for whom: nobody applies it by itself.
const base = "k8s/base"

// beside are the kustomizations in k8s that are applied to the same cluster as an overlay, whichever it is, each for its reason. What they come to is judged as if it stood in every overlay: a policy for the
// platform's namespace, a role or a secret does there what it would do here. Any other kustomization but the base is an overlay, wherever it is.
func beside() map[string]string {
	return map[string]string{"k8s/ingress-nginx": "settings of the ingress controller, which is none of the platform's parts"}
}

// Overlays are all that the tree has, Production first, whether it is there or not, the others in order. One that cannot be rendered is among them, with the
// reason. An error is that nobody can say which there are.
func Overlays(t *facts.Tree) ([]Overlay, error) {
	return overlaysOf(t, func(string) bool { return true })
}

// Whole is Production with all that is applied beside it.
func Whole(t *facts.Tree) (*kube.Set, error) {
	all, err := overlaysOf(t, func(name string) bool { return name == Production || beside()[name] != "" })
	if err != nil {
		return nil, err
	}
	for _, o := range all {
		if o.Err != nil {
			return nil, o.Err
		}
	}
	return all[0].Set, nil
}

func overlaysOf(t *facts.Tree, wanted func(string) bool) ([]Overlay, error) {
	names, err := facts.Read(t, "overlays", func(files fs.FS) ([]string, error) {
		found, err := kube.Applied(files, manifests)
		if err != nil {
			return nil, err
		}
		found = slices.DeleteFunc(found, func(name string) bool { return name == Production || name == base })
		if len(found) >= maxOverlays {
			return nil, fmt.Errorf("%s has more than %d kustomizations that can be applied", manifests, maxOverlays)
		}
		return append([]string{Production}, found...), nil
	})
	if err != nil {
		return nil, err
	}
	names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !wanted(name) })
	found := make([]Overlay, len(names))
	var rendering sync.WaitGroup
	for i, name := range names {
		rendering.Go(func() {
			set, err := rendered(t, name)
			found[i] = Overlay{name, set, err}
		})
	}
	rendering.Wait()
	return together(found), nil
}

// together puts what is applied beside every overlay into each. Of what cannot be rendered it is known that nobody knows what it does.
func together(found []Overlay) (all []Overlay) {
	var more []*kube.Set
	for _, o := range found {
		switch {
		case beside()[o.Name] == "" || o.Err != nil:
			all = append(all, o)
		default:
			more = append(more, o.Set)
		}
	}
	for i, o := range all {
		if o.Err == nil {
			all[i].Set = o.Set.Together(more...)
		}
	}
	return all
}

// JudgeEach is the tree's column of a control that is about every overlay: it holds where it holds of each. What is found in several is told once, of Production
// if it is found there, otherwise of those where it is; each subject says in which it was looked at. While nothing is found, one that cannot be rendered, or judged, makes the
// whole NOT EVIDENCED.
func JudgeEach(t *facts.Tree, judge func(Overlay) guide.Result) guide.Result {
	all, err := Overlays(t)
	if err != nil {
		return guide.NoEvidence("%v", err)
	}
	var unseen []string
	var findings told[guide.Finding]
	var subjects told[guide.Subject]
	for _, o := range all {
		if o.Err != nil {
			unseen = append(unseen, o.Err.Error())
			continue
		}
		r := judge(o)
		switch r.Verdict() {
		case guide.Passed, guide.Failed:
		default:
			unseen = append(unseen, o.String()+": "+r.Reason())
		}
		for _, f := range r.Findings() {
			findings.add(f, o)
		}
		for _, s := range r.Subjects() {
			subjects.add(s, o)
		}
	}
	if len(findings.order) == 0 && len(unseen) > 0 {
		return guide.NoEvidence("%s", strings.Join(unseen, "; "))
	}
	for i, f := range findings.order {
		if of := findings.in[f]; !slices.Contains(of, Overlay{Name: Production}.String()) {
			findings.order[i].Subject = strings.Join(of, ", ") + ": " + f.Subject
		}
	}
	for i, s := range subjects.order {
		subjects.order[i].Evidence += "; in " + strings.Join(subjects.in[s], ", ")
	}
	return guide.Judge(subjects.order, findings.order)
}

// told is what is said of overlays, each once, and of which.
type told[T comparable] struct {
	order []T
	in    map[T][]string
}

func (t *told[T]) add(one T, o Overlay) {
	if t.in == nil {
		t.in = map[T][]string{}
	}
	of, known := t.in[one]
	if !known {
		t.order = append(t.order, one)
	}
	if !slices.Contains(of, o.String()) {
		t.in[one] = append(of, o.String())
	}
}

// Beside is a mutation that adds an object to what is applied beside every overlay, where no kustomization puts it into a namespace.
func Beside(mode, what, object string, also ...string) guide.Mutation {
	const folder = "k8s/ingress-nginx/"
	return guide.Mutation{Mode: mode, What: what, Also: also, Change: func(d *guide.Draft) error {
		for _, name := range []string{"ingress-nginx-controller", "security-headers"} {
			if err := d.Replace(folder+"controller.yaml", "metadata:\n  name: "+name+"\n", "metadata:\n  name: "+name+"\n  namespace: ingress-nginx\n"); err != nil {
				return err
			}
		}
		if err := d.Replace(folder+"kustomization.yaml", "namespace: ingress-nginx\nresources: [controller.yaml]\n", "resources: [controller.yaml, more.yaml]\n"); err != nil {
			return err
		}
		return d.Write(folder+"more.yaml", []byte(object))
	}}
}

// Patch is a mutation of an overlay beside Production, by one more patch of its own: target is written as YAML in braces, and so is operation, a JSON patch's.
func Patch(mode, what, overlay, target, operation string, also ...string) guide.Mutation {
	return patch(mode, what, overlay, target, "- "+operation, also)
}

// Drop is a mutation that takes objects out of one overlay: target is written as YAML in braces.
func Drop(mode, what, overlay, target string, also ...string) guide.Mutation {
	return patch(mode, what, overlay, target, "{$patch: delete, apiVersion: v1, kind: ConfigMap, metadata: {name: whatever the target selects}}", also)
}

// patch adds to the patches of an overlay, which stand last in its kustomization where it has any.
func patch(mode, what, overlay, target, text string, also []string) guide.Mutation {
	return guide.Mutation{Mode: mode, What: what, Also: also, Change: func(d *guide.Draft) error {
		file := overlays + "/" + overlay + "/kustomization.yaml"
		was, err := d.Read(file)
		if err != nil {
			return err
		}
		more := "  - target: " + target + "\n    patch: |-\n      " + text + "\n"
		if !strings.Contains(string(was), "\npatches:\n") {
			more = "patches:\n" + more
		}
		return d.Append(file, more)
	}}
}
