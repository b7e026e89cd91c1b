package reach

import (
	"net/netip"
	"slices"
	"strings"
)

// stretch is the addresses from lo to hi, both included, of one family.
type stretch struct{ lo, hi netip.Addr }

// addresses is a set of IPv4 and IPv6 addresses: sorted stretches, IPv4 first, none touching the next. A set never changes.
type addresses []stretch

// addressesOf passes over prefixes that are none: whoever takes them in has said so.
func addressesOf(prefixes []netip.Prefix) addresses {
	var all addresses
	for _, p := range prefixes {
		if !p.IsValid() {
			continue
		}
		p = p.Masked()
		all = append(all, stretch{p.Addr(), lastOf(p)})
	}
	return all.joined()
}

func single(list []netip.Addr) addresses {
	var all addresses
	for _, a := range list {
		a = a.Unmap().WithZone("")
		all = append(all, stretch{a, a})
	}
	return all.joined()
}

// lastOf is the highest address of a masked prefix.
func lastOf(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for bit := p.Bits(); bit < len(b)*8; bit++ {
		b[bit/8] |= 1 << (7 - bit%8)
	}
	last, _ := netip.AddrFromSlice(b) // as many bytes as an address has
	return last
}

// joined sorts the stretches and makes one of those that overlap or touch.
func (a addresses) joined() addresses {
	if len(a) == 0 {
		return nil
	}
	a = slices.Clone(a)
	slices.SortFunc(a, func(x, y stretch) int { return x.lo.Compare(y.lo) })
	out := a[:1]
	for _, s := range a[1:] {
		last := &out[len(out)-1]
		if s.lo.Compare(last.hi) > 0 && s.lo != last.hi.Next() {
			out = append(out, s)
			continue
		}
		if s.hi.Compare(last.hi) > 0 {
			last.hi = s.hi
		}
	}
	return out
}

func (a addresses) intersect(b addresses) (both addresses) {
	for i, j := 0, 0; i < len(a) && j < len(b); {
		lo, hi := a[i].lo, a[i].hi
		if b[j].lo.Compare(lo) > 0 {
			lo = b[j].lo
		}
		if b[j].hi.Compare(hi) < 0 {
			hi = b[j].hi
		}
		if lo.Compare(hi) <= 0 {
			both = append(both, stretch{lo, hi})
		}
		if a[i].hi.Compare(b[j].hi) < 0 {
			i++
		} else {
			j++
		}
	}
	return both
}

func (a addresses) minus(b addresses) (rest addresses) {
	for _, s := range a {
		next, left := s.lo, true
		for _, cut := range b {
			if cut.hi.Compare(next) < 0 || cut.lo.Compare(s.hi) > 0 {
				continue
			}
			if cut.lo.Compare(next) > 0 {
				rest = append(rest, stretch{next, cut.lo.Prev()})
			}
			if cut.hi.Compare(s.hi) >= 0 {
				left = false
				break
			}
			next = cut.hi.Next()
		}
		if left {
			rest = append(rest, stretch{next, s.hi})
		}
	}
	return rest
}

func (a addresses) has(x netip.Addr) bool {
	_, found := slices.BinarySearchFunc(a, x, func(s stretch, x netip.Addr) int {
		switch {
		case s.hi.Compare(x) < 0:
			return -1
		case s.lo.Compare(x) > 0:
			return 1
		}
		return 0
	})
	return found
}

// String writes the set as a person reads it, and equal sets alike.
func (a addresses) String() string {
	var parts []string
	for _, s := range a {
		text := s.lo.String()
		if s.hi != s.lo {
			text += "-" + s.hi.String()
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}
