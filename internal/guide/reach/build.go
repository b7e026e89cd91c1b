package reach

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"k8s.io/apimachinery/pkg/labels"
)

// class is parties that no rule tells apart: the same selectors find them, and their addresses and named ports are the same.
type class struct {
	kind      Kind
	selected  bits // numbers of the selectors that find them
	addresses addresses
	block     int // number of the addresses
	names     map[namedPort]Ports
	named     int    // number of the names
	profiles  [2]int // by direction; -1: no policy holds them
}

// profile is the policies that hold pods in one direction. Named ports into a pod are its own, so they are part of it.
type profile struct {
	policies []int
	names    map[namedPort]Ports
	named    int
}

// builder computes a Graph: parties into classes, classes into profiles, and for each profile and class one answer. The work grows with the
// number of different pods and policies, not with their number.
type builder struct {
	*Graph
	ports     *sets
	resolved  map[[2]int]int32 // ports of a spec on pods with these names
	steps     int
	blockIDs  map[string]int
	namesIDs  map[string]int
	holdingBy map[int][]int // policies by the selector of their pods
}

// step counts work, so that no tree can make it endless.
func (b *builder) step(n int) error {
	if b.steps += n; b.steps > maxSteps {
		return fmt.Errorf("%d parties, %d policies, %d selectors: %w", len(b.parties), len(b.policies), len(b.compiled.selectors.list), ErrTooLarge)
	}
	return nil
}

// matchSteps is what it takes to ask a selector about a pod, and wordsAStep how much of a set of selectors is compared meanwhile.
const (
	matchSteps = 4
	wordsAStep = 16
)

// setSteps is what it takes to go through a set of selectors.
func (b *builder) setSteps() int { return 1 + len(b.compiled.selectors.list)/64/wordsAStep }

func (b *builder) build(spaces map[string]labels.Set) error {
	b.resolved, b.blockIDs, b.namesIDs, b.holdingBy = map[[2]int]int32{}, map[string]int{}, map[string]int{}, map[int][]int{}
	for i, p := range b.policies {
		b.holdingBy[p.selects] = append(b.holdingBy[p.selects], i)
	}
	if err := b.classify(spaces); err != nil {
		return err
	}
	b.profile()
	for _, d := range []Direction{Ingress, Egress} {
		for _, p := range b.profiles[d] {
			row, err := b.row(d, p)
			if err != nil {
				return err
			}
			b.rows[d] = append(b.rows[d], row)
		}
	}
	return nil
}

// classify finds the classes: first parties with equal labels, then those whose labels make no difference to any selector.
func (b *builder) classify(spaces map[string]labels.Set) error {
	alike := map[string]int{}
	var first []int // a party of each group
	groupOf := make([]int, len(b.parties))
	for i, p := range b.parties {
		k := p.key()
		g, ok := alike[k]
		if !ok {
			g = len(first)
			alike[k] = g
			first = append(first, i)
		}
		groupOf[i] = g
	}
	selected, err := b.selectGroups(first, spaces)
	if err != nil {
		return err
	}
	ids := map[string]int{}
	classOf := make([]int, len(first))
	for g, i := range first {
		p := b.parties[i]
		c := class{kind: p.Kind, selected: selected[g], addresses: p.addresses, names: p.names, profiles: [2]int{-1, -1}}
		c.block = number(b.blockIDs, p.addresses.String())
		c.named = number(b.namesIDs, namesKey(p.names))
		k := fmt.Sprintf("%s %d %d ", c.kind, c.block, c.named)
		for _, word := range c.selected {
			k = string(binary.BigEndian.AppendUint64([]byte(k), word))
		}
		id, ok := ids[k]
		if !ok {
			id = len(b.classes)
			ids[k] = id
			b.classes = append(b.classes, c)
		}
		classOf[g] = id
	}
	b.classOf = make([]int, len(b.parties))
	for i, g := range groupOf {
		b.classOf[i] = classOf[g]
	}
	return nil
}

// selectGroups asks each selector about one party of each group: only pods, and only those in namespaces where it looks.
func (b *builder) selectGroups(first []int, spaces map[string]labels.Set) ([]bits, error) {
	selectors := b.compiled.selectors.list
	if err := b.step(len(first) * b.setSteps() * wordsAStep); err != nil {
		return nil, err
	}
	selected := make([]bits, len(first))
	inside := map[string][]int{}
	for g, i := range first {
		selected[g] = newBits(len(selectors))
		if p := b.parties[i]; p.Kind == Pods {
			inside[p.Namespace] = append(inside[p.Namespace], g)
		}
	}
	names := slices.Sorted(maps.Keys(inside))
	for id, s := range selectors {
		looksIn := []string{s.own}
		if s.ns != nil {
			looksIn = nil
			for _, name := range names {
				if s.ns.Matches(spaces[name]) {
					looksIn = append(looksIn, name)
				}
			}
		}
		work := len(names)
		for _, name := range looksIn {
			work += len(inside[name]) * matchSteps
			for _, g := range inside[name] {
				if s.pod.Matches(b.parties[first[g]].labels) {
					selected[g].set(id)
				}
			}
		}
		if err := b.step(work); err != nil {
			return nil, err
		}
	}
	return selected, nil
}

// profile finds for each class the policies that hold it.
func (b *builder) profile() {
	var ids [2]map[string]int
	ids[Ingress], ids[Egress] = map[string]int{}, map[string]int{}
	for i := range b.classes {
		c := &b.classes[i]
		var holding []int
		for id := range c.selected.all() {
			holding = append(holding, b.holdingBy[id]...)
		}
		slices.Sort(holding)
		for _, d := range []Direction{Ingress, Egress} {
			p := profile{}
			for _, policy := range holding {
				if b.policies[policy].isolates[d] {
					p.policies = append(p.policies, policy)
				}
			}
			if len(p.policies) == 0 {
				continue
			}
			if d == Ingress {
				p.names, p.named = c.names, c.named
			}
			k := fmt.Sprint(p.policies, p.named)
			id, ok := ids[d][k]
			if !ok {
				id = len(b.profiles[d])
				ids[d][k] = id
				b.profiles[d] = append(b.profiles[d], p)
			}
			c.profiles[d] = id
		}
	}
}

