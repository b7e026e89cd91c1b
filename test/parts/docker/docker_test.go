//go:build linux

package docker_test

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/probe/ports"
	"github.com/Abdullahi130/StellarEscrow/internal/procgroup"
	"github.com/Abdullahi130/StellarEscrow/test/parts/docker"
	"github.com/Abdullahi130/StellarEscrow/test/parts/partstest"
	"github.com/Abdullahi130/StellarEscrow/test/stack/enter"
)

const reference = "localhost/server:test"

// image is an archive, as docker save makes them, with one program of ours in it.
func image(t *testing.T) (path string) {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, "server")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./testdata/server")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	binary, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	layer := tarOf(t, map[string][]byte{"server": binary})
	config := fmt.Appendf(nil, `{"architecture":"amd64","os":"linux","config":{"User":"65532:65532","Entrypoint":["/server"]},"rootfs":{"type":"layers","diff_ids":["sha256:%x"]}}`, sha256.Sum256(layer))
	manifest := fmt.Appendf(nil, `[{"Config":"config.json","RepoTags":[%q],"Layers":["layer.tar"]}]`, reference)
	path = filepath.Join(dir, "image.tar")
	if err := os.WriteFile(path, tarOf(t, map[string][]byte{"manifest.json": manifest, "config.json": config, "layer.tar": layer}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func tarOf(t *testing.T, files map[string][]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for name, text := range files {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o555, Size: int64(len(text)), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(text); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestAStackOfTwo has the real Compose start two containers, looks at them from inside the box, and ends them. The engine has no process that hands on
// what comes to a published port: packet rules do, and the guide's probe has to find them (docs/guide.md N8).
func TestAStackOfTwo(t *testing.T) {
	e := docker.Start(t, "--userland-proxy=false")
	e.Load(t, image(t))
	compose := func(word string, args ...string) (string, error) {
		cmd := e.Compose(t.Context(), t, append([]string{"-f", "testdata/compose.yml"}, args...)...)
		cmd.Env = append(cmd.Env, "WORD="+word)
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		err := procgroup.Run(cmd)
		return out.String(), err
	}
	if said, err := compose("", "up", "-d"); err == nil || !strings.Contains(said, "required variable WORD is missing a value: is wanted") {
		t.Errorf("up without the variable: %v: %s", err, said)
	}
	if said, err := compose("word", "up", "-d", "--wait"); err != nil {
		t.Fatalf("up: %v\n%s\n%s", err, said, e.Log())
	}
	containers, err := e.Containers(t.Context(), "engine-test")
	if err != nil || len(containers) != 2 {
		t.Fatalf("containers %+v, %v", containers, err)
	}
	for _, c := range containers {
		status, err := os.ReadFile(fmt.Sprintf("%s/%d/status", e.Proc(), c.PID))
		if err != nil {
			t.Fatal(err)
		}
		if hardened := strings.Contains(string(status), "\nNoNewPrivs:\t1\n"); hardened != (c.Service == "outer") || c.Image != reference {
			t.Errorf("%+v: NoNewPrivs 1 is %t", c, hardened)
		}
		if got := len(c.Networks); got != map[string]int{"inner": 1, "outer": 2}[c.Service] {
			t.Errorf("%s has networks %v", c.Service, c.Networks)
		}
	}
	if said, err := e.Exec(t.Context(), "curl", "-sS", "--max-time", "5", "http://127.0.0.1:18080/"); err != nil || string(said) != "here" {
		t.Errorf("inside the box it says %q, %v", said, err)
	}
	var forwards []ports.Forward
	err = enter.Network(e.Network(), func() (err error) {
		forwards, err = ports.Forwarded(t.Context())
		return err
	})
	at := slices.IndexFunc(forwards, func(f ports.Forward) bool { return f.Covers(18080) && f.Target.Port() == 8080 })
	if err != nil || at < 0 || !forwards[at].Loopback() {
		t.Errorf("packet rules hand on %v, %v", forwards, err)
	}
	if c, err := net.DialTimeout("tcp", "127.0.0.1:18080", time.Second); err == nil {
		c.Close()
		t.Error("what is published in the box is published on this machine")
	}
	if out, err := e.Exec(t.Context(), "ip", "-json", "route", "show", "default"); err != nil || strings.TrimSpace(string(out)) != "[]" {
		t.Errorf("there is a way out of the box: %s, %v", out, err)
	}
	if said, err := compose("word", "down", "--volumes"); err != nil {
		t.Errorf("down: %v\n%s", err, said)
	}
	if left, err := e.Containers(t.Context(), "engine-test"); err != nil || len(left) != 0 {
		t.Errorf("left: %+v, %v", left, err)
	}
}

// TestTheBoxEndsWithItsBinary kills a test binary whose engine runs a container.
func TestTheBoxEndsWithItsBinary(t *testing.T) {
	partstest.EndsWithItsBinary(t, func(t testing.TB) string {
		e := docker.Start(t)
		// Something that others can knock at, since the engine listens on no port: a socket of the machine, held by a process of the box.
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		f, err := l.(*net.TCPListener).File()
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if os.Getenv(partstest.Hostage) != "" {
			hold := e.Command(t.Context(), "sleep", "600")
			hold.ExtraFiles = []*os.File{f}
			if err := hold.Start(); err != nil {
				t.Fatal(err)
			}
		}
		return l.Addr().String()
	})
}

// TestNothingIsLeft: no process, mount, control group or folder of a box that was closed.
func TestNothingIsLeft(t *testing.T) {
	var folder, group string
	t.Run("box", func(t *testing.T) {
		e := docker.Start(t)
		folder = filepath.Dir(e.Socket())
		if _, err := e.Exec(t.Context(), "docker", "info", "--format", "{{json .Warnings}}"); err != nil {
			t.Error(err)
		}
		var v struct{ Server struct{ Version string } }
		out, err := e.Exec(t.Context(), "docker", "version", "--format", "{{json .}}")
		if err == nil {
			err = json.Unmarshal(out, &v)
		}
		if err != nil || v.Server.Version == "" {
			t.Errorf("version %s, %v", out, err)
		}
		t.Logf("the engine is %s", v.Server.Version)
		running, err := e.Exec(t.Context(), "sh", "-c", "cat /proc/[0-9]*/cmdline")
		if group = string(regexp.MustCompile("stellarescrow-docker-[a-z0-9]+").Find(running)); group == "" {
			t.Fatalf("what runs in the box names no control group: %q, %v", running, err)
		}
	})
	if _, err := os.Stat(folder); !os.IsNotExist(err) {
		t.Errorf("its folder: %v", err)
	}
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil || strings.Contains(string(mounts), folder) {
		t.Errorf("mounts are left, or %v", err)
	}
	groups, err := filepath.Glob("/sys/fs/cgroup/*/" + group + "*") // others have boxes at the same time
	if err != nil || len(groups) > 0 {
		t.Errorf("control groups are left: %v, %v", groups, err)
	}
}
