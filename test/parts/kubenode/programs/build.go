//go:build unix

package programs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/procgroup"
	"github.com/Abdullahi130/StellarEscrow/test/parts"
	"github.com/Abdullahi130/StellarEscrow/test/parts/cache"
)

// Build makes what is not there yet of the named programs, or of all, one after the other, and says so line by line. What was made stays, so that a build
// that is stopped goes on where it was. Two at a time wait for each other. The compiler's own messages go to out too.
func (c *Cache) Build(ctx context.Context, out io.Writer, names ...string) error {
	var wanted []Program
	for _, p := range All {
		if len(names) == 0 || slices.Contains(names, p.Name) {
			wanted = append(wanted, p)
		}
	}
	if len(wanted) < len(names) {
		return fmt.Errorf("build %q: some of these are no programs of a node", names)
	}
	if err := os.MkdirAll(c.dir, 0o755); err != nil {
		return fmt.Errorf("make a folder for what is built: %w", err)
	}
	unlock, err := cache.Lock(ctx, c.dir+".lock", out)
	if err != nil {
		return err
	}
	defer unlock()
	for _, p := range wanted {
		if err := c.build(ctx, out, p); err != nil {
			return fmt.Errorf("build %s: %w", p.Name, err)
		}
	}
	return nil
}

func (c *Cache) build(ctx context.Context, out io.Writer, p Program) error {
	path, err := c.path(p)
	if err != nil {
		return err
	}
	if _, err := os.Stat(path); err == nil {
		fmt.Fprintf(out, "%-24s is there\n", p.Name)
		return nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	began := time.Now()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	unfinished := path + ".new"
	cmd := procgroup.Command(ctx, "go", append(append([]string{"build"}, flags...), "-o", unfinished, p.pkg)...)
	cmd.Dir = filepath.Join(c.root, where, p.module)
	cmd.Env = append(os.Environ(), environment...)
	cmd.Stdout, cmd.Stderr = out, out
	if err := procgroup.Run(cmd); err != nil {
		return err
	}
	if err := os.Rename(unfinished, path); err != nil {
		return err
	}
	fmt.Fprintf(out, "%-24s built in %.0f s\n", p.Name, time.Since(began).Seconds())
	return nil
}

const (
	versionOf = "k8s.io/component-base/version"
	clientOf  = "k8s.io/client-go/pkg/version"
)

// Not for change. The version is what a release's own build sets; clients and kubelets compare it.
var (
	flags = []string{
		"-trimpath", "-buildvcs=false", "-mod=readonly",
		"-ldflags=-s -w -X " + versionOf + ".gitVersion=v" + Kubernetes + " -X " + versionOf + ".gitMajor=1 -X " + versionOf + ".gitMinor=34 -X " + clientOf + ".gitVersion=v" + Kubernetes,
	}
	environment = []string{"CGO_ENABLED=0", "GOWORK=off", "GOFLAGS="}
)

// Quick builds packages of the main module below test/parts/kubenode into a folder. They import little, and take a second.
func Quick(ctx context.Context, dir string, packages ...string) error {
	root, err := parts.Repository()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make a folder for programs: %w", err)
	}
	args := []string{"build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", dir + string(filepath.Separator)}
	for _, p := range packages {
		args = append(args, "./test/parts/kubenode/"+p)
	}
	cmd := procgroup.Command(ctx, "go", args...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := procgroup.Run(cmd); err != nil {
		return fmt.Errorf("build %q: %w: %s", packages, err, said.Bytes())
	}
	return nil
}
