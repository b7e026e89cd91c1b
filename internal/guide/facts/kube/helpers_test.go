package kube_test

import (
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/kube"
)

const root = "../../../.."

// ours are the files of this repository that the overlays are made of.
var ours = sync.OnceValues(func() (fstest.MapFS, error) {
	tree := fstest.MapFS{}
	for _, top := range []string{"k8s", "monitoring"} {
		err := fs.WalkDir(os.DirFS(root), top, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			text, err := os.ReadFile(root + "/" + name)
			tree[name] = &fstest.MapFile{Data: text, Mode: 0o644}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return tree, nil
})

// checkout is a copy of them.
func checkout(t testing.TB) fstest.MapFS {
	t.Helper()
	tree, err := ours()
	if err != nil {
		t.Fatal(err)
	}
	return maps.Clone(tree)
}

// overlays are the folders of all of them.
func overlays(t testing.TB) (all []string) {
	t.Helper()
	entries, err := fs.ReadDir(checkout(t), "k8s/overlays")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		all = append(all, "k8s/overlays/"+e.Name())
	}
	for _, want := range []string{"k8s/overlays/dev", "k8s/overlays/staging", "k8s/overlays/production"} {
		if !slices.Contains(all, want) {
			t.Fatalf("%s is not among the overlays %q", want, all)
		}
	}
	return all
}

const production = "k8s/overlays/production"

// rendered are the overlays of the repository, each rendered once: func() (*kube.Set, error) by its folder.
var rendered sync.Map

func render(t testing.TB, overlay string) *kube.Set {
	t.Helper()
	tree := checkout(t)
	once, _ := rendered.LoadOrStore(overlay, sync.OnceValues(func() (*kube.Set, error) { return kube.Render(tree, overlay) }))
	set, err := once.(func() (*kube.Set, error))()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// change replaces a text of a file, which must be there.
func change(t testing.TB, tree fstest.MapFS, file, old, with string) {
	t.Helper()
	f := tree[file]
	if f == nil || !strings.Contains(string(f.Data), old) {
		t.Fatalf("%s does not hold %q: is the test still about what stands there?", file, old)
	}
	tree[file] = &fstest.MapFile{Data: []byte(strings.Replace(string(f.Data), old, with, 1)), Mode: f.Mode}
}

// changed is production with one text changed.
func changed(t testing.TB, file, old, with string) *kube.Set {
	t.Helper()
	tree := checkout(t)
	change(t, tree, file, old, with)
	set, err := kube.Render(tree, production)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// alone is one file of the base with one text changed, without the others: nothing else is needed to look at its pods.
func alone(t testing.TB, file, old, with string) *kube.Set {
	t.Helper()
	tree := checkout(t)
	change(t, tree, file, old, with)
	settings := "namespace: stellar-escrow\nresources: [" + path.Base(file) + "]\n"
	tree["k8s/base/kustomization.yaml"] = &fstest.MapFile{Data: []byte(settings), Mode: 0o644}
	set, err := kube.Render(tree, "k8s/base")
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// files is a tree of these files.
func files(named map[string]string) fstest.MapFS {
	tree := fstest.MapFS{}
	for name, text := range named {
		tree[name] = &fstest.MapFile{Data: []byte(text), Mode: 0o644}
	}
	return tree
}

func workload(t testing.TB, s *kube.Set, name string) kube.Workload {
	t.Helper()
	for _, w := range s.Workloads() {
		if w.String() == name {
			return w
		}
	}
	t.Fatalf("%s is not in the set", name)
	return kube.Workload{}
}
