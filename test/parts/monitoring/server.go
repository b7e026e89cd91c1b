//go:build unix

package monitoring

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/test/parts"
)

const install = "apt-get install -y --no-install-recommends prometheus prometheus-alertmanager"

// Server is one that runs.
type Server struct {
	URL string // http://127.0.0.1:PORT
	Dir string // with its files
	cmd *exec.Cmd
	in  io.WriteCloser
}

// Prometheus starts one with this configuration and the files beside it, such as rules; flags come after those that it needs.
func Prometheus(t testing.TB, config string, beside map[string]string, flags ...string) *Server {
	t.Helper()
	return start(t, parts.Program(t, "prometheus", install), "prometheus.yml", config, beside, func(dir, address string) []string {
		return append([]string{"--config.file=" + filepath.Join(dir, "prometheus.yml"), "--storage.tsdb.path=" + filepath.Join(dir, "data"), "--web.listen-address=" + address}, flags...)
	})
}

// Alertmanager starts one with this configuration.
func Alertmanager(t testing.TB, config string) *Server {
	t.Helper()
	return start(t, parts.Program(t, "prometheus-alertmanager", install), "alertmanager.yml", config, nil, func(dir, address string) []string {
		return []string{"--config.file=" + filepath.Join(dir, "alertmanager.yml"), "--storage.path=" + filepath.Join(dir, "data"), "--web.listen-address=" + address, "--cluster.listen-address="}
	})
}

// Promtool is the path of Prometheus' tool, which reads its files by its own loader.
func Promtool(t testing.TB) string {
	t.Helper()
	return parts.Program(t, "promtool", install)
}

// keeper is the script of the process that starts the server, as its own child, so that no other process can be meant when it ends it: that it does when the
// pipe ends, because we let go of it or have ended in whatever way.
const keeper = `
trap '' HUP
dir=$1
shift
(trap - HUP; exec "$@") >"$dir/log" 2>&1 </dev/null &
server=$!
while read -r word; do :; done
kill -TERM "$server" 2>/dev/null
wait "$server" 2>/dev/null
rm -rf "$dir"`

// The bounds of starting, asking and stopping.
const (
	startTries   = 300
	startWait    = 100 * time.Millisecond
	answerWithin = 5 * time.Second
	stopWithin   = 20 * time.Second
)

// get asks the server itself; the error is that it does not answer in time, or not with 200.
func (s *Server) get(path string) error {
	res, err := (&http.Client{Timeout: answerWithin}).Get(s.URL + path)
	if err != nil {
		return err
	}
	if err := res.Body.Close(); err != nil || res.StatusCode != http.StatusOK {
		return errors.Join(err, fmt.Errorf("%s: %s", path, res.Status))
	}
	return nil
}

func start(t testing.TB, program, name, config string, beside map[string]string, arguments func(dir, address string) []string) *Server {
	t.Helper()
	dir, err := os.MkdirTemp("", "monitoring-*")
	if err != nil {
		t.Fatal(err)
	}
	for file, text := range merged(beside, name, config) {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	address := free(t)
	s := &Server{URL: "http://" + address, Dir: dir}
	s.cmd = exec.Command("/bin/sh", append([]string{"-c", keeper, "keeper", dir, program}, arguments(dir, address)...)...)
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // control-C at a terminal is the test binary's, which then stops the server itself
	if s.in, err = s.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.stop(t) })
	for range startTries {
		if err = s.get("/-/ready"); err == nil {
			return s
		}
		time.Sleep(startWait)
	}
	t.Fatalf("%s is not ready: %v\n%s", program, err, s.Log())
	return nil
}

func merged(beside map[string]string, name, config string) map[string]string {
	all := map[string]string{name: config}
	maps.Copy(all, beside)
	return all
}

// free is an address that nobody listened on a moment ago.
func free(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// Log is what the server has told so far.
func (s *Server) Log() string {
	text, err := os.ReadFile(filepath.Join(s.Dir, "log"))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// Listens tells whether the server still answers.
func (s *Server) Listens() bool { return s.get("/-/healthy") == nil }

// stop ends the server and removes its folder.
func (s *Server) stop(t testing.TB) {
	log := s.Log()
	if err := s.in.Close(); err != nil {
		t.Error(err)
	}
	late := time.AfterFunc(stopWithin, func() { _ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL) })
	defer late.Stop()
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("stop %s: %v\n%s", s.URL, err, log)
	}
	if _, err := os.Stat(s.Dir); err == nil {
		t.Errorf("stop %s: its folder %s is left", s.URL, s.Dir)
	}
}
