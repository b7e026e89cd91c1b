package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/contract/vectors"
	"github.com/Abdullahi130/StellarEscrow/internal/reproduce/debian"
	"github.com/Abdullahi130/StellarEscrow/test/parts/cache"
	"github.com/Abdullahi130/StellarEscrow/test/parts/opinions"
)

type stage struct {
	name, about string
	do          func(context.Context, suite) error
	onlyByName  bool // takes minutes each time: run by CI, and with PART=name
}

var stages = []stage{
	{name: "format", about: "gofmt", do: gofmt},
	{name: "vet", about: "go vet and staticcheck", do: vet},
	{name: "rust", about: "the contract: rustfmt, clippy, cargo test", do: rustTests}, // before the Go tests: mutants (test/mutants) take over what it builds
	{name: "go", about: "every Go test", do: goTests},
	{name: "modules", about: "the tests that are modules of their own", do: modules},
	{name: "explore", about: "every state of small trades, with the figures", do: explore},
	{name: "rebuild", about: "the committed WebAssembly, built anew and compared", do: rebuild, onlyByName: true},
	{name: "prepare", about: "the programs of others that are built here once: a Kubernetes node's, Loki, MinIO, tools with second opinions", do: prepare, onlyByName: true},
	{name: "images", about: "the images of ours, built in two places and compared; the commands that pin and list", do: imagesBuilt, onlyByName: true},
	{name: "stack-compose", about: "the stack of docker-compose.yml, up and used in an engine of its own", do: stackCompose, onlyByName: true},
	{name: "stack-kube", about: "the production overlay, up and used on a node of its own", do: stackKube, onlyByName: true},
}

func stageNames() (names []string) {
	for _, st := range stages {
		names = append(names, st.name)
	}
	return names
}

func gofmt(ctx context.Context, s suite) error {
	var files []string
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == ".git" || d.Name() == "node_modules" || d.Name() == "target") {
			return filepath.SkipDir
		}
		if strings.HasSuffix(path, ".go") {
			files = append(files, path)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("list go files: %w", err)
	}
	if len(files) == 0 {
		return errors.New("no go files found: run it from the root of the repository")
	}
	out, err := exec.CommandContext(ctx, "gofmt", append([]string{"-l"}, files...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("gofmt: %w: %s", err, out)
	}
	if out = bytes.TrimSpace(out); len(out) > 0 {
		return fmt.Errorf("not formatted, run gofmt -w on: %s", strings.ReplaceAll(string(out), "\n", " "))
	}
	return nil
}

func vet(ctx context.Context, s suite) error {
	if err := s.command(ctx, ".", nil, "go", "mod", "tidy", "-diff"); err != nil {
		return err
	}
	if err := s.command(ctx, ".", nil, "go", "vet", "./..."); err != nil {
		return err
	}
	staticcheck, err := s.tool(ctx, "staticcheck")
	if err != nil {
		return err
	}
	return s.command(ctx, ".", nil, staticcheck, "./...")
}

// goTests runs through gotestsum, which lists every skip with its reason at the end.
func goTests(ctx context.Context, s suite) error {
	gotestsum, err := s.tool(ctx, "gotestsum")
	if err != nil {
		return err
	}
	stories, err := vectors.Load()
	if err != nil {
		return err
	}
	env, err := toolsOfOthers(ctx)
	if err != nil {
		return err
	}
	*s.notes = append(*s.notes, fmt.Sprintf("%d stories, replayed by three readers: internal/escrow, cargo test, test/e2e with the built wasm", len(stories)))
	return s.command(ctx, ".", env, gotestsum, "--format=pkgname", "--", "-timeout=20m", "./...")
}

// toolsOfOthers is an environment in which those that PART=prepare has installed are found, after all that is installed on the machine.
func toolsOfOthers(ctx context.Context) (env []string, err error) {
	dir, err := opinions.Folder(ctx)
	if errors.Is(err, cache.ErrMissing) {
		return nil, nil // the tests that want them say so
	}
	if err != nil {
		return nil, err
	}
	return []string{"PATH=" + os.Getenv("PATH") + string(os.PathListSeparator) + dir}, nil
}

