package reach

import (
	"net/netip"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// The addresses that these tests ask about lie around both families' ends and some borders within.
func someAddresses() (list []netip.Addr) {
	for _, p := range prefixes("0.0.0.0/30", "10.0.0.0/28", "255.255.255.252/30", "::/126", "2001:db8::/125", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffc/126") {
		for a := p.Addr(); p.Contains(a); a = a.Next() {
			list = append(list, a)
		}
	}
	return list
}

func somePrefixes(t *rapid.T, name string) (list []netip.Prefix) {
	one := rapid.Custom(func(t *rapid.T) netip.Prefix {
		a := rapid.SampledFrom(someAddresses()).Draw(t, "address")
		bits := a.BitLen() - rapid.IntRange(0, 5).Draw(t, "size")
		if rapid.IntRange(0, 9).Draw(t, "all") == 0 {
			bits = 0
		}
		return netip.PrefixFrom(a, bits)
	})
	return rapid.SliceOfN(one, 0, 4).Draw(t, name)
}

func TestAddressesAreSets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, q := somePrefixes(t, "p"), somePrefixes(t, "q")
		a, b := addressesOf(p), addressesOf(q)
		within := func(list []netip.Prefix, x netip.Addr) bool {
			return slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(x) })
		}
		for _, x := range someAddresses() {
			in, other := within(p, x), within(q, x)
			if a.has(x) != in || a.intersect(b).has(x) != (in && other) || a.minus(b).has(x) != (in && !other) {
				t.Fatalf("%s: in %v %t, in both %t, without %v %t", x, p, a.has(x), a.intersect(b).has(x), q, a.minus(b).has(x))
			}
		}
		for _, set := range []addresses{a, a.intersect(b), a.minus(b)} {
			for i, s := range set {
				if s.hi.Compare(s.lo) < 0 || s.lo.BitLen() != s.hi.BitLen() || i > 0 && s.lo.Compare(set[i-1].hi) <= 0 {
					t.Fatalf("%v and %v make %v", p, q, set)
				}
			}
		}
		if len(a.minus(b)) == 0 != (len(a.minus(a.intersect(b))) == 0) {
			t.Fatalf("%v without %v: %v", p, q, a.minus(b))
		}
	})
}

func TestKnownRangesShareNoAddress(t *testing.T) {
	ranges := []Range{Internet(), Internet6(), Translated(), Private(), LinkLocal(), Metadata()}
	for i, r := range ranges {
		if len(r.addresses()) == 0 {
			t.Errorf("%s is empty", r.Name)
		}
		for _, s := range ranges[:i] {
			if both := r.addresses().intersect(s.addresses()); len(both) > 0 {
				t.Errorf("%s is in both %s and %s", both, r.Name, s.Name)
			}
		}
	}
	for text, want := range map[string]string{
		"8.8.8.8": "internet", "172.32.0.1": "internet", "172.31.255.255": "private addresses", "100.64.0.1": "private addresses",
		"169.254.169.254": "metadata service", "169.254.169.253": "link-local addresses", "fd00:ec2::254": "metadata service", "fd00::1": "private addresses",
		"fe80::1": "link-local addresses", "2606:4700::1111": "internet (IPv6)", "2002:a00:1::": "IPv4 inside IPv6", "2001:0:a00:1::": "IPv4 inside IPv6", "::ffff:10.0.0.1": "IPv4 inside IPv6", "64:ff9b::a00:1": "IPv4 inside IPv6",
	} {
		for _, r := range ranges {
			if got := r.addresses().has(netip.MustParseAddr(text)); got != (r.Name == want) {
				t.Errorf("%s is in %s: %t", text, r.Name, got)
			}
		}
	}
	for _, text := range []string{"127.0.0.1", "224.0.0.1", "203.0.113.1", "198.18.0.1", "::1", "2001:db8::1"} {
		for _, r := range ranges {
			if r.addresses().has(netip.MustParseAddr(text)) {
				t.Errorf("%s is in %s, and is nobody's", text, r.Name)
			}
		}
	}
}
