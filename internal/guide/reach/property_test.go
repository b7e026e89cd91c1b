package reach_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"pgregory.net/rapid"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/reach"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/reach/reachtest"
)

// drawn makes a generator's choices so that rapid can shrink them.
type drawn struct{ *rapid.T }

func (d drawn) IntN(n int) int { return rapid.IntRange(0, n-1).Draw(d.T, "choice") }

// asked are the ports that the generated rules can tell apart.
var asked = []uint16{1, 2, 3, 4, 5, 6, 7, 8, 9, 65534, 65535}

var protocols = []corev1.Protocol{corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP}

func newGraph(t rapid.TB, c reach.Cluster) *reach.Graph {
	t.Helper()
	g, err := reach.New(c)
	if err != nil {
		t.Fatalf("new: %v", err)
	}
	return g
}

// pairs are all that are judged.
func pairs(g *reach.Graph) (list []reach.Pair) {
	for _, a := range g.Parties() {
		for _, b := range g.Parties() {
			if a.Kind != reach.Outside || b.Kind != reach.Outside {
				list = append(list, reach.Pair{From: a.Name, To: b.Name})
			}
		}
	}
	return list
}

// againstOracle compares all answers, each side by itself and both together; it returns how many of each sort there were.
func againstOracle(t rapid.TB, c reach.Cluster, ports []uint16) (open, shut, between int) {
	t.Helper()
	g, o := newGraph(t, c), oracle{c}
	for _, pair := range pairs(g) {
		var got [3]reach.Open
		var errs [3]error
		got[0], errs[0] = g.Side(reach.Egress, pair.From, pair.To)
		got[1], errs[1] = g.Side(reach.Ingress, pair.From, pair.To)
		got[2], errs[2] = g.Open(pair.From, pair.To)
		for _, err := range errs {
			if err != nil {
				t.Fatalf("%v: %v", pair, err)
			}
		}
		for _, protocol := range protocols {
			for _, port := range ports {
				certain, possible := o.open(pair.From, pair.To, protocol, int32(port))
				for i, what := range []string{"egress", "ingress", "both sides"} {
					if got[i].Certain.Has(protocol, port) != certain[i] || got[i].Possible.Has(protocol, port) != possible[i] {
						t.Fatalf("%v %s %d/%s: want certain %t, possible %t, got %v\n%+v", pair, what, port, protocol, certain[i], possible[i], got[i], c)
					}
				}
				switch {
				case certain[2]:
					open++
				case possible[2]:
					between++
				default:
					shut++
				}
			}
		}
	}
	return open, shut, between
}

func TestAnswersAreTheOracles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { againstOracle(t, reachtest.Cluster(drawn{t}, reachtest.Options{}), asked) })
}

// TestManyAnswersAreTheOracles is the same on many more clusters, and counts: a generator that makes everything open shows nothing.
func TestManyAnswersAreTheOracles(t *testing.T) {
	const clusters = 300
	r := rand.New(rand.NewPCG(5, 7))
	var open, shut, between int
	for range clusters {
		a, b, c := againstOracle(t, reachtest.Cluster(r, reachtest.Options{}), asked)
		open, shut, between = open+a, shut+b, between+c
	}
	t.Logf("%d clusters, %d open, %d shut, %d open for some addresses", clusters, open, shut, between)
	if all := open + shut + between; open < all/10 || shut < all/10 || between < all/200 {
		t.Errorf("of %d answers %d are open, %d shut, %d in between: the clusters try too little of one", all, open, shut, between)
	}
}

// TestEveryPortIsTheOracles asks about all 65,535 ports of each protocol.
func TestEveryPortIsTheOracles(t *testing.T) {
	every := make([]uint16, 0, 65535)
	for port := 1; port <= 65535; port++ {
		every = append(every, uint16(port))
	}
	r := rand.New(rand.NewPCG(1, 2))
	c := reachtest.Cluster(r, reachtest.Options{KnownAddresses: true})
	for len(c.Policies) < 4 {
		c = reachtest.Cluster(r, reachtest.Options{KnownAddresses: true})
	}
	c.Endpoints = c.Endpoints[:1]
	againstOracle(t, c, every)
}

// wider tells whether everything open in a is open in b.
func wider(t rapid.TB, a, b *reach.Graph, why string) {
	t.Helper()
	for _, pair := range pairs(a) {
		before, err := a.Open(pair.From, pair.To)
		if err != nil {
			t.Fatal(err)
		}
		after, err := b.Open(pair.From, pair.To)
		if err != nil {
			t.Fatal(err)
		}
		if !after.Certain.Contains(before.Certain) || !after.Possible.Contains(before.Possible) {
			t.Fatalf("%s, and %v went from %v to %v", why, pair, before, after)
		}
	}
}

func TestAnotherRuleClosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawn{t}
		c := reachtest.Cluster(d, reachtest.Options{})
		more := reachtest.Cluster(d, reachtest.Options{})
		before := newGraph(t, c)
		c.Policies = slices.Clone(c.Policies)
		for i, p := range c.Policies {
			if i >= len(more.Policies) {
				break
			}
			if len(p.Spec.PolicyTypes) == 0 { // a first egress rule would isolate
				continue
			}
			extra := more.Policies[i].Spec
			p.Spec.Ingress = slices.Concat(p.Spec.Ingress, extra.Ingress)
			p.Spec.Egress = slices.Concat(p.Spec.Egress, extra.Egress)
			c.Policies[i] = p
		}
		wider(t, before, newGraph(t, c), "rules were added")
	})
}

func TestAPolicyLessClosesOnlyWhatItAloneLetThrough(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := reachtest.Cluster(drawn{t}, reachtest.Options{})
		all := newGraph(t, c)
		c.Policies = nil
		wider(t, all, newGraph(t, c), "all policies were taken away")
	})
}

func TestDenyAllIsolates(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := reachtest.Cluster(drawn{t}, reachtest.Options{NoHostNetwork: true})
		c.Policies = nil
		for _, n := range c.Namespaces {
			c.Policies = append(c.Policies, denyAll(n.Name))
		}
		g := newGraph(t, c)
		for _, pair := range pairs(g) {
			if open, err := g.Open(pair.From, pair.To); err != nil || !open.Possible.Empty() {
				t.Fatalf("%v: %v, %v, want nothing", pair, open, err)
			}
		}
	})
}

func denyAll(namespace string) reach.Policy {
	p := reach.Policy{}
	p.Name, p.Namespace = "deny", namespace
	p.Spec.PolicyTypes = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress}
	return p
}

// TestOrderAndSplittingDoNotMatter writes the same policies backwards, each rule's peers and ports in rules of their own.
func TestOrderAndSplittingDoNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := reachtest.Cluster(drawn{t}, reachtest.Options{PolicyTypes: true})
		a := newGraph(t, c)
		c.Policies = slices.Clone(c.Policies)
		slices.Reverse(c.Policies)
		for i, p := range c.Policies {
			var in []networkingv1.NetworkPolicyIngressRule
			for _, r := range p.Spec.Ingress {
				for _, peers := range apart(r.From) {
					for _, ports := range apart(r.Ports) {
						in = append(in, networkingv1.NetworkPolicyIngressRule{From: peers, Ports: ports})
					}
				}
			}
			var out []networkingv1.NetworkPolicyEgressRule
			for _, r := range p.Spec.Egress {
				for _, peers := range apart(r.To) {
					for _, ports := range apart(r.Ports) {
						out = append(out, networkingv1.NetworkPolicyEgressRule{To: peers, Ports: ports})
					}
				}
			}
			p.Spec.Ingress, p.Spec.Egress = in, out
			c.Policies[i] = p
		}
		b := newGraph(t, c)
		wider(t, a, b, "rules were split and turned round")
		wider(t, b, a, "rules were joined again")
	})
}

// apart is each element by itself, and an empty list as it is: it means everything.
func apart[T any](list []T) [][]T {
	if len(list) == 0 {
		return [][]T{list}
	}
	return slices.Collect(slices.Chunk(list, 1))
}

// TestAllIsOpen compares the fast way through all pairs with the one by one.
func TestAllIsOpen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := newGraph(t, reachtest.Cluster(drawn{t}, reachtest.Options{}))
		var seen []reach.Pair
		for pair, open := range g.All() {
			seen = append(seen, pair)
			one, err := g.Open(pair.From, pair.To)
			if err != nil || !one.Certain.Equal(open.Certain) || !one.Possible.Equal(open.Possible) || !one.Possible.Contains(one.Certain) {
				t.Fatalf("%v: %v by All, %v, %v by Open", pair, open, one, err)
			}
		}
		if want := pairs(g); !slices.Equal(seen, want) {
			t.Fatalf("All went through %v, want %v", seen, want)
		}
	})
}

// TestExplanationsAddUp: what the rules let through together is what is open, and no rule is named in vain.
func TestExplanationsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := newGraph(t, reachtest.Cluster(drawn{t}, reachtest.Options{}))
		for _, pair := range pairs(g) {
			e, err := g.Explain(pair.From, pair.To)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range []reach.Verdict{e.Egress, e.Ingress} {
				if len(v.Policies) == 0 {
					if v.Note == "" || !v.Open.Certain.Equal(reach.Everything()) || len(v.Allows) > 0 {
						t.Fatalf("%v: no policy holds %s, and yet %+v", pair, v.Party, v)
					}
					continue
				}
				var possible, certain reach.Ports
				for _, a := range v.Allows {
					if a.Open.Possible.Empty() {
						t.Fatalf("%v: %v lets nothing through", pair, a.Rule)
					}
					possible, certain = possible.Union(a.Open.Possible), certain.Union(a.Open.Certain)
				}
				if v.Note == "" && !possible.Equal(v.Open.Possible) || !v.Open.Certain.Contains(certain) {
					t.Fatalf("%v: the rules let %v through, open is %v:\n%s", pair, possible, v.Open, e)
				}
			}
		}
	})
}
