package reach

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
)

// Direction is one of the two that a policy rules.
type Direction int

const (
	Ingress Direction = iota // into the pod that the policy selects
	Egress                   // out of it
)

func (d Direction) String() string { return [...]string{"ingress", "egress"}[d] }

// MarshalText is String, so that a direction is a word in JSON.
func (d Direction) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// policy is a NetworkPolicy as it is looked at: validated, with defaults filled in and selectors numbered.
type policy struct {
	PolicyRef
	selects  int // number of the selector of the pods it holds
	isolates [2]bool
	rules    [2][]rule
}

type rule struct {
	peers []peer // nil: whoever it is
	spec  int    // number of its ports
}

// peer is a block of addresses or a selector.
type peer struct {
	block    addresses
	isBlock  bool
	selector int
}

// selector finds pods: those of one namespace, or of the namespaces that it selects.
type selector struct {
	own string          // namespace, when spaces is nil
	ns  labels.Selector // nil: own
	pod labels.Selector
}

func (s selector) key() string {
	if s.ns == nil {
		return "in " + s.own + ": " + s.pod.String()
	}
	return "where " + s.ns.String() + ": " + s.pod.String()
}

// namedPort is a port of a container's, by name.
type namedPort struct {
	protocol int
	name     string
}

// portSpec is the ports of a rule: some by number, some by the names they have on the pod that is connected to.
type portSpec struct {
	fixed Ports
	names []namedPort // sorted, each once
}

func (s portSpec) key() string { return fmt.Sprintf("%q %v", s.fixed.key(), s.names) } // no name of a port holds a space

// on is the ports of a spec on a pod with these named ports.
func (s portSpec) on(names map[namedPort]Ports) Ports {
	all := s.fixed
	for _, n := range s.names {
		all = all.Union(names[n])
	}
	return all
}

// compiler turns policies into what is looked at; equal selectors and port lists get one number.
type compiler struct {
	selectors numbered[selector]
	specs     numbered[portSpec]
}

// numbered is a list without doubles.
type numbered[T interface{ key() string }] struct {
	list []T
	ids  map[string]int
}

func (n *numbered[T]) id(v T) int {
	k := v.key()
	id, ok := n.ids[k]
	if !ok {
		if n.ids == nil {
			n.ids = map[string]int{}
		}
		id = len(n.list)
		n.list, n.ids[k] = append(n.list, v), id
	}
	return id
}

// compile refuses what the API server would refuse (k8s.io/kubernetes pkg/apis/networking/validation): such a policy is in no cluster.
// It reports everything wrong with a policy at once.
func (c *compiler) compile(p Policy) (policy, error) {
	out := policy{PolicyRef: PolicyRef{Namespace: namespaceOr(p.Namespace), Name: p.Name, File: p.File, Line: p.Line}}
	var errs []error
	wrong := func(where string, err error) {
		errs = append(errs, fmt.Errorf("policy %s: %s: %w", out.PolicyRef, where, err))
	}
	pods, err := metav1.LabelSelectorAsSelector(&p.Spec.PodSelector)
	if err != nil {
		wrong("spec.podSelector", err)
	} else {
		out.selects = c.selectors.id(selector{own: out.Namespace, pod: pods})
	}
	for _, t := range p.Spec.PolicyTypes {
		switch t {
		case networkingv1.PolicyTypeIngress:
			out.isolates[Ingress] = true
		case networkingv1.PolicyTypeEgress:
			out.isolates[Egress] = true
		default:
			wrong("spec.policyTypes", fmt.Errorf("%q is neither Ingress nor Egress", t))
		}
	}
	if len(p.Spec.PolicyTypes) == 0 { // what the API server fills in
		out.isolates[Ingress], out.isolates[Egress] = true, len(p.Spec.Egress) > 0
	}
	for i, r := range p.Spec.Ingress {
		where := fmt.Sprintf("spec.ingress[%d]", i)
		out.rules[Ingress] = append(out.rules[Ingress], c.rule(out.Namespace, r.From, r.Ports, where, ".from", wrong))
	}
	for i, r := range p.Spec.Egress {
		where := fmt.Sprintf("spec.egress[%d]", i)
		out.rules[Egress] = append(out.rules[Egress], c.rule(out.Namespace, r.To, r.Ports, where, ".to", wrong))
	}
	return out, errors.Join(errs...)
}

