package netpol_test

import (
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/Abdullahi130/StellarEscrow/test/parts/kubenode/netpol"
)

// chainOf is what a chain says, without what each of them says.
func chainOf(t *testing.T, rules, name string) (lines []string, there bool) {
	t.Helper()
	_, rest, there := strings.Cut(rules, "\tchain "+name+" {\n")
	if !there {
		return nil, false
	}
	body, _, _ := strings.Cut(rest, "\n\t}")
	for line := range strings.Lines(body) {
		lines = append(lines, strings.TrimSpace(line))
	}
	if len(lines) < 2 || lines[len(lines)-1] != "counter drop" || !strings.HasSuffix(lines[0], "return") {
		t.Fatalf("chain %s does not begin with the pod itself and end with a drop: %q", name, lines)
	}
	return lines[1 : len(lines)-1], true
}

// The pod that each policy below is about is web; none means that the policy does not hold it that way.
func TestWhatEachRuleLetsThrough(t *testing.T) {
	tcp := func(name string, n int32) corev1.ContainerPort {
		return corev1.ContainerPort{Name: name, ContainerPort: n, Protocol: corev1.ProtocolTCP}
	}
	// Left out, a port's protocol is TCP.
	web := running("web", "10.244.0.10", map[string]string{"app": "web"}, corev1.ContainerPort{Name: "http", ContainerPort: 8080}, corev1.ContainerPort{Name: "dns", ContainerPort: 53, Protocol: corev1.ProtocolUDP})
	side := running("side", "10.244.0.14", map[string]string{"app": "side"})
	side.Spec.InitContainers = []corev1.Container{{Name: "sidecar", Ports: []corev1.ContainerPort{tcp("http", 7070)}}}
	state := netpol.State{
		Namespaces: []*corev1.Namespace{namespace("app"), namespace("other")},
		Pods: []*corev1.Pod{
			web, side,
			running("db", "10.244.0.11", map[string]string{"app": "db", "tier": "store"}, tcp("http", 9000)),
			running("cache", "10.244.0.12", map[string]string{"app": "cache", "tier": "store"}),
			running("far", "10.244.0.13", map[string]string{"app": "db", "in": "other"}),
		},
	}
	none := []string{"none"}
	for _, test := range []struct {
		name, spec      string
		ingress, egress []string
	}{
		{"nothing at all", `{podSelector: {}, policyTypes: [Ingress, Egress]}`, nil, nil},
		{"types left out, no egress", `{podSelector: {}}`, nil, none},
		{"types left out, with egress", `{podSelector: {}, egress: [{}]}`, nil, []string{"return"}},
		{"egress alone", `{podSelector: {}, policyTypes: [Egress]}`, none, nil},
		{"rules of a type that is not named", `{podSelector: {}, policyTypes: [Egress], ingress: [{}]}`, none, nil},
		{"another pod's", `{podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress, Egress]}`, none, none},
		{"everybody", `{podSelector: {}, ingress: [{}]}`, []string{"return"}, none},
		{"everybody, one port", `{podSelector: {}, ingress: [{ports: [{port: 80}]}]}`, []string{"tcp dport 80 return"}, none},
		{"a range, a protocol", `{podSelector: {}, ingress: [{ports: [{port: 80, endPort: 90, protocol: UDP}, {protocol: SCTP}]}]}`,
			[]string{"meta l4proto sctp return", "udp dport 80-90 return"}, none},
		{"peers by their labels", `{podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {tier: store}}}]}]}`,
			[]string{"ip saddr 10.244.0.11 return", "ip saddr 10.244.0.12 return"}, none},
		{"peers by an expression", `{podSelector: {}, ingress: [{from: [{podSelector: {matchExpressions: [{key: tier, operator: DoesNotExist}, {key: app, operator: NotIn, values: [web]}]}}]}]}`,
			[]string{"ip saddr 10.244.0.14 return"}, none},
		{"a whole namespace", `{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: other}}}]}]}`,
			[]string{"ip saddr 10.244.0.13 return"}, none},
		{"a namespace and a pod in it", `{podSelector: {}, egress: [{to: [{namespaceSelector: {}, podSelector: {matchLabels: {app: db}}}]}]}`,
			nil, []string{"ip daddr 10.244.0.11 return", "ip daddr 10.244.0.13 return"}},
		{"a namespace or a pod in one's own", `{podSelector: {}, egress: [{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: other}}}, {podSelector: {matchLabels: {app: cache}}}], ports: [{port: 5}]}]}`,
			nil, []string{"ip daddr 10.244.0.12 tcp dport 5 return", "ip daddr 10.244.0.13 tcp dport 5 return"}},
		{"a namespace that is not there", `{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: gone}}}]}]}`, nil, none},
		{"one's own port by name", `{podSelector: {}, ingress: [{ports: [{port: http}]}]}`, []string{"tcp dport 8080 return"}, none},
		{"a name of another protocol", `{podSelector: {}, ingress: [{ports: [{port: http, protocol: UDP}, {port: dns, protocol: UDP}]}]}`, []string{"udp dport 53 return"}, none},
		{"a peer's port by name", `{podSelector: {}, egress: [{to: [{podSelector: {matchLabels: {app: db}}}], ports: [{port: http}]}]}`,
			nil, []string{"ip daddr 10.244.0.11 tcp dport 9000 return"}},
		{"whoever has a port of that name", `{podSelector: {}, egress: [{ports: [{port: http}]}]}`, nil,
			[]string{"ip daddr 10.244.0.10 tcp dport 8080 return", "ip daddr 10.244.0.11 tcp dport 9000 return", "ip daddr 10.244.0.14 tcp dport 7070 return"}},
		{"addresses", `{podSelector: {}, egress: [{to: [{ipBlock: {cidr: 203.0.113.9/24, except: [203.0.113.128/25]}}, {ipBlock: {cidr: "2000::/3"}}], ports: [{port: 443}]}]}`,
			nil, []string{"ip daddr 203.0.113.0/24 ip daddr != 203.0.113.128/25 tcp dport 443 return"}},
		{"a name among addresses", `{podSelector: {}, egress: [{to: [{ipBlock: {cidr: 10.244.0.8/29, except: [10.244.0.11/32]}}], ports: [{port: http}]}]}`,
			nil, []string{"ip daddr 10.244.0.10 tcp dport 8080 return", "ip daddr 10.244.0.14 tcp dport 7070 return"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := state
			s.Policies = []*networkingv1.NetworkPolicy{policy(t, "p", test.spec)}
			text := rules(t, s)
			for _, side := range []struct {
				chain, jump string
				want        []string
			}{{"ingress_10_244_0_10", "10.244.0.10 : jump ingress_10_244_0_10", test.ingress}, {"egress_10_244_0_10", "10.244.0.10 : jump egress_10_244_0_10", test.egress}} {
				got, there := chainOf(t, text, side.chain)
				if there != strings.Contains(text, side.jump) {
					t.Errorf("the chain %s is there %t, and nothing jumps to it, or the other way round:\n%s", side.chain, there, text)
				}
				if !there {
					got = none
				}
				if !slices.Equal(got, side.want) {
					t.Errorf("%s: %q, want %q", side.chain, got, side.want)
				}
			}
		})
	}
}

