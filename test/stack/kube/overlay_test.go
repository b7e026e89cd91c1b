//go:build linux

package kube_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/test/parts/images"
	"github.com/Abdullahi130/StellarEscrow/test/parts/kubenode/cluster"
	"github.com/Abdullahi130/StellarEscrow/test/stack/outside"
)

// root is the repository, from here.
const root = "../../.."

// published are the names that the manifests have for images.
var published = map[string]string{
	"api": "ghcr.io/abdullahi130/stellar-escrow-api", "client": "ghcr.io/abdullahi130/stellar-escrow-client",
	"indexer": "ghcr.io/abdullahi130/stellar-escrow-indexer", "backup": "ghcr.io/abdullahi130/stellar-escrow-backup",
	"postgres": "docker.io/library/postgres", "redis": "docker.io/library/redis", "prometheus": "docker.io/prom/prometheus",
	"alertmanager": "docker.io/prom/alertmanager", "grafana": "docker.io/grafana/grafana", "loki": "docker.io/grafana/loki",
}

// release copies what is deployed of the tree, and the file of Compose, fills in the production overlay's settings as an operator does, and the images' digests as a release does. It
// returns the tree. What is applied of it is overlays/stack, which wants no pod of what is not there. That names the client's image, which none of its
// pods ever runs: an image without a digest is none that a release has, and the audit would say so.
func release(t *testing.T, o *outside.Outside, used map[string]images.Image, none []string) string {
	t.Helper()
	dir := t.TempDir()
	for _, folder := range []string{"k8s", "monitoring", "nginx", "images"} {
		if err := os.CopyFS(filepath.Join(dir, folder), os.DirFS(filepath.Join(root, folder))); err != nil {
			t.Fatal(err)
		}
	}
	// S11 is of both stacks.
	text, err := os.ReadFile(filepath.Join(root, "docker-compose.yml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "docker-compose.yml"), text, 0o644); err != nil {
		t.Fatal(err)
	}
	production := filepath.Join(dir, "k8s", "overlays", "production")
	replace(t, filepath.Join(production, "site.yaml"), "HOST: escrow.example.com", "HOST: "+outside.Site)
	settings := fmt.Sprintf("NETWORK_PASSPHRASE=%s\nASSETS=%s\nTRUSTED_PROXIES=%s\n", o.Passphrase(), o.USDC(), cluster.Pods)
	if err := os.WriteFile(filepath.Join(production, "settings.env"), []byte(settings), 0o644); err != nil {
		t.Fatal(err)
	}
	used = maps.Clone(used)
	for _, name := range none {
		used[name] = used["client"]
	}
	var b strings.Builder
	b.WriteString("images:\n")
	for _, name := range slices.Sorted(maps.Keys(used)) {
		if from := published[name]; from != "" {
			fmt.Fprintf(&b, "  - {name: %q, newName: %q, digest: %q}\n", from, repository(used[name]), used[name].Digest)
		}
	}
	add(t, filepath.Join(production, "kustomization.yaml"), b.String())
	b.Reset()
	b.WriteString("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [../production]\nreplicas:\n")
	for _, name := range none {
		fmt.Fprintf(&b, "  - {name: %s, count: 0}\n", name)
	}
	add(t, filepath.Join(dir, stackOverlay, "kustomization.yaml"), b.String())
	return dir
}

const stackOverlay = "k8s/overlays/stack"

// add writes at the end of a file, which may not be there yet.
func add(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

func repository(image images.Image) string {
	return image.Reference[:strings.LastIndex(image.Reference, ":")]
}

// replace changes a text that stands in a file once.
func replace(t *testing.T, path, old, by string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(text), old) != 1 {
		t.Fatalf("%s does not have %q once", path, old)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), old, by, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// volumes are what the StatefulSets ask for: a folder on the node for each, of a class that is the cluster's default.
func volumes(t *testing.T, n *node, sets map[string]string) string {
	t.Helper()
	b := strings.Builder{}
	b.WriteString(`
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: folders, annotations: {storageclass.kubernetes.io/is-default-class: "true"}}
provisioner: kubernetes.io/no-provisioner
volumeBindingMode: WaitForFirstConsumer
`)
	for _, set := range slices.Sorted(maps.Keys(sets)) {
		dir := filepath.Join(n.Dir(), "volumes", set)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, `---
apiVersion: v1
kind: PersistentVolume
metadata: {name: %[1]s}
spec:
  storageClassName: folders
  capacity: {storage: %[2]s}
  accessModes: [ReadWriteOnce]
  claimRef: {namespace: stellar-escrow, name: data-%[1]s-0}
  local: {path: %[3]s}
  nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [%[4]s]}]}]}}
`, set, sets[set], dir, nodeName)
	}
	return b.String()
}
