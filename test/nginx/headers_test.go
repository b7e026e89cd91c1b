//go:build unix

package nginx_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/client"
)

const hsts = "max-age=63072000; includeSubDomains; preload"

// owned are the headers that nginx says, with what the client's page says itself: the two must be of one mind.
func owned(t *testing.T) map[string]string {
	t.Helper()
	page, err := client.New()
	if err != nil {
		t.Fatal(err)
	}
	rec := httptest.NewRecorder()
	page.ServeHTTP(rec, httptest.NewRequest("GET", "/", nil))
	all := map[string]string{"Strict-Transport-Security": hsts}
	for _, name := range []string{
		"Content-Security-Policy", "X-Frame-Options", "X-Content-Type-Options", "Referrer-Policy", "Permissions-Policy", "Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy",
	} {
		if all[name] = rec.Header().Get(name); all[name] == "" {
			t.Fatalf("the page has no %s", name)
		}
	}
	return all
}

func checkHeaders(t *testing.T, what string, got http.Header, want map[string]string) {
	t.Helper()
	for name, value := range want {
		if values := got.Values(name); !slices.Equal(values, []string{value}) {
			t.Errorf("%s: %s is %q, want it once: %q", what, name, values, value)
		}
	}
	if server := got.Get("Server"); server != "nginx" {
		t.Errorf("%s: Server is %q", what, server)
	}
	if got.Get("X-Powered-By") != "" {
		t.Errorf("%s: X-Powered-By comes through", what)
	}
}

// TestHeadersOnEveryStatus: each once, whoever answers, whatever the part behind says of its own (docs/guide.md N12, N13).
func TestHeadersOnEveryStatus(t *testing.T) {
	d := open(t, true)
	want := owned(t)
	d.api.answers(func(w http.ResponseWriter, r *http.Request) {
		for name := range want { // other values than ours, and twice
			w.Header()[name] = []string{"unsafe", "unsafe"}
		}
		w.Header().Set("X-Powered-By", "x")
		var status int
		if _, err := fmt.Sscanf(r.URL.Query().Get("status"), "%d", &status); err != nil {
			status = http.StatusOK
		}
		if status == http.StatusMovedPermanently {
			w.Header().Set("Location", "/v1/other")
		}
		if status == http.StatusTooManyRequests {
			w.Header().Set("Retry-After", "7")
		}
		w.WriteHeader(status)
	})
	large := strings.NewReader(strings.Repeat("x", 1<<20+1))
	for _, c := range []struct {
		method, path string
		body         *strings.Reader
		status       int
	}{
		{"GET", "/", nil, 200}, {"GET", "/nothing", nil, 404}, {"POST", "/", nil, 405}, {"GET", "/v1/platform", nil, 200}, {"GET", "/openapi.json", nil, 200}, {"GET", "/healthz", nil, 200},
		{"GET", "/.well-known/stellar.toml", nil, 200}, {"GET", "/v1/feed", nil, 200}, {"POST", "/v1/evidence", nil, 200},
		{"GET", "/v1/x?status=204", nil, 204}, {"GET", "/v1/x?status=301", nil, 301}, {"GET", "/v1/x?status=400", nil, 400}, {"GET", "/v1/x?status=404", nil, 404}, {"GET", "/v1/x?status=405", nil, 405},
		{"GET", "/v1/x?status=429", nil, 429}, {"GET", "/v1/x?status=500", nil, 500}, {"GET", "/v1/x?status=503", nil, 503}, {"HEAD", "/v1/x", nil, 200}, {"DELETE", "/v1/x", nil, 200},
		{"OPTIONS", "/v1/x", nil, 405}, {"PROPFIND", "/v1/x", nil, 405}, {"TRACE", "/v1/x", nil, 405}, {"TRACE", "/", nil, 405}, {"POST", "/v1/trades", large, 413},
	} {
		what := c.method + " " + c.path
		var res *http.Response
		if c.body != nil {
			res, _ = d.ask(t, c.method, c.path, c.body)
		} else {
			res, _ = d.ask(t, c.method, c.path, nil)
		}
		if res.StatusCode != c.status {
			t.Errorf("%s: %d, want %d", what, res.StatusCode, c.status)
		}
		checkHeaders(t, what, res.Header, want)
		if c.status == 429 && res.Header.Get("Retry-After") != "7" {
			t.Errorf("%s: the api's own Retry-After became %q", what, res.Header.Values("Retry-After"))
		}
	}

	// What is refused before a location is chosen, or a request is even understood.
	for what, text := range map[string]string{
		"no HTTP 400":                 "GET / HTTP/x\r\n\r\n",
		"no Host 400":                 "GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
		"a header too long 400":       "GET / HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 40_000) + "\r\n\r\n",
		"an address too long 414":     "GET /" + strings.Repeat("x", 40_000) + " HTTP/1.1\r\nHost: x\r\n\r\n",
		"CONNECT 405":                 "CONNECT / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		"two lengths 400":             "POST /v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"an unknown encoding 501":     "POST /v1/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n",
		"a negative length 400":       "POST /v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
		"a length beyond numbers 400": "POST /v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
	} {
		res, _ := d.raw(t, text)
		if !strings.HasSuffix(what, fmt.Sprint(res.StatusCode)) {
			t.Errorf("%s: %d", what, res.StatusCode)
		}
		checkHeaders(t, what, res.Header, want)
	}

	// A part that is gone.
	d.api.server.Close()
	res, body := d.ask(t, "GET", "/v1/platform", nil)
	if res.StatusCode != 502 || !strings.Contains(body, `"status":502`) || res.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%d %v %s", res.StatusCode, res.Header, body)
	}
	checkHeaders(t, "502", res.Header, want)

	// Plain HTTP: the same without HSTS, which RFC 6797 forbids there.
	delete(want, "Strict-Transport-Security")
	for _, c := range []struct{ method, path string }{{"GET", "/x?y=z"}, {"POST", "/"}, {"TRACE", "/"}, {"GET", "/.well-known/acme-challenge/token"}, {"GET", "/.well-known/acme-challenge/none"}} {
		res, _ := d.ask(t, c.method, "http://"+name+c.path, nil)
		checkHeaders(t, "plain "+c.method+" "+c.path, res.Header, want)
		if res.Header.Get("Strict-Transport-Security") != "" {
			t.Errorf("plain %s: HSTS", c.path)
		}
	}
}

