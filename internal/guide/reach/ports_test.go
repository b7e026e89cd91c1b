package reach_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/reach"
)

func mustPorts(t testing.TB, text string) reach.Ports {
	t.Helper()
	p, err := reach.ParsePorts(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// portSets draws sets that meet and touch, at both ends of the numbers.
func portSets() *rapid.Generator[reach.Ports] {
	edge := rapid.SampledFrom([]uint16{1, 2, 3, 4, 5, 6, 7, 65533, 65534, 65535})
	return rapid.Custom(func(t *rapid.T) (all reach.Ports) {
		for range rapid.IntRange(0, 5).Draw(t, "parts") {
			a, b := edge.Draw(t, "a"), edge.Draw(t, "b")
			first, last := min(a, b), max(a, b)
			p, err := reach.ParsePorts(fmt.Sprintf("%d-%d/%s", first, last, rapid.SampledFrom(protocols).Draw(t, "protocol")))
			if err != nil {
				t.Fatal(err)
			}
			all = all.Union(p)
		}
		return all
	})
}

// TestPortSetsAreSets holds each operation against what it means, port by port.
func TestPortSetsAreSets(t *testing.T) {
	ask := []uint16{0, 1, 2, 3, 4, 5, 6, 7, 8, 1000, 65532, 65533, 65534, 65535}
	rapid.Check(t, func(t *rapid.T) {
		p, q := portSets().Draw(t, "p"), portSets().Draw(t, "q")
		contained := true
		for _, protocol := range protocols {
			for _, port := range ask {
				a, b := p.Has(protocol, port), q.Has(protocol, port)
				if got := p.Union(q).Has(protocol, port); got != (a || b) {
					t.Fatalf("%v and %v united: %d/%s %t", p, q, port, protocol, got)
				}
				if got := p.Intersect(q).Has(protocol, port); got != (a && b) {
					t.Fatalf("%v and %v intersected: %d/%s %t", p, q, port, protocol, got)
				}
				if got := p.Minus(q).Has(protocol, port); got != (a && !b) {
					t.Fatalf("%v without %v: %d/%s %t", p, q, port, protocol, got)
				}
				if got := reach.Everything().Minus(p).Has(protocol, port); got != (!a && port > 0) {
					t.Fatalf("all but %v: %d/%s %t", p, port, protocol, got)
				}
				contained = contained && (a || !b)
			}
		}
		if p.Contains(q) != contained {
			t.Fatalf("%v holds %v: got %t, want %t", p, q, p.Contains(q), contained)
		}
		if p.Equal(q) != (p.Contains(q) && q.Contains(p)) || p.Equal(q) != (p.String() == q.String()) {
			t.Fatalf("%v equals %v: %t", p, q, p.Equal(q))
		}
		if p.Empty() != p.Equal(reach.Ports{}) {
			t.Fatalf("%v is empty: %t", p, p.Empty())
		}
		text, err := p.MarshalText()
		var back reach.Ports
		if err != nil || back.UnmarshalText(text) != nil || !back.Equal(p) {
			t.Fatalf("%s was read as %v, %v", text, back, err)
		}
		for _, protocol := range protocols {
			last := 0
			for _, v := range p.Intervals(protocol) {
				if int(v.First) <= last+1 && last > 0 || v.Last < v.First {
					t.Fatalf("%v: intervals touch: %v", p, p.Intervals(protocol))
				}
				last = int(v.Last)
			}
		}
	})
}

func TestPortsRead(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"nothing", "nothing"},
		{"everything", "everything"},
		{"all TCP, all UDP, all SCTP", "everything"},
		{"1-65535/UDP", "all UDP"},
		{"81/TCP,80/TCP , 53/UDP", "80-81/TCP, 53/UDP"},
		{"80-90/TCP, 85-100/TCP", "80-100/TCP"},
	} {
		if got := mustPorts(t, test.text).String(); got != test.want {
			t.Errorf("%s: got %s, want %s", test.text, got, test.want)
		}
	}
	for _, text := range []string{"", "80", "80/tcp", "0/TCP", "65536/TCP", "9-8/TCP", "-1/TCP", "a/TCP", "1-/TCP", "all ICMP", "all", "80/TCP,", "80/TCP/UDP"} {
		if p, err := reach.ParsePorts(text); err == nil {
			t.Errorf("%q was read as %v", text, p)
		}
	}
	if got := reach.TCP(0, 80).Union(reach.UDP(53)).String(); got != "80/TCP, 53/UDP" {
		t.Errorf("got %s", got)
	}
	if reach.Everything().Has("ICMP", 1) || reach.Everything().Intervals("ICMP") != nil {
		t.Error("a set holds ports of a protocol that has none")
	}
	var p reach.Ports
	if p.UnmarshalText([]byte("x")) == nil {
		t.Error("x was read")
	}
}

func FuzzParsePorts(f *testing.F) {
	for _, seed := range []string{"nothing", "everything", "80/TCP, 8000-8080/TCP, all UDP", "1-65535/SCTP", "0/TCP", "70000/UDP", ",", "all "} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := reach.ParsePorts(text)
		if err != nil {
			return
		}
		if q, err := reach.ParsePorts(p.String()); err != nil || !p.Equal(q) {
			t.Errorf("%q is written %q and read as %v, %v", text, p, q, err)
		}
	})
}
