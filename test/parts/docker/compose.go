//go:build linux

package docker

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/Abdullahi130/StellarEscrow/internal/procgroup"
	"github.com/Abdullahi130/StellarEscrow/test/parts"
)

// What Compose is built of. The sum is that of the module as the Go checksum database has it; what it is made of in turn stands in its own go.sum.
const (
	composeModule  = "github.com/docker/compose/v2"
	composeVersion = "v2.40.3"
	composeSum     = "h1:XeYkQu1svDtyfZPv5nTwFryQ25ZJMkIlc4pz9HalMPI="
	composeMain    = "./cmd"
)

// ComposeProgram is the path of Docker Compose, which is built where it is not yet: two minutes on an idle machine. It needs no engine to read a file.
func ComposeProgram(t testing.TB) string {
	t.Helper()
	goProgram := parts.Program(t, "go", "https://go.dev/doc/install")
	path, err := compose(context.WithoutCancel(t.Context()), goProgram)
	var unreachable *unreachableError
	if errors.As(err, &unreachable) {
		parts.Missing(t, err.Error(), "let `go mod download "+composeModule+"@"+composeVersion+"` reach a module proxy, once")
	}
	if err != nil {
		t.Fatalf("build Docker Compose: %v", err)
	}
	return path
}

// Compose is a run of Docker Compose against this engine, outside the box. Set its folder, add to its environment, and run it with procgroup.Run.
func (e *Engine) Compose(ctx context.Context, t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	cmd := procgroup.Command(ctx, ComposeProgram(t), args...)
	cmd.Env = e.environment()
	return cmd
}

// unreachableError says that the module could not be had.
type unreachableError struct{ err error }

func (e *unreachableError) Error() string { return "Docker Compose's source: " + e.err.Error() }
func (e *unreachableError) Unwrap() error { return e.err }

// compose finds the program in the cache, or builds it there. What it is built of and with is its folder's name.
func compose(ctx context.Context, goProgram string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	made := sha256.Sum256(fmt.Appendln(nil, composeModule, composeVersion, composeSum, composeMain, runtime.Version(), runtime.GOARCH, flags()))
	dir := filepath.Join(cache, "stellarescrow", "docker-compose", fmt.Sprintf("%x", made[:12]))
	path := filepath.Join(dir, "docker-compose")
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	unlock, err := lock(filepath.Join(dir, "lock")) // two tests may want it at once
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	source, err := download(ctx, goProgram)
	if err != nil {
		return "", err
	}
	// A module with exclude lines cannot be installed by its name; as the main module, in its own folder, it is built with its own go.sum.
	unfinished := path + ".new"
	cmd := procgroup.Command(ctx, goProgram, append(append([]string{"build", "-o", unfinished}, flags()...), composeMain)...)
	cmd.Dir, cmd.Env = source, append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOTOOLCHAIN=local", "GOFLAGS=")
	if _, err := output(cmd); err != nil {
		return "", err
	}
	return path, os.Rename(unfinished, path)
}

func flags() []string {
	return []string{"-mod=readonly", "-buildvcs=false", "-trimpath", "-ldflags=-s -w"}
}

// download has the module in the module cache, and compares it with the sum.
func download(ctx context.Context, goProgram string) (dir string, err error) {
	cmd := procgroup.Command(ctx, goProgram, "mod", "download", "-json", composeModule+"@"+composeVersion)
	cmd.Dir, cmd.Env = os.TempDir(), append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	text, err := output(cmd)
	if err != nil {
		return "", &unreachableError{err}
	}
	var module struct{ Dir, Sum string }
	if err := json.Unmarshal(text, &module); err != nil {
		return "", fmt.Errorf("read what go mod download says: %w", err)
	}
	if module.Sum != composeSum {
		return "", fmt.Errorf("%s@%s has the sum %s, want %s", composeModule, composeVersion, module.Sum, composeSum)
	}
	return module.Dir, nil
}

// lock waits for the file's lock, which ends with this process whatever becomes of it.
func lock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		return nil, errors.Join(fmt.Errorf("wait for %s: %w", path, err), f.Close())
	}
	return func() { _ = f.Close() }, nil
}
