package kube_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/kube"
)

const (
	account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a, namespace: ns}\n"
	one     = "resources: [a.yaml]\n"
)

// bomb is small, and 10^9 values with its aliases expanded.
func bomb() string {
	var b strings.Builder
	b.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 9; i++ {
		fmt.Fprintf(&b, "a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10), ", "))
	}
	return b.String()
}

// chain is not large: each alias stands in the next, and the last is as deep as there are.
func chain() string {
	var b strings.Builder
	b.WriteString("a0: &a0 [x]\n")
	for i := 1; i < 200; i++ {
		fmt.Fprintf(&b, "a%d: &a%d [*a%d]\n", i, i, i-1)
	}
	return b.String()
}

// doubled are n kustomizations, each of which builds the one before in twice.
func doubled(n int) map[string]string {
	all := map[string]string{"0/kustomization.yaml": one, "0/a.yaml": account}
	for i := 1; i <= n; i++ {
		all[fmt.Sprintf("%d/kustomization.yaml", i)] = "resources: [p, q]\n"
		for _, side := range []string{"p", "q"} {
			all[fmt.Sprintf("%d/%s/kustomization.yaml", i, side)] = fmt.Sprintf("resources: [../../%d]\nnamePrefix: %s-\n", i-1, side)
		}
	}
	return all
}

func TestWhatIsRefused(t *testing.T) {
	tests := map[string]struct {
		files map[string]string
		dir   string
		is    error  // nil: any
		says  string // the error holds it
	}{
		"no kustomization":      {files: map[string]string{"a.yaml": account}, is: fs.ErrNotExist, says: "holds no kustomization"},
		"two kustomizations":    {files: map[string]string{"kustomization.yaml": one, "kustomization.yml": one, "a.yaml": account}, says: "keep one"},
		"no such folder":        {files: map[string]string{"kustomization.yaml": one}, dir: "k8s", is: fs.ErrNotExist},
		"no path":               {files: map[string]string{"kustomization.yaml": one}, dir: "../x", says: "no path of the tree"},
		"missing file":          {files: map[string]string{"kustomization.yaml": "resources: [b.yaml]\n"}, is: fs.ErrNotExist, says: "b.yaml"},
		"remote by URL":         {files: map[string]string{"kustomization.yaml": "resources: [\"https://example.com/base?ref=main\"]\n"}, is: kube.ErrOutside},
		"remote by ssh":         {files: map[string]string{"kustomization.yaml": "resources: [\"git@example.com:base.git\"]\n"}, is: kube.ErrOutside},
		"remote by name":        {files: map[string]string{"kustomization.yaml": "resources: [github.com/a/b]\n", "github.com/a/b/kustomization.yaml": one}, is: kube.ErrOutside},
		"remote component":      {files: map[string]string{"kustomization.yaml": "components: [GitHub.com/a/b]\n"}, is: kube.ErrOutside},
		"remote patch":          {files: map[string]string{"kustomization.yaml": "patches: [{path: \"http://example.com/p.yaml\"}]\n"}, is: kube.ErrOutside},
		"absolute":              {files: map[string]string{"kustomization.yaml": "resources: [/etc/passwd]\n"}, is: kube.ErrOutside},
		"out of the tree":       {files: map[string]string{"kustomization.yaml": "resources: [../../a.yaml]\n"}, is: kube.ErrOutside},
		"file out of the tree":  {files: map[string]string{"kustomization.yaml": "configMapGenerator: [{name: c, files: [\"k=../../etc/passwd\"]}]\n"}, is: kube.ErrOutside},
		"generator":             {files: map[string]string{"kustomization.yaml": "generators: [g.yaml]\n"}, is: kube.ErrOutside, says: "generators: nothing is executed"},
		"transformer":           {files: map[string]string{"kustomization.yaml": "transformers: [t.yaml]\n"}, is: kube.ErrOutside, says: "transformers"},
		"validator":             {files: map[string]string{"kustomization.yaml": "validators: [v.yaml]\n"}, is: kube.ErrOutside, says: "validators"},
		"chart":                 {files: map[string]string{"kustomization.yaml": "helmCharts: [{name: c}]\n"}, is: kube.ErrOutside, says: "helmCharts"},
		"schema":                {files: map[string]string{"kustomization.yaml": one + "openapi: {path: s.json}\n", "a.yaml": account}, says: "openapi"},
		"itself":                {files: map[string]string{"a/kustomization.yaml": "resources: [../b]\n", "b/kustomization.yaml": "resources: [../a]\n"}, dir: "a", says: "made of itself"},
		"unknown setting":       {files: map[string]string{"kustomization.yaml": "resorces: [a.yaml]\n", "a.yaml": account}, says: "kustomization.yaml"},
		"key twice in settings": {files: map[string]string{"kustomization.yaml": one + one, "a.yaml": account}, says: `kustomization.yaml: line 2: the key "resources" stands twice, on line 1 too`},
		"key twice":             {files: map[string]string{"kustomization.yaml": one, "a.yaml": account + "kind: Secret\n"}, says: `a.yaml: line 4: the key "kind" stands twice, on line 2 too`},
		"key twice in a patch":  {files: map[string]string{"kustomization.yaml": one + "patches: [{path: p.yaml}]\n", "a.yaml": account, "p.yaml": account + "kind: Secret\n"}, says: "p.yaml: line 4"},
		"no YAML":               {files: map[string]string{"kustomization.yaml": one, "a.yaml": "a: [\n"}, says: "a.yaml: read YAML"},
		"key that is no text":   {files: map[string]string{"kustomization.yaml": one, "a.yaml": "? [a]\n: b\n"}, says: "a.yaml: line 1: a key is no text"},
		"bomb":                  {files: map[string]string{"kustomization.yaml": one, "a.yaml": bomb()}, is: kube.ErrBounds, says: "aliases expanded"},
		"bomb in a patch":       {files: map[string]string{"kustomization.yaml": one + "patches: [{path: p.yaml}]\n", "a.yaml": account, "p.yaml": bomb()}, is: kube.ErrBounds},
		"bomb in the settings":  {files: map[string]string{"kustomization.yaml": one + "patches:\n  - patch: |\n      " + strings.ReplaceAll(bomb(), "\n", "\n      ") + "\n", "a.yaml": account}, is: kube.ErrBounds},
		"value within itself":   {files: map[string]string{"kustomization.yaml": one, "a.yaml": "a: &a {b: *a}\n"}, says: "holds itself"},
		"deep":                  {files: map[string]string{"kustomization.yaml": one, "a.yaml": strings.Repeat("[", 300) + strings.Repeat("]", 300)}, is: kube.ErrBounds},
		"deep by aliases":       {files: map[string]string{"kustomization.yaml": one, "a.yaml": chain()}, is: kube.ErrBounds},
		"large file":            {files: map[string]string{"kustomization.yaml": one, "a.yaml": account + "# " + strings.Repeat("x", 1<<20)}, is: kube.ErrBounds, says: "a.yaml has more than"},
		"doubled":               {files: doubled(12), dir: "12", is: kube.ErrBounds, says: "builds more than"},
		"nested":                {files: nested(40), dir: "40", is: kube.ErrBounds, says: "stand in each other"},
		"many documents":        {files: map[string]string{"kustomization.yaml": one, "a.yaml": strings.Repeat("---\na: 1\n", 2_001)}, is: kube.ErrBounds, says: "comparisons"},
		"many patches": {files: map[string]string{"kustomization.yaml": one + "patches:\n" + strings.Repeat("- {path: p.yaml, target: {kind: .*}}\n", 600), "p.yaml": account, "a.yaml": strings.Repeat("---\n"+account, 800)},
			is: kube.ErrBounds, says: "comparisons"},
		"of a component": {files: map[string]string{"kustomization.yaml": one + "components: [c]\n", "a.yaml": strings.Repeat("---\n"+account, 800),
			"c/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches:\n" + strings.Repeat("- {path: p.yaml, target: {kind: .*}}\n", 600), "c/p.yaml": account},
			is: kube.ErrBounds, says: "comparisons"},
		"layers":    {files: layered(25, 401), dir: "25", is: kube.ErrBounds, says: "comparisons"},
		"no object": {files: map[string]string{"kustomization.yaml": one, "a.yaml": "just: text\n"}, says: "a.yaml"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := test.dir
			if dir == "" {
				dir = "."
			}
			set, err := kube.Render(files(test.files), dir)
			switch {
			case err == nil:
				t.Fatalf("it was rendered: %v", set.Objects())
			case test.is != nil && !errors.Is(err, test.is):
				t.Errorf("got %v, want one that is %q", err, test.is)
			case !strings.Contains(err.Error(), test.says):
				t.Errorf("got %v, want one that says %q", err, test.says)
			}
		})
	}
}

