package reach_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/reach"
)

const platformFile = "testdata/platform.yaml"

// platform is the guide's parts under policies that repeat its table.
func platform(t testing.TB) reach.Cluster {
	t.Helper()
	text, err := os.ReadFile(platformFile)
	if err != nil {
		t.Fatal(err)
	}
	c := reach.Cluster{
		Ranges:    []reach.Range{reach.Internet(), reach.Private(), reach.LinkLocal(), reach.Metadata(), {Name: "node", Prefixes: nets("172.20.0.0/24")}},
		PodRanges: nets("10.244.0.0/16"),
		Policies:  policies(t, "", string(text)),
	}
	lines := strings.Split(string(text), "\n")
	at := 0
	for i := range c.Policies {
		for !strings.HasPrefix(lines[at], "apiVersion:") {
			at++
		}
		at++
		c.Policies[i].File, c.Policies[i].Line = "k8s/base/network-policy.yaml", at
	}
	for _, part := range []struct {
		name string
		port int32
	}{{"client", 3001}, {"api", 4000}, {"indexer", 3000}, {"postgres", 5432}, {"redis", 6379}, {"prometheus", 9090}, {"backup", 0}} {
		e := reach.Endpoint{Name: part.name, Namespace: "stellar-escrow", ServiceAccount: part.name, Labels: map[string]string{
			"app.kubernetes.io/name": part.name, "app.kubernetes.io/part-of": "stellar-escrow",
		}}
		if part.port > 0 {
			e.Ports = []corev1.ContainerPort{{Name: "http", ContainerPort: part.port}}
		}
		c.Endpoints = append(c.Endpoints, e)
	}
	c.Endpoints = append(c.Endpoints, reach.ClusterDNS(), reach.IngressController())
	return c
}

var parts = []string{"client", "api", "indexer", "postgres", "redis", "prometheus", "backup"}

// intended is what the guide's table comes to when both sides count. Its row "api accepts from client" comes to nothing: client sends nothing.
func intended() reach.Table {
	dns := reach.UDP(53).Union(reach.TCP(53))
	return reach.Table{
		{From: "ingress-nginx", To: "client", Ports: reach.TCP(3001)},
		{From: "ingress-nginx", To: "api", Ports: reach.TCP(4000)},
		{From: "api", To: "postgres", Ports: reach.TCP(5432)},
		{From: "api", To: "indexer", Ports: reach.TCP(3000)},
		{From: "api", To: "cluster DNS", Ports: dns},
		{From: "indexer", To: "postgres", Ports: reach.TCP(5432)},
		{From: "indexer", To: "redis", Ports: reach.TCP(6379)},
		{From: "indexer", To: "internet", Ports: reach.TCP(443)},
		{From: "indexer", To: "cluster DNS", Ports: dns},
		{From: "prometheus", To: "indexer", Ports: reach.TCP(3000)},
		{From: "prometheus", To: "cluster DNS", Ports: dns},
		{From: "backup", To: "postgres", Ports: reach.TCP(5432)},
		{From: "backup", To: "cluster DNS", Ports: dns},
	}
}

func TestTheGuidesTable(t *testing.T) {
	for _, strangers := range []bool{false, true} {
		c := platform(t)
		if strangers {
			var names []string
			if c, names = reach.WithStrangers(c); len(names) < 4 {
				t.Fatalf("strangers: %q", names)
			}
		}
		d, err := newGraph(t, c).Compare(intended(), parts...)
		if err != nil || !d.Agrees() {
			t.Errorf("strangers %t: %+v, %v", strangers, d, err)
		}
	}
}

