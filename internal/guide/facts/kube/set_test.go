package kube_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/kube"
)

// TestOriginAndKinds has an object of each way to come into a set.
func TestOriginAndKinds(t *testing.T) {
	tree := files(map[string]string{
		"base/kustomization.yaml": "namespace: ns\nresources: [a.yaml]\nconfigMapGenerator: [{name: c, literals: [k=v]}]\n",
		"base/a.yaml": "# two objects\napiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: a\n---\napiVersion: example.com/v1\nkind: Rollout\nmetadata:\n  name: r\n---\n" +
			"apiVersion: secrets-store.csi.x-k8s.io/v1\nkind: SecretProviderClass\nmetadata:\n  name: s\nspec:\n  provider: aws\n",
		"over/kustomization.yaml": "resources: [../base]\nnamePrefix: p-\n",
	})
	set, err := kube.Render(tree, "over")
	if err != nil {
		t.Fatal(err)
	}
	want := []kube.Object{
		{"v1", "ServiceAccount", "ns", "p-a", "base/a.yaml", 2},
		{"secrets-store.csi.x-k8s.io/v1", "SecretProviderClass", "ns", "p-s", "base/a.yaml", 12},
		{"v1", "ConfigMap", "ns", "p-c-6bg8dgg7k7", "base/kustomization.yaml", 0},
		{"example.com/v1", "Rollout", "ns", "p-r", "base/a.yaml", 7},
	}
	got := set.Objects()
	for i := range got { // the hash of what is in it is kustomize's business
		if got[i].Kind == "ConfigMap" && strings.HasPrefix(got[i].Name, "p-c-") {
			got[i].Name = "p-c-6bg8dgg7k7"
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if len(set.Unread) != 1 || set.Unread[0].Kind != "Rollout" {
		t.Errorf("unread are %v, want the Rollout", set.Unread)
	}
	maps := set.ConfigMaps()
	if len(maps) != 1 || maps[0].Value.Data["k"] != "v" || len(maps[0].Value.Annotations) != 0 {
		t.Errorf("got %+v, want the generated one, as it is applied", maps)
	}
}

func TestStrictReadingNamesFileAndObject(t *testing.T) {
	tests := map[string]struct{ file, old, with, says string }{
		"a field's name": {"k8s/base/api.yaml", "readOnlyRootFilesystem: true", "readonlyRootFilesystem: true",
			`k8s/base/api.yaml, Deployment stellar-escrow/api, or a patch of it: strict decoding error: unknown field "spec.template.spec.containers[0].securityContext.readonlyRootFilesystem"`},
		"of a policy": {"k8s/base/network-policy.yaml", "policyTypes: [Ingress, Egress]", "policytypes: [Ingress, Egress]",
			`k8s/base/network-policy.yaml, NetworkPolicy stellar-escrow/default-deny, or a patch of it: strict decoding error: unknown field "spec.policytypes"`},
		"of the driver's": {"k8s/base/secrets-store.yaml", "secretObjects:", "secretObject:",
			`k8s/base/secrets-store.yaml, SecretProviderClass stellar-escrow/stellar-escrow-secrets, or a patch of it: strict decoding error: unknown field "spec.secretObject"`},
		"a value's type": {"k8s/base/client.yaml", "automountServiceAccountToken: false\n      enable", "automountServiceAccountToken: nope\n      enable",
			"k8s/base/client.yaml, Deployment stellar-escrow/client"},
		"a patch": {"k8s/overlays/production/kustomization.yaml", "components:", "patches:\n  - patch: |-\n      apiVersion: v1\n      kind: Service\n      metadata: {name: api, namespace: stellar-escrow}\n      spec: {clusterIp: None}\ncomponents:",
			`k8s/base/api.yaml, Service stellar-escrow/api, or a patch of it: strict decoding error: unknown field "spec.clusterIp"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			tree := checkout(t)
			change(t, tree, test.file, test.old, test.with)
			_, err := kube.Render(tree, production)
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v\nwant one that says %s", err, test.says)
			}
		})
	}
}

func TestAWSObjects(t *testing.T) {
	class := func(objects string) *kube.SecretProviderClass {
		c := &kube.SecretProviderClass{Spec: kube.SecretProviderClassSpec{Provider: "aws", Parameters: map[string]string{"objects": objects}}}
		c.Name = "c"
		return c
	}
	got, err := class("- objectName: a/b\n  objectType: secretsmanager\n  jmesPath: [{path: X, objectAlias: Y}]\n- {objectName: c, objectAlias: d}\n").AWSObjects()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]string{{"a_b", "Y"}, {"d"}}, [][]string{got[0].Files(), got[1].Files()}); diff != "" {
		t.Errorf("files -want +got:\n%s", diff)
	}
	for name, objects := range map[string]string{
		"nothing": "", "a typo": "- objectNmae: a\n", "no list": "a: b\n", "twice": "- {objectName: a, objectName: b}\n", "a bomb": bomb(),
	} {
		if all, err := class(objects).AWSObjects(); err == nil || !strings.Contains(err.Error(), "SecretProviderClass c") {
			t.Errorf("%s: got %v and %v, want an error that names the class", name, all, err)
		}
	}
	other := class("- objectName: a\n")
	other.Spec.Provider = "vault"
	if _, err := other.AWSObjects(); err == nil {
		t.Error("a class of another provider was read")
	}
}

// TestRendersAtOnce: controls ask at the same time.
func TestRendersAtOnce(t *testing.T) {
	tree, want := checkout(t), render(t, production).Objects()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			set, err := kube.Render(tree, production)
			if err != nil {
				t.Error(err)
				return
			}
			if diff := cmp.Diff(want, set.Objects()); diff != "" {
				t.Errorf("-alone +at once:\n%s", diff)
			}
		})
	}
	all.Wait()
}

func TestDeepCopySharesNothing(t *testing.T) {
	set := render(t, production)
	class := set.SecretProviderClasses()[0].Value
	next := class.DeepCopyObject().(*kube.SecretProviderClass)
	if diff := cmp.Diff(class, next); diff != "" {
		t.Fatalf("-original +copy:\n%s", diff)
	}
	next.Spec.Parameters["region"], next.Spec.SecretObjects[0].Data[0].Key = "x", "x"
	if class.Spec.Parameters["region"] == "x" || class.Spec.SecretObjects[0].Data[0].Key == "x" {
		t.Error("a change of the copy is one of the original")
	}
}
