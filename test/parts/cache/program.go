//go:build unix

package cache

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/Abdullahi130/StellarEscrow/internal/procgroup"
)

// Program is one of somebody else's, built from its Go module as the module's own authors do: in its own folder, with its own go.mod and go.sum.
type Program struct {
	Name            string // of the file that is built
	Module, Version string
	Sum             string // of the module, as the Go checksum database has it; what it is made of in turn stands in its go.sum
	Main            string // its main package, from the module's folder: "./cmd"
}

// ErrMissing says that a program has not been built yet.
var ErrMissing = errors.New("not built yet")

// UnreachableError says that a module could not be had.
type UnreachableError struct {
	Module string // MODULE@VERSION
	Err    error
}

func (e *UnreachableError) Error() string { return "the source " + e.Module + ": " + e.Err.Error() }

// Unwrap is what go said.
func (e *UnreachableError) Unwrap() error { return e.Err }

// Install is how it is had.
func (e *UnreachableError) Install() string {
	return "let `go mod download " + e.Module + "` reach a module proxy, once"
}

// Path is where the program is. The error is ErrMissing if nobody has built it.
func (p Program) Path() (string, error) {
	path, err := p.Where()
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%s %s: %w", p.Name, p.Version, ErrMissing)
	} else if err != nil {
		return "", fmt.Errorf("look for %s: %w", p.Name, err)
	}
	return path, nil
}

// Where is where the program is or will be: what it is built of and with is its folder's name.
func (p Program) Where() (string, error) {
	made := sha256.Sum256(fmt.Appendln(nil, p.Module, p.Version, p.Sum, p.Main, runtime.Version(), runtime.GOARCH, flags()))
	dir, err := Folder(p.Name)
	return filepath.Join(dir, fmt.Sprintf("%x", made[:12]), p.Name), err
}

// Build is Path, and builds the program where it is not there; goProgram is the path of go. Two processes that want it at once build it once. The error may be an
// UnreachableError.
func (p Program) Build(ctx context.Context, goProgram string, out io.Writer) (string, error) {
	if path, err := p.Path(); err == nil || !errors.Is(err, ErrMissing) {
		return path, err
	}
	path, err := p.Where()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", fmt.Errorf("make a folder for %s: %w", p.Name, err)
	}
	unlock, err := Lock(ctx, filepath.Join(filepath.Dir(path), "lock"), out)
	if err != nil {
		return "", err
	}
	defer unlock()
	if path, err := p.Path(); err == nil || !errors.Is(err, ErrMissing) { // built by whoever was waited for
		return path, err
	}
	source, err := p.download(ctx, goProgram)
	if err != nil {
		return "", err
	}
	// A module with exclude lines cannot be installed by its name; as the main module, in its own folder, it is built with its own go.sum.
	unfinished := path + ".new"
	cmd := procgroup.Command(ctx, goProgram, append(append([]string{"build", "-o", unfinished}, flags()...), p.Main)...)
	cmd.Dir, cmd.Env = source, append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOTOOLCHAIN=local", "GOFLAGS=")
	if _, err := procgroup.Output(cmd); err != nil {
		return "", fmt.Errorf("build %s: %w", p.Name, err)
	}
	return path, os.Rename(unfinished, path)
}

func flags() []string {
	return []string{"-mod=readonly", "-buildvcs=false", "-trimpath", "-ldflags=-s -w"}
}

// download has the module in the module cache, and compares it with the sum.
func (p Program) download(ctx context.Context, goProgram string) (dir string, err error) {
	name := p.Module + "@" + p.Version
	cmd := procgroup.Command(ctx, goProgram, "mod", "download", "-json", name)
	cmd.Dir, cmd.Env = os.TempDir(), append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	text, err := procgroup.Output(cmd)
	if err != nil {
		return "", &UnreachableError{name, err}
	}
	var module struct{ Dir, Sum string }
	if err := json.Unmarshal(text, &module); err != nil {
		return "", fmt.Errorf("read what go mod download says: %w", err)
	}
	if module.Sum != p.Sum {
		return "", fmt.Errorf("%s has the sum %s, want %s", name, module.Sum, p.Sum)
	}
	return module.Dir, nil
}
