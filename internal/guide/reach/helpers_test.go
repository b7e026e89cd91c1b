package reach_test

import (
	"net/netip"
	"strings"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/yaml"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/reach"
)

// policies reads documents of one NetworkPolicy each. A kind and version are filled in.
func policies(t testing.TB, namespace, text string) (list []reach.Policy) {
	t.Helper()
	for doc := range strings.SplitSeq(text, "\n---\n") {
		if strings.TrimSpace(doc) == "" {
			continue
		}
		var p networkingv1.NetworkPolicy
		if err := yaml.UnmarshalStrict([]byte(doc), &p); err != nil {
			t.Fatalf("read policy: %v\n%s", err, doc)
		}
		if p.Namespace == "" {
			p.Namespace = namespace
		}
		list = append(list, reach.Policy{NetworkPolicy: p})
	}
	return list
}

func addrs(texts ...string) (list []netip.Addr) {
	for _, text := range texts {
		list = append(list, netip.MustParseAddr(text))
	}
	return list
}

func nets(texts ...string) (list []netip.Prefix) {
	for _, text := range texts {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}

// says checks lines of "from > to: what is open".
func says(t *testing.T, g *reach.Graph, lines string) {
	t.Helper()
	checked := 0
	for line := range strings.SplitSeq(lines, "\n") {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		checked++
		ends, want, ok := strings.Cut(line, ": ")
		from, to, ok2 := strings.Cut(ends, " > ")
		if !ok || !ok2 {
			t.Fatalf("%q is no line of the sort web > db: 80/TCP", line)
		}
		e, err := g.Explain(from, to)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if got := e.Open.String(); got != want {
			t.Errorf("%s > %s: got %s, want %s\n%s", from, to, got, want, e)
		}
	}
	if checked == 0 {
		t.Fatal("nothing was checked")
	}
}
