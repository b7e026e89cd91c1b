//go:build linux

package kube_test

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/reach"
	"github.com/Abdullahi130/StellarEscrow/test/parts/netns"
	"github.com/Abdullahi130/StellarEscrow/test/stack/enter"
)

// tried are the ports that a rule or a part has, and one that nobody has.
var tried = []uint16{53, 443, 3000, 3001, 3100, 4000, 4001, 5432, 6379, 8443, 9090, 9093, 10254, 9}

// quiet is longer than in a network that has nothing else in it: the machine may be busy.
const quiet = 700 * time.Millisecond

// others are pods that do not run here, or should never, and whose connections are looked at all the same: each has the labels alone, and is the client's
// program otherwise.
var others = []struct{ name, namespace, label string }{
	{"backup", space, "backup"}, {"grafana", space, "grafana"}, {"loki", space, "loki"}, {"stranger", space, "stranger"},
	{"agent", "logging", "alloy"}, {"elsewhere", "elsewhere", "api"},
}

// furnish starts them.
func (s *stack) furnish(t *testing.T) {
	t.Helper()
	var b strings.Builder
	for _, o := range others {
		fmt.Fprintf(&b, `---
apiVersion: v1
kind: Namespace
metadata: {name: %[2]s}
---
apiVersion: v1
kind: Pod
metadata: {name: labels-of-%[1]s, namespace: %[2]s, labels: {app.kubernetes.io/name: %[3]s}}
spec:
  automountServiceAccountToken: false
  enableServiceLinks: false
  terminationGracePeriodSeconds: 1
  securityContext: {runAsNonRoot: true, runAsUser: 65532, runAsGroup: 65532, seccompProfile: {type: RuntimeDefault}}
  containers:
    - name: c
      image: %[4]s@%[5]s
      args: [client]
      securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
`, o.name, o.namespace, o.label, repository(s.images["client"]), s.images["client"].Digest)
	}
	// The namespace of the platform is there; what apply says of it is about who applied it.
	s.node.kubectl(t, strings.ReplaceAll(b.String(), "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: "+space+"}\n", ""), "apply", "-f", "-")
	for _, o := range others {
		s.node.kubectl(t, "", "-n", o.namespace, "wait", "pod/labels-of-"+o.name, "--for=condition=Ready", "--timeout=60s")
	}
}

// network is everybody who takes part: every pod that runs, and three addresses outside of all of them.
func (s *stack) network(t *testing.T) (parties []netns.Party, c reach.Cluster) {
	t.Helper()
	for _, n := range list[corev1.NamespaceList](t, s.node, "namespaces").Items {
		c.Namespaces = append(c.Namespaces, reach.Namespace{Name: n.Name, Labels: n.Labels})
	}
	for _, p := range list[networkingv1.NetworkPolicyList](t, s.node, "-A", "networkpolicies").Items {
		c.Policies = append(c.Policies, reach.Policy{NetworkPolicy: p})
	}
	for _, p := range list[corev1.PodList](t, s.node, "-A", "pods").Items {
		if !ready(p) {
			continue
		}
		address, err := netip.ParseAddr(p.Status.PodIP)
		if err != nil {
			t.Fatal(err)
		}
		e := reach.FromTemplate(p.Name, p.Namespace, corev1.PodTemplateSpec{ObjectMeta: p.ObjectMeta, Spec: p.Spec})
		e.Addresses = []netip.Addr{address}
		c.Endpoints = append(c.Endpoints, e)
		within := s.node.Pod(t, p.Namespace, p.Name)
		parties = append(parties, netns.Party{Name: p.Name, Address: address, Inside: within.Inside})
	}
	file := fmt.Sprintf("/proc/%d/root/run/netns/outside", s.node.pid)
	for name, text := range map[string]string{"internet": outsideAddress, "metadata": "169.254.169.254", "private": "192.168.7.7"} {
		address := netip.MustParseAddr(text)
		c.Ranges = append(c.Ranges, reach.Range{Name: name, Prefixes: []netip.Prefix{netip.PrefixFrom(address, 32)}})
		parties = append(parties, netns.Party{Name: name, Address: address, Inside: func(do func() error) error { return enter.Network(file, do) }})
	}
	return parties, c
}

