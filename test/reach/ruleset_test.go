//go:build linux

package reach

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/reach"
)

// ruleset writes policies as a network plugin might: a chain for each pod and direction, a line for each peer, port and pod. The kernel then
// decides; of package reach only the input is used here. Pods have one IPv4 address each, and none is on the host's network.
func ruleset(t *testing.T, c reach.Cluster) string {
	t.Helper()
	w := writer{t: t, cluster: c, spaces: map[string]labels.Set{}}
	for _, e := range c.Endpoints {
		w.spaces[e.Namespace] = labels.Set{corev1.LabelMetadataName: e.Namespace}
	}
	for _, n := range c.Namespaces {
		w.spaces[n.Name] = labels.Merge(n.Labels, labels.Set{corev1.LabelMetadataName: n.Name})
	}
	var chains, out, in strings.Builder
	for _, e := range c.Endpoints {
		w.chain(&chains, &out, "saddr", e, networkingv1.PolicyTypeEgress)
		w.chain(&chains, &in, "daddr", e, networkingv1.PolicyTypeIngress)
	}
	// Only answers pass unseen: whatever goes the way of a question is asked about, also on a connection of before.
	return "table inet reach\ndelete table inet reach\ntable inet reach {\n" + chains.String() +
		"chain forward {\ntype filter hook forward priority 0; policy accept;\nct direction reply accept\n" + out.String() + in.String() + "}\n}\n"
}

type writer struct {
	t       *testing.T
	cluster reach.Cluster
	spaces  map[string]labels.Set
}

func (w writer) chain(chains, jumps *strings.Builder, side string, e reach.Endpoint, way networkingv1.PolicyType) {
	var lines []string
	held := false
	for _, p := range w.cluster.Policies {
		types := p.Spec.PolicyTypes
		if len(types) == 0 {
			types = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}
			if len(p.Spec.Egress) > 0 {
				types = append(types, networkingv1.PolicyTypeEgress)
			}
		}
		applies := false
		for _, t := range types {
			applies = applies || t == way
		}
		if !applies || p.Namespace != e.Namespace || !w.selects(&p.Spec.PodSelector, e.Labels) {
			continue
		}
		held = true
		if way == networkingv1.PolicyTypeIngress {
			for _, r := range p.Spec.Ingress {
				lines = append(lines, w.rule("saddr", e, p.Namespace, r.From, r.Ports)...)
			}
			continue
		}
		for _, r := range p.Spec.Egress {
			lines = append(lines, w.rule("daddr", e, p.Namespace, r.To, r.Ports)...)
		}
	}
	if !held {
		return
	}
	address := e.Addresses[0].String()
	name := side + "_" + strings.ReplaceAll(address, ".", "_")
	fmt.Fprintf(chains, "chain %s {\n%s\ndrop\n}\n", name, strings.Join(lines, "\n"))
	fmt.Fprintf(jumps, "ip %s %s jump %s\n", side, address, name)
}

// rule is the lines of one rule; far is where in the packet the peer's address stands.
func (w writer) rule(far string, e reach.Endpoint, namespace string, peers []networkingv1.NetworkPolicyPeer, ports []networkingv1.NetworkPolicyPort) (lines []string) {
	type end struct {
		match string
		pod   *reach.Endpoint // if it is one
	}
	var ends []end
	pods := func(fits func(reach.Endpoint) bool) {
		for _, q := range w.cluster.Endpoints {
			if fits(q) {
				ends = append(ends, end{fmt.Sprintf("ip %s %s ", far, q.Addresses[0]), &q})
			}
		}
	}
	if len(peers) == 0 {
		ends = append(ends, end{})
		pods(func(reach.Endpoint) bool { return true }) // for their named ports
	}
	for _, p := range peers {
		if p.IPBlock == nil {
			pods(func(q reach.Endpoint) bool {
				inSpace := q.Namespace == namespace
				if p.NamespaceSelector != nil {
					inSpace = w.selects(p.NamespaceSelector, w.spaces[q.Namespace])
				}
				return inSpace && (p.PodSelector == nil || w.selects(p.PodSelector, q.Labels))
			})
			continue
		}
		if strings.Contains(p.IPBlock.CIDR, ":") {
			continue // no packet of this network is IPv6
		}
		match := fmt.Sprintf("ip %s %s ", far, p.IPBlock.CIDR)
		for _, x := range p.IPBlock.Except {
			match += fmt.Sprintf("ip %s != %s ", far, x)
		}
		ends = append(ends, end{match, nil})
		whole := netip.MustParsePrefix(p.IPBlock.CIDR)
		for _, q := range w.cluster.Endpoints { // for their named ports
			if whole.Contains(q.Addresses[0]) {
				ends = append(ends, end{match + fmt.Sprintf("ip %s %s ", far, q.Addresses[0]), &q})
			}
		}
	}
	for _, x := range ends {
		target := &e
		if far == "daddr" {
			target = x.pod
		}
		if len(ports) == 0 {
			lines = append(lines, x.match+"return")
		}
		for _, p := range ports {
			for _, m := range portMatches(p, target) {
				lines = append(lines, x.match+m+" return")
			}
		}
	}
	return lines
}

func portMatches(p networkingv1.NetworkPolicyPort, target *reach.Endpoint) (list []string) {
	protocol := corev1.ProtocolTCP
	if p.Protocol != nil {
		protocol = *p.Protocol
	}
	name := strings.ToLower(string(protocol))
	switch {
	case p.Port == nil:
		return []string{"meta l4proto " + name}
	case p.Port.Type == intstr.Int && p.EndPort != nil:
		return []string{fmt.Sprintf("%s dport %d-%d", name, p.Port.IntVal, *p.EndPort)}
	case p.Port.Type == intstr.Int:
		return []string{fmt.Sprintf("%s dport %d", name, p.Port.IntVal)}
	case target == nil:
		return nil // a name means a port of a pod
	}
	for _, c := range target.Ports {
		if c.Name == p.Port.StrVal && (c.Protocol == protocol || c.Protocol == "" && protocol == corev1.ProtocolTCP) {
			list = append(list, fmt.Sprintf("%s dport %d", name, c.ContainerPort))
		}
	}
	return list
}

func (w writer) selects(s *metav1.LabelSelector, set map[string]string) bool {
	selector, err := metav1.LabelSelectorAsSelector(s)
	if err != nil {
		w.t.Fatal(err)
	}
	return selector.Matches(labels.Set(set))
}