// modules runs the tests of each module inside this one: what they compare ours with needs other versions of what we need, or very much of it.
func modules(ctx context.Context, s suite) error {
	files, err := filepath.Glob("test/*/*/go.mod")
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return errors.New("there is none: test/reach has one at least")
	}
	for _, file := range files {
		// What we require changes more often than what such a test does: it resolves anew, in a copy, so that nothing in the repository is written.
		dir, err := os.MkdirTemp("", "module-")
		if err != nil {
			return fmt.Errorf("copy %s: %w", file, err)
		}
		defer os.RemoveAll(dir)
		for _, name := range []string{"go.mod", "go.sum"} {
			text, err := os.ReadFile(filepath.Join(filepath.Dir(file), name))
			if err != nil {
				return fmt.Errorf("copy %s: %w", file, err)
			}
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
				return fmt.Errorf("copy %s: %w", file, err)
			}
		}
		flags := []string{"GOFLAGS=-mod=mod -modfile=" + filepath.Join(dir, "go.mod")}
		for _, args := range [][]string{{"vet", "./..."}, {"test", "./..."}} {
			if err := s.command(ctx, filepath.Dir(file), flags, "go", args...); err != nil {
				return err
			}
		}
	}
	return nil
}

// explore prints what gotestsum leaves out of a test that passes.
func explore(ctx context.Context, s suite) error {
	return s.command(ctx, ".", nil, "go", "test", "-v", "-run=^TestNoDeadEnd$", "./internal/escrow/explore")
}

// debian is the environment of Debian's own Rust: a toolchain of rustup's earlier on the path would build other bytes.
func (s suite) debian() []string {
	return []string{"PATH=/usr/bin:/bin", "CARGO_TARGET_DIR=" + filepath.Join(s.cache, "contract-target"), "RUSTC_BOOTSTRAP=0"}
}

func rustTests(ctx context.Context, s suite) error {
	for _, program := range []string{s.cargo, "/usr/bin/cargo-clippy", "/usr/bin/rustfmt"} {
		if _, err := os.Stat(program); err != nil {
			return missing{program, debian.Install(debian.Rust())}
		}
	}
	for _, args := range [][]string{
		{"fmt", "--all", "--check"},
		{"clippy", "--locked", "--all-targets", "--", "-D", "warnings"},
		{"test", "--locked"},
	} {
		if err := s.command(ctx, "contract", s.debian(), s.cargo, args...); err != nil {
			return err
		}
	}
	return nil
}

func imagesBuilt(ctx context.Context, s suite) error {
	return s.command(ctx, ".", nil, "go", "test", "-v", "-count=1", "-timeout=30m", "./test/parts/images", "-stack")
}

// prepare builds what no test does by itself. It takes 20 minutes the first time, and seconds after.
func prepare(ctx context.Context, s suite) error {
	for _, program := range [][]string{{"./test/parts/kubenode/cmd", "build"}, {"./test/parts/images/prepare"}, {"./test/parts/minio/prepare"}, {"./test/parts/opinions/prepare"}} {
		if err := s.command(ctx, ".", nil, "go", append([]string{"run"}, program...)...); err != nil {
			return err
		}
	}
	return nil
}

func stackCompose(ctx context.Context, s suite) error {
	if err := prepare(ctx, s); err != nil {
		return err
	}
	return s.command(ctx, ".", nil, "go", "test", "-v", "-count=1", "-timeout=30m", "./test/stack/compose", "-stack")
}

func stackKube(ctx context.Context, s suite) error {
	if err := prepare(ctx, s); err != nil {
		return err
	}
	return s.command(ctx, ".", nil, "go", "test", "-p=1", "-v", "-count=1", "-timeout=30m", "./test/parts/kubenode", "./test/cluster", "./test/stack/kube", "-stack")
}
