package reach_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/reach"
)

// What no API server takes is in no cluster; the error says where and what to do.
func TestPoliciesThatNoServerTakes(t *testing.T) {
	for _, test := range []struct{ spec, want string }{
		{`{podSelector: {matchExpressions: [{key: app, operator: Is, values: [x]}]}}`, `spec.podSelector: "Is" is not a valid label selector operator`},
		{`{podSelector: {matchExpressions: [{key: app, operator: In}]}}`, `spec.podSelector: values: Invalid value: null`},
		{`{policyTypes: [Both]}`, `spec.policyTypes: "Both" is neither Ingress nor Egress`},
		{`{ingress: [{from: [{}]}]}`, `spec.ingress[0].from[0]: names nobody`},
		{`{egress: [{}, {to: [{podSelector: {}, ipBlock: {cidr: 10.0.0.0/8}}]}]}`, `spec.egress[1].to[0]: has an ipBlock and a selector`},
		{`{ingress: [{from: [{ipBlock: {cidr: 10.0.0.0}}]}]}`, `spec.ingress[0].from[0]: ipBlock.cidr: netip.ParsePrefix("10.0.0.0"): no '/'`},
		{`{ingress: [{from: [{ipBlock: {cidr: 010.0.0.0/8}}]}]}`, `IPv4 field has octet with leading zero`},
		{`{ingress: [{from: [{ipBlock: {cidr: "::ffff:10.0.0.0/104"}}]}]}`, `is an IPv4 address written as IPv6`},
		{`{ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/16]}}]}]}`, `ipBlock.except[0]: 11.0.0.0/16 is no smaller part of 10.0.0.0/8`},
		{`{ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.0/8]}}]}]}`, `ipBlock.except[0]: 10.0.0.0/8 is no smaller part of 10.0.0.0/8`},
		{`{ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [x]}}]}]}`, `ipBlock.except[0]: netip.ParsePrefix("x")`},
		{`{ingress: [{from: [{podSelector: {matchLabels: {"": x}}}]}]}`, `spec.ingress[0].from[0]: podSelector: key: Invalid value: ""`},
		{`{ingress: [{from: [{namespaceSelector: {matchLabels: {"": x}}}]}]}`, `spec.ingress[0].from[0]: namespaceSelector: key: Invalid value: ""`},
		{`{ingress: [{ports: [{port: 80}, {port: 0}]}]}`, `spec.ingress[0].ports[1]: ports 0 to 0: they go up, from 1 to 65535`},
		{`{ingress: [{ports: [{port: 80, endPort: 65536}]}]}`, `ports 80 to 65536`},
		{`{ingress: [{ports: [{port: 80, endPort: 79}]}]}`, `ports 80 to 79`},
		{`{ingress: [{ports: [{endPort: 79}]}]}`, `has an endPort without a port`},
		{`{ingress: [{ports: [{port: web, endPort: 79}]}]}`, `has an endPort, but the port is the name "web"`},
		{`{ingress: [{ports: [{port: ""}]}]}`, `spec.ingress[0].ports[0]: port "": must contain only alpha-numeric characters`},
		{`{ingress: [{ports: [{port: 80, protocol: tcp}]}]}`, `protocol "tcp" is none of TCP, UDP and SCTP`},
	} {
		list := policies(t, "shop", "metadata: {name: odd}\nspec: "+test.spec)
		list[0].File, list[0].Line = "k8s/odd.yaml", 12
		_, err := reach.New(shop(list))
		if want := "policy shop/odd (k8s/odd.yaml:12): "; err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s\ngot  %v\nwant %s%s", test.spec, err, want, test.want)
		}
	}
}

func TestEverythingWrongIsSaidAtOnce(t *testing.T) {
	c := shop(policies(t, "shop", `
metadata: {name: one}
spec: {policyTypes: [Both], ingress: [{ports: [{port: 0}]}]}
---
metadata: {name: two}
spec: {egress: [{to: [{}]}]}`))
	c.Namespaces = append(c.Namespaces, reach.Namespace{Name: "shop"})
	c.Endpoints = append(c.Endpoints, reach.Endpoint{Name: "web"}, reach.Endpoint{}, reach.Endpoint{Name: "lost", Addresses: []netip.Addr{{}}})
	c.Ranges = append(c.Ranges, reach.Range{Name: "empty"}, reach.Range{Name: "broken", Prefixes: []netip.Prefix{{}}})
	c.PodRanges = append(c.PodRanges, netip.Prefix{})
	_, err := reach.New(c)
	if err == nil {
		t.Fatal("it was taken")
	}
	for _, want := range []string{
		`policy shop/one: spec.policyTypes: "Both"`, `policy shop/one: spec.ingress[0].ports[0]`, `policy shop/two: spec.egress[0].to[0]`,
		`namespace "shop" stands twice`, `two endpoints or ranges are called "web"`, `an endpoint or range has no name`,
		`range "empty" holds no address`, `range "broken": one of its prefixes is none`, `endpoint "lost": one of its addresses is none`,
		"one of the prefixes of pods or nodes is none",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("it does not say %s:\n%v", want, err)
		}
	}
}