// TestSeveralPoliciesAddUp looks at a pod that three hold, one of them in another namespace.
func TestSeveralPoliciesAddUp(t *testing.T) {
	elsewhere := policy(t, "c", `{podSelector: {}, ingress: [{ports: [{port: 3}]}]}`)
	elsewhere.Namespace = "other"
	got, _ := chainOf(t, rules(t, netpol.State{
		Namespaces: []*corev1.Namespace{namespace("app"), namespace("other")},
		Pods:       []*corev1.Pod{running("web", "10.244.0.10", nil)},
		Policies: []*networkingv1.NetworkPolicy{
			policy(t, "b", `{podSelector: {}, ingress: [{ports: [{port: 2}, {port: 1}]}]}`), elsewhere, policy(t, "a", `{podSelector: {}, ingress: [{ports: [{port: 1}]}]}`),
		},
	}), "ingress_10_244_0_10")
	if want := []string{"tcp dport 1 return", "tcp dport 2 return"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestWhoIsKnown looks at who holds an address at all.
func TestWhoIsKnown(t *testing.T) {
	onHost := running("host", "10.77.0.1", nil)
	onHost.Spec.HostNetwork = true
	over := running("over", "10.244.0.21", nil)
	over.Status.Phase = corev1.PodSucceeded
	failed := running("failed", "10.244.0.20", nil)
	failed.Status.Phase = corev1.PodFailed
	text := rules(t, netpol.State{Namespaces: []*corev1.Namespace{namespace("app")}, Pods: []*corev1.Pod{
		onHost, over, failed, running("new", "", nil), running("six", "2001:db8::1", nil), running("one", "10.244.0.22", nil), running("other", "10.244.0.22", nil),
		running("heir", "10.244.0.20", nil),
	}})
	if want := "set known { type ipv4_addr; elements = { 10.244.0.20 }; }"; !strings.Contains(text, want) {
		t.Errorf("known are others than %q:\n%s", want, text)
	}
}

func TestWhatNoAPIServerTakesIsRefused(t *testing.T) {
	for name, spec := range map[string]string{
		"podSelector":       `{podSelector: {matchExpressions: [{key: a, operator: Like}]}}`,
		"namespaceSelector": `{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: a, operator: In}]}}]}]}`,
		"ipBlock":           `{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0}}]}]}`,
		"except":            `{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [x]}}]}]}`,
		"protocol":          `{podSelector: {}, ingress: [{ports: [{protocol: "tcp dport 1 return; #"}]}]}`,
	} {
		s := netpol.State{Namespaces: []*corev1.Namespace{namespace("app")}, Pods: []*corev1.Pod{running("web", "10.244.0.10", nil)},
			Policies: []*networkingv1.NetworkPolicy{policy(t, "p", spec)}}
		if text, err := netpol.Rules(s, network, node); err == nil || !strings.Contains(err.Error(), "policy app/p: ") || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v\n%s", name, err, text)
		}
	}
}

// TestTheWholeTable is one as nft gets it.
func TestTheWholeTable(t *testing.T) {
	got := rules(t, netpol.State{
		// Of a namespace that is not known yet no labels are known: the pod in it is found by no namespaceSelector.
		Namespaces: []*corev1.Namespace{namespace("app")}, Pods: []*corev1.Pod{running("web", "10.244.0.10", nil), running("early", "10.244.0.9", map[string]string{"in": "soon"})},
		Policies: []*networkingv1.NetworkPolicy{policy(t, "p", `{podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{from: [{namespaceSelector: {}}]}]}`)},
	})
	const want = `table inet netpol_stand_in
delete table inet netpol_stand_in
table inet netpol_stand_in {
	set known { type ipv4_addr; elements = { 10.244.0.9, 10.244.0.10 }; }
	chain ingress_10_244_0_10 {
		ip saddr 10.244.0.10 return
		ip saddr 10.244.0.10 return
		counter drop
	}
	chain egress_10_244_0_10 {
		ip daddr 10.244.0.10 return
		counter drop
	}
	chain forward {
		type filter hook forward priority -5; policy accept;
		meta nfproto ipv6 drop
		ip saddr 10.244.0.0/24 ip saddr != @known counter drop
		ip daddr 10.244.0.0/24 ip daddr != @known counter drop
		ct direction reply accept
		ct state related accept
		ip saddr vmap { 10.244.0.10 : jump egress_10_244_0_10 }
		ip daddr vmap { 10.244.0.10 : jump ingress_10_244_0_10 }
	}
	chain input {
		type filter hook input priority -5; policy accept;
		ct direction reply accept
		ct state related accept
		ip saddr 10.244.0.0/24 ip saddr != @known ip saddr != 10.244.0.1 counter drop
		ip saddr vmap { 10.244.0.10 : jump egress_10_244_0_10 }
	}
}
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
