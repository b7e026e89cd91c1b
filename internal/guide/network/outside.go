package network

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/kube"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/reach"
)

// A part that an overlay has outside the cluster, as a managed database is, has no pods there: the policy that leads to it names it, and says why.
const (
	outsideNote = "stellar-escrow/outside"
	reasonNote  = "stellar-escrow/reason"

	// managedStores is the overlay of ours that has the database and Redis outside.
	managedStores = "production-managed"
)

// The largest subnets that hold a part and nothing else: a wider one would open what the cluster's own pods and nodes have.
const (
	subnet4Bits = 20
	subnet6Bits = 64
)

// leaveOut gives each part that is outside the cluster a name and addresses of its own, in which no pod is, so that the rows which lead to it are held against these.
// Of a policy that cannot be one to such a part the note counts for nothing, and what it opens is too much.
func (p *platform) leaveOut(c *reach.Cluster) error {
	at := map[string][]netip.Prefix{} // by part
	for _, f := range p.policies() {
		part := f.Value.Annotations[outsideNote]
		if f.Value.Annotations[reasonNote] == "" || !isPart(part) || slices.Contains(p.parts, part) {
			continue
		}
		if subnets, ok := subnetsOf(f); ok {
			at[part] = append(at[part], subnets...)
		}
	}
	if len(at) == 0 {
		return nil
	}
	named := map[string][]string{} // parts, by where they are
	var cut []netip.Prefix
	for _, part := range slices.Sorted(maps.Keys(at)) {
		subnets := at[part]
		slices.SortFunc(subnets, func(a, b netip.Prefix) int { return a.Compare(b) })
		subnets = slices.Compact(subnets)
		key := fmt.Sprint(subnets)
		if named[key] == nil {
			for _, s := range subnets {
				if slices.ContainsFunc(cut, s.Overlaps) {
					return fmt.Errorf("%s: of what is outside the cluster some addresses are another part's too, and some are not: give both the same, or each its own", p.where)
				}
			}
			cut = append(cut, subnets...)
		}
		named[key] = append(named[key], part)
	}
	p.outside = map[string]string{}
	for _, parts := range named {
		name := strings.Join(parts, " and ") + " outside the cluster"
		c.Ranges = append(c.Ranges, reach.Range{Name: name, Prefixes: at[parts[0]]})
		for _, part := range parts {
			p.outside[part] = name
		}
	}
	slices.SortFunc(c.Ranges, func(a, b reach.Range) int { return strings.Compare(a.Name, b.Name) })
	for i, r := range c.Ranges {
		if r.Name == reach.Private().Name {
			c.Ranges[i].Except = append(r.Except, cut...)
			for _, whole := range r.Prefixes {
				c.PodRanges = append(c.PodRanges, without(whole, cut)...)
			}
		}
	}
	c.NodeRanges = c.PodRanges
	return nil
}

// subnetsOf are where a policy leads to, if it is one that leads to private subnets alone and lets nobody in.
func subnetsOf(f kube.Found[networkingv1.NetworkPolicy]) (all []netip.Prefix, ok bool) {
	spec := f.Value.Spec
	if len(spec.Ingress) > 0 || len(spec.Egress) == 0 {
		return nil, false
	}
	for _, rule := range spec.Egress {
		for _, to := range rule.To {
			if to.IPBlock == nil || len(to.IPBlock.Except) > 0 {
				return nil, false
			}
			s, err := netip.ParsePrefix(to.IPBlock.CIDR)
			least := subnet4Bits
			if s.Addr().Is6() {
				least = subnet6Bits
			}
			if err != nil || s.Bits() < least || !slices.ContainsFunc(reach.Private().Prefixes, s.Overlaps) || slices.ContainsFunc(reach.Metadata().Prefixes, s.Overlaps) {
				return nil, false
			}
			all = append(all, s.Masked())
		}
	}
	return all, len(all) > 0
}

// without is a prefix, in pieces, less others.
func without(whole netip.Prefix, cut []netip.Prefix) []netip.Prefix {
	if !slices.ContainsFunc(cut, whole.Overlaps) {
		return []netip.Prefix{whole}
	}
	if slices.ContainsFunc(cut, func(c netip.Prefix) bool { return c.Bits() <= whole.Bits() && c.Overlaps(whole) }) {
		return nil
	}
	half := netip.PrefixFrom(whole.Addr(), whole.Bits()+1)
	other := half.Addr().AsSlice()
	other[whole.Bits()/8] |= 1 << (7 - whole.Bits()%8)
	upper, _ := netip.AddrFromSlice(other) // as many bytes as an address has
	return append(without(half, cut), without(netip.PrefixFrom(upper, half.Bits()), cut)...)
}