// Each change of the policies is one that a reviewer might let pass, and makes exactly these gaps.
func TestChangesOfTheTableShow(t *testing.T) {
	for _, test := range []struct {
		name, old, new string
		missing        string
		surplus        string
	}{
		{"no default deny", "  podSelector: {}\n  policyTypes: [Ingress, Egress]", "  podSelector: {matchLabels: {x: y}}\n  policyTypes: [Ingress, Egress]", "",
			"redis to cluster DNS: everything"},
		{"egress is not in policyTypes", "name: default-deny, namespace: stellar-escrow}\nspec:\n  podSelector: {}\n  policyTypes: [Ingress, Egress]",
			"name: default-deny, namespace: stellar-escrow}\nspec:\n  podSelector: {}\n  policyTypes: [Ingress]", "", "client to internet: everything"},
		{"two peers for one", "kubernetes.io/metadata.name: ingress-nginx}}\n          podSelector: {matchLabels: {app.kubernetes.io/name: ingress-nginx}}\n      ports: [{port: 4000}]",
			"kubernetes.io/metadata.name: ingress-nginx}}\n        - podSelector: {matchLabels: {app.kubernetes.io/name: ingress-nginx}}\n      ports: [{port: 4000}]", "",
			"stranger in ingress-nginx to api: 4000/TCP"},
		{"all namespaces", "- namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ingress-nginx}}\n          podSelector: {matchLabels: {app.kubernetes.io/name: ingress-nginx}}\n      ports: [{port: 4000}]",
			"- namespaceSelector: {}\n          podSelector: {matchLabels: {app.kubernetes.io/name: ingress-nginx}}\n      ports: [{port: 4000}]", "",
			"stranger elsewhere, labelled app.kubernetes.io/name=ingress-nginx to api: 4000/TCP"},
		{"a port more", "ports: [{port: 6379}]\n---", "ports: [{port: 6379}]\n    - from: [{podSelector: {matchLabels: {app.kubernetes.io/name: api}}}]\n---", "", ""},
		{"the metadata service", "169.254.0.0/16, ", "", "", "indexer to link-local addresses: 443/TCP; indexer to metadata service: 443/TCP"},
		{"a private network", "172.16.0.0/12, ", "", "", "indexer to private addresses: 443/TCP; indexer to node: 443/TCP"},
		{"the pods' network", "10.0.0.0/8, ", "10.0.0.0/16, ", "", "indexer to cluster DNS: 443/TCP; indexer to ingress-nginx: 443/TCP; indexer to private addresses: 443/TCP"},
		{"a public network is barred", "except: [0.0.0.0/8", "except: [8.8.8.0/24, 0.0.0.0/8", "indexer to internet: 443/TCP", ""},
		{"another port", "ports: [{port: 443}]", "ports: [{port: 8443}]", "indexer to internet: 443/TCP", "indexer to internet: 8443/TCP"},
		{"UDP is forgotten", "[{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]", "[{port: 53}]", "api to cluster DNS: 53/UDP", ""},
		{"DNS to everywhere", "    - to:\n        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}\n          podSelector: {matchLabels: {k8s-app: kube-dns}}\n      ports:",
			"    - ports:", "", "backup to internet: 53/TCP, 53/UDP"},
		{"a label is misspelt", "podSelector: {matchLabels: {app.kubernetes.io/name: redis}}\n  policyTypes", "podSelector: {matchLabels: {app.kubernetes.io/name: reddis}}\n  policyTypes",
			"indexer to redis: 6379/TCP", ""},
		{"a named port that the pod has not", "ports: [{port: http}]", "ports: [{port: web}]", "ingress-nginx to client: 3001/TCP", ""},
		{"everybody", "    - from: [{podSelector: {matchLabels: {app.kubernetes.io/name: indexer}}}]\n      ports: [{port: 6379}]", "    - ports: [{port: 6379}]", "",
			"ingress-nginx to redis: 6379/TCP; stranger elsewhere to redis: 6379/TCP; node to redis: 6379/TCP"},
	} {
		t.Run(test.name, func(t *testing.T) {
			text, err := os.ReadFile(platformFile)
			if err != nil {
				t.Fatal(err)
			}
			if n := bytes.Count(text, []byte(test.old)); n != 1 {
				t.Fatalf("the text to change stands %d times", n)
			}
			c := platform(t)
			c.Policies = policies(t, "", strings.Replace(string(text), test.old, test.new, 1))
			c, _ = reach.WithStrangers(c)
			d, err := newGraph(t, c).Compare(intended(), parts...)
			if err != nil {
				t.Fatal(err)
			}
			holds(t, "missing", d.Missing, test.missing)
			holds(t, "surplus", d.Surplus, test.surplus)
		})
	}
}

// holds checks that the gaps named are among those found, and that there are none where none are named.
func holds(t *testing.T, what string, gaps []reach.Gap, want string) {
	t.Helper()
	var got []string
	for _, g := range gaps {
		got = append(got, g.String())
	}
	if want == "" && len(got) > 0 {
		t.Errorf("%s: got %q, want none", what, got)
	}
	for w := range strings.SplitSeq(want, "; ") {
		if w != "" && !strings.Contains("\n"+strings.Join(got, "\n")+"\n", "\n"+w+"\n") {
			t.Errorf("%s: got %q, want %q", what, got, w)
		}
	}
}
