package kube

import (
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// Collected is the set of objects that somebody has read from an API server, so that what judges an overlay judges them too. from stands where an
// overlay's objects have their file: "cluster production"; namespace is the platform's.
//
// A field that is not known here is passed over: servers that are newer than this program have some, and fill them in. A pod stands under the name of
// who made it in the end, as by tells, and keeps its own APIVersion; if by tells of nobody, it stands under its own name.
func Collected(from, namespace string, objects []*unstructured.Unstructured, by func(pod *unstructured.Unstructured) (kind, name string)) (*Set, error) {
	scheme, err := known()
	if err != nil {
		return nil, err
	}
	set := &Set{Namespace: namespace}
	var errs []error
	for _, u := range objects {
		o := Object{APIVersion: u.GetAPIVersion(), Kind: u.GetKind(), Namespace: u.GetNamespace(), Name: u.GetName(), File: from}
		value, err := scheme.New(u.GroupVersionKind())
		if err != nil {
			set.Unread = append(set.Unread, o)
			continue
		}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, value); err != nil {
			errs = append(errs, fmt.Errorf("%s, %s: %w", from, o, err))
			continue
		}
		if o.Kind == "Pod" {
			if kind, name := by(u); kind != "" {
				o.Kind, o.Name = kind, name
			}
		}
		set.objects = append(set.objects, Any{o, value})
	}
	return set, errors.Join(errs...)
}
