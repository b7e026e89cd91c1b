package reach

import "fmt"

// Held is the policies that hold a party in one direction: what none of their rules lets through is shut. None hold a range, a pod on the host's
// network, and a pod that no policy of the direction selects. It is an error when there is no such party.
func (g *Graph) Held(d Direction, name string) ([]PolicyRef, error) {
	i, ok := g.index[name]
	if !ok {
		return nil, fmt.Errorf("there is no endpoint or range called %q", name)
	}
	profile := g.classes[g.classOf[i]].profiles[d]
	if profile < 0 {
		return nil, nil
	}
	var list []PolicyRef
	for _, p := range g.profiles[d][profile].policies {
		list = append(list, g.policies[p].PolicyRef)
	}
	return list, nil
}

// Idle is what is written and does nothing, as after a misspelt label: policies that select no pod, and peers of rules whose selectors find none.
// Only the pods of the cluster count, so ask before WithStrangers. A peer by address is never listed.
func (g *Graph) Idle() (policies []PolicyRef, rules []RuleRef) {
	found := newBits(len(g.compiled.selectors.list))
	for _, c := range g.classes {
		for i, word := range c.selected {
			found[i] |= word
		}
	}
	for _, p := range g.policies {
		if !found.has(p.selects) {
			policies = append(policies, p.PolicyRef)
		}
		for _, d := range []Direction{Ingress, Egress} {
			for n, r := range p.rules[d] {
				for k, peer := range r.peers {
					if !peer.isBlock && !found.has(peer.selector) {
						rules = append(rules, RuleRef{Policy: p.PolicyRef, Direction: d, Rule: n, Peer: k})
					}
				}
			}
		}
	}
	return policies, rules
}
