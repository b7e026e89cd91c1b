//go:build linux

package netns_test

import (
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/test/parts/netns"
)

func TestTheFilterDecides(t *testing.T) {
	if !netns.Own(t) {
		return
	}
	n := netns.New(t, []netns.Host{{Name: "a", Address: netip.MustParseAddr("10.0.0.1")}, {Name: "b", Address: netip.MustParseAddr("203.0.113.2")}})
	attempts := []netns.Attempt{
		{From: "a", To: "b", Port: 80}, {From: "a", To: "b", Port: 81}, {From: "a", To: "b", Port: 53, UDP: true},
		{From: "b", To: "a", Port: 80}, {From: "b", To: "a", Port: 53, UDP: true},
	}
	for _, test := range []struct {
		rules string
		want  []bool
	}{
		{"", []bool{true, true, true, true, true}}, // nobody listens on 80, and the answer says so
		{"ip saddr 10.0.0.1 tcp dport 80 drop", []bool{false, true, true, true, true}},
		{"ip saddr 203.0.113.2 ct direction original drop", []bool{true, true, true, false, false}},
		{"meta l4proto udp drop", []bool{true, true, false, true, false}},
		{"drop", []bool{false, false, false, false, false}},
	} {
		n.Filter(t, "table inet x\ndelete table inet x\ntable inet x {\nchain f {\ntype filter hook forward priority 0;\n"+test.rules+"\n}\n}\n")
		if got := n.Try(t, attempts); !slices.Equal(got, test.want) {
			t.Errorf("%q: of %v came through %v, want %v", test.rules, attempts, got, test.want)
		}
	}
	// The machine's own network is not to be seen from here.
	if c, err := net.DialTimeout("tcp", "192.0.2.1:80", time.Second); err == nil {
		c.Close()
		t.Error("there is a way out")
	}
	links, err := net.Interfaces()
	if err != nil || len(links) != 3 {
		t.Errorf("links %v, %v, want lo and one for each host", links, err)
	}
}
