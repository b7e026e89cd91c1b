package reach_test

import (
	"net"
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/reach"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/reach/reachtest"
)

// The oracle reads the API's text again, sentence by sentence (k8s.io/api networking/v1 types.go, kubernetes.io "Network Policies"), for one
// address, protocol and port at a time. It shares no code with the package, and no library but the API's types.

// host is one end of one connection.
type host struct {
	address   net.IP
	pod       bool // seen by selectors and held by policies
	namespace string
	labels    map[string]string
	spaces    map[string]string // labels of its namespace
	ports     []corev1.ContainerPort
}

type oracle struct{ cluster reach.Cluster }

// hosts are all that a party may be: one for each address.
func (o oracle) hosts(name string) (list []host) {
	for _, e := range o.cluster.Endpoints {
		if e.Name != name {
			continue
		}
		h := host{pod: !e.HostNetwork, namespace: e.Namespace, labels: e.Labels, ports: e.Ports, spaces: map[string]string{}}
		for _, n := range o.cluster.Namespaces {
			if n.Name == e.Namespace {
				for k, v := range n.Labels {
					h.spaces[k] = v
				}
			}
		}
		h.spaces["kubernetes.io/metadata.name"] = e.Namespace
		known := e.Addresses
		if len(known) == 0 {
			known = every(reachtest.PodRange)
			if e.HostNetwork {
				known = every(reachtest.NodeRange)
			}
		}
		for _, a := range known {
			h.address = a.AsSlice()
			list = append(list, h)
		}
	}
	for _, r := range o.cluster.Ranges {
		if r.Name != name {
			continue
		}
		for _, p := range r.Prefixes {
		address:
			for _, a := range every(p.String()) {
				for _, e := range r.Except {
					if e.Contains(a) {
						continue address
					}
				}
				list = append(list, host{address: a.AsSlice()})
			}
		}
	}
	return list
}

func every(prefix string) (list []netip.Addr) {
	p := netip.MustParsePrefix(prefix)
	for a := p.Addr(); p.Contains(a); a = a.Next() {
		list = append(list, a)
	}
	return list
}

// onHost tells whether one of the two is a pod on the host's network.
func (o oracle) onHost(names ...string) bool {
	for _, e := range o.cluster.Endpoints {
		for _, name := range names {
			if e.Name == name && e.HostNetwork {
				return true
			}
		}
	}
	return false
}

// open is whether the connection passes for each and for some of the addresses of the two, by the egress policies of the one, by the ingress
// policies of the other, and by both.
func (o oracle) open(from, to string, protocol corev1.Protocol, port int32) (certain, possible [3]bool) {
	certain = [3]bool{true, true, true}
	for _, a := range o.hosts(from) {
		for _, b := range o.hosts(to) {
			out := o.passes(a, b, b, networkingv1.PolicyTypeEgress, protocol, port)
			in := o.passes(b, a, b, networkingv1.PolicyTypeIngress, protocol, port)
			for i, pass := range [3]bool{out, in, out && in} {
				certain[i] = certain[i] && pass
				possible[i] = possible[i] || pass
			}
		}
	}
	// A pod on a node's network may be beside the other, if that is a pod.
	if o.onHost(from, to) {
		possible = [3]bool{true, true, true}
	}
	return certain, possible
}

// passes: "If any policy selects the pod and has the direction in its policyTypes, the pod is isolated ... allowed connections are those that
// match at least one rule of any such policy."
func (o oracle) passes(held, other, target host, way networkingv1.PolicyType, protocol corev1.Protocol, port int32) bool {
	if !held.pod {
		return true
	}
	isolated := false
	for _, p := range o.cluster.Policies {
		if p.Namespace != held.namespace || !selects(p.Spec.PodSelector, held.labels) || !hasType(p.Spec, way) {
			continue
		}
		isolated = true
		if way == networkingv1.PolicyTypeIngress {
			for _, r := range p.Spec.Ingress {
				if matchesPeers(r.From, p.Namespace, other) && matchesPorts(r.Ports, target, protocol, port) {
					return true
				}
			}
			continue
		}
		for _, r := range p.Spec.Egress {
			if matchesPeers(r.To, p.Namespace, other) && matchesPorts(r.Ports, target, protocol, port) {
				return true
			}
		}
	}
	return !isolated
}

