//go:build unix

package programs

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/test/parts"
	"github.com/Abdullahi130/StellarEscrow/test/parts/cache"
)

func TestTheVersionIsTheModules(t *testing.T) {
	root, err := parts.Repository()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, where, "kubernetes", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if m := regexp.MustCompile(`(?m)^\tk8s.io/kubernetes v(\S+)$`).FindSubmatch(text); m == nil || string(m[1]) != Kubernetes {
		t.Errorf("go.mod has %q, the programs say %q", m, Kubernetes)
	}
}

func TestEveryProgramHasASource(t *testing.T) {
	c, err := Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	paths := map[string]string{}
	for _, p := range All {
		path, err := c.path(p)
		if err != nil {
			t.Error(err)
		}
		if other := paths[filepath.Dir(path)]; other != "" {
			t.Errorf("%s and %s share a folder", p.Name, other)
		}
		paths[filepath.Dir(path)] = p.Name
	}
	if _, err := c.Path("kubeadm"); err == nil || errors.Is(err, ErrMissing) {
		t.Errorf("a program that is not among them: %v", err)
	}
}

const program = "package main\n\nfunc main() { println(\"one\") }\n"

// tree is one in which etcd is a small program of its own.
func tree(t *testing.T) *Cache {
	t.Helper()
	c := &Cache{root: t.TempDir(), dir: filepath.Join(t.TempDir(), "kubenode"), compiler: "go"}
	for name, text := range map[string]string{"go.mod": "module kubernetes\n", "go.sum": "", "etcd/main.go": program} {
		write(t, c, name, text)
	}
	return c
}

func write(t *testing.T, c *Cache, name, text string) {
	t.Helper()
	path := filepath.Join(c.root, where, "kubernetes", name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsBuiltStays(t *testing.T) {
	c := tree(t)
	if _, err := c.Path("etcd"); !errors.Is(err, ErrMissing) {
		t.Fatalf("before it is built: %v", err)
	}
	var out bytes.Buffer
	if err := c.Build(t.Context(), &out, "etcd"); err != nil || !strings.Contains(out.String(), "built in") {
		t.Fatalf("%v\n%s", err, &out)
	}
	path, err := c.Path("etcd")
	if err != nil {
		t.Fatal(err)
	}
	out.Reset()
	if err := c.Build(t.Context(), &out, "etcd"); err != nil || !strings.Contains(out.String(), "is there") {
		t.Errorf("the second time: %v\n%s", err, &out)
	}
	for name, change := range map[string]func(){
		"another main file": func() { write(t, c, "etcd/main.go", program+"\nvar _ = 1\n") },
		"another go.sum":    func() { write(t, c, "go.sum", "x") },
		"another go.mod":    func() { write(t, c, "go.mod", "module other\n") },
		"another compiler":  func() { c.compiler = "go2" },
	} {
		was := c.compiler
		change()
		if _, err := c.Path("etcd"); !errors.Is(err, ErrMissing) {
			t.Errorf("with %s: %v", name, err)
		}
		c.compiler = was
		write(t, c, "etcd/main.go", program)
		write(t, c, "go.sum", "")
		write(t, c, "go.mod", "module kubernetes\n")
	}
	if again, err := c.Path("etcd"); err != nil || again != path {
		t.Errorf("all as before: %s, %v", again, err)
	}
}

func TestABuildThatFailsLeavesNothingToFind(t *testing.T) {
	c := tree(t)
	write(t, c, "etcd/main.go", "package main\n\nfunc main() { nothing() }\n")
	var out bytes.Buffer
	if err := c.Build(t.Context(), &out, "etcd"); err == nil || !strings.Contains(err.Error(), "build etcd") || !strings.Contains(out.String(), "undefined: nothing") {
		t.Errorf("%v\n%s", err, &out)
	}
	if _, err := c.Path("etcd"); !errors.Is(err, ErrMissing) {
		t.Errorf("afterwards: %v", err)
	}
	if err := c.Build(t.Context(), &out, "etcd", "minikube"); err == nil || !strings.Contains(err.Error(), "minikube") {
		t.Errorf("a program that there is not: %v", err)
	}
}

func TestTwoBuildsAtOnce(t *testing.T) {
	c := tree(t)
	var outs [2]bytes.Buffer
	var both sync.WaitGroup
	for i := range outs {
		both.Go(func() {
			if err := c.Build(t.Context(), &outs[i], "etcd"); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	all := outs[0].String() + outs[1].String()
	if strings.Count(all, "built in") != 1 || strings.Count(all, "is there") != 1 {
		t.Errorf("two builds say:\n%s", all)
	}

	unlock, err := cache.Lock(t.Context(), c.dir+".lock", &outs[0])
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Build(ctx, &outs[0], "etcd"); !errors.Is(err, context.Canceled) {
		t.Errorf("a build that need not wait any more: %v", err)
	}
}
