//go:build unix

package monitoring

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/test/parts"
	"github.com/Abdullahi130/StellarEscrow/test/parts/child"
)

const install = "apt-get install -y --no-install-recommends prometheus prometheus-alertmanager"

// Server is one that runs.
type Server struct {
	URL string // http://127.0.0.1:PORT
	*child.Child
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

// The bounds of starting and asking.
const (
	startTries   = 300
	startWait    = 100 * time.Millisecond
	answerWithin = 5 * time.Second
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
	address := child.FreeAddress(t)
	s := &Server{URL: "http://" + address}
	s.Child = child.Start(t, dir, nil, program, arguments(dir, address)...)
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

// Listens tells whether the server still answers.
func (s *Server) Listens() bool { return s.get("/-/healthy") == nil }
