package reach_test

import (
	"encoding/json"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/reach"
)

func TestExplanationsRead(t *testing.T) {
	g := newGraph(t, platform(t))
	for _, test := range []struct{ from, to, want string }{
		{"api", "postgres", `
api to postgres: 5432/TCP
  out of api: 5432/TCP
    stellar-escrow/api (k8s/base/network-policy.yaml:21) egress[0].to[0] lets through 5432/TCP
  into postgres: 5432/TCP
    stellar-escrow/postgres (k8s/base/network-policy.yaml:71) ingress[0].from[0] lets through 5432/TCP
`},
		{"client", "api", `
client to api: nothing
  out of client: nothing
    held by stellar-escrow/default-deny (k8s/base/network-policy.yaml:2); none of their rules lets anything through for api
  into api: 4000/TCP
    stellar-escrow/api (k8s/base/network-policy.yaml:21) ingress[0].from[0] lets through 4000/TCP
`},
		{"indexer", "internet", `
indexer to internet: 443/TCP
  out of indexer: 443/TCP
    stellar-escrow/indexer (k8s/base/network-policy.yaml:39) egress[2].to[0] lets through 443/TCP
  into internet: everything: it is outside the cluster, where no policy holds it
`},
		{"ingress-nginx", "redis", `
ingress-nginx to redis: nothing
  out of ingress-nginx: everything: no policy selects it
  into redis: nothing
    held by stellar-escrow/default-deny (k8s/base/network-policy.yaml:2), stellar-escrow/redis (k8s/base/network-policy.yaml:84); none of their rules lets anything through for ingress-nginx
`},
	} {
		e, err := g.Explain(test.from, test.to)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := e.String(), strings.TrimPrefix(test.want, "\n"); got != want {
			t.Errorf("got\n%swant\n%s", got, want)
		}
	}
}

// Of several rules, those are named that a port goes through.
func TestExplanationOfOnePort(t *testing.T) {
	g := newGraph(t, shop(policies(t, "shop", `
metadata: {name: a}
spec: {podSelector: {}, ingress: [{from: [{podSelector: {}}], ports: [{port: 1, endPort: 10}]}, {ports: [{port: 5}]}]}
---
metadata: {name: b}
spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.244.0.0/17}}], ports: [{port: 5, endPort: 6}]}]}`)))
	e, err := g.Explain("web", "db")
	if err != nil {
		t.Fatal(err)
	}
	const want = `web to db: 5/TCP
  out of web: 5/TCP: no policy selects it
  into db: 5/TCP
    shop/a ingress[0].from[0] lets through 5/TCP
    shop/a ingress[1] lets through 5/TCP
    shop/b ingress[0].from[0] lets through nothing for certain, 5/TCP for some addresses
`
	if got := e.On(corev1.ProtocolTCP, 5).String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	for _, protocol := range []corev1.Protocol{corev1.ProtocolUDP, "ICMP"} {
		if got := e.On(protocol, 5); !got.Open.Possible.Empty() || len(got.Ingress.Allows) > 0 {
			t.Errorf("%s: got %s", protocol, got)
		}
	}
	if len(e.Ingress.Allows) != 3 || !e.Open.Certain.Equal(mustPorts(t, "1-10/TCP")) {
		t.Errorf("the explanation of all ports has changed: %s", e)
	}
}

func TestExplanationOfANode(t *testing.T) {
	g := newGraph(t, shop(policies(t, "shop", `spec: {podSelector: {}}`)))
	e, err := g.Explain("agent", "db")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"agent to db: nothing for certain, everything for some addresses",
		"out of agent: everything: it is on its node's network, where no policy holds it",
		"into db: nothing for certain, everything for some addresses: the other is on a node's network: no policy stands between a pod and its own node",
	} {
		if !strings.Contains(e.String(), want) {
			t.Errorf("%q is not in\n%s", want, e)
		}
	}
}

func TestReferencesRead(t *testing.T) {
	for _, test := range []struct {
		ref  reach.PolicyRef
		want string
	}{
		{reach.PolicyRef{Namespace: "a", Name: "b"}, "a/b"},
		{reach.PolicyRef{Namespace: "a", Name: "b", File: "c.yaml"}, "a/b (c.yaml)"},
		{reach.PolicyRef{Namespace: "a", Name: "b", File: "c.yaml", Line: 3}, "a/b (c.yaml:3)"},
	} {
		if got := test.ref.String(); got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
}

func TestMatrixHoldsEveryPair(t *testing.T) {
	g := newGraph(t, platform(t))
	m, err := g.Matrix(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Rows) != 14 || len(m.Columns) != 14 || len(m.Cells) != 14 {
		t.Fatalf("%d rows, %d columns, %d lines of cells, want 14 of each", len(m.Rows), len(m.Columns), len(m.Cells))
	}
	unjudged := 0
	for i, line := range m.Cells {
		for j, c := range line {
			if c.From != m.Rows[i].Name || c.To != m.Columns[j].Name {
				t.Errorf("cell %d, %d is of %s to %s", i, j, c.From, c.To)
			}
			if !c.Judged {
				unjudged++
				continue
			}
			open, err := g.Open(c.From, c.To)
			if err != nil || !open.Possible.Equal(c.Open.Possible) || !open.Certain.Equal(c.Open.Certain) {
				t.Errorf("%s to %s: cell %v, graph %v, %v", c.From, c.To, c.Open, open, err)
			}
		}
	}
	if unjudged != 25 {
		t.Errorf("%d cells are not judged, want those between 5 ranges", unjudged)
	}
	some, err := g.Matrix([]string{"api"}, []string{"redis", "postgres"})
	if err != nil || len(some.Cells) != 1 || some.Cells[0][1].Open.String() != "5432/TCP" {
		t.Errorf("api to redis and postgres: %+v, %v", some, err)
	}
	for _, names := range [][2][]string{{{"nobody"}, nil}, {nil, {"nobody"}}} {
		if _, err := g.Matrix(names[0], names[1]); err == nil || !strings.Contains(err.Error(), `"nobody"`) {
			t.Errorf("got %v, want an error about nobody", err)
		}
	}
}

// Reports read these words.
func TestMatrixAsJSON(t *testing.T) {
	m, err := newGraph(t, platform(t)).Matrix([]string{"api"}, []string{"postgres"})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"rows":[{"name":"api","kind":"pods","namespace":"stellar-escrow","labels":{"app.kubernetes.io/name":"api","app.kubernetes.io/part-of":"stellar-escrow"},"service_account":"api"}]`,
		`"open":{"certain":"5432/TCP","possible":"5432/TCP"}`,
		`{"rule":{"policy":{"namespace":"stellar-escrow","name":"postgres","file":"k8s/base/network-policy.yaml","line":71},"direction":"ingress","rule":0,"peer":0},"open":{"certain":"5432/TCP","possible":"5432/TCP"}}`,
		`"judged":true`,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s\nis not in\n%s", want, text)
		}
	}
}
