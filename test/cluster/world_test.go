//go:build linux

package cluster_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/clauses"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/kube"
	"github.com/Abdullahi130/StellarEscrow/internal/keys"
	"github.com/Abdullahi130/StellarEscrow/test/parts/kubenode"
)

const (
	root      = "../.."
	overlay   = "k8s/overlays/production"
	namespace = "stellar-escrow"
)

// world is a server with the platform on it.
type world struct {
	server  *kubenode.Server
	targets facts.Targets
	tree    *facts.Tree
}

// start starts a server and applies the production overlay, with images by a digest that is the test's own, and what would run of it.
func start(t *testing.T) *world {
	t.Helper()
	w := &world{server: kubenode.APIServer(t), tree: facts.Open(os.DirFS(root))}
	w.targets = facts.Targets{Cluster: facts.Cluster{Kubeconfig: w.server.Kubeconfig(), Context: currentContext(t, w.server.Kubeconfig()), Namespace: namespace}}
	crds, err := os.ReadFile("testdata/secrets-store-crds.yaml")
	if err != nil {
		t.Fatal(err)
	}
	w.apply(t, string(crds))
	w.kubectl(t, "", "wait", "--for=condition=Established", "--timeout=30s", "crd", "secretproviderclasses.secrets-store.csi.x-k8s.io", "secretproviderclasspodstatuses.secrets-store.csi.x-k8s.io")
	set, err := kube.Render(os.DirFS(root), overlay)
	if err != nil {
		t.Fatal(err)
	}
	w.kubectl(t, "", "apply", "-k", w.pinned(t, set))
	w.run(t, set)
	return w
}

