package kube_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/kube"
)

// FuzzRender gives a kustomization and a file of objects that anybody may have written: what comes is a set or an error, never a panic, and it comes soon.
func FuzzRender(f *testing.F) {
	tree := checkout(f)
	for _, name := range []string{"k8s/base/network-policy.yaml", "k8s/base/secrets-store.yaml", "k8s/base/client.yaml"} {
		f.Add(one, string(tree[name].Data))
	}
	f.Add(one+"namePrefix: p-\n", account)
	f.Add(one+"patches: [{target: {kind: ServiceAccount}, patch: \"- {op: remove, path: /metadata/name}\"}]\n", account)
	f.Add(one+"replacements: [{source: {kind: ServiceAccount, fieldPath: metadata.name}, targets: [{select: {kind: ServiceAccount}, fieldPaths: [metadata.namespace]}]}]\n", account)
	f.Add("configMapGenerator: [{name: c, literals: [a=b]}]\nimages: [{name: x, newTag: y}]\n", account)
	f.Add(one, "apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: Secret, metadata: {name: s}}]\n")
	f.Add(one, "a: &a {b: *a}\n")
	f.Add(one, bomb())
	f.Fuzz(func(t *testing.T, settings, objects string) {
		stuck := time.AfterFunc(time.Minute, func() { panic(fmt.Sprintf("not done within a minute:\n%s\n---\n%s", settings, objects)) })
		defer stuck.Stop()
		set, err := kube.Render(files(map[string]string{"kustomization.yaml": settings, "a.yaml": objects}), ".")
		if (set == nil) == (err == nil) {
			t.Fatalf("got %v and %v, want one of them", set, err)
		}
		if err != nil {
			return
		}
		for _, w := range set.Workloads() {
			if _, err := kube.Restricted(w); err != nil {
				t.Errorf("%s: %v", w, err)
			}
			_, _ = w.Probes()
		}
		for _, c := range set.SecretProviderClasses() {
			_, _ = c.Value.AWSObjects()
		}
		for _, n := range set.Namespaces() {
			_, _ = kube.PodSecurity(n)
		}
	})
}
