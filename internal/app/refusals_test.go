package app

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestRefusalsAreCounted runs the target as a process of its own and tells it what nginx would.
func TestRefusalsAreCounted(t *testing.T) {
	t.Parallel() // it waits most of the time
	p := start(t, "refusals", "--hear", "127.0.0.1:0", "--listen", "127.0.0.1:0", "--json")
	var ready refusalsReady
	if err := json.Unmarshal([]byte(p.line), &ready); err != nil {
		t.Fatalf("%v: %s", err, p.line)
	}
	conn, err := net.Dial("udp", ready.Hears)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("<190>Nov 26 00:00:00 nginx: method TRACE small")); err != nil {
		t.Fatal(err)
	}
	const want = `stellar_escrow_edge_refused_methods_total{method="TRACE"} 1`
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		res, err := http.Get(ready.Metrics)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(res.Body)
		if res.Body.Close(); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), want) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("no %s in\n%s", want, text)
		}
	}
	var out bytes.Buffer
	if err := Run(t.Context(), []string{"health", "--url", strings.TrimSuffix(ready.Metrics, "/metrics")}, &out, &bytes.Buffer{}); err != nil {
		t.Errorf("health: %v %s", err, out.String())
	}
	if p.end(syscall.SIGTERM); p.err != nil || p.stderr.Len() > 0 {
		t.Errorf("ended with %v: %s", p.err, p.stderr.String())
	}
}

func TestRefusalsSettingsThatAreRefused(t *testing.T) {
	for flag, name := range map[string]string{"--listen=9145": "REFUSALS_LISTEN", "--hear=0.0.0.0:5140": "REFUSALS_HEAR", "--hear=nginx:5140": "REFUSALS_HEAR", "--hear=": "REFUSALS_HEAR"} {
		err := Run(t.Context(), []string{"refusals", flag}, &bytes.Buffer{}, &bytes.Buffer{})
		if err == nil || !strings.Contains(err.Error(), name) || ExitCode(err) != 3 {
			t.Errorf("%s: %v (%d)", flag, err, ExitCode(err))
		}
	}
}
