package reachtest

import (
	"fmt"
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/reach"
)

// Chooser makes the choices: math/rand/v2's Rand, or a property test that shrinks them. Smaller choices make smaller clusters.
type Chooser interface {
	IntN(n int) int // 0 to n-1
}

// Options leave out what a reader of the clusters does not know.
type Options struct {
	// KnownAddresses gives each pod one address, and leaves out ranges of more than one.
	KnownAddresses bool
	// NoHostNetwork leaves out pods on the host's network.
	NoHostNetwork bool
	// EveryLabel gives each pod and namespace a value for each key, so that no expression is about a missing one.
	EveryLabel bool
	// PolicyTypes fills them in as the API server does.
	PolicyTypes bool
}

// The world of the clusters is small, so that rules hit. Ports are 1 to MaxPort and 65535.
const MaxPort = 6

// Where things are.
const (
	PodRange  = "10.0.0.0/30"
	NodeRange = "172.16.0.0/31"
)

var (
	spaces    = []string{"a", "b", "c"}
	keys      = []string{"app", "tier"}
	values    = []string{"x", "y"}
	portNames = []string{"web", "dns"}
	cidrs     = []string{"0.0.0.0/0", "10.0.0.0/30", "10.0.0.0/31", "10.0.0.2/31", "10.0.0.1/32", "192.0.2.0/30", "192.0.2.2/31", "172.16.0.0/31", "172.16.0.1/32", "::/0", "2001:db8::/127"}
	excepts   = []string{"10.0.0.0/31", "10.0.0.3/32", "192.0.2.0/31", "192.0.2.3/32", "172.16.0.0/32", "2001:db8::1/128"}
	types     = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress}
	protocols = []corev1.Protocol{corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP}
)

type generator struct {
	Chooser
	Options
}

