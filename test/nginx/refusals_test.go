//go:build unix

package nginx_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/Abdullahi130/StellarEscrow/nginx/refusals"
)

func jsonLine(line string) bool { return json.Valid([]byte(line)) }

// scrape is what Prometheus would read: counts that are not zero.
func scrape(t *testing.T, url string) map[string]string {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	all := map[string]string{}
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		if name, n, ok := strings.Cut(lines.Text(), " "); ok && name != "#" && n != "0" {
			all[strings.TrimPrefix(name, "stellar_escrow_edge_")] = n
		}
	}
	return all
}

// TestRefusalsAreCounted: what nginx refuses by itself, from the request to the metric that M3, M6 and M7 are made of; and nothing that a part behind answered.
func TestRefusalsAreCounted(t *testing.T) {
	d := open(t, true)
	counter := refusals.NewCounter()
	go func() { _ = counter.Receive(t.Context(), d.refusals) }() // it ends with the test
	registry := prometheus.NewRegistry()
	registry.MustRegister(counter)
	metrics := httptest.NewServer(promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	defer metrics.Close()

	d.api.answers(func(w http.ResponseWriter, r *http.Request) {
		status := 200
		if strings.HasPrefix(r.URL.Path, "/v1/refused") {
			_, _ = fmt.Sscanf(r.URL.Path, "/v1/refused/%d", &status) // the test's own
		}
		w.WriteHeader(status)
	})
	head := func(request string, more ...string) string {
		return request + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + strings.Join(append(more, "\r\n"), "\r\n")
	}
	for range 3 {
		d.raw(t, head("TRACE /"))
	}
	d.raw(t, head("CONNECT x:443"))
	d.raw(t, head("OPTIONS /v1/trades"))
	d.raw(t, head("OPTIONS /v1/trades", "Origin: https://shop.example"))
	d.raw(t, head("OPTIONS /v1/trades", "Origin: https://shop.example", "Access-Control-Request-Method: POST")) // a browser's: not refused
	d.raw(t, head("PROPFIND /"))
	d.raw(t, head("POST /v1/trades", "Content-Length: 2000000"))
	d.raw(t, head("POST /v1/trades", "Content-Length: 10000000"))
	d.raw(t, head("POST /v1/evidence", "Content-Length: 999999999999"))
	d.raw(t, "GARBAGE\r\n\r\n")
	d.raw(t, "GET /"+strings.Repeat("x", 40_000)+" HTTP/1.1\r\n\r\n")
	d.ask(t, "GET", "http://"+name+"/x", nil)
	if conn, err := net.Dial("tcp", d.http); err == nil {
		fmt.Fprint(conn, head("TRACE /"))
		_, _ = bufio.NewReader(conn).ReadString('\n')
		conn.Close()
	}
	for _, status := range []int{400, 405, 413, 414, 429, 500, 503} {
		d.ask(t, "GET", fmt.Sprintf("/v1/refused/%d", status), nil)
	}
	d.ask(t, "GET", "/nothing", nil)
	// A body that does not say how long it is.
	d.raw(t, "POST /v1/evidence HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"+strings.Repeat("100000\r\n"+strings.Repeat("x", 1<<20)+"\r\n", 11)+"0\r\n\r\n")

	want := map[string]string{
		`refused_total{reason="method"}`: "8", `refused_methods_total{method="TRACE"}`: "4", `refused_methods_total{method="CONNECT"}`: "1", `refused_methods_total{method="OPTIONS"}`: "2",
		`refused_methods_total{method="other"}`: "1", `refused_total{reason="size"}`: "4", "large_bodies_total": "3", `refused_total{reason="malformed"}`: "2",
	}
	var got map[string]string
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end) && fmt.Sprint(got) != fmt.Sprint(want); time.Sleep(10 * time.Millisecond) {
		got = scrape(t, metrics.URL)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("counted\n%v\nwant\n%v", got, want)
	}

	// The rate, of which a known number is let through at once.
	limited := 0
	for range 150 {
		if res, _ := d.ask(t, "GET", "/v1/platform", nil); res.StatusCode == 429 {
			limited++
		}
	}
	if limited == 0 {
		t.Fatal("nothing was limited")
	}
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		got = scrape(t, metrics.URL)
		if got[`refused_total{reason="rate"}`] == fmt.Sprint(limited) {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%d requests were limited, counted: %v", limited, got)
		}
	}
	if got["unread_total"] != "" {
		t.Errorf("nginx says what is not understood: %v", got)
	}
}

// TestConnectionsOfOneAddress are bounded, and told apart from the rate.
func TestConnectionsOfOneAddress(t *testing.T) {
	d := open(t, true, change{"include/limits.conf", "connections 100;", "connections 3;", 1})
	counter := refusals.NewCounter()
	go func() { _ = counter.Receive(t.Context(), d.refusals) }()
	hold := make(chan struct{})
	defer close(hold)
	d.api.answers(func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		select {
		case <-hold:
		case <-r.Context().Done():
		}
	})
	for range 3 {
		req, err := http.NewRequestWithContext(t.Context(), "GET", "https://"+name+"/v1/feed", nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := d.client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
	}
	if res, _ := d.ask(t, "GET", "/", nil); res.StatusCode != 429 {
		t.Errorf("a fourth at once: %d", res.StatusCode)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(counter)
	metrics := httptest.NewServer(promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	defer metrics.Close()
	d.until(t, "its count", func() bool { return scrape(t, metrics.URL)[`refused_total{reason="connections"}`] == "1" })
}

// TestWithoutACounter nginx goes on: datagrams that nobody hears cost nothing but a line in its log.
func TestWithoutACounter(t *testing.T) {
	d := open(t, true)
	d.refusals.Close()
	for range 5 {
		if res, _ := d.ask(t, "TRACE", "/", nil); res.StatusCode != 405 {
			t.Error(res.StatusCode)
		}
	}
	if res, _ := d.ask(t, "GET", "/", nil); res.StatusCode != 200 {
		t.Error(res.StatusCode)
	}
}