// TestTooManyRequests: the rate of limits.conf, from one address.
func TestTooManyRequests(t *testing.T) {
	d := open(t, true)
	want := owned(t)
	d.api.answers(nil)
	statuses := map[int]int{}
	for range 200 {
		res, body := d.ask(t, "GET", "/v1/platform", nil)
		if statuses[res.StatusCode]++; res.StatusCode != 429 {
			continue
		}
		checkHeaders(t, "429", res.Header, want)
		if res.Header.Get("Retry-After") != "1" || !strings.Contains(body, "Too many requests") || res.Header.Get("Content-Type") != "application/problem+json" {
			t.Fatalf("429: %v %s", res.Header, body)
		}
		break
	}
	if statuses[200] < 60 || statuses[429] != 1 {
		t.Errorf("%v", statuses)
	}
}

func TestProblemsOfNginxItself(t *testing.T) {
	d := open(t, true)
	for _, c := range []struct {
		method, path, length string
		status               int
		says                 string
	}{
		{"TRACE", "/", "", 405, "Allow names those that are"},
		{"OPTIONS", "/v1/trades", "", 405, "Allow names those that are"},
		{"POST", "/v1/trades", "1048577", 413, "evidence 10 MiB"},
		{"POST", "/v1/evidence", "10485761", 413, "evidence 10 MiB"},
	} {
		length := ""
		if c.length != "" {
			length = "Content-Length: " + c.length + "\r\n"
		}
		res, answer := d.raw(t, c.method+" "+c.path+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"+length+"\r\n")
		if res.StatusCode != c.status || !strings.Contains(answer, c.says) || !strings.Contains(answer, fmt.Sprintf(`"status":%d`, c.status)) {
			t.Errorf("%s %s: %s", c.method, c.path, answer)
		}
		if allow := res.Header.Get("Allow"); (allow != "") != (c.status == 405) {
			t.Errorf("%s %s: Allow %q", c.method, c.path, allow)
		}
	}
}
