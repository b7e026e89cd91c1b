package app

import (
	"bytes"
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestClientServesThePage runs the target as a process of its own, as its image does, and has `health` look at it.
func TestClientServesThePage(t *testing.T) {
	t.Parallel() // it waits most of the time
	p := start(t, "client", "--listen", "127.0.0.1:0", "--json")
	var ready clientReady
	if err := json.Unmarshal([]byte(p.line), &ready); err != nil {
		t.Fatalf("%v: %s", err, p.line)
	}
	res, err := http.Get(ready.Client + "/")
	if err != nil {
		t.Fatal(err)
	}
	if res.Body.Close(); res.StatusCode != http.StatusOK || res.Header.Get("X-Frame-Options") != "DENY" {
		t.Errorf("%s %v", res.Status, res.Header)
	}
	for _, more := range [][]string{nil, {"--ready"}} {
		var out bytes.Buffer
		if err := Run(t.Context(), append([]string{"health", "--url", ready.Client}, more...), &out, &bytes.Buffer{}); err != nil || !strings.Contains(out.String(), "answers 200") {
			t.Errorf("health: %v %s", err, out.String())
		}
	}
	// SIGTERM is how a container is stopped. One whose request is not finished does not keep it for longer than it may take.
	conn, err := net.Dial("tcp", strings.TrimPrefix(ready.Client, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	p.end(syscall.SIGTERM)
	if took := time.Since(began); p.err != nil || took > 10*time.Second {
		t.Errorf("ended after %s with %v: %s", took, p.err, p.stderr.String())
	}
	if p.stderr.Len() > 0 {
		t.Errorf("it complained:\n%s", p.stderr.String())
	}
}

func TestClientsSettingsThatAreRefused(t *testing.T) {
	for _, address := range []string{"3001", "example.com:3001", ":99999", ""} {
		err := Run(t.Context(), []string{"client", "--listen=" + address}, &bytes.Buffer{}, &bytes.Buffer{})
		if err == nil || !strings.Contains(err.Error(), "CLIENT_LISTEN") || ExitCode(err) != 3 {
			t.Errorf("%q: %v (%d)", address, err, ExitCode(err))
		}
	}
}
