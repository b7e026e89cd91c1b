package kube

import (
	"errors"
	"fmt"
	"slices"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/kustomize/api/resource"
)

// Object says which object it is, and where it is from.
type Object struct {
	APIVersion, Kind string
	Namespace        string // empty for one of the whole cluster, or where the tree names none
	Name             string
	File             string // path in the tree: where it stands, or whose generator makes it
	Line             int    // of its first key, from 1; 0 where none can be named
}

// String is how a person calls it: "Deployment stellar-escrow/api".
func (o Object) String() string {
	if o.Namespace == "" {
		return o.Kind + " " + o.Name
	}
	return o.Kind + " " + o.Namespace + "/" + o.Name
}

// Found is an object of one type.
type Found[T any] struct {
	Object
	Value *T
}

// Set is everything that an overlay comes to. Its objects are nobody's to change: other sets have them too.
type Set struct {
	// Unread are the objects of kinds that are not known here: they may hold anything, pods and rules among it.
	Unread []Object
	// Namespace is the platform's where somebody has said so, as of objects that a cluster has; empty: the guide's.
	Namespace string
	// Folders are those of the kustomizations that it is made of, in order; none of objects that a cluster has.
	Folders []string

	objects []Any
}

// Objects are all of them in kustomize's order, the unread ones last.
func (s *Set) Objects() []Object {
	all := make([]Object, 0, len(s.objects)+len(s.Unread))
	for _, o := range s.objects {
		all = append(all, o.Object)
	}
	return append(all, s.Unread...)
}

// Any is an object of whatever kind that is known here.
type Any struct {
	Object
	value runtime.Object
}

// Fields are all of an object's that say something, as JSON has them.
func (a Any) Fields() (map[string]any, error) {
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(a.value)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", a.Object, err)
	}
	return fields, nil
}

// Every are all of them that were read, in kustomize's order.
func (s *Set) Every() []Any {
	return slices.Clone(s.objects)
}

// Of are the objects of one type of k8s.io/api, or of this package.
func Of[T any](s *Set) (all []Found[T]) {
	for _, o := range s.objects {
		if v, ok := any(o.value).(*T); ok {
			all = append(all, Found[T]{o.Object, v})
		}
	}
	return all
}

// NetworkPolicies are those of every namespace.
func (s *Set) NetworkPolicies() []Found[networkingv1.NetworkPolicy] {
	return Of[networkingv1.NetworkPolicy](s)
}

// ServiceAccounts are those of every namespace.
func (s *Set) ServiceAccounts() []Found[corev1.ServiceAccount] { return Of[corev1.ServiceAccount](s) }

// Roles are those of every namespace.
func (s *Set) Roles() []Found[rbacv1.Role] { return Of[rbacv1.Role](s) }

// ClusterRoles are those of the whole cluster.
func (s *Set) ClusterRoles() []Found[rbacv1.ClusterRole] { return Of[rbacv1.ClusterRole](s) }

// RoleBindings are those of every namespace.
func (s *Set) RoleBindings() []Found[rbacv1.RoleBinding] { return Of[rbacv1.RoleBinding](s) }

// ClusterRoleBindings are those of the whole cluster.
func (s *Set) ClusterRoleBindings() []Found[rbacv1.ClusterRoleBinding] {
	return Of[rbacv1.ClusterRoleBinding](s)
}

// Services are those of every namespace.
func (s *Set) Services() []Found[corev1.Service] { return Of[corev1.Service](s) }

// ConfigMaps are those of every namespace.
func (s *Set) ConfigMaps() []Found[corev1.ConfigMap] { return Of[corev1.ConfigMap](s) }

// Secrets are those that stand in the tree itself, in plain text.
func (s *Set) Secrets() []Found[corev1.Secret] { return Of[corev1.Secret](s) }

// SecretProviderClasses are those of every namespace.
func (s *Set) SecretProviderClasses() []Found[SecretProviderClass] {
	return Of[SecretProviderClass](s)
}

// Ingresses are those of every namespace.
func (s *Set) Ingresses() []Found[networkingv1.Ingress] { return Of[networkingv1.Ingress](s) }

// AdmissionPolicies are those of the whole cluster.
func (s *Set) AdmissionPolicies() []Found[admissionregistrationv1.ValidatingAdmissionPolicy] {
	return Of[admissionregistrationv1.ValidatingAdmissionPolicy](s)
}

// AdmissionBindings are those of the whole cluster: a policy that has none does nothing.
func (s *Set) AdmissionBindings() []Found[admissionregistrationv1.ValidatingAdmissionPolicyBinding] {
	return Of[admissionregistrationv1.ValidatingAdmissionPolicyBinding](s)
}

// Autoscalers are those of every namespace.
func (s *Set) Autoscalers() []Found[autoscalingv2.HorizontalPodAutoscaler] {
	return Of[autoscalingv2.HorizontalPodAutoscaler](s)
}

// DisruptionBudgets are those of every namespace.
func (s *Set) DisruptionBudgets() []Found[policyv1.PodDisruptionBudget] {
	return Of[policyv1.PodDisruptionBudget](s)
}

// Namespaces are those that stand in the tree; others may be named by its objects.
func (s *Set) Namespaces() []Found[corev1.Namespace] { return Of[corev1.Namespace](s) }

// add reads one object of kustomize's. Its error names it and its file.
func (s *Set) add(r *resource.Resource, k *Known, at place) error {
	o := Object{APIVersion: r.GetApiVersion(), Kind: r.GetKind(), Namespace: r.GetNamespace(), Name: r.GetName(), File: at.file, Line: at.line}
	if err := r.SetOrigin(nil); err != nil {
		return fmt.Errorf("%s, %s: %w", o.File, o, err)
	}
	value, err := k.object(r)
	switch {
	case runtime.IsNotRegisteredError(err):
		s.Unread = append(s.Unread, o)
	case errors.Is(err, errNoText):
		return fmt.Errorf("%s, %s: %w", o.File, o, err)
	case err != nil:
		return fmt.Errorf("%s, %s, or a patch of it: %w", o.File, o, err)
	default:
		s.objects = append(s.objects, Any{o, value})
	}
	return nil
}
