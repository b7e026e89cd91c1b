//go:build unix

package images

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
)

// our is the recipe of an image of ours: the Dockerfile, what its context holds, and the builder.
func (w *workshop) our(ctx context.Context, name string) (recipe, error) {
	if w.builder == nil {
		table, err := w.libraries(ctx)
		if err != nil {
			return recipe{}, err
		}
		b, err := newBuilder(ctx, table)
		if err != nil {
			return recipe{}, err
		}
		w.builder = &b
	}
	dockerfile := filepath.Join(w.root, "images", name, "Dockerfile")
	key, err := ourKey(ctx, w.root, dockerfile, *w.builder)
	if err != nil {
		return recipe{}, err
	}
	return recipe{key: key, build: func(ctx context.Context, b *bench, out string) error {
		it := turn{tag: reference(name), folder: filepath.Join(filepath.Dir(out), "context"), goCache: w.goCache}
		if err := copyContext(w.root, it.folder); err != nil {
			return err
		}
		it.dockerfile = filepath.Join(filepath.Dir(out), "Dockerfile")
		if err := copyFile(dockerfile, it.dockerfile, 0o644); err != nil {
			return err
		}
		return w.builder.build(ctx, b, it, out)
	}}, nil
}

// programs finds what a Dockerfile of ours builds.
var programs = regexp.MustCompile(`go build [^\n]* \./(cmd/[a-z]+)`)

func ourKey(ctx context.Context, root, dockerfile string, b builder) (string, error) {
	text, err := os.ReadFile(dockerfile)
	if err != nil {
		return "", err
	}
	program := programs.FindStringSubmatch(string(text))
	if program == nil {
		return "", fmt.Errorf("%s builds no program below ./cmd", dockerfile)
	}
	folder, err := hashContext(ctx, root, program[1])
	if err != nil {
		return "", err
	}
	base, err := b.tree.key()
	if err != nil {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintf(h, "ours 1\n%s\n%s\n%s\n%s\n%s", builtAt, text, folder, base, builderFile)
	return hex.EncodeToString(h.Sum(nil)), nil
}

// builder is the stand-in for GO_IMAGE: the machine's own Go toolchain, and the few programs that our Dockerfiles run.
type builder struct {
	tree   tree   // without the toolchain
	goroot string // the toolchain's folder
}

const builderTag = "localhost/stellar-escrow/builder-stand-in:test"

// builderFile has what the real one has: the toolchain's place, and modules below /go.
const builderFile = `FROM scratch
LABEL org.opencontainers.image.description="a stand-in for GO_IMAGE: this machine's Go, with a shell of Debian's; never released"
ADD files.tar /
ENV PATH=/usr/local/go/bin:/usr/bin GOPATH=/go GOCACHE=/go-build HOME=/tmp
`

func newBuilder(ctx context.Context, table loader) (builder, error) {
	t := newTree()
	if err := t.packages(ctx, table, "dash", "coreutils"); err != nil {
		return builder{}, err
	}
	out, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return builder{}, fmt.Errorf("go env GOROOT: %w", err)
	}
	goroot := strings.TrimSpace(string(out))
	for _, name := range []string{"bin/go", "VERSION", "go.env"} { // of all that the toolchain is, these tell which one it is
		t.files[path.Join(toolchain, name)] = filepath.Join(goroot, name)
	}
	authorities, err := roots()
	if err != nil {
		return builder{}, err
	}
	t.texts["etc/ssl/certs/ca-certificates.crt"] = authorities
	t.texts["tmp/.here"] = nil // there is a /tmp
	return builder{tree: t, goroot: goroot}, nil
}

// toolchain is where the real image has it.
const toolchain = "usr/local/go"

// unused is two thirds of the toolchain's files: tests, and the sources of the tools themselves.
func unused(rel string, dir bool) bool {
	if dir {
		return rel == "cmd" || path.Base(rel) == "testdata"
	}
	return strings.HasSuffix(rel, "_test.go")
}

// write writes what the stand-in is made of, as a tar.
func (b builder) write(file string) error {
	for _, folder := range []string{"pkg/include", "pkg/tool/" + runtime.GOOS + "_" + runtime.GOARCH, "src"} {
		if err := b.tree.addFolder(filepath.Join(b.goroot, folder), path.Join(toolchain, folder), unused); err != nil {
			return err
		}
	}
	return b.tree.write(file)
}

// prepare puts it into a store.
func (b builder) prepare(ctx context.Context, at *bench) error {
	if at.base != "" {
		return nil
	}
	folder := filepath.Join(at.dir, "builder")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	if err := os.WriteFile(filepath.Join(folder, "Dockerfile"), []byte(builderFile), 0o644); err != nil {
		return err
	}
	if err := b.write(filepath.Join(folder, "files.tar")); err != nil {
		return err
	}
	if err := at.store.bud(ctx, builderTag, filepath.Join(folder, "Dockerfile"), folder); err != nil {
		return err
	}
	at.base = builderTag
	return nil
}

// turn is one run of a Dockerfile of ours.
type turn struct {
	tag, dockerfile, folder string
	goCache                 string // what is compiled, kept from one build to the next
}

// build leaves an OCI layout in out. Modules come from the machine's cache, which is filled first: inside, nothing is reached and nothing can be written to it.
func (b builder) build(ctx context.Context, at *bench, it turn, out string) error {
	if err := b.prepare(ctx, at); err != nil {
		return err
	}
	if _, err := run(ctx, it.folder, nil, "go", "mod", "download"); err != nil {
		return err
	}
	modules, err := exec.CommandContext(ctx, "go", "env", "GOMODCACHE").Output()
	if err != nil {
		return fmt.Errorf("go env GOMODCACHE: %w", err)
	}
	if err := os.MkdirAll(it.goCache, 0o755); err != nil {
		return err
	}
	if err := at.store.bud(ctx, it.tag, it.dockerfile, it.folder, "--build-arg", "GO_IMAGE="+at.base, "--build-arg", "GOPROXY=off",
		"--volume", strings.TrimSpace(string(modules))+":/go/pkg/mod:ro", "--volume", it.goCache+":/go-build"); err != nil {
		return err
	}
	return at.store.export(ctx, it.tag, out)
}
