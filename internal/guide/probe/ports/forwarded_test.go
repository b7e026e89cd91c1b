//go:build linux

package ports_test

import (
	"context"
	"errors"
	"net/netip"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/probe/ports"
	"github.com/Abdullahi130/StellarEscrow/test/parts"
	"github.com/Abdullahi130/StellarEscrow/test/parts/netns"
)

// TestForwarded reads rules that nft and iptables have made, as the engines that publish ports without a socket make them.
func TestForwarded(t *testing.T) {
	if !netns.Own(t) {
		return
	}
	run := func(name string, args ...string) {
		t.Helper()
		if out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput(); err != nil {
			t.Fatalf("%s %v: %v: %s", name, args, err, out)
		}
	}
	look := func() (got []string) {
		t.Helper()
		all, err := ports.Forwarded(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range all {
			loopback := ""
			if f.Loopback() {
				loopback = ", loopback"
			}
			got = append(got, f.String()+loopback)
		}
		return got
	}
	if got := look(); len(got) != 0 {
		t.Errorf("without a rule: %v", got)
	}
	n := exec.CommandContext(t.Context(), "nft", "-f", "-")
	n.Stdin = strings.NewReader(`
table inet published {
	chain in {
		type nat hook prerouting priority dstnat;
		tcp dport 5432 dnat ip to 172.17.0.2:5432
		ip daddr 127.0.0.1 tcp dport 6379 dnat ip to 172.17.0.3:6379
		ip daddr 192.0.2.0/24 tcp dport 9000-9100 dnat ip to 172.17.0.4
		ip daddr != 127.0.0.1 udp dport 53 redirect to :5353
		tcp dport >= 60000 dnat ip to 172.17.0.5
		ip6 daddr ::1 tcp dport 3100 dnat ip6 to [fd00::2]:3100
		tcp dport { 7000-7010, 7020 } dnat ip to 172.17.0.8
		tcp dport { 80, 443 } dnat ip to 172.17.0.6
		meta l4proto sctp dnat ip to 172.17.0.7
	}
	chain out {
		type nat hook postrouting priority srcnat;
		ip saddr 172.17.0.0/16 masquerade
		ip saddr 172.18.0.0/16 snat ip to 192.0.2.1
	}
	chain filter { type filter hook forward priority filter; tcp dport 22 drop; }
}`)
	if out, err := n.CombinedOutput(); err != nil {
		t.Fatalf("nft: %v: %s", err, out)
	}
	want := []string{
		"protocol 132 every address every port to 172.17.0.7 by inet published in",
		"udp every address 53 to 0.0.0.0:5353 by inet published in",
		"tcp every address 80 to 172.17.0.6 by inet published in",
		"tcp every address 443 to 172.17.0.6 by inet published in",
		"tcp ::1 3100 to [fd00::2]:3100 by inet published in, loopback",
		"tcp every address 5432 to 172.17.0.2:5432 by inet published in",
		"tcp 127.0.0.1 6379 to 172.17.0.3:6379 by inet published in, loopback",
		"tcp every address 7000-7010 to 172.17.0.8 by inet published in",
		"tcp every address 7020 to 172.17.0.8 by inet published in",
		"tcp 192.0.2.0/24 9000-9100 to 172.17.0.4 by inet published in",
		"tcp every address 60000-65535 to 172.17.0.5 by inet published in",
	}
	if diff := cmp.Diff(want, look()); diff != "" {
		t.Errorf("of nft (-want +got):\n%s", diff)
	}
	run("nft", "flush", "ruleset")
	iptables := parts.Program(t, "iptables", "apt-get install -y --no-install-recommends iptables")
	run(iptables, "-t", "nat", "-N", "DOCKER")
	run(iptables, "-t", "nat", "-A", "PREROUTING", "-m", "addrtype", "--dst-type", "LOCAL", "-j", "DOCKER")
	run(iptables, "-t", "nat", "-A", "DOCKER", "!", "-i", "br-1", "-d", "127.0.0.1/32", "-p", "tcp", "-m", "tcp", "--dport", "5432", "-j", "DNAT", "--to-destination", "172.18.0.2:5432")
	run(iptables, "-t", "nat", "-A", "DOCKER", "!", "-i", "br-1", "-p", "tcp", "-m", "tcp", "--dport", "6379", "-j", "DNAT", "--to-destination", "172.18.0.3:6379")
	run(iptables, "-t", "nat", "-A", "DOCKER", "-p", "udp", "--dport", "53", "-j", "REDIRECT", "--to-ports", "5353")
	want = []string{
		"udp every address 53 to 0.0.0.0:5353 by ip nat DOCKER",
		"tcp 127.0.0.1 5432 to 172.18.0.2:5432 by ip nat DOCKER, loopback",
		"tcp every address 6379 to 172.18.0.3:6379 by ip nat DOCKER",
	}
	if diff := cmp.Diff(want, look()); diff != "" {
		t.Errorf("of iptables (-want +got):\n%s", diff)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ports.Forwarded(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("of a question that has ended: %v", err)
	}
}

func TestWhatAForwardIsFor(t *testing.T) {
	for _, c := range []struct {
		forward          ports.Forward
		covers, loopback bool
	}{
		{ports.Forward{Protocol: "tcp", To: netip.MustParsePrefix("127.0.0.1/32"), First: 5432, Last: 5432}, true, true},
		{ports.Forward{To: netip.MustParsePrefix("0.0.0.0/0"), Last: 65535}, true, false},
		{ports.Forward{Protocol: "udp", To: netip.MustParsePrefix("127.0.0.0/8"), First: 5432, Last: 5432}, false, true},
		{ports.Forward{Protocol: "tcp", To: netip.MustParsePrefix("126.0.0.0/7"), First: 1, Last: 5431}, false, false},
		{ports.Forward{Protocol: "protocol 132", To: netip.MustParsePrefix("::1/128"), Last: 65535}, false, true},
	} {
		if c.forward.Covers(5432) != c.covers || c.forward.Loopback() != c.loopback {
			t.Errorf("%s: for port 5432 %t, loopback %t", c.forward, c.forward.Covers(5432), c.forward.Loopback())
		}
	}
}
