package breaks

import (
	"context"
	"errors"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/cluster"
)

// The parts of a running system that the breaks are of, as keys of what is seen of them begin.
const (
	Cluster   = "cluster"   // objects, and what follows from them
	Admission = "admission" // which pods the server would take
	Access    = "access"    // whom it lets do what
)

// parts are those that a change of an object may change.
func (o Object) parts() []string {
	switch o.Group + "/" + o.Resource {
	case "/serviceaccounts", "/namespaces", "apps/deployments", "admissionregistration.k8s.io/validatingadmissionpolicybindings":
		return []string{Cluster, Admission}
	}
	if o.Group == "rbac.authorization.k8s.io" {
		return []string{Cluster, Access}
	}
	return []string{Cluster}
}

// Object names an object of the cluster.
type Object struct {
	Group, Version, Resource, Name string
	OfCluster                      bool // of no namespace; otherwise of the platform's
}

func (o Object) String() string { return o.Resource + " " + o.Name }

// Change breaks an object by changing fields of it. Undone, it has the spec and whatever else it had.
func Change(mode, what string, o Object, change func(Fields) error, also ...string) guide.Break {
	return guide.Break{Mode: mode, What: what, Of: o.parts(), Also: also, Do: func(ctx context.Context, s *facts.System) (func(context.Context) error, error) {
		client, err := open(s, o)
		if err != nil {
			return nil, err
		}
		was, err := client.Get(ctx, o.Name, metav1.GetOptions{})
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", o, err)
		}
		broken := was.DeepCopy()
		if err := change(Fields(broken.Object)); err != nil {
			return nil, fmt.Errorf("change %s: %w", o, err)
		}
		now, err := client.Update(ctx, broken, metav1.UpdateOptions{})
		undo := func(ctx context.Context) error { return restore(ctx, client, was) }
		switch {
		case err != nil && apierrors.ReasonForError(err) == metav1.StatusReasonUnknown:
			return undo, fmt.Errorf("change %s: %w", o, err) // it may have been changed
		case err != nil:
			return nil, fmt.Errorf("change %s: %w", o, err)
		case now.GetResourceVersion() == was.GetResourceVersion():
			return undo, fmt.Errorf("change %s: it is what it was", o)
		}
		return undo, nil
	}}
}

// restoreTries is how often an object is written back that somebody else, such as its controller, has written meanwhile.
const restoreTries = 10

// restore writes an object back as it was.
func restore(ctx context.Context, client dynamic.ResourceInterface, was *unstructured.Unstructured) error {
	var err error
	for range restoreTries {
		now, got := client.Get(ctx, was.GetName(), metav1.GetOptions{})
		if got != nil {
			return fmt.Errorf("read %s: %w", was.GetName(), got)
		}
		back := was.DeepCopy()
		back.SetResourceVersion(now.GetResourceVersion())
		if _, err = client.Update(ctx, back, metav1.UpdateOptions{}); !apierrors.IsConflict(err) {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("write %s back: %w", was.GetName(), err)
	}
	return nil
}

// Remove takes an object away. Undone, it is made anew.
func Remove(mode, what string, o Object, also ...string) guide.Break {
	return guide.Break{Mode: mode, What: what, Of: o.parts(), Also: also, Do: func(ctx context.Context, s *facts.System) (func(context.Context) error, error) {
		client, err := open(s, o)
		if err != nil {
			return nil, err
		}
		was, err := client.Get(ctx, o.Name, metav1.GetOptions{})
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", o, err)
		}
		undo := func(ctx context.Context) error {
			back := was.DeepCopy()
			back.SetResourceVersion("")
			back.SetUID("")
			if _, err := client.Create(ctx, back, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
				return fmt.Errorf("make %s again: %w", o, err)
			}
			return nil
		}
		if err := client.Delete(ctx, o.Name, metav1.DeleteOptions{}); err != nil {
			return undo, fmt.Errorf("remove %s: %w", o, err)
		}
		return undo, nil
	}}
}

