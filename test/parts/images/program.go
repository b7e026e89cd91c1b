//go:build unix

package images

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/test/parts/cache"
)

// program is one of others that is built from its Go module.
type program struct {
	module, version string
	pkg             string // its main package
	as              string // where it stands in the image
	// replaced: its go.mod replaces modules, so that go install refuses it.
	replaced bool
	// slow: it takes longer to build than a test may wait. `go run ./test/parts/images/prepare` builds it.
	slow bool
}

// Their versions are those of images/lock.json.
var (
	alertmanager = program{module: "github.com/prometheus/alertmanager", version: "v0.28.1", pkg: "github.com/prometheus/alertmanager/cmd/alertmanager", as: "usr/bin/alertmanager"}
	loki         = program{module: "github.com/grafana/loki/v3", version: "v3.7.8", pkg: "github.com/grafana/loki/v3/cmd/loki", as: "usr/bin/loki", replaced: true, slow: true}
)

func (p program) name() string {
	return fmt.Sprintf("%s@%s %s %s", p.pkg, p.version, runtime.Version(), runtime.GOARCH)
}

// file is where what was built is kept.
func (p program) file(cache string) string {
	return filepath.Join(cache, "programs", fmt.Sprintf("%s-%s-%s-%s", path.Base(p.pkg), p.version, runtime.Version(), runtime.GOARCH))
}

// present says what is missing, if it is not built.
func (p program) present(cache string) error {
	if _, err := os.Stat(p.file(cache)); err != nil {
		return &missingError{what: path.Base(p.pkg) + " " + p.version, install: "go run ./test/parts/images/prepare, once: it takes some minutes"}
	}
	return nil
}

// build builds it, or returns what was built before.
func (p program) build(ctx context.Context, cache string) (string, error) {
	if p.present(cache) == nil {
		return p.file(cache), nil
	}
	if err := os.MkdirAll(filepath.Join(cache, "programs"), 0o755); err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp(cache, "module-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	env := []string{"CGO_ENABLED=0", "GOFLAGS=-mod=mod", "GOWORK=off"}
	if _, err := run(ctx, dir, env, "go", "mod", "init", "stand-in"); err != nil {
		return "", err
	}
	if p.replaced {
		if err := p.replace(ctx, dir, env); err != nil {
			return "", err
		}
	}
	if _, err := run(ctx, dir, env, "go", "get", p.pkg+"@"+p.version); err != nil {
		return "", err
	}
	built := filepath.Join(dir, "program")
	if _, err := run(ctx, dir, env, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", built, p.pkg); err != nil {
		return "", err
	}
	return p.file(cache), os.Rename(built, p.file(cache))
}

// Prepare builds the programs that Build calls missing until somebody has built them, and says to out which and where.
func Prepare(ctx context.Context, out io.Writer) error {
	dir, err := cache.Folder(kind)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(standIns)) {
		p := standIns[name].program
		if p == nil || !p.slow {
			continue
		}
		file, err := p.build(ctx, dir)
		if err != nil {
			return fmt.Errorf("build %s: %w", path.Base(p.pkg), err)
		}
		fmt.Fprintf(out, "%s %s: %s\n", path.Base(p.pkg), p.version, file)
	}
	return nil
}

// replace takes over what its go.mod replaces and excludes, but for folders beside it, which no proxy has.
func (p program) replace(ctx context.Context, dir string, env []string) error {
	out, err := run(ctx, dir, env, "go", "mod", "download", "-json", p.module+"@"+p.version)
	if err != nil {
		return err
	}
	var at struct{ GoMod string }
	if err := json.Unmarshal(out, &at); err != nil {
		return fmt.Errorf("read go mod download: %w", err)
	}
	if out, err = run(ctx, dir, env, "go", "mod", "edit", "-json", at.GoMod); err != nil {
		return err
	}
	type version struct{ Path, Version string }
	var file struct {
		Replace []struct{ Old, New version }
		Exclude []version
	}
	if err := json.Unmarshal(out, &file); err != nil {
		return fmt.Errorf("read %s: %w", at.GoMod, err)
	}
	with := func(v version) string { return strings.TrimSuffix(v.Path+"@"+v.Version, "@") }
	var edits []string
	for _, r := range file.Replace {
		if !strings.HasPrefix(r.New.Path, ".") {
			edits = append(edits, "-replace="+with(r.Old)+"="+with(r.New))
		}
	}
	for _, x := range file.Exclude {
		edits = append(edits, "-exclude="+with(x))
	}
	for edit := range slices.Chunk(edits, 100) {
		if _, err := run(ctx, dir, env, "go", append([]string{"mod", "edit"}, edit...)...); err != nil {
			return err
		}
	}
	return nil
}
