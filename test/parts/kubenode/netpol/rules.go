package netpol

import (
	"bytes"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// Table is the nftables table that the rules stand in, of family inet.
const Table = "netpol_stand_in"

// Rules writes s as a file for `nft -f`, which puts it in place of what stood there before in one step. network is where the node's pods have their
// addresses, and node the one of these that is the node's own. It returns an error for a selector, a range or a port that is none: the API server
// refuses those, so what holds one is not from there.
func Rules(s State, network netip.Prefix, node netip.Addr) (string, error) {
	w := writer{pods: s.pods(), spaces: map[string]labels.Set{}, chains: map[way]map[netip.Addr][]string{ingress: {}, egress: {}}}
	for _, n := range s.Namespaces {
		w.spaces[n.Name] = n.Labels
	}
	slices.SortFunc(w.pods, func(a, b pod) int { return a.address.Compare(b.address) })
	policies := slices.Clone(s.Policies)
	slices.SortFunc(policies, func(a, b *networkingv1.NetworkPolicy) int {
		return strings.Compare(a.Namespace+"/"+a.Name, b.Namespace+"/"+b.Name)
	})
	for _, p := range policies {
		if err := w.policy(p); err != nil {
			return "", fmt.Errorf("policy %s/%s: %w", p.Namespace, p.Name, err)
		}
	}
	return w.text(network, node), nil
}

// way is a direction, as the pod that is held sees it.
type way int

const (
	ingress way = iota
	egress
)

func (d way) String() string {
	if d == ingress {
		return "ingress"
	}
	return "egress"
}

// near and far are where in a packet the address of the pod that is held stands, and that of its peer.
func (d way) near() string { return map[way]string{ingress: "daddr", egress: "saddr"}[d] }
func (d way) far() string  { return map[way]string{ingress: "saddr", egress: "daddr"}[d] }

type writer struct {
	pods   []pod
	spaces map[string]labels.Set
	chains map[way]map[netip.Addr][]string // what lets a packet through, of each pod that is held
}

// types says which ways a policy holds its pods. Left out, it is ingress, and egress if there are rules for it.
func types(p *networkingv1.NetworkPolicy) (ways []way) {
	if len(p.Spec.PolicyTypes) == 0 {
		if len(p.Spec.Egress) > 0 {
			return []way{ingress, egress}
		}
		return []way{ingress}
	}
	for _, t := range p.Spec.PolicyTypes {
		switch t {
		case networkingv1.PolicyTypeIngress:
			ways = append(ways, ingress)
		case networkingv1.PolicyTypeEgress:
			ways = append(ways, egress)
		}
	}
	return ways
}

func (w *writer) policy(p *networkingv1.NetworkPolicy) error {
	held, err := w.find(nil, &p.Spec.PodSelector, p.Namespace)
	if err != nil {
		return err
	}
	for _, d := range types(p) {
		for _, h := range held {
			lines := w.chains[d][h.address]
			if d == ingress {
				for _, r := range p.Spec.Ingress {
					more, err := w.rule(d, h, p.Namespace, r.From, r.Ports)
					if err != nil {
						return err
					}
					lines = append(lines, more...)
				}
			} else {
				for _, r := range p.Spec.Egress {
					more, err := w.rule(d, h, p.Namespace, r.To, r.Ports)
					if err != nil {
						return err
					}
					lines = append(lines, more...)
				}
			}
			w.chains[d][h.address] = lines
		}
	}
	return nil
}

// find lists the pods that two selectors find together. Without one for namespaces it is the policy's own.
func (w *writer) find(space, pods *metav1.LabelSelector, own string) (found []pod, err error) {
	inSpace := func(n string) bool { return n == own }
	if space != nil {
		s, err := metav1.LabelSelectorAsSelector(space)
		if err != nil {
			return nil, fmt.Errorf("namespaceSelector: %w", err)
		}
		inSpace = func(n string) bool {
			set, known := w.spaces[n]
			return known && s.Matches(set)
		}
	}
	selected := labels.Everything()
	if pods != nil {
		if selected, err = metav1.LabelSelectorAsSelector(pods); err != nil {
			return nil, fmt.Errorf("podSelector: %w", err)
		}
	}
	for _, q := range w.pods {
		if inSpace(q.Namespace) && selected.Matches(labels.Set(q.Labels)) {
			found = append(found, q)
		}
	}
	return found, nil
}

// rule is what one rule lets through to or from the pod h: a line for each peer and port.
func (w *writer) rule(d way, h pod, namespace string, peers []networkingv1.NetworkPolicyPeer, ports []networkingv1.NetworkPolicyPort) (lines []string, err error) {
	if len(peers) == 0 {
		return w.lines(d, h, "", func(netip.Addr) bool { return true }, ports)
	}
	for _, p := range peers {
		if p.IPBlock != nil {
			match, holds, err := block(d, p.IPBlock)
			if err != nil {
				return nil, err
			}
			if match == "" {
				continue // of IPv6
			}
			more, err := w.lines(d, h, match, holds, ports)
			if err != nil {
				return nil, err
			}
			lines = append(lines, more...)
			continue
		}
		found, err := w.find(p.NamespaceSelector, p.PodSelector, namespace)
		if err != nil {
			return nil, err
		}
		for _, q := range found {
			more, err := w.lines(d, h, fmt.Sprintf("ip %s %s ", d.far(), q.address), func(a netip.Addr) bool { return a == q.address }, ports)
			if err != nil {
				return nil, err
			}
			lines = append(lines, more...)
		}
	}
	return lines, nil
}

// block is an ipBlock as nft writes it, and as addresses are asked; "" for one of IPv6.
func block(d way, b *networkingv1.IPBlock) (match string, holds func(netip.Addr) bool, err error) {
	whole, err := netip.ParsePrefix(b.CIDR)
	if err != nil {
		return "", nil, fmt.Errorf("ipBlock: %w", err)
	}
	if !whole.Addr().Is4() {
		return "", nil, nil
	}
	match = fmt.Sprintf("ip %s %s ", d.far(), whole.Masked())
	var out []netip.Prefix
	for _, text := range b.Except {
		x, err := netip.ParsePrefix(text)
		if err != nil {
			return "", nil, fmt.Errorf("ipBlock, except: %w", err)
		}
		out = append(out, x)
		match += fmt.Sprintf("ip %s != %s ", d.far(), x.Masked())
	}
	return match, func(a netip.Addr) bool {
		return whole.Contains(a) && !slices.ContainsFunc(out, func(x netip.Prefix) bool { return x.Contains(a) })
	}, nil
}

// lines are those of one peer: match says who it is, and holds the same of an address. A port's name means that port of whoever gets the packet: of
// h, or of each pod that the peer holds.
func (w *writer) lines(d way, h pod, match string, holds func(netip.Addr) bool, ports []networkingv1.NetworkPolicyPort) (lines []string, err error) {
	if len(ports) == 0 {
		return []string{match + "return"}, nil
	}
	for _, p := range ports {
		if m, ok, err := numbered(p); err != nil {
			return nil, err
		} else if ok {
			lines = append(lines, match+m+" return")
			continue
		}
		if d == ingress {
			for _, n := range named(h.Spec, p) {
				lines = append(lines, fmt.Sprintf("%s%s dport %d return", match, protocol(p), n))
			}
			continue
		}
		for _, q := range w.pods {
			if !holds(q.address) {
				continue
			}
			for _, n := range named(q.Spec, p) {
				lines = append(lines, fmt.Sprintf("ip daddr %s %s dport %d return", q.address, protocol(p), n))
			}
		}
	}
	return lines, nil
}

func (w *writer) text(network netip.Prefix, node netip.Addr) string {
	var b bytes.Buffer
	out := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	// Named first, so that deleting it does not fail where it is not there yet; nft takes a file whole or not at all.
	out("table inet %s\ndelete table inet %s\ntable inet %s {", Table, Table, Table)
	var known []string
	for _, p := range w.pods {
		known = append(known, p.address.String())
	}
	elements := ""
	if len(known) > 0 {
		elements = fmt.Sprintf(" elements = { %s };", strings.Join(known, ", "))
	}
	out("\tset known { type ipv4_addr;%s }", elements)
	for _, d := range []way{ingress, egress} {
		for _, a := range slices.SortedFunc(maps.Keys(w.chains[d]), netip.Addr.Compare) {
			out("\tchain %s {", chain(d, a))
			out("\t\tip %s %s return", d.far(), a) // itself
			lines := w.chains[d][a]
			slices.Sort(lines)
			for _, line := range slices.Compact(lines) {
				out("\t\t%s", line)
			}
			out("\t\tcounter drop\n\t}")
		}
	}
	unknown := func(side, but string) { out("\t\tip %s %s ip %s != @known %scounter drop", side, network, side, but) }
	out("\tchain forward {\n\t\ttype filter hook forward priority -5; policy accept;\n\t\tmeta nfproto ipv6 drop")
	unknown("saddr", "")
	unknown("daddr", "")
	out("\t\tct direction reply accept\n\t\tct state related accept")
	w.jumps(out, egress)
	w.jumps(out, ingress)
	out("\t}\n\tchain input {\n\t\ttype filter hook input priority -5; policy accept;")
	out("\t\tct direction reply accept\n\t\tct state related accept") // first: the node reaches pods that nobody else may yet
	unknown("saddr", fmt.Sprintf("ip saddr != %s ", node))
	w.jumps(out, egress)
	out("\t}\n}")
	return b.String()
}

func (w *writer) jumps(out func(string, ...any), d way) {
	var list []string
	for _, a := range slices.SortedFunc(maps.Keys(w.chains[d]), netip.Addr.Compare) {
		list = append(list, fmt.Sprintf("%s : jump %s", a, chain(d, a)))
	}
	if len(list) > 0 {
		out("\t\tip %s vmap { %s }", d.near(), strings.Join(list, ", "))
	}
}

func chain(d way, a netip.Addr) string {
	return fmt.Sprintf("%s_%s", d, strings.ReplaceAll(a.String(), ".", "_"))
}
