//go:build linux

package netpol_test

import (
	"net/netip"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/Abdullahi130/StellarEscrow/test/parts/kubenode/netpol"
	"github.com/Abdullahi130/StellarEscrow/test/parts/netns"
)

// TestPackets has the kernel decide on rules that hold web and db, with two worlds outside and a pod that the API has not told of yet. What shall come
// through is written by hand.
func TestPackets(t *testing.T) {
	if !netns.Own(t) {
		return
	}
	pods := []*corev1.Pod{
		running("web", "10.244.0.10", map[string]string{"app": "web"}, corev1.ContainerPort{Name: "http", ContainerPort: 8080}),
		running("db", "10.244.0.11", map[string]string{"app": "db"}),
		running("other", "10.244.0.12", map[string]string{"app": "other"}),
		running("door", "10.244.0.13", map[string]string{"app": "door", "in": "ingress"}),
	}
	var hosts []netns.Host
	for _, p := range pods {
		hosts = append(hosts, netns.Host{Name: p.Name, Address: netip.MustParseAddr(p.Status.PodIP)})
	}
	hosts = append(hosts, netns.Host{Name: "new", Address: netip.MustParseAddr("10.244.0.14")},
		netns.Host{Name: "outside", Address: netip.MustParseAddr("203.0.113.10")}, netns.Host{Name: "metadata", Address: netip.MustParseAddr("169.254.169.254")})
	n := netns.New(t, hosts)
	held := netpol.State{
		Namespaces: []*corev1.Namespace{namespace("app"), namespace("ingress")}, Pods: pods,
		Policies: []*networkingv1.NetworkPolicy{
			policy(t, "deny", `{podSelector: {matchExpressions: [{key: app, operator: In, values: [web, db]}]}, policyTypes: [Ingress, Egress]}`),
			policy(t, "web", `{podSelector: {matchLabels: {app: web}},
				ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ingress}}}], ports: [{port: http}]}],
				egress: [{to: [{podSelector: {matchLabels: {app: db}}}], ports: [{port: 5432}, {port: 53, protocol: UDP}]},
					{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8, 169.254.0.0/16]}}], ports: [{port: 443, endPort: 445}]}]}`),
			policy(t, "db", `{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]}`),
		},
	}
	attempts := []netns.Attempt{
		{From: "door", To: "web", Port: 8080}, {From: "door", To: "web", Port: 8081}, {From: "door", To: "web", Port: 8080, UDP: true}, {From: "other", To: "web", Port: 8080},
		{From: "web", To: "db", Port: 5432}, {From: "web", To: "db", Port: 53, UDP: true}, {From: "web", To: "db", Port: 53}, {From: "db", To: "web", Port: 8080},
		{From: "web", To: "outside", Port: 443}, {From: "web", To: "outside", Port: 445}, {From: "web", To: "outside", Port: 446}, {From: "web", To: "metadata", Port: 443},
		{From: "outside", To: "web", Port: 8080}, {From: "outside", To: "other", Port: 80}, {From: "other", To: "outside", Port: 80}, {From: "other", To: "door", Port: 80},
		{From: "new", To: "other", Port: 80}, {From: "other", To: "new", Port: 80}, {From: "new", To: "outside", Port: 443}, {From: "outside", To: "new", Port: 80, UDP: true},
	}
	want := []bool{
		true, false, false, false,
		true, true, false, false,
		true, true, false, false,
		false, true, true, true,
		false, false, false, false,
	}
	try := func(name string, s netpol.State, want []bool) {
		t.Helper()
		n.Filter(t, rules(t, s))
		got := n.Try(t, attempts)
		for i, a := range attempts {
			if got[i] != want[i] {
				t.Errorf("%s: %v came through %t", name, a, got[i])
			}
		}
	}
	try("held", held, want)
	// Swapped: without policies everybody known goes everywhere, and before anything is known nobody goes anywhere.
	free := held
	free.Policies = nil
	open := slices.Repeat([]bool{true}, len(attempts))
	copy(open[16:], []bool{false, false, false, false})
	try("without policies", free, open)
	try("before the first answer", netpol.State{}, make([]bool, len(attempts)))
	try("held again", held, want)
}