func TestQuestionsWithoutAnswer(t *testing.T) {
	g := newGraph(t, shop(nil))
	for _, pair := range []reach.Pair{{From: "web", To: "nobody"}, {From: "nobody", To: "web"}, {From: "internet", To: "node"}} {
		if _, err := g.Open(pair.From, pair.To); err == nil {
			t.Errorf("Open answers %v", pair)
		}
		if _, err := g.Side(reach.Ingress, pair.From, pair.To); err == nil {
			t.Errorf("Side answers %v", pair)
		}
		if _, err := g.Explain(pair.From, pair.To); err == nil {
			t.Errorf("Explain answers %v", pair)
		}
	}
}

// Trees that nobody can look at in seconds are refused, not tried.
func TestTooLarge(t *testing.T) {
	many := func(n int) (list []reach.Endpoint) {
		for i := range n {
			list = append(list, reach.Endpoint{Name: fmt.Sprint(i), Namespace: "shop", Labels: map[string]string{"n": fmt.Sprint(i)}})
		}
		return list
	}
	one := policies(t, "shop", `spec: {podSelector: {}}`)[0]
	var wide []reach.Policy
	for i := range 9_000 {
		p := one
		p.Spec.PodSelector.MatchLabels = map[string]string{"n": fmt.Sprint(i)}
		wide = append(wide, p)
	}
	for name, c := range map[string]reach.Cluster{
		"parties":  {Endpoints: many(20_001)},
		"policies": {Policies: make([]reach.Policy, 10_001)},
		"work":     {Endpoints: many(19_000), Policies: wide},
	} {
		if _, err := reach.New(c); !errors.Is(err, reach.ErrTooLarge) {
			t.Errorf("%s: got %v, want ErrTooLarge", name, err)
		}
	}
	g := newGraph(t, reach.Cluster{Endpoints: many(201)})
	if _, err := g.Matrix(nil, nil); !errors.Is(err, reach.ErrTooLarge) {
		t.Errorf("a matrix of 201 parties: got %v, want ErrTooLarge", err)
	}
}

// A rule of very many ports costs no more than its length.
func TestManyPorts(t *testing.T) {
	p := policies(t, "shop", `spec: {podSelector: {}}`)[0]
	r := networkingv1.NetworkPolicyIngressRule{}
	for port := 65535; port > 0; port -= 2 {
		for range 4 {
			r.Ports = append(r.Ports, networkingv1.NetworkPolicyPort{Port: new(intstr.FromInt(port))})
		}
	}
	p.Spec.Ingress = []networkingv1.NetworkPolicyIngressRule{r}
	open, err := newGraph(t, shop([]reach.Policy{p})).Open("watcher", "web")
	if err != nil || len(open.Certain.Intervals("TCP")) != 32768 {
		t.Errorf("%d intervals, %v", len(open.Certain.Intervals("TCP")), err)
	}
	text := open.Certain.String()
	if back := mustPorts(t, text); !back.Equal(open.Certain) {
		t.Error("what was written was read as something else")
	}
}

// And very many blocks no more than the sorting of them.
func TestManyBlocks(t *testing.T) {
	p := policies(t, "shop", `spec: {podSelector: {}}`)[0]
	for i := range 20_000 {
		block := &networkingv1.IPBlock{CIDR: fmt.Sprintf("10.%d.%d.0/28", i/256, i%256)}
		p.Spec.Ingress = append(p.Spec.Ingress, networkingv1.NetworkPolicyIngressRule{
			From: []networkingv1.NetworkPolicyPeer{{IPBlock: block}}, Ports: []networkingv1.NetworkPolicyPort{{Port: new(intstr.FromInt(1 + i%7))}},
		})
	}
	says(t, newGraph(t, shop([]reach.Policy{p})), "private addresses > web: nothing for certain, 1-7/TCP for some addresses")
}
