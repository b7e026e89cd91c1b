//go:build unix

package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/test/parts"
)

const (
	oldest  = 15
	install = "apt-get install -y --no-install-recommends postgresql"
)

// Missing ends the test for want of the server.
func Missing(t testing.TB, why error) {
	t.Helper()
	parts.Missing(t, why.Error(), install)
}

// installed is the folder of PostgreSQL's programs. The error says what is missing.
func installed() (bin string, missing error) {
	if bin, version := newest(); version >= oldest {
		return bin, nil
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		return "", fmt.Errorf("PostgreSQL %d (initdb)", oldest)
	}
	out, err := exec.Command(path, "--version").Output()
	var version int
	if _, scan := fmt.Sscanf(string(out), "initdb (PostgreSQL) %d", &version); err != nil || scan != nil || version < oldest {
		return "", fmt.Errorf("PostgreSQL %d (%s is %q)", oldest, path, strings.TrimSpace(string(out)))
	}
	return filepath.Dir(path), nil
}

// files is a server's folder, and the programs that work on it.
type files struct {
	bin, dir string
	as       *syscall.Credential // the server refuses to run as root
}

func newFiles(bin string) (f files, err error) {
	f.bin = bin
	if f.dir, err = os.MkdirTemp("", "postgres-*"); err != nil {
		return f, err
	}
	if os.Geteuid() != 0 {
		return f, nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		return f, fmt.Errorf("%w: as root, the server needs this user", err)
	}
	uid, err1 := strconv.ParseUint(account.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(account.Gid, 10, 32)
	if err := errors.Join(err1, err2); err != nil {
		return f, err
	}
	f.as = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return f, os.Chown(f.dir, int(uid), int(gid))
}

func (f files) data() string { return filepath.Join(f.dir, "data") }

// command has a process group of its own: control-C at a terminal is the test binary's, which then stops the server itself.
func (f files) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = f.dir
	cmd.Env = append(os.Environ(), "LC_ALL=C", "HOME="+f.dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: f.as, Setpgid: true}
	return cmd
}

// guard starts the process that stops the server and removes its folder as soon as this one lets go of a pipe: by the function that is
// returned, or by ending in whatever way.
func (f files) guard() (stop func() error, err error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	cmd := f.command(context.Background(), "/bin/sh", "-c", `read -r _; "$1/pg_ctl" -D "$2/data" -m immediate -w -s stop; cd /; rm -rf "$2"`, "guard", f.bin, f.dir)
	cmd.Stdin = r
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("guard the server: %w", err), w.Close())
	}
	return func() error {
		if err := w.Close(); err != nil {
			return err
		}
		if err := cmd.Wait(); err != nil {
			return fmt.Errorf("stop PostgreSQL: %w", err)
		}
		return nil
	}, nil
}

func (f files) initdb(ctx context.Context, password string) error {
	file := filepath.Join(f.dir, "password")
	if err := os.WriteFile(file, []byte(password), 0o600); err != nil {
		return err
	}
	if f.as != nil {
		if err := os.Chown(file, int(f.as.Uid), int(f.as.Gid)); err != nil {
			return err
		}
	}
	cmd := f.command(ctx, filepath.Join(f.bin, "initdb"), "-D", f.data(), "-U", superuser, "--pwfile", file, "--auth=scram-sha-256",
		"--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	return os.Remove(file)
}

func (f files) configure(port int, o Options) error {
	settings := map[string]string{
		"listen_addresses": "127.0.0.1", "port": fmt.Sprint(port), "unix_socket_directories": "", "max_connections": "200",
	}
	if o.Careless {
		settings["fsync"], settings["full_page_writes"] = "off", "off"
	}
	maps.Copy(settings, o.Settings)
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		fmt.Fprintf(&text, "%s = '%s'\n", name, strings.ReplaceAll(settings[name], "'", "''"))
	}
	// initdb made the file, so it is the right user's; the last line for a name counts.
	file, err := os.OpenFile(filepath.Join(f.data(), "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = io.WriteString(file, text.String())
	return errors.Join(err, file.Close())
}

// startTimeout bounds how long a server may take to start or stop.
const startTimeout = 60 * time.Second

// ctl runs pg_ctl, which returns when the server accepts connections, or has ended.
func (f files) ctl(ctx context.Context, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	log := filepath.Join(f.dir, "log")
	cmd := f.command(ctx, filepath.Join(f.bin, "pg_ctl"), append([]string{"-D", f.data(), "-l", log, "-w", "-s"}, args...)...)
	// Not a pipe: the server would inherit it, and reading to its end would wait for the server's.
	if err := cmd.Run(); err != nil {
		told, _ := os.ReadFile(log)
		return fmt.Errorf("pg_ctl %s: %w: %s", args[0], err, told[max(0, len(told)-2000):])
	}
	return nil
}
