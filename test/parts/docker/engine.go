//go:build linux

package docker

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/test/parts"
)

const install = "apt-get install -y --no-install-recommends docker.io iptables iproute2 util-linux, and run the test as root"

// Engine is one Docker Engine in a box of its own. Its methods may be called by several tests at once.
type Engine struct {
	folder  string
	process *process
	client  *http.Client
}

// startTimeout bounds how long the engine may take to answer; it is there within two seconds on an idle machine.
const startTimeout = 60 * time.Second

// Start starts an engine that ends with the test. flags are further ones of dockerd's, such as --userland-proxy=false.
func Start(t testing.TB, flags ...string) *Engine {
	t.Helper()
	for _, program := range []string{"dockerd", "docker-proxy", "containerd", "runc", "iptables", "ip", "unshare", "nsenter", "bash"} {
		parts.Program(t, program, install)
	}
	if os.Geteuid() != 0 {
		parts.Missing(t, "a box for Docker's engine", install)
	}
	e, err := start(flags)
	if err != nil {
		t.Fatalf("start Docker's engine: %v", err)
	}
	t.Cleanup(func() {
		if err := e.process.close(); err != nil {
			t.Error(err)
		}
	})
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), startTimeout)
	defer cancel()
	if err := e.ready(ctx); err != nil {
		t.Fatalf("start Docker's engine: %v\n%s", err, e.Log())
	}
	return e
}

// start opens the box and starts the engine in it. Control groups have a name of their own, by which they are found again.
//
// Limits of open files are lowered: who starts the engine may not be one who can raise them.
func start(flags []string) (*Engine, error) {
	folder, err := os.MkdirTemp("", "docker-*")
	if err != nil {
		return nil, err
	}
	config := filepath.Join(folder, "daemon.json") // not the machine's
	if err := os.WriteFile(config, []byte("{}\n"), 0o600); err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	e := &Engine{folder: folder}
	e.client = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", e.Socket())
	}}}
	group := "stellarescrow-docker-" + strings.ToLower(rand.Text())
	flags = append([]string{
		"--data-root", filepath.Join(folder, "data"), "--exec-root", filepath.Join(folder, "exec"), "--pidfile", filepath.Join(folder, "pid"),
		"--host", "unix://" + e.Socket(), "--config-file", config, "--cgroup-parent", "/" + group,
		"--default-ulimit", "nofile=4096:4096", "--storage-driver", "overlay2",
	}, flags...)
	if e.process, err = open(folder, group, flags); err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	return e, nil
}

func (e *Engine) ready(ctx context.Context) error {
	for {
		err := e.call(ctx, http.MethodGet, "/_ping", nil, nil)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Socket is the path of the engine's API, for whoever speaks it (DOCKER_HOST=unix://…). It is there inside the box and outside.
func (e *Engine) Socket() string { return filepath.Join(e.folder, "docker.sock") }

// Volumes is the folder that holds the engine's volumes, each in NAME/_data.
func (e *Engine) Volumes() string { return filepath.Join(e.folder, "data", "volumes") }

// Log is the end of what the engine has logged.
func (e *Engine) Log() string {
	text, err := os.ReadFile(filepath.Join(e.folder, "dockerd.log"))
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-4000):])
}

func (e *Engine) environment() []string {
	return append(clean(), "HOME="+e.folder, "DOCKER_HOST=unix://"+e.Socket(), "DOCKER_CONFIG="+e.folder)
}

// Load hands the engine an image's archive, as docker load does.
func (e *Engine) Load(t testing.TB, archive string) {
	t.Helper()
	f, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := e.call(context.WithoutCancel(t.Context()), http.MethodPost, "/images/load?quiet=1", f, nil); err != nil {
		t.Fatalf("load %s: %v", archive, err)
	}
}

// Container is one that runs, as far as a test asks for it.
type Container struct {
	ID, Image string
	Service   string // of Compose
	PID       int    // of its first process, in the box's /proc; Outer gives the machine's
	// Networks are its addresses, by the names of the networks.
	Networks map[string]string
}

// Containers are those that run, by the project's name in Compose.
func (e *Engine) Containers(ctx context.Context, project string) ([]Container, error) {
	filters, err := json.Marshal(map[string][]string{"label": {"com.docker.compose.project=" + project}})
	if err != nil {
		return nil, err
	}
	var ids []struct{ ID string }
	if err := e.call(ctx, http.MethodGet, "/containers/json?filters="+url.QueryEscape(string(filters)), nil, &ids); err != nil {
		return nil, err
	}
	var all []Container
	for _, id := range ids {
		var c struct {
			ID     string
			State  struct{ PID int }
			Config struct {
				Image  string
				Labels map[string]string
			}
			NetworkSettings struct {
				Networks map[string]struct{ IPAddress string }
			}
		}
		if err := e.call(ctx, http.MethodGet, "/containers/"+id.ID+"/json", nil, &c); err != nil {
			return nil, err
		}
		found := Container{ID: c.ID, Image: c.Config.Image, Service: c.Config.Labels["com.docker.compose.service"], PID: c.State.PID, Networks: map[string]string{}}
		for name, n := range c.NetworkSettings.Networks {
			found.Networks[name] = n.IPAddress
		}
		all = append(all, found)
	}
	return all, nil
}

// maxAnswer bounds an answer of the engine, in bytes.
const maxAnswer = 16 << 20

// call asks the engine's API and decodes its answer into out, if that is not nil.
func (e *Engine) call(ctx context.Context, method, path string, body io.Reader, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, "http://docker"+path, body)
	if err != nil {
		return err
	}
	res, err := e.client.Do(req)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err = errors.Join(err, res.Body.Close()); err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if res.StatusCode >= http.StatusBadRequest || strings.Contains(string(text), `"errorDetail"`) { // a load that fails says so in a stream that is 200
		return fmt.Errorf("%s %s: %s: %.500s", method, path, res.Status, text)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(text, out)
}