// nested are n kustomizations, each in the next.
func nested(n int) map[string]string { return layered(n, 1) }

// layered is nested, with so many objects.
func layered(n, objects int) map[string]string {
	all := map[string]string{"0/kustomization.yaml": one, "0/a.yaml": strings.Repeat("---\n"+account, objects)}
	for i := 1; i <= n; i++ {
		all[fmt.Sprintf("%d/kustomization.yaml", i)] = fmt.Sprintf("resources: [../%d]\n", i-1)
	}
	return all
}

func TestManyFilesAreRefused(t *testing.T) {
	tree := fstest.MapFS{}
	var list strings.Builder
	for i := range 2_001 {
		name := fmt.Sprintf("%d.yaml", i)
		tree[name] = &fstest.MapFile{Data: []byte("# nothing\n"), Mode: 0o644}
		list.WriteString("- " + name + "\n")
	}
	tree["kustomization.yaml"] = &fstest.MapFile{Data: []byte("resources:\n" + list.String()), Mode: 0o644}
	if _, err := kube.Render(tree, "."); !errors.Is(err, kube.ErrBounds) {
		t.Errorf("got %v, want ErrBounds", err)
	}
}

// TestLinksAreNotFollowed is on a real disk: what leads out of the tree there, and what would never be done reading.
func TestLinksAreNotFollowed(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		at := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(at), 0o755), os.WriteFile(at, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	write("outside/a.yaml", account)
	write("outside/kustomization.yaml", one)
	write("tree/file/kustomization.yaml", one)
	write("tree/folder/kustomization.yaml", "resources: [base]\n")
	for link, to := range map[string]string{"tree/file/a.yaml": "../../outside/a.yaml", "tree/folder/base": "../../outside", "tree/itself": "../outside"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	for _, overlay := range []string{"file", "folder", "itself"} {
		if _, err := kube.Render(os.DirFS(filepath.Join(dir, "tree")), overlay); !errors.Is(err, kube.ErrOutside) || !strings.Contains(err.Error(), "symbolic link") {
			t.Errorf("%s: got %v, want one about a symbolic link", overlay, err)
		}
	}
}
