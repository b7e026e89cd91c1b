package app

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/cli"
)

// health runs the command.
func health(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := Run(t.Context(), append([]string{"health"}, args...), &out, &bytes.Buffer{})
	return out.String(), err
}

// part is a server that answers as it is told.
func part(t *testing.T, answer http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(answer)
	t.Cleanup(s.Close)
	return s
}

func TestHealth(t *testing.T) {
	elsewhere := part(t, func(http.ResponseWriter, *http.Request) { t.Error("it asked somebody else") })
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		flags  []string
		want   string // of the error, or in what is printed
		well   bool
	}{
		"well": {func(http.ResponseWriter, *http.Request) {}, nil, "/healthz answers 200", true},
		"not ready": {func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "{\n \"detail\": \"catching\tup\"}", http.StatusServiceUnavailable)
		}, []string{"--ready"}, `/readyz answers 503: { "detail": "catching up"}`, false},
		"moved": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) }, nil, "answers 302", false},
		"says much": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(500)
			for range 1000 {
				_, _ = w.Write(bytes.Repeat([]byte("x"), 1000))
			}
		}, nil, "answers 500: xxx", false},
		"hangs up": {func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }, nil, "does not answer: EOF", false},
	} {
		t.Run(name, func(t *testing.T) {
			s := part(t, c.answer)
			out, err := health(t, append([]string{"--url", s.URL}, c.flags...)...)
			if c.well {
				if err != nil || !strings.Contains(out, c.want) || strings.Count(out, "\n") != 1 {
					t.Errorf("%v, printed %q", err, out)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") || len(err.Error()) > 5000 || out != "" || ExitCode(err) != cli.ExitFails {
				t.Errorf("%v (%d), printed %q; want one line with %q", err, ExitCode(err), out, c.want)
			}
		})
	}
	// No proxy of the environment's is asked in its place. A process of its own: the environment's are read once. The name is nobody's (RFC 6761).
	cmd := exec.CommandContext(t.Context(), os.Args[0], "health", "--url", "http://health.invalid:4000")
	cmd.Env = append(os.Environ(), asProgram+"=1", "HTTP_PROXY="+elsewhere.URL, "http_proxy="+elsewhere.URL, "NO_PROXY=", "no_proxy=")
	if _, err := cmd.StdinPipe(); err != nil { // stays open as long as this process lives
		t.Fatal(err)
	}
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "health.invalid:4000/healthz does not answer") {
		t.Errorf("of a server that there is not it says %q, %v", out, err)
	}
}

// TestHealthAsksThePartsOwnPort: the settings of the part are those of its own container.
func TestHealthAsksThePartsOwnPort(t *testing.T) {
	s := part(t, func(http.ResponseWriter, *http.Request) {})
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for name, variable := range map[string]string{"api": "API_LISTEN", "client": "CLIENT_LISTEN", "indexer": "INDEXER_LISTEN"} {
		t.Run(name, func(t *testing.T) {
			for _, listen := range []string{":" + port, "0.0.0.0:" + port, "127.0.0.1:" + port} {
				t.Setenv(variable, listen)
				if out, err := health(t, name); err != nil || !strings.Contains(out, "http://127.0.0.1:"+port+"/healthz") {
					t.Errorf("%s=%s: %v %s", variable, listen, err, out)
				}
			}
		})
	}
	for listen, want := range map[string]string{":4000": "127.0.0.1:4000", "[::]:4000": "[::1]:4000", "10.0.0.5:4000": "10.0.0.5:4000", "[fd00::1]:1": "[fd00::1]:1"} {
		if got := reachable(listen); got != want {
			t.Errorf("what listens on %s is asked at %s, want %s", listen, got, want)
		}
	}
}

func TestHealthOfWhoDoesNotAnswer(t *testing.T) {
	t.Parallel() // it waits most of the time
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := health(t, "--url", "http://"+gone); err == nil || !strings.Contains(err.Error(), "http://"+gone+"/healthz does not answer") || ExitCode(err) != cli.ExitFails {
		t.Errorf("nobody listens: %v (%d)", err, ExitCode(err))
	}
	over := make(chan struct{})
	frozen := part(t, func(http.ResponseWriter, *http.Request) { <-over })
	defer close(over)
	began := time.Now()
	_, err = health(t, "--url", frozen.URL)
	if took := time.Since(began); err == nil || !strings.Contains(err.Error(), "does not answer within 2s") || took > 4*time.Second || ExitCode(err) != cli.ExitFails {
		t.Errorf("frozen: %v after %s", err, took)
	}
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Run(stopped, []string{"health", "--url", frozen.URL}, &bytes.Buffer{}, &bytes.Buffer{}); err == nil {
		t.Error("asking that was stopped ends as if all were well")
	}
}

func TestHealthCalledWrongly(t *testing.T) {
	for _, args := range [][]string{
		{}, {"postgres"}, {"api", "--url", "http://127.0.0.1:1"}, {"--url", "127.0.0.1:4000"}, {"--url", "ftp://127.0.0.1"}, {"--url", "http://u:p@127.0.0.1"},
		{"--url", "http://127.0.0.1/healthz"}, {"--url", "http://127.0.0.1?x"}, {"api", "--api-listen=x"},
	} {
		if _, err := health(t, args...); err == nil || ExitCode(err) != cli.ExitMisused || strings.Contains(err.Error(), "u:p") {
			t.Errorf("%q: %v (%d)", args, err, ExitCode(err))
		}
	}
}