// blockRule is a rule that names addresses.
type blockRule struct {
	addresses addresses
	spec      int
}

// row is what the policies of a profile let pass between its pods and each class.
func (b *builder) row(d Direction, p profile) ([]answer, error) {
	anyone, selectors, blocks := map[int]bool{}, map[int]bits{}, []blockRule{}
	for _, i := range p.policies {
		for _, r := range b.policies[i].rules[d] {
			if r.peers == nil {
				anyone[r.spec] = true
			}
			for _, peer := range r.peers {
				switch {
				case peer.isBlock:
					blocks = append(blocks, blockRule{peer.block, r.spec})
				default:
					if selectors[r.spec] == nil {
						selectors[r.spec] = newBits(len(b.compiled.selectors.list))
					}
					selectors[r.spec].set(peer.selector)
				}
			}
			if err := b.step(b.setSteps() + len(r.peers)); err != nil {
				return nil, err
			}
		}
	}
	specs := slices.Sorted(maps.Keys(selectors))
	anyones := slices.Sorted(maps.Keys(anyone))
	byBlock := map[[2]int]answer{}
	row := make([]answer, len(b.classes))
	for i, c := range b.classes {
		names, named := p.names, p.named
		if d == Egress {
			names, named = c.names, c.named
		}
		found := noPorts
		for _, spec := range anyones {
			found = b.ports.union(found, b.resolve(spec, names, named))
		}
		for _, spec := range specs {
			if overlaps(selectors[spec], c.selected) {
				found = b.ports.union(found, b.resolve(spec, names, named))
			}
		}
		if err := b.step(1 + len(anyones) + len(specs)*b.setSteps()); err != nil {
			return nil, err
		}
		if len(c.addresses) == 1 && c.addresses[0].lo == c.addresses[0].hi { // as of pods that run: hardly two have one
			for _, r := range blocks {
				if r.addresses.has(c.addresses[0].lo) {
					found = b.ports.union(found, b.resolve(r.spec, names, named))
				}
			}
			row[i] = answer{found, found}
			if err := b.step(len(blocks)); err != nil {
				return nil, err
			}
			continue
		}
		k := [2]int{c.block, named}
		byAddress, ok := byBlock[k]
		if !ok {
			var err error
			if byAddress, err = b.blocks(blocks, c.addresses, names, named); err != nil {
				return nil, err
			}
			byBlock[k] = byAddress
		}
		row[i] = answer{certain: b.ports.union(found, byAddress.certain), possible: b.ports.union(found, byAddress.possible)}
	}
	return row, nil
}

func overlaps(a, b bits) bool {
	for i := range a {
		if a[i]&b[i] != 0 {
			return true
		}
	}
	return false
}

func (b *builder) resolve(spec int, names map[namedPort]Ports, named int) int32 {
	k := [2]int{spec, named}
	id, ok := b.resolved[k]
	if !ok {
		id = b.ports.id(b.compiled.specs.list[spec].on(names))
		b.resolved[k] = id
	}
	return id
}

// edge is where a rule's addresses begin, or where they have ended.
type edge struct {
	at    netip.Addr
	ports int32
	count int
}

// blocks is what rules that name addresses let pass to or from a party which has one of these: possible is what passes for one of them, certain
// what passes for each. Between two edges of blocks all addresses fare alike, so one of each stretch is asked about.
func (b *builder) blocks(rules []blockRule, those addresses, names map[namedPort]Ports, named int) (answer, error) {
	var edges []edge
	for _, s := range those {
		edges = append(edges, edge{at: s.lo})
	}
	for _, r := range rules {
		ports := b.resolve(r.spec, names, named)
		for _, s := range r.addresses.intersect(those) {
			edges = append(edges, edge{s.lo, ports, 1})
			if next := after(s.hi); next.IsValid() {
				edges = append(edges, edge{next, ports, -1})
			}
		}
		if err := b.step(1 + len(r.addresses) + len(those)); err != nil {
			return answer{}, err
		}
	}
	slices.SortFunc(edges, func(x, y edge) int { return x.at.Compare(y.at) })
	out := answer{certain: everyPorts, possible: noPorts}
	if len(those) == 0 {
		out.certain = noPorts
	}
	open := map[int32]int{} // how many rules let these ports pass here
	for i, e := range edges {
		if open[e.ports] += e.count; open[e.ports] == 0 {
			delete(open, e.ports)
		}
		if i+1 < len(edges) && edges[i+1].at == e.at || !those.has(e.at) {
			continue
		}
		here := noPorts
		for ports := range open {
			here = b.ports.union(here, ports)
		}
		if err := b.step(1 + matchSteps*len(open)); err != nil {
			return answer{}, err
		}
		out.certain, out.possible = b.ports.meet(out.certain, here), b.ports.union(out.possible, here)
	}
	return out, nil
}

// after is the address that follows, of all IPv4 addresses and then all IPv6 ones; none after the last.
func after(a netip.Addr) netip.Addr {
	if next := a.Next(); next.IsValid() || !a.Is4() {
		return next
	}
	return netip.IPv6Unspecified()
}

func number[K cmp.Ordered](ids map[K]int, k K) int {
	id, ok := ids[k]
	if !ok {
		id = len(ids)
		ids[k] = id
	}
	return id
}