// Cluster makes one.
func Cluster(c Chooser, o Options) reach.Cluster {
	g := generator{c, o}
	out := reach.Cluster{PodRanges: []netip.Prefix{netip.MustParsePrefix(PodRange)}, NodeRanges: []netip.Prefix{netip.MustParsePrefix(NodeRange)}}
	for _, name := range spaces {
		out.Namespaces = append(out.Namespaces, reach.Namespace{Name: name, Labels: g.labels()})
	}
	for i := range 1 + g.IntN(5) {
		out.Endpoints = append(out.Endpoints, g.endpoint(i))
	}
	out.Ranges = []reach.Range{{Name: "one", Prefixes: []netip.Prefix{netip.MustParsePrefix("192.0.2.2/32")}}}
	if !g.KnownAddresses {
		out.Ranges = append(out.Ranges,
			reach.Range{Name: "four", Prefixes: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/30")}},
			reach.Range{Name: "two families", Prefixes: []netip.Prefix{netip.MustParsePrefix("2001:db8::/127"), netip.MustParsePrefix("192.0.2.0/31")}, Except: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/32")}})
	}
	for i := range g.IntN(7) {
		out.Policies = append(out.Policies, reach.Policy{NetworkPolicy: g.policy(i), File: fmt.Sprintf("policy-%d.yaml", i), Line: 1})
	}
	return out
}

func (g generator) one(list []string) string { return list[g.IntN(len(list))] }

func (g generator) labels() map[string]string {
	set := map[string]string{}
	for _, k := range keys {
		if g.EveryLabel || g.IntN(3) > 0 {
			set[k] = g.one(values)
		}
	}
	return set
}

func (g generator) endpoint(i int) reach.Endpoint {
	e := reach.Endpoint{Name: fmt.Sprintf("pod-%d", i), Namespace: g.one(spaces), Labels: g.labels()}
	e.HostNetwork = !g.NoHostNetwork && g.IntN(8) == 7
	for _, name := range portNames {
		for _, protocol := range protocols[:2] {
			if g.IntN(3) == 0 {
				e.Ports = append(e.Ports, corev1.ContainerPort{Name: name, Protocol: protocol, ContainerPort: int32(1 + g.IntN(MaxPort))})
			}
		}
	}
	if len(e.Ports) > 0 && e.Ports[0].Protocol == corev1.ProtocolTCP && g.IntN(2) == 0 {
		e.Ports[0].Protocol = "" // means the same
	}
	if g.KnownAddresses || g.IntN(2) == 0 {
		e.Addresses = []netip.Addr{netip.AddrFrom4([4]byte{10, 0, 0, byte(g.IntN(4))})}
		if e.HostNetwork {
			e.Addresses = []netip.Addr{netip.AddrFrom4([4]byte{172, 16, 0, byte(g.IntN(2))})}
		}
	}
	return e
}

func (g generator) policy(i int) networkingv1.NetworkPolicy {
	p := networkingv1.NetworkPolicy{
		TypeMeta:   metav1.TypeMeta{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy"},
		ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("policy-%d", i), Namespace: g.one(spaces)},
		Spec:       networkingv1.NetworkPolicySpec{PodSelector: g.selector()},
	}
	for range g.IntN(3) {
		p.Spec.Ingress = append(p.Spec.Ingress, networkingv1.NetworkPolicyIngressRule{From: g.peers(), Ports: g.ports()})
	}
	for range g.IntN(3) {
		p.Spec.Egress = append(p.Spec.Egress, networkingv1.NetworkPolicyEgressRule{To: g.peers(), Ports: g.ports()})
	}
	switch g.IntN(5) {
	case 0: // left to the API server
	case 1:
		p.Spec.PolicyTypes = types[:1]
	case 2:
		p.Spec.PolicyTypes = types[1:]
	default:
		p.Spec.PolicyTypes = types
	}
	if g.PolicyTypes && p.Spec.PolicyTypes == nil {
		p.Spec.PolicyTypes = types[:1]
		if len(p.Spec.Egress) > 0 {
			p.Spec.PolicyTypes = types
		}
	}
	return p
}

func (g generator) selector() metav1.LabelSelector {
	s := metav1.LabelSelector{}
	switch g.IntN(4) {
	case 0:
	case 1:
		s.MatchLabels = map[string]string{g.one(keys): g.one(values)}
	default:
		for range 1 + g.IntN(2) {
			s.MatchExpressions = append(s.MatchExpressions, g.expression())
		}
		if g.IntN(3) == 0 {
			s.MatchLabels = map[string]string{g.one(keys): g.one(values)}
		}
	}
	return s
}

func (g generator) expression() metav1.LabelSelectorRequirement {
	r := metav1.LabelSelectorRequirement{Key: g.one(keys)}
	switch g.IntN(4) {
	case 0:
		r.Operator, r.Values = metav1.LabelSelectorOpIn, values[:1+g.IntN(2)]
	case 1:
		r.Operator, r.Values = metav1.LabelSelectorOpNotIn, values[g.IntN(2):]
	case 2:
		r.Operator = metav1.LabelSelectorOpExists
	default:
		r.Operator = metav1.LabelSelectorOpDoesNotExist
	}
	return r
}

// peers are none at times, which means everybody.
func (g generator) peers() (list []networkingv1.NetworkPolicyPeer) {
	for range g.IntN(3) {
		list = append(list, g.peer())
	}
	return list
}

func (g generator) peer() networkingv1.NetworkPolicyPeer {
	p := networkingv1.NetworkPolicyPeer{}
	switch g.IntN(4) {
	case 0:
		p.PodSelector = new(g.selector())
	case 1:
		p.NamespaceSelector = new(g.selector())
	case 2:
		p.PodSelector, p.NamespaceSelector = new(g.selector()), new(g.selector())
		if g.IntN(3) == 0 {
			p.NamespaceSelector = &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: g.one(spaces)}}
		}
	default:
		p.IPBlock = g.block()
	}
	return p
}

func (g generator) block() *networkingv1.IPBlock {
	b := &networkingv1.IPBlock{CIDR: g.one(cidrs)}
	whole := netip.MustParsePrefix(b.CIDR)
	for range g.IntN(3) {
		e := g.one(excepts)
		if part := netip.MustParsePrefix(e); part.Bits() > whole.Bits() && whole.Contains(part.Addr()) {
			b.Except = append(b.Except, e)
		}
	}
	return b
}

// ports are none at times, which means all.
func (g generator) ports() (list []networkingv1.NetworkPolicyPort) {
	for range g.IntN(3) {
		list = append(list, g.port())
	}
	return list
}

func (g generator) port() networkingv1.NetworkPolicyPort {
	p := networkingv1.NetworkPolicyPort{}
	if n := g.IntN(4); n > 0 {
		p.Protocol = new(protocols[n-1])
	}
	switch g.IntN(5) {
	case 0: // all of the protocol
	case 1:
		p.Port = new(intstr.FromString(g.one(portNames)))
	case 2:
		first := 1 + g.IntN(MaxPort)
		p.Port = new(intstr.FromInt(first))
		p.EndPort = new(int32(first + g.IntN(3)))
		if g.IntN(4) == 0 {
			p.EndPort = new(int32(65535))
		}
	default:
		p.Port = new(intstr.FromInt(1 + g.IntN(MaxPort)))
		if g.IntN(8) == 0 {
			p.Port = new(intstr.FromInt(65535))
		}
	}
	return p
}
