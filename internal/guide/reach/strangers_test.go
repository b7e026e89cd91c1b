package reach_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/reach"
)

func TestStrangersAreWhomARuleWouldFind(t *testing.T) {
	for _, test := range []struct{ name, policies, want string }{
		{"always", ``, "stranger elsewhere | stranger in ops | stranger in shop"},
		{"a namespace that only a policy is in", `{metadata: {namespace: empty}, spec: {podSelector: {}}}`, "stranger in empty"},
		{"labels of a pod", `{spec: {ingress: [{from: [{namespaceSelector: {}, podSelector: {matchLabels: {app: web}}}]}]}}`, "stranger elsewhere, labelled app=web"},
		{"labels of a namespace", `{spec: {ingress: [{from: [{namespaceSelector: {matchLabels: {team: ops}}}]}]}}`, "stranger in a namespace labelled team=ops"},
		{"egress too", `{spec: {egress: [{to: [{namespaceSelector: {matchLabels: {team: ops}}}]}]}}`, "stranger in a namespace labelled team=ops"},
		{"expressions", `{spec: {ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: a, operator: In, values: [x, z]}, {key: a, operator: NotIn, values: [x]}, {key: b, operator: Exists}, {key: b, operator: NotIn, values: [x0]}, {key: c, operator: DoesNotExist}]}}]}]}}`,
			"stranger in a namespace labelled a=z,b=x1"},
	} {
		c, names := reach.WithStrangers(shop(policies(t, "shop", test.policies)))
		for want := range strings.SplitSeq(test.want, " | ") {
			if !slices.Contains(names, want) {
				t.Errorf("%s: got %q, want %q", test.name, names, want)
			}
		}
		g := newGraph(t, c)
		if got := len(g.Parties()) - len(shop(nil).Endpoints) - len(shop(nil).Ranges); got != len(names) {
			t.Errorf("%s: %d parties were added, %d named", test.name, got, len(names))
		}
	}
}

func TestWhoIsNoStranger(t *testing.T) {
	usual := []string{"stranger in ops", "stranger in shop", "stranger elsewhere"}
	for name, text := range map[string]string{
		"of the policy's namespace": `{spec: {ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]}}`,
		"by a namespace's name":     `{spec: {ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ops}}, podSelector: {matchLabels: {app: web}}}]}]}}`,
		"by names":                  `{spec: {ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: In, values: [ops, x]}]}}]}]}}`,
		"nobody can be it":          `{spec: {ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: a, operator: Exists}, {key: a, operator: DoesNotExist}]}}]}]}}`,
		"no pod can be it":          `{spec: {ingress: [{from: [{namespaceSelector: {}, podSelector: {matchExpressions: [{key: a, operator: In, values: [x]}, {key: a, operator: In, values: [y]}]}}]}]}}`,
		"an address":                `{spec: {ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}}`,
		"no selector":               `{spec: {ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: a, operator: Is}]}}]}]}}`,
	} {
		if _, names := reach.WithStrangers(shop(policies(t, "shop", text))); !slices.Equal(names, usual) {
			t.Errorf("%s: got %q, want %q", name, names, usual)
		}
	}
}

// What is handed in stays as it is, and namespaces that are called like a stranger's are left alone.
func TestStrangersComeBesides(t *testing.T) {
	c := shop(policies(t, "shop", `{spec: {podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: ops}}}]}]}}`))
	c.Endpoints = append(c.Endpoints[:4:4], reach.Endpoint{Name: "other", Namespace: "elsewhere-1"})
	c.Ranges = append(c.Ranges, reach.Range{Name: "stranger in ops", Prefixes: nets("203.0.113.0/24")})
	more, names := reach.WithStrangers(c)
	if len(c.Endpoints) != 5 || len(c.Namespaces) != 2 || slices.Contains(names, "stranger in ops") {
		t.Errorf("%d endpoints, %d namespaces, strangers %q", len(c.Endpoints), len(c.Namespaces), names)
	}
	says(t, newGraph(t, more), `
		stranger in a namespace labelled team=ops > db: everything
		stranger elsewhere > db: nothing
		stranger in shop > db: nothing
		other > db: nothing`)
}

func TestStrangersAreBounded(t *testing.T) {
	var text strings.Builder
	for i := range 600 {
		fmt.Fprintf(&text, "{spec: {podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {n: x%d}}}]}]}}\n---\n", i)
	}
	if _, names := reach.WithStrangers(shop(policies(t, "shop", text.String()))); len(names) != 500 {
		t.Errorf("%d strangers, want 500", len(names))
	}
}

// A workload's pods are as its template says.
func TestFromTemplate(t *testing.T) {
	pod := corev1.PodTemplateSpec{}
	pod.Labels = map[string]string{"app": "x"}
	pod.Spec = corev1.PodSpec{
		HostNetwork: true, ServiceAccountName: "x",
		Containers: []corev1.Container{{Ports: []corev1.ContainerPort{{Name: "a", ContainerPort: 1}}}, {Ports: []corev1.ContainerPort{{Name: "b", ContainerPort: 2}}}},
		InitContainers: []corev1.Container{
			{Ports: []corev1.ContainerPort{{Name: "gone", ContainerPort: 3}}},
			{Ports: []corev1.ContainerPort{{Name: "c", ContainerPort: 4}}, RestartPolicy: new(corev1.ContainerRestartPolicyAlways)},
		},
	}
	e := reach.FromTemplate("deployment x", "shop", pod)
	var ports []string
	for _, p := range e.Ports {
		ports = append(ports, p.Name)
	}
	if got := strings.Join(ports, " "); got != "a b c" || e.Name != "deployment x" || e.Namespace != "shop" || !e.HostNetwork || e.ServiceAccount != "x" || e.Labels["app"] != "x" {
		t.Errorf("got %+v", e)
	}
}
