//go:build unix

package images

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/test/parts"
	"github.com/Abdullahi130/StellarEscrow/test/parts/cache"
)

// workshop is where images are built.
type workshop struct {
	root    string // of the repository
	cache   string // what is kept
	goCache string // what was compiled
	buildah string
	builder *builder // of ours, found when it is first needed
	table   loader   // of the machine's libraries, read when it is first needed
	bench   *bench   // where it works, while it does
}

// kind is the folder of the cache that everything is kept in.
const kind = "images"

func (w *workshop) libraries(ctx context.Context) (loader, error) {
	if w.table != nil {
		return w.table, nil
	}
	var err error
	w.table, err = readLoader(ctx)
	return w.table, err
}

func newWorkshop(t testing.TB) *workshop {
	t.Helper()
	buildah := parts.Program(t, "buildah", install)
	if os.Geteuid() != 0 {
		parts.Missing(t, "building images", install)
	}
	root, err := parts.Repository()
	if err != nil {
		t.Fatal(err)
	}
	cache, err := cache.Folder(kind)
	if err != nil {
		t.Fatal(err)
	}
	return &workshop{root: root, cache: cache, goCache: filepath.Join(cache, "go-build"), buildah: buildah}
}

// recipe is how one image is built: key is the hash of all that goes in, build leaves an OCI layout in the folder out.
type recipe struct {
	key   string
	build func(ctx context.Context, b *bench, out string) error
}

func (w *workshop) recipe(ctx context.Context, name string) (recipe, error) {
	if slices.Contains(ours, name) {
		return w.our(ctx, name)
	}
	return w.standIn(ctx, name)
}

// image returns what is kept of an image, or builds it.
func (w *workshop) image(ctx context.Context, name string) (Image, error) {
	r, err := w.recipe(ctx, name)
	if err != nil {
		return Image{}, err
	}
	if image, ok := w.kept(name, r.key); ok {
		return image, nil
	}
	if err := w.open(ctx); err != nil {
		return Image{}, err
	}
	if image, ok := w.kept(name, r.key); ok { // by whoever we have waited for
		return image, nil
	}
	ctx, cancel := context.WithTimeout(ctx, buildTimeout)
	defer cancel()
	layout := filepath.Join(w.bench.dir, name, "layout")
	if err := os.Mkdir(filepath.Dir(layout), 0o755); err != nil {
		return Image{}, err
	}
	defer os.RemoveAll(filepath.Dir(layout))
	if err := r.build(ctx, w.bench, layout); err != nil {
		return Image{}, err
	}
	return w.keep(name, r.key, layout)
}

func (w *workshop) base(name, key string) string { return filepath.Join(w.cache, name+"-"+key[:24]) }

// kept is written last, so whatever has a receipt is whole.
func (w *workshop) kept(name, key string) (Image, bool) {
	text, err := os.ReadFile(w.base(name, key) + ".json")
	var image Image
	if err != nil || json.Unmarshal(text, &image) != nil {
		return Image{}, false
	}
	now := time.Now()
	if err := os.Chtimes(image.Archive, now, now); err != nil { // it is gone
		return Image{}, false
	}
	return image, true
}

func (w *workshop) keep(name, key, layout string) (Image, error) {
	image := Image{Name: name, Reference: reference(name), Archive: w.base(name, key) + ".tar"}
	var err error
	if image.Digest, err = writeArchive(layout, image.Reference, image.Archive); err != nil {
		return Image{}, err
	}
	text, err := json.Marshal(image)
	if err != nil {
		return Image{}, err
	}
	if err := os.WriteFile(w.base(name, key)+".new", text, 0o644); err != nil {
		return Image{}, err
	}
	if err := os.Rename(w.base(name, key)+".new", w.base(name, key)+".json"); err != nil {
		return Image{}, err
	}
	return image, w.forget()
}

// What is kept of an image: the newest versions, those that somebody has asked for lately (of another tree, or by a test that has not read it yet), and nothing
// that nobody has asked for in a day.
const (
	keepNewest = 2
	keepLately = time.Hour
	keepFor    = 24 * time.Hour
)

// forget removes the archives that are not kept. An archive's time is when somebody has asked for it last.
func (w *workshop) forget() error {
	type version struct {
		path  string
		asked time.Time
	}
	archives, err := filepath.Glob(filepath.Join(w.cache, "*.tar"))
	all := map[string][]version{}
	for _, path := range archives {
		name := filepath.Base(path)
		if info, stat := os.Stat(path); stat == nil {
			image := name[:max(0, strings.LastIndexByte(name, '-'))]
			all[image] = append(all[image], version{path, info.ModTime()})
		}
	}
	for _, versions := range all {
		slices.SortFunc(versions, func(a, b version) int { return b.asked.Compare(a.asked) })
		for i, v := range versions {
			if age := time.Since(v.asked); age > keepFor || i >= keepNewest && age > keepLately {
				err = errors.Join(err, os.Remove(strings.TrimSuffix(v.path, ".tar")+".json"), os.Remove(v.path))
			}
		}
	}
	return err
}

// open waits until nobody else builds, and makes room. What builds that were killed have left goes: whoever works holds the lock.
func (w *workshop) open(ctx context.Context) error {
	if w.bench != nil {
		return nil
	}
	unlock, err := cache.Lock(ctx, filepath.Join(w.cache, "lock"), io.Discard)
	if err != nil {
		return err
	}
	old, err := filepath.Glob(filepath.Join(w.cache, "work-*"))
	for _, dir := range old {
		err = errors.Join(err, os.RemoveAll(dir))
	}
	dir, fail := os.MkdirTemp(w.cache, "work-")
	if err := errors.Join(err, fail); err != nil {
		unlock()
		return err
	}
	w.bench = &bench{dir: dir, store: store{buildah: w.buildah, work: dir}, unlock: unlock}
	return nil
}

func (w *workshop) close() {
	if w.bench == nil {
		return
	}
	_ = os.RemoveAll(w.bench.dir) // what is left goes with the next build
	w.bench.unlock()
	w.bench = nil
}

// bench is what is there while images are built.
type bench struct {
	dir    string
	store  store
	base   string // the tag of our builder, once it is in the store
	unlock func()
}

// run runs a program and returns what it wrote; the error holds the end of what it said.
func run(ctx context.Context, dir string, env []string, name string, args ...string) ([]byte, error) {
	const said = 4000
	cmd := exec.CommandContext(ctx, "nice", append([]string{"-n", "10", name}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	// A process group of its own, ended as one; what it mounts goes with it.
	cmd.SysProcAttr = procAttr()
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 10 * time.Second
	out, err := cmd.Output()
	if err != nil {
		told := stderr.String()
		return nil, fmt.Errorf("%s %s: %w: %s", filepath.Base(name), strings.Join(args[:min(3, len(args))], " "), err, told[max(0, len(told)-said):])
	}
	return out, nil
}
