package kube

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// What an API server tells is judged by who made it, and a field of a newer server does not stand in the way.
func TestCollected(t *testing.T) {
	object := func(version, kind, name string, rest map[string]any) *unstructured.Unstructured {
		u := &unstructured.Unstructured{Object: rest}
		u.SetAPIVersion(version)
		u.SetKind(kind)
		u.SetNamespace("stellar-escrow")
		u.SetName(name)
		return u
	}
	pod := map[string]any{"spec": map[string]any{"serviceAccountName": "api", "ofTomorrow": true}}
	by := func(u *unstructured.Unstructured) (string, string) {
		if u.GetName() == "api-1" {
			return "Deployment", "api"
		}
		return "", ""
	}
	set, err := Collected("cluster c", "stellar-escrow", []*unstructured.Unstructured{
		object("v1", "Pod", "api-1", pod), object("v1", "Pod", "alone", map[string]any{}), object("example.org/v1", "Pod", "foreign", map[string]any{}),
	}, by)
	if err != nil {
		t.Fatal(err)
	}
	all := set.Workloads()
	if len(all) != 2 || all[0].String() != "Deployment stellar-escrow/api" || all[0].File != "cluster c" || all[0].Pod.Spec.ServiceAccountName != "api" || all[1].Name != "alone" {
		t.Errorf("%+v", all)
	}
	if len(Of[corev1.Pod](set)) != 2 || len(set.Unread) != 1 {
		t.Errorf("%d pods, %v not read", len(Of[corev1.Pod](set)), set.Unread)
	}
	if _, err := Collected("cluster c", "stellar-escrow", []*unstructured.Unstructured{object("v1", "Pod", "odd", map[string]any{"spec": "none"})}, by); err == nil {
		t.Error("a pod whose spec is a word was read")
	}
}