func (c *compiler) rule(namespace string, peers []networkingv1.NetworkPolicyPeer, ports []networkingv1.NetworkPolicyPort, where, side string, wrong func(string, error)) rule {
	var out rule
	for i, p := range peers {
		compiled, err := c.peer(namespace, p)
		if err != nil {
			wrong(fmt.Sprintf("%s%s[%d]", where, side, i), err)
		}
		out.peers = append(out.peers, compiled)
	}
	spec, fixed := portSpec{}, portList{}
	if len(ports) == 0 {
		fixed.add(Everything())
	}
	for i, p := range ports {
		numbers, name, err := compilePort(p)
		if err != nil {
			wrong(fmt.Sprintf("%s.ports[%d]", where, i), err)
		}
		fixed.add(numbers)
		if name != (namedPort{}) {
			spec.names = append(spec.names, name)
		}
	}
	spec.fixed = fixed.ports()
	slices.SortFunc(spec.names, func(a, b namedPort) int {
		if a.protocol != b.protocol {
			return a.protocol - b.protocol
		}
		return strings.Compare(a.name, b.name)
	})
	spec.names = slices.Compact(spec.names)
	out.spec = c.specs.id(spec)
	return out
}

func (c *compiler) peer(namespace string, p networkingv1.NetworkPolicyPeer) (peer, error) {
	switch {
	case p.IPBlock != nil && (p.PodSelector != nil || p.NamespaceSelector != nil):
		return peer{}, errors.New("has an ipBlock and a selector: make two peers of them")
	case p.IPBlock != nil:
		block, err := compileBlock(*p.IPBlock)
		return peer{isBlock: true, block: block}, err
	case p.PodSelector == nil && p.NamespaceSelector == nil:
		return peer{}, errors.New("names nobody: give it a podSelector, a namespaceSelector or an ipBlock")
	}
	s := selector{own: namespace, pod: labels.Everything()}
	var err error
	if p.PodSelector != nil {
		if s.pod, err = metav1.LabelSelectorAsSelector(p.PodSelector); err != nil {
			return peer{}, fmt.Errorf("podSelector: %w", err)
		}
	}
	if p.NamespaceSelector != nil {
		s.own = ""
		if s.ns, err = metav1.LabelSelectorAsSelector(p.NamespaceSelector); err != nil {
			return peer{}, fmt.Errorf("namespaceSelector: %w", err)
		}
	}
	return peer{selector: c.selectors.id(s)}, nil
}

func compileBlock(b networkingv1.IPBlock) (addresses, error) {
	whole, err := readPrefix(b.CIDR)
	if err != nil {
		return nil, fmt.Errorf("ipBlock.cidr: %w", err)
	}
	var except []netip.Prefix
	for i, text := range b.Except {
		part, err := readPrefix(text)
		if err != nil {
			return nil, fmt.Errorf("ipBlock.except[%d]: %w", i, err)
		}
		if part.Bits() <= whole.Bits() || !whole.Contains(part.Addr()) {
			return nil, fmt.Errorf("ipBlock.except[%d]: %s is no smaller part of %s", i, part, whole)
		}
		except = append(except, part)
	}
	return addressesOf([]netip.Prefix{whole}).minus(addressesOf(except)), nil
}

// readPrefix takes no IPv4 address dressed as IPv6 and no leading zeros: programs disagree on what they mean.
func readPrefix(text string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, err
	}
	if p.Addr().Is4In6() {
		return netip.Prefix{}, fmt.Errorf("%s is an IPv4 address written as IPv6: write it as IPv4", text)
	}
	return p.Masked(), nil
}

// compilePort is the ports that a rule means, by number or by a name.
func compilePort(p networkingv1.NetworkPolicyPort) (numbers Ports, name namedPort, err error) {
	protocol := 0 // TCP, when none is named
	if p.Protocol != nil {
		var ok bool
		if protocol, ok = protocolIndex(*p.Protocol); !ok {
			return Ports{}, namedPort{}, fmt.Errorf("protocol %q is none of TCP, UDP and SCTP", *p.Protocol)
		}
	}
	switch {
	case p.Port == nil && p.EndPort != nil:
		return Ports{}, namedPort{}, errors.New("has an endPort without a port")
	case p.Port == nil:
		return span(protocol, firstPort, lastPort), namedPort{}, nil
	case p.Port.Type == intstr.String:
		if problems := validation.IsValidPortName(p.Port.StrVal); len(problems) > 0 {
			return Ports{}, namedPort{}, fmt.Errorf("port %q: %s", p.Port.StrVal, strings.Join(problems, ", "))
		}
		if p.EndPort != nil {
			return Ports{}, namedPort{}, fmt.Errorf("has an endPort, but the port is the name %q: it takes a number", p.Port.StrVal)
		}
		return Ports{}, namedPort{protocol, p.Port.StrVal}, nil
	}
	first, last := p.Port.IntVal, p.Port.IntVal
	if p.EndPort != nil {
		last = *p.EndPort
	}
	if first < firstPort || last > lastPort || last < first {
		return Ports{}, namedPort{}, fmt.Errorf("ports %d to %d: they go up, from 1 to 65535", first, last)
	}
	return span(protocol, uint16(first), uint16(last)), namedPort{}, nil
}

func namespaceOr(name string) string {
	if name == "" {
		return corev1.NamespaceDefault
	}
	return name
}
