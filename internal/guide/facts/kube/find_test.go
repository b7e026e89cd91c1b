package kube_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/kube"
)

// Whatever could be applied is found, wherever it is and whatever is wrong with it; parts of others are not.
func TestWhatCanBeApplied(t *testing.T) {
	const plain, component = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n", "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
	got, err := kube.Applied(files(map[string]string{
		"k8s/one/kustomization.yaml": plain + "components: [../component]\n", "k8s/deep/er/two/Kustomization": "resources: []\n", "k8s/three/kustomization.yml": "{",
		"k8s/both/kustomization.yaml": plain, "k8s/both/kustomization.yml": plain,
		"k8s/component/kustomization.yaml": component, "k8s/nobodys/kustomization.yaml": component, "k8s/none/a.yaml": "a: b\n", "elsewhere/kustomization.yaml": plain,
	}), "k8s")
	if want := []string{"k8s/both", "k8s/deep/er/two", "k8s/nobodys", "k8s/one", "k8s/three"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q and %v, want %q", got, err, want)
	}
	if got, err := kube.Applied(fstest.MapFS{}, "k8s"); err != nil || len(got) != 0 {
		t.Errorf("of nothing: got %q and %v", got, err)
	}
}

// A link to a folder is no way past: it counts, and is refused when it is rendered.
func TestALinkedOverlayIsFound(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"k8s", "outside"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "outside", "kustomization.yaml"), []byte("kind: Kustomization\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../outside", filepath.Join(dir, "k8s", "linked")); err != nil {
		t.Fatal(err)
	}
	got, err := kube.Applied(os.DirFS(dir), "k8s")
	if err != nil || !slices.Equal(got, []string{"k8s/linked"}) {
		t.Fatalf("got %q and %v", got, err)
	}
	if _, err := kube.Render(os.DirFS(dir), got[0]); err == nil {
		t.Error("a linked overlay was rendered")
	}
}