// hasType: "If this field is not specified, it will default based on the existence of ingress or egress rules; policies that contain an egress
// section are assumed to affect egress, and all policies (whether or not they contain an ingress section) are assumed to affect ingress."
func hasType(s networkingv1.NetworkPolicySpec, way networkingv1.PolicyType) bool {
	if len(s.PolicyTypes) == 0 {
		return way == networkingv1.PolicyTypeIngress || len(s.Egress) != 0
	}
	for _, t := range s.PolicyTypes {
		if t == way {
			return true
		}
	}
	return false
}

// matchesPeers: "If this field is empty or missing, this rule matches all sources."
func matchesPeers(peers []networkingv1.NetworkPolicyPeer, namespace string, other host) bool {
	if len(peers) == 0 {
		return true
	}
	for _, p := range peers {
		if p.IPBlock != nil {
			if inBlock(*p.IPBlock, other.address) {
				return true
			}
			continue
		}
		if !other.pod {
			continue
		}
		// "If namespaceSelector is not set, podSelector selects the pods matching it in the policy's own namespace."
		if p.NamespaceSelector == nil && other.namespace != namespace {
			continue
		}
		if p.NamespaceSelector != nil && !selects(*p.NamespaceSelector, other.spaces) {
			continue
		}
		if p.PodSelector == nil || selects(*p.PodSelector, other.labels) {
			return true
		}
	}
	return false
}

func inBlock(b networkingv1.IPBlock, address net.IP) bool {
	_, whole, err := net.ParseCIDR(b.CIDR)
	if err != nil || !whole.Contains(address) {
		return false
	}
	for _, e := range b.Except {
		if _, part, err := net.ParseCIDR(e); err == nil && part.Contains(address) {
			return false
		}
	}
	return true
}

// matchesPorts: "If this field is empty or missing, this rule matches all ports." A port "can either be a numerical or named port on a pod. If
// this field is not provided, this matches all port names and numbers. If present, only traffic on the specified protocol AND port will be matched."
func matchesPorts(ports []networkingv1.NetworkPolicyPort, target host, protocol corev1.Protocol, port int32) bool {
	if len(ports) == 0 {
		return true
	}
	for _, p := range ports {
		wanted := corev1.ProtocolTCP
		if p.Protocol != nil {
			wanted = *p.Protocol
		}
		if wanted != protocol {
			continue
		}
		switch {
		case p.Port == nil:
			return true
		case p.Port.Type == intstr.String:
			for _, c := range target.ports {
				speaks := c.Protocol
				if speaks == "" {
					speaks = corev1.ProtocolTCP
				}
				if target.pod && c.Name == p.Port.StrVal && speaks == protocol && c.ContainerPort == port {
					return true
				}
			}
		case p.EndPort != nil:
			if p.Port.IntVal <= port && port <= *p.EndPort {
				return true
			}
		case p.Port.IntVal == port:
			return true
		}
	}
	return false
}

// selects: "matchLabels is a map of {key,value} pairs ... The requirements are ANDed"; NotIn and DoesNotExist also select what has no such key.
func selects(s metav1.LabelSelector, labels map[string]string) bool {
	for k, v := range s.MatchLabels {
		if got, ok := labels[k]; !ok || got != v {
			return false
		}
	}
	for _, e := range s.MatchExpressions {
		got, ok := labels[e.Key]
		in := false
		for _, v := range e.Values {
			in = in || ok && v == got
		}
		fits := map[metav1.LabelSelectorOperator]bool{
			metav1.LabelSelectorOpIn: in, metav1.LabelSelectorOpNotIn: !in, metav1.LabelSelectorOpExists: ok, metav1.LabelSelectorOpDoesNotExist: !ok,
		}
		if !fits[e.Operator] {
			return false
		}
	}
	return true
}
