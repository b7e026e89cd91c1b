//go:build unix

package programs

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/test/parts"
	"github.com/Abdullahi130/StellarEscrow/test/parts/cache"
)

// Kubernetes is the version of its programs, as build/kubernetes/go.mod has it; they say so themselves when they are asked.
const Kubernetes = "1.34.4"

// Program is one main package.
type Program struct {
	Name   string
	module string // a folder of build
	pkg    string // in the module
}

// All are the programs in the order in which they are built: those of an API server alone come first.
var All = []Program{
	{"etcd", "kubernetes", "./etcd"},
	{"kube-apiserver", "kubernetes", "./kube-apiserver"},
	{"kubectl", "kubernetes", "./kubectl"},
	{"kubelet", "kubernetes", "./kubelet"},
	{"kube-controller-manager", "kubernetes", "./kube-controller-manager"},
	{"kube-scheduler", "kubernetes", "./kube-scheduler"},
	{"kube-proxy", "kubernetes", "./kube-proxy"},
	{"coredns", "coredns", "."},
}

// Install says how programs that are missing are had.
const Install = "build it once, in 11 to 14 minutes of two processors, 2 GB of memory and 600 MB of disk: go run ./test/parts/kubenode/cmd build"

// Cache is where built programs are.
type Cache struct {
	root     string // of the tree
	dir      string
	compiler string
}

// where is the folder of the modules, from the root of the tree.
const where = "test/parts/kubenode/build"

// Open finds the tree, from the working folder upwards, and its cache.
func Open(ctx context.Context) (*Cache, error) {
	root, err := parts.Repository()
	if err != nil {
		return nil, err
	}
	dir, err := cache.Folder("kubenode")
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "go", "env", "GOVERSION", "GOOS", "GOARCH")
	cmd.Dir = filepath.Join(root, where, "kubernetes")
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("ask go for its version: %w", err)
	}
	return &Cache{root: root, dir: dir, compiler: strings.TrimSpace(string(out))}, nil
}

// ErrMissing says that a program has not been built yet.
var ErrMissing = cache.ErrMissing

// Path is where the program is. The error is ErrMissing if it is not there.
func (c *Cache) Path(name string) (string, error) {
	i := slices.IndexFunc(All, func(p Program) bool { return p.Name == name })
	if i < 0 {
		return "", fmt.Errorf("nothing is called %q", name)
	}
	path, err := c.path(All[i])
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%s: %w", name, ErrMissing)
	} else if err != nil {
		return "", fmt.Errorf("look for %s: %w", name, err)
	}
	return path, nil
}

// path is where the program is or will be.
func (c *Cache) path(p Program) (string, error) {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s\n%q\n%q\n", p.Name, c.compiler, flags, environment)
	module := filepath.Join(c.root, where, p.module)
	mains, err := filepath.Glob(filepath.Join(module, p.pkg, "*.go"))
	if err != nil || len(mains) == 0 {
		return "", fmt.Errorf("%s has no source in %s: %w", p.Name, module, err)
	}
	for _, file := range append(mains, filepath.Join(module, "go.mod"), filepath.Join(module, "go.sum")) {
		text, err := os.ReadFile(file)
		if err != nil {
			return "", fmt.Errorf("read what %s is made of: %w", p.Name, err)
		}
		fmt.Fprintf(h, "%s %d\n%s", filepath.Base(file), len(text), text)
	}
	return filepath.Join(c.dir, fmt.Sprintf("%x", h.Sum(nil)[:10]), p.Name), nil
}
