package reach

import (
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

// Limits of what New takes; beyond them it returns ErrTooLarge. They are several times the largest cluster Kubernetes is built for.
const (
	maxParties  = 20_000
	maxPolicies = 10_000
	maxSteps    = 100_000_000 // of work, each some nanoseconds long: a second or two
)

// Cluster is what is asked about: who there is, and the policies between them.
type Cluster struct {
	// Namespaces are those with labels of their own. A namespace that only its pods or policies name has no labels but its name's, which the API
	// server sets on each (kubernetes.io/metadata.name).
	Namespaces []Namespace
	Endpoints  []Endpoint
	Ranges     []Range
	Policies   []Policy
	// PodRanges are where pods without addresses of their own have theirs; none: anywhere in Private. An ipBlock that holds some of these
	// possibly holds such a pod, and certainly holds it when it holds them all.
	PodRanges []netip.Prefix
	// NodeRanges are the same for pods on the host's network, which have their node's address; none: anywhere in Private.
	NodeRanges []netip.Prefix
}

// Namespace is a namespace with its labels.
type Namespace struct {
	Name   string
	Labels map[string]string
}

// Endpoint is a pod, or the pods of one workload, which policies cannot tell apart. As its own peer it stands for another pod of the same
// workload: what a pod may do to itself no policy says.
type Endpoint struct {
	Name        string // unique among endpoints and ranges
	Namespace   string // "" is default
	Labels      map[string]string
	HostNetwork bool
	Ports       []corev1.ContainerPort // named ports of rules are looked up here
	Addresses   []netip.Addr           // when known: of a running pod
	// ServiceAccount is handed on to reports; policies do not see it.
	ServiceAccount string
}

// Range is addresses outside the cluster's pods, under one name: those of Prefixes that are not in Except.
type Range struct {
	Name     string // unique among endpoints and ranges
	Prefixes []netip.Prefix
	Except   []netip.Prefix
}

func (r Range) addresses() addresses { return addressesOf(r.Prefixes).minus(addressesOf(r.Except)) }

// Policy is a NetworkPolicy, in the namespace that its metadata names ("" is default), and where it was written, if that is known.
type Policy struct {
	networkingv1.NetworkPolicy
	File string
	Line int // from 1
}

// FromTemplate is the endpoint of the pods that a workload makes.
func FromTemplate(name, namespace string, pod corev1.PodTemplateSpec) Endpoint {
	e := Endpoint{
		Name: name, Namespace: namespace, Labels: pod.Labels,
		HostNetwork: pod.Spec.HostNetwork, ServiceAccount: pod.Spec.ServiceAccountName,
	}
	for _, c := range pod.Spec.Containers {
		e.Ports = append(e.Ports, c.Ports...)
	}
	// An init container that is restarted always runs beside the others, and may serve.
	for _, c := range pod.Spec.InitContainers {
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			e.Ports = append(e.Ports, c.Ports...)
		}
	}
	return e
}