// pairs tries every connection from everybody to everybody, and compares what came through with what internal/guide/reach says of the cluster's policies.
// The rules of the kernel are netpol's, another reading of the same.
func (s *stack) pairs(t *testing.T) {
	s.furnish(t)
	for _, address := range []string{"169.254.169.254", "192.168.7.7"} {
		s.node.ip(t, "-n outside addr add "+address+"/32 dev lo")
	}
	parties, c := s.network(t)
	g, err := reach.New(c)
	if err != nil {
		t.Fatal(err)
	}
	var attempts []netns.Attempt
	for _, a := range parties {
		for _, b := range parties {
			if a.Name == b.Name || isRange(c, a.Name) && isRange(c, b.Name) {
				continue
			}
			for _, port := range tried {
				attempts = append(attempts, netns.Attempt{From: a.Name, To: b.Name, Port: port}, netns.Attempt{From: a.Name, To: b.Name, Port: port, UDP: true})
			}
		}
	}
	trial := netns.Trial{Parties: parties, Quiet: quiet}
	through, err := trial.Run(attempts)
	if err != nil {
		t.Fatal(err)
	}
	open, wrong := 0, 0
	for i, a := range attempts {
		e, err := g.Explain(a.From, a.To)
		if err != nil {
			t.Fatal(err)
		}
		protocol := corev1.ProtocolTCP
		if a.UDP {
			protocol = corev1.ProtocolUDP
		}
		if through[i] {
			open++
		}
		if through[i] != e.Open.Certain.Has(protocol, a.Port) || !e.Open.Certain.Equal(e.Open.Possible) {
			if wrong++; wrong <= 20 {
				t.Errorf("%v came through %t, and the graph says\n%s", a, through[i], e.On(protocol, a.Port))
			}
		}
	}
	t.Logf("%d connections among %d parties: %d came through, %d went otherwise than the graph says", len(attempts), len(parties), open, wrong)
	if open < 100 || len(attempts)-open < 1000 {
		t.Errorf("%d came through of %d: that shows little", open, len(attempts))
	}
	s.hole(t, trial)
}

func isRange(c reach.Cluster, name string) bool {
	return slices.ContainsFunc(c.Ranges, func(r reach.Range) bool { return r.Name == name })
}

// hole lets a client into Redis, and closes it again: both must be felt, or the kernel is asked about nothing.
func (s *stack) hole(t *testing.T, trial netns.Trial) {
	t.Helper()
	find := func(prefix string) string {
		i := slices.IndexFunc(trial.Parties, func(p netns.Party) bool { return strings.HasPrefix(p.Name, prefix) })
		if i < 0 {
			t.Fatalf("nobody is called %s…", prefix)
		}
		return trial.Parties[i].Name
	}
	one := []netns.Attempt{{From: find("client-"), To: find("redis-"), Port: 6379}}
	felt := func(want bool) {
		t.Helper()
		for end := time.Now().Add(20 * time.Second); ; {
			through, err := trial.Run(one)
			if err != nil {
				t.Fatal(err)
			}
			if through[0] == want {
				return
			}
			if time.Now().After(end) {
				t.Fatalf("from the client to Redis nothing comes through: %t, after the policy was changed", !want)
			}
		}
	}
	const policy = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {namespace: stellar-escrow, name: a-hole}
spec:
  podSelector: {matchExpressions: [{key: app.kubernetes.io/name, operator: In, values: [client, redis]}]}
  policyTypes: [Ingress, Egress]
  ingress: [{from: [{podSelector: {matchLabels: {app.kubernetes.io/name: client}}}]}]
  egress: [{to: [{podSelector: {matchLabels: {app.kubernetes.io/name: redis}}}]}]
`
	felt(false)
	s.node.kubectl(t, policy, "apply", "-f", "-")
	felt(true)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := s.node.ExecInput(ctx, []byte(policy), "kubectl", "delete", "-f", "-"); err != nil {
		t.Fatal(err)
	}
	felt(false)
}