// Add makes an object that is not there; its name and namespace are o's. Undone, it is gone.
func Add(mode, what string, o Object, object map[string]any, also ...string) guide.Break {
	return guide.Break{Mode: mode, What: what, Of: o.parts(), Also: also, Do: func(ctx context.Context, s *facts.System) (func(context.Context) error, error) {
		client, err := open(s, o)
		if err != nil {
			return nil, err
		}
		made := (&unstructured.Unstructured{Object: object}).DeepCopy()
		made.SetName(o.Name)
		if _, err := client.Create(ctx, made, metav1.CreateOptions{}); apierrors.IsAlreadyExists(err) {
			return nil, fmt.Errorf("add %s: it is there already, and somebody else's", o)
		} else if err != nil {
			return nil, fmt.Errorf("add %s: %w", o, err)
		}
		return func(ctx context.Context) error {
			if err := client.Delete(ctx, o.Name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
				return fmt.Errorf("remove %s again: %w", o, err)
			}
			return nil
		}, nil
	}}
}

// Both does several breaks one after the other, and undoes them in reverse.
func Both(mode, what string, all []guide.Break, also ...string) guide.Break {
	var parts []string
	for _, b := range all {
		parts = append(parts, b.Of...)
	}
	slices.Sort(parts)
	return guide.Break{Mode: mode, What: what, Of: slices.Compact(parts), Also: also, Do: func(ctx context.Context, s *facts.System) (func(context.Context) error, error) {
		var undos []func(context.Context) error
		undo := func(ctx context.Context) error {
			var errs []error
			for _, u := range slices.Backward(undos) {
				errs = append(errs, u(ctx))
			}
			return errors.Join(errs...)
		}
		for _, b := range all {
			u, err := b.Do(ctx, s)
			if u != nil {
				undos = append(undos, u)
			}
			if err != nil {
				return undo, fmt.Errorf("%s: %w", b.What, err)
			}
		}
		return undo, nil
	}}
}

func open(s *facts.System, o Object) (dynamic.ResourceInterface, error) {
	c, err := cluster.Open(s.Targets.Cluster)
	if err != nil {
		return nil, err
	}
	client := c.Objects(o.Group, o.Version, o.Resource)
	if o.OfCluster {
		return client, nil
	}
	return client.Namespace(c.Namespace), nil
}

// Fields are an object's.
type Fields map[string]any

// Set puts a value at a path, and makes what is missing on the way.
func (f Fields) Set(value any, path ...string) error {
	return unstructured.SetNestedField(f, value, path...)
}

// Remove takes away what stands at a path; it is an error if nothing does.
func (f Fields) Remove(path ...string) error {
	if _, found, err := unstructured.NestedFieldNoCopy(f, path...); err != nil || !found {
		return fmt.Errorf("there is nothing at %v (%v)", path, err)
	}
	unstructured.RemoveNestedField(f, path...)
	return nil
}

// List is the list at a path.
func (f Fields) List(path ...string) ([]any, error) {
	list, _, err := unstructured.NestedSlice(f, path...)
	return list, err
}

// Text is the text at a path; it is an error if there is none.
func (f Fields) Text(path ...string) (string, error) {
	text, found, err := unstructured.NestedString(f, path...)
	if err != nil || !found {
		return "", fmt.Errorf("there is no text at %v (%v)", path, err)
	}
	return text, nil
}

// Append adds to the list at a path.
func (f Fields) Append(value any, path ...string) error {
	list, err := f.List(path...)
	if err != nil {
		return err
	}
	return f.Set(append(list, value), path...)
}

// Each changes every object of the list at a path.
func (f Fields) Each(change func(Fields) error, path ...string) error {
	list, err := f.List(path...)
	if err != nil || len(list) == 0 {
		return fmt.Errorf("there is no list at %v (%v)", path, err)
	}
	for _, one := range list {
		fields, ok := one.(map[string]any)
		if !ok {
			return fmt.Errorf("the list at %v is not of objects", path)
		}
		if err := change(fields); err != nil {
			return err
		}
	}
	return f.Set(list, path...)
}
