package reach_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/reach"
)

func TestWhoHoldsWhom(t *testing.T) {
	g := newGraph(t, platform(t))
	for _, test := range []struct {
		direction reach.Direction
		name      string
		want      string
	}{
		{reach.Ingress, "api", "default-deny api"},
		{reach.Egress, "api", "default-deny api dns"},
		{reach.Egress, "redis", "default-deny"},
		{reach.Ingress, "ingress-nginx", ""},
		{reach.Egress, "internet", ""},
	} {
		held, err := g.Held(test.direction, test.name)
		var names []string
		for _, p := range held {
			names = append(names, p.Name)
		}
		if got := strings.Join(names, " "); err != nil || got != test.want {
			t.Errorf("%s %s: got %q, %v, want %q", test.name, test.direction, got, err, test.want)
		}
	}
	if _, err := g.Held(reach.Ingress, "nobody"); err == nil {
		t.Error("nobody is held")
	}
}

func TestWhatDoesNothing(t *testing.T) {
	if idle, rules := newGraph(t, platform(t)).Idle(); len(idle)+len(rules) > 0 {
		t.Errorf("policies %v, rules %v, want none", idle, rules)
	}
	c := shop(policies(t, "shop", `
metadata: {name: misspelt}
spec: {podSelector: {matchLabels: {app: dbb}}}
---
metadata: {name: stale}
spec:
  podSelector: {}
  ingress: [{from: [{ipBlock: {cidr: 1.2.3.4/32}}, {podSelector: {matchLabels: {app: gone}}}]}, {}]
  egress: [{to: [{namespaceSelector: {matchLabels: {team: gone}}}]}]
---
metadata: {name: host}
spec: {podSelector: {matchLabels: {app: agent}}}`))
	idle, rules := newGraph(t, c).Idle()
	if got := fmt.Sprint(idle, rules); got != "[shop/misspelt shop/host] [shop/stale ingress[0].from[1] shop/stale egress[0].to[0]]" {
		t.Errorf("got %s", got)
	}
}

func TestTwoGraphsOfTheSameParties(t *testing.T) {
	tree := newGraph(t, platform(t))
	if d, err := tree.Against(tree); err != nil || !d.Agrees() {
		t.Errorf("the same: %+v, %v", d, err)
	}
	c := platform(t)
	c.Policies = slices.DeleteFunc(c.Policies, func(p reach.Policy) bool { return p.Name == "redis" })
	p := policies(t, "stellar-escrow", `spec: {podSelector: {matchLabels: {app.kubernetes.io/name: redis}}, ingress: [{from: [{ipBlock: {cidr: 172.20.0.0/25}}]}]}`)
	c.Policies = append(c.Policies, p...)
	live := newGraph(t, c)
	d, err := live.Against(tree)
	if got := fmt.Sprint(d.Missing, d.Surplus); err != nil || got != "[indexer to redis: 6379/TCP] [private addresses to redis: everything node to redis: everything]" {
		t.Errorf("got %s, %v", got, err)
	}
	d, err = tree.Against(live)
	if got := fmt.Sprint(d.Surplus, d.Missing); err != nil || got != "[indexer to redis: 6379/TCP] [private addresses to redis: everything node to redis: everything]" {
		t.Errorf("turned round: got %s, %v", got, err)
	}
	c.Endpoints = c.Endpoints[1:]
	fewer := newGraph(t, c)
	for _, pair := range [][2]*reach.Graph{{tree, fewer}, {fewer, tree}} {
		if _, err := pair[0].Against(pair[1]); err == nil || !strings.Contains(err.Error(), `"client" is in one of them only`) {
			t.Errorf("got %v, want an error about client", err)
		}
	}
}