// keyOf is the line of a key that nobody has.
func keyOf(t *testing.T, kind keys.Kind) string {
	t.Helper()
	_, line, err := keys.New(kind, "somebody", []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return line
}

func currentContext(t *testing.T, kubeconfig string) string {
	t.Helper()
	config, err := clientcmd.LoadFromFile(kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	return config.CurrentContext
}

// pinned is a folder whose kustomization is the overlay with every image by a digest. There is no such image: nothing is pulled here.
func (w *world) pinned(t *testing.T, set *kube.Set) string {
	t.Helper()
	dir := t.TempDir()
	base, err := filepath.Abs(filepath.Join(root, overlay))
	if err != nil {
		t.Fatal(err)
	}
	relative, err := filepath.Rel(dir, base)
	if err != nil {
		t.Fatal(err)
	}
	text := "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [" + relative + "]\nimages:\n"
	seen := map[string]bool{}
	for _, l := range set.Workloads() {
		for _, c := range l.Containers() {
			name, _, _ := strings.Cut(c.Image, "@")
			if i := strings.LastIndex(name, ":"); i > strings.LastIndex(name, "/") {
				name = name[:i]
			}
			if !seen[name] {
				seen[name] = true
				text += fmt.Sprintf("  - {name: %s, digest: %s}\n", name, digest())
			}
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// digest is of nothing that anybody has.
func digest() string {
	text := make([]byte, 32)
	rand.Read(text)
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// run makes what controllers, a kubelet and the driver would: a pod of each workload, the Secrets that classes make, the driver's word that they are mounted; and some pods of others.
func (w *world) run(t *testing.T, set *kube.Set) {
	t.Helper()
	for _, c := range set.SecretProviderClasses() {
		for _, s := range c.Value.Spec.SecretObjects {
			data := map[string]string{}
			for _, k := range s.Data {
				data[k.Key] = rand.Text()
				if kind, ok := map[string]keys.Kind{"API_KEYS": keys.API, "ADMIN_KEYS": keys.Admin}[k.Key]; ok {
					data[k.Key] = keyOf(t, kind)
				}
			}
			w.object(t, map[string]any{"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"name": s.SecretName, "namespace": namespace,
				"labels": map[string]any{"secrets-store.csi.k8s.io/managed": "true"}}, "stringData": data})
		}
	}
	address := 10
	for _, l := range set.Workloads() {
		if l.Kind == "CronJob" {
			continue // until its time it has none
		}
		address++
		w.pod(t, strings.ToLower(l.Kind)+"s", l.Name, address)
	}
	w.apply(t, `
apiVersion: v1
kind: Namespace
metadata: {name: ingress-nginx}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: default, namespace: ingress-nginx}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: default, namespace: stellar-escrow}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: default, namespace: kube-system}
---
apiVersion: v1
kind: Pod
metadata:
  {name: controller, namespace: ingress-nginx, labels: {app.kubernetes.io/name: ingress-nginx, app.kubernetes.io/instance: ingress-nginx, app.kubernetes.io/component: controller}}
spec: {containers: [{name: controller, image: localhost/none:1}]}
---
apiVersion: v1
kind: Pod
metadata: {name: dns, namespace: kube-system, labels: {k8s-app: kube-dns}}
spec: {containers: [{name: dns, image: localhost/none:1}]}
---
apiVersion: v1
kind: Pod
metadata: {name: proxy, namespace: kube-system}
spec: {hostNetwork: true, containers: [{name: proxy, image: localhost/none:1}]}
`)
}

// pod makes the pod that a workload's template asks for, running.
func (w *world) pod(t *testing.T, resource, name string, address int) {
	t.Helper()
	var maker struct {
		APIVersion, Kind string
		Metadata         struct{ UID string }
		Spec             struct {
			Template             struct{ Metadata, Spec map[string]any }
			VolumeClaimTemplates []struct{ Metadata struct{ Name string } }
		}
	}
	if err := json.Unmarshal([]byte(w.kubectl(t, "", "get", resource, name, "-n", namespace, "-o", "json")), &maker); err != nil {
		t.Fatal(err)
	}
	spec := maker.Spec.Template.Spec
	for _, c := range maker.Spec.VolumeClaimTemplates {
		volumes, _ := spec["volumes"].([]any)
		spec["volumes"] = append(volumes, map[string]any{"name": c.Metadata.Name, "persistentVolumeClaim": map[string]any{"claimName": c.Metadata.Name + "-0"}})
	}
	at := fmt.Sprintf("10.1.0.%d", address)
	made := name + "-0"
	w.object(t, map[string]any{"apiVersion": "v1", "kind": "Pod", "spec": spec, "metadata": map[string]any{"name": made, "namespace": namespace, "labels": maker.Spec.Template.Metadata["labels"],
		"ownerReferences": []any{map[string]any{"apiVersion": maker.APIVersion, "kind": maker.Kind, "name": name, "uid": maker.Metadata.UID, "controller": true}}}})
	w.kubectl(t, "", "patch", "pod", made, "-n", namespace, "--subresource=status", "--type=merge", "-p", `{"status": {"phase": "Running", "podIP": "`+at+`", "podIPs": [{"ip": "`+at+`"}]}}`)
	volumes, _ := spec["volumes"].([]any)
	for _, v := range volumes {
		volume, _ := v.(map[string]any)
		csi, _ := volume["csi"].(map[string]any)
		if csi["driver"] != kube.SecretsStoreDriver {
			continue
		}
		class, _ := csi["volumeAttributes"].(map[string]any)
		of, _ := class[kube.ProviderClass].(string)
		w.object(t, map[string]any{"apiVersion": "secrets-store.csi.x-k8s.io/v1", "kind": "SecretProviderClassPodStatus", "metadata": map[string]any{"name": made + "-" + of, "namespace": namespace},
			"status": map[string]any{"podName": made, "secretProviderClassName": of, "mounted": true}})
	}
}

func (w *world) object(t *testing.T, o map[string]any) {
	t.Helper()
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	w.apply(t, string(text))
}

func (w *world) apply(t *testing.T, text string) {
	t.Helper()
	w.kubectl(t, text, "apply", "-f", "-")
}

func (w *world) kubectl(t *testing.T, input string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := w.server.Kubectl(ctx, []byte(input), args...)
	if err != nil {
		t.Fatalf("kubectl %s: %v", strings.Join(args, " "), err)
	}
	return string(out)
}

// guide is the whole guide.
func whole(t *testing.T) *guide.Guide {
	t.Helper()
	g, err := clauses.Guide()
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// audit asks the clauses about the tree and the server.
func (w *world) audit(t *testing.T, ids ...string) map[string]guide.Clause {
	t.Helper()
	chosen, err := whole(t).Choose(ids)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]guide.Clause{}
	for _, c := range guide.Audit(t.Context(), chosen, guide.Asked{Tree: w.tree, Running: facts.Running(w.targets), Within: time.Minute, Now: time.Now}).Clauses {
		all[c.Control.ID] = c
	}
	return all
}
