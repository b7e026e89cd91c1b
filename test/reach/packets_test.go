//go:build linux

package reach

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/kube"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/reach"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/reach/reachtest"
	"github.com/Abdullahi130/StellarEscrow/test/parts/netns"
)

// hostsOf is a host for each pod and each range, which here is one address.
func hostsOf(t *testing.T, c reach.Cluster) (hosts []netns.Host) {
	t.Helper()
	for _, e := range c.Endpoints {
		hosts = append(hosts, netns.Host{Name: e.Name, Address: e.Addresses[0]})
	}
	for _, r := range c.Ranges {
		if len(r.Prefixes) != 1 || !r.Prefixes[0].IsSingleIP() {
			t.Fatalf("range %s is more than one host", r.Name)
		}
		hosts = append(hosts, netns.Host{Name: r.Name, Address: r.Prefixes[0].Addr()})
	}
	return hosts
}

// everyPair is an attempt for each pair that is judged, each port, TCP and UDP.
func everyPair(g *reach.Graph, ports []uint16) (attempts []netns.Attempt) {
	for _, a := range g.Parties() {
		for _, b := range g.Parties() {
			if a.Name == b.Name || a.Kind == reach.Outside && b.Kind == reach.Outside {
				continue
			}
			for _, port := range ports {
				attempts = append(attempts, netns.Attempt{From: a.Name, To: b.Name, Port: port}, netns.Attempt{From: a.Name, To: b.Name, Port: port, UDP: true})
			}
		}
	}
	return attempts
}

// wrong lists the attempts that went otherwise than the graph says, and counts those that came through.
func wrong(t *testing.T, n *netns.Network, g *reach.Graph, ports []uint16) (list []string, open, shut int) {
	t.Helper()
	attempts := everyPair(g, ports)
	for i, through := range n.Try(t, attempts) {
		a := attempts[i]
		e, err := g.Explain(a.From, a.To)
		if err != nil {
			t.Fatal(err)
		}
		protocol := corev1.ProtocolTCP
		if a.UDP {
			protocol = corev1.ProtocolUDP
		}
		if !e.Open.Certain.Equal(e.Open.Possible) {
			t.Fatalf("%v: addresses are known, and yet %s", a, e)
		}
		if through {
			open++
		} else {
			shut++
		}
		if through != e.Open.Certain.Has(protocol, a.Port) {
			list = append(list, fmt.Sprintf("%v: came through %t, and the graph says\n%s", a, through, e.On(protocol, a.Port)))
		}
	}
	return list, open, shut
}

// TestPacketsGoAsThePlatformsGraphSays tries every pair of the production overlay and what is around it, on every port that a rule or one of them
// has, and on one that nobody has.
func TestPacketsGoAsThePlatformsGraphSays(t *testing.T) {
	if !netns.Own(t) {
		return
	}
	c := platform(t)
	n := netns.New(t, hostsOf(t, c))
	n.Filter(t, ruleset(t, c))
	g, err := reach.New(c)
	if err != nil {
		t.Fatal(err)
	}
	ports := []uint16{53, 443, 3000, 3001, 3100, 4000, 4001, 5432, 6379, 9090, 9093, 10254, 9}
	bad, open, shut := wrong(t, n, g, ports)
	for _, b := range bad {
		t.Error(b)
	}
	t.Logf("%d attempts, %d came through", open+shut, open)
	if open < 20 || shut < 1000 {
		t.Errorf("%d came through, %d did not: that shows little", open, shut)
	}
	// And a hole that the graph does not know of must show.
	n.Filter(t, fmt.Sprintf("insert rule inet reach forward ip saddr %s ip daddr %s tcp dport 6379 accept\n", address(t, c, "client"), address(t, c, "redis")))
	if bad, _, _ = wrong(t, n, g, ports); len(bad) != 1 || !strings.HasPrefix(bad[0], "client to redis 6379/TCP: came through true") {
		t.Errorf("a hole from client to redis shows as %q", bad)
	}
}

// platform is the production overlay as it is rendered, a host for each workload's pods, and hosts for those around it.
func platform(t *testing.T) reach.Cluster {
	t.Helper()
	set, err := kube.Render(os.DirFS("../.."), "k8s/overlays/production")
	if err != nil {
		t.Fatal(err)
	}
	c := reach.Cluster{Ranges: []reach.Range{
		{Name: "internet", Prefixes: []netip.Prefix{netip.MustParsePrefix("203.0.113.10/32")}},
		{Name: "metadata", Prefixes: []netip.Prefix{netip.MustParsePrefix("169.254.169.254/32")}},
		{Name: "private", Prefixes: []netip.Prefix{netip.MustParsePrefix("192.168.7.7/32")}},
	}}
	for _, p := range set.NetworkPolicies() {
		c.Policies = append(c.Policies, reach.Policy{NetworkPolicy: *p.Value, File: p.File, Line: p.Line})
	}
	for _, w := range set.Workloads() {
		c.Endpoints = append(c.Endpoints, reach.FromTemplate(w.Name, w.Namespace, w.Pod))
	}
	if len(c.Policies) < 10 || len(c.Endpoints) < 10 {
		t.Fatalf("the overlay has %d policies and %d workloads", len(c.Policies), len(c.Endpoints))
	}
	c.Endpoints = append(c.Endpoints, reach.ClusterDNS(), reach.IngressController(),
		reach.Endpoint{Name: "log agent", Namespace: "logging", Labels: map[string]string{"app.kubernetes.io/name": "alloy"}})
	c, _ = reach.WithStrangers(c)
	for i := range c.Endpoints {
		c.Endpoints[i].Addresses = []netip.Addr{netip.AddrFrom4([4]byte{10, 0, 0, byte(i + 1)})}
	}
	return c
}

func address(t *testing.T, c reach.Cluster, name string) netip.Addr {
	t.Helper()
	for _, e := range c.Endpoints {
		if e.Name == name {
			return e.Addresses[0]
		}
	}
	t.Fatalf("no pods are called %s", name)
	return netip.Addr{}
}

// TestPacketsGoAsGeneratedGraphsSay tries sets of policies that nobody would write.
func TestPacketsGoAsGeneratedGraphsSay(t *testing.T) {
	if !netns.Own(t) {
		return
	}
	const clusters = 15
	r := rand.New(rand.NewPCG(11, 13))
	var n *netns.Network
	var open, shut int
	for tried := 0; tried < clusters; {
		c := reachtest.Cluster(r, reachtest.Options{KnownAddresses: true, NoHostNetwork: true})
		if len(c.Endpoints) < 4 || len(c.Policies) == 0 {
			continue
		}
		tried++
		c.Endpoints = c.Endpoints[:4]
		for i := range c.Endpoints {
			c.Endpoints[i].Addresses = []netip.Addr{netip.AddrFrom4([4]byte{10, 0, 0, byte(i)})}
		}
		if n == nil {
			n = netns.New(t, hostsOf(t, c)) // the same for all
		}
		n.Filter(t, ruleset(t, c))
		g, err := reach.New(c)
		if err != nil {
			t.Fatal(err)
		}
		bad, o, s := wrong(t, n, g, []uint16{1, 2, 3, 4, 5, 6, 7, 65534, 65535})
		for _, b := range bad {
			t.Errorf("cluster %d: %s", tried, b)
		}
		open, shut = open+o, shut+s
	}
	t.Logf("%d attempts, %d came through", open+shut, open)
	if open < (open+shut)/10 || shut < (open+shut)/10 {
		t.Errorf("%d came through, %d did not: that shows little", open, shut)
	}
}
