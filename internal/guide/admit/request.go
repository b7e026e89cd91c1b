package admit

import (
	"context"
	"fmt"

	admissionv1 "k8s.io/api/admission/v1"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/predicates/rules"
	"k8s.io/apiserver/pkg/authentication/user"
)

// Request is what an API server is asked to do with a pod. Without Old it makes it; with Old, which is the pod that there is, it changes it.
type Request struct {
	Pod, Old    *corev1.Pod
	Subresource string // empty: the pod itself; "ephemeralcontainers"
}

// Refusal is that a policy refuses a request.
type Refusal struct {
	Policy, Binding string
	Reason          string // in the policy's words
	// Escapes are how a pod that is wrong in the same way could come past the policy: by what whoever makes it chooses, or where it cannot be evaluated. A policy
	// is judged by the parts of a pod that it asks for; those that New was not given count as chosen.
	Escapes []string
}

// Refuse is by which policies the API server would refuse the request; none: by no policy. It fails if a policy could not be held against it at all.
func (p *Policies) Refuse(ctx context.Context, r Request) (all []Refusal, err error) {
	a, err := p.attributes(r)
	if err != nil {
		return nil, err
	}
	for _, b := range p.bound {
		reason, refused, err := b.refuses(ctx, a)
		if err != nil {
			return nil, fmt.Errorf("ask ValidatingAdmissionPolicy %s about pod %s: %w", b.policy, r.Pod.Name, err)
		}
		if refused {
			all = append(all, Refusal{b.policy, b.binding, reason, b.escapes})
		}
	}
	return all, nil
}

// attributes is a request as the API server's own code has it.
type attributes struct {
	versioned *admission.VersionedAttributes
	namespace *corev1.Namespace
	labels    labels.Set
}

var ( // which never change
	podKind     = corev1.SchemeGroupVersion.WithKind("Pod")
	podResource = corev1.SchemeGroupVersion.WithResource("pods")
)

func (p *Policies) attributes(r Request) (attributes, error) {
	kind, operation := podKind, admission.Create
	var old runtime.Object
	var options runtime.Object = &metav1.CreateOptions{}
	if r.Old != nil {
		operation, options = admission.Update, &metav1.UpdateOptions{}
		before, err := p.whole(r.Old)
		if err != nil {
			return attributes{}, err
		}
		old = before
	}
	pod, err := p.whole(r.Pod)
	if err != nil {
		return attributes{}, err
	}
	asks := &user.DefaultInfo{Name: "system:serviceaccount:kube-system:replicaset-controller", Groups: []string{"system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"}}
	record := admission.NewAttributesRecord(pod, old, kind, p.namespace.Name, r.Pod.Name, schema.GroupVersionResource(podResource), r.Subresource, operation, options, false, asks)
	return attributes{
		versioned: &admission.VersionedAttributes{Attributes: record, VersionedObject: admission.NewLazyObject(pod), VersionedOldObject: admission.NewLazyObject(old), VersionedKind: kind},
		namespace: p.namespace, labels: labels.Set(r.Pod.Labels),
	}, nil
}

// whole is a pod as one object of the namespace.
func (p *Policies) whole(pod *corev1.Pod) (*corev1.Pod, error) {
	if pod == nil {
		return nil, fmt.Errorf("ask about a pod of namespace %s: there is none", p.namespace.Name)
	}
	pod = pod.DeepCopy()
	pod.APIVersion, pod.Kind, pod.Namespace = "v1", "Pod", p.namespace.Name
	return pod, nil
}

func (a attributes) request() *admissionv1.AdmissionRequest {
	return cel.CreateAdmissionRequest(a.versioned.Attributes, metav1.GroupVersionResource(podResource), metav1.GroupVersionKind(podKind))
}

// match tells whether the request is one that these are about.
func (a attributes) match(m *admissionregistrationv1.MatchResources) (bool, error) {
	for _, s := range []struct {
		selector *metav1.LabelSelector
		of       labels.Set
	}{{m.NamespaceSelector, a.namespace.Labels}, {m.ObjectSelector, a.labels}} {
		if s.selector == nil { // which the server fills in as one that selects everything
			continue
		}
		selector, err := metav1.LabelSelectorAsSelector(s.selector)
		if err != nil {
			return false, err
		}
		if !selector.Matches(s.of) {
			return false, nil
		}
	}
	if a.rule(m.ExcludeResourceRules) {
		return false, nil
	}
	return len(m.ResourceRules) == 0 || a.rule(m.ResourceRules), nil
}

// rule tells whether one of the rules is about it. Those of names are of pods that are called so, which no pod of a Deployment can be relied on to be.
func (a attributes) rule(all []admissionregistrationv1.NamedRuleWithOperations) bool {
	for _, r := range all {
		m := rules.Matcher{Rule: r.RuleWithOperations, Attr: a.versioned.Attributes}
		if m.Matches() && len(r.ResourceNames) == 0 {
			return true
		}
	}
	return false
}
