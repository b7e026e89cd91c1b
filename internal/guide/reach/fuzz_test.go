package reach_test

import (
	"os"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/yaml"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/reach"
)

// FuzzNew reads whatever can be decoded, as a stranger's tree may hold it: it is refused or answered, and what is answered holds together.
func FuzzNew(f *testing.F) {
	text, err := os.ReadFile(platformFile)
	if err != nil {
		f.Fatal(err)
	}
	const pod = `{metadata: {namespace: stellar-escrow, labels: {app.kubernetes.io/name: api}}, template: {spec: {containers: [{ports: [{name: http, containerPort: 1}]}]}}}`
	for doc := range strings.SplitSeq(string(text), "\n---\n") {
		f.Add(doc, pod)
	}
	f.Add(`{spec: {egress: [{to: [{ipBlock: {cidr: "::/0", except: ["::1/128"]}}], ports: [{port: http}, {port: 1, endPort: 65535, protocol: SCTP}]}]}}`,
		`{template: {metadata: {labels: {"": ""}}, spec: {hostNetwork: true, containers: [{ports: [{containerPort: -1, protocol: "?"}]}]}}}`)
	f.Fuzz(func(t *testing.T, policy, pod string) {
		var p networkingv1.NetworkPolicy
		var e struct {
			Metadata struct{ Namespace string }
			Template corev1.PodTemplateSpec
		}
		if len(policy)+len(pod) > 10_000 || yaml.Unmarshal([]byte(policy), &p) != nil || yaml.Unmarshal([]byte(pod), &e) != nil {
			return
		}
		c := reach.Cluster{
			Endpoints: []reach.Endpoint{reach.FromTemplate("a", e.Metadata.Namespace, e.Template), {Name: "b", Namespace: p.Namespace}},
			Ranges:    []reach.Range{reach.Internet(), reach.Internet6()},
			Policies:  []reach.Policy{{NetworkPolicy: p}},
		}
		c, _ = reach.WithStrangers(c)
		g, err := reach.New(c)
		if err != nil {
			return
		}
		for pair, open := range g.All() {
			e, err := g.Explain(pair.From, pair.To)
			if err != nil || !e.Open.Possible.Equal(open.Possible) || !open.Possible.Contains(open.Certain) || e.String() == "" {
				t.Fatalf("%v: %v, %v, %v", pair, open, e, err)
			}
		}
	})
}
