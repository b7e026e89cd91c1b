//go:build unix

package nginx_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestTheCallersAddress is nginx's to say: what the caller says of itself is thrown away.
func TestTheCallersAddress(t *testing.T) {
	forged := []string{"X-Forwarded-For", "203.0.113.9", "X-Forwarded-For", "198.51.100.7, 203.0.113.9", "X-Real-IP", "203.0.113.9", "Forwarded", "for=203.0.113.9", "X-Forwarded-Proto", "http", "X-Forwarded-Host", "evil.example", "Proxy", "http://evil.example"}
	check := func(d *door, address string) {
		t.Helper()
		for _, path := range []string{"/v1/platform", "/v1/feed", "/v1/evidence", "/healthz"} {
			d.ask(t, "GET", path, nil, forged...)
			got := d.api.last(t)
			want := http.Header{"X-Forwarded-For": {address}, "X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {name}}
			for name, values := range want {
				if !slices.Equal(got.Header.Values(name), values) {
					t.Errorf("%s: %s is %q, want %q", path, name, got.Header.Values(name), values)
				}
			}
			for _, name := range []string{"X-Real-IP", "Forwarded", "Proxy", "Upgrade"} {
				if v := got.Header.Values(name); len(v) > 0 {
					t.Errorf("%s: %s comes through: %q", path, name, v)
				}
			}
			if got.Host != name || got.Proto != "HTTP/1.1" {
				t.Errorf("%s: %s by %s", path, got.Host, got.Proto)
			}
		}
	}
	check(open(t, true), "127.0.0.1")

	// Behind a proxy that is trusted it is the last address that is not trusted itself; what stands before that anybody may have written.
	check(open(t, true, change{"include/trusted-proxies.conf", "real_ip_recursive on;", "real_ip_recursive on;\nset_real_ip_from 127.0.0.1;\nset_real_ip_from 203.0.113.0/24;", 1}), "198.51.100.7")
}

func TestTheRequestComesThrough(t *testing.T) {
	d := open(t, true)
	body := strings.Repeat("evidence", 1<<20)
	d.api.answers(func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		fmt.Fprintf(w, "%s %s %d %v", r.Method, r.RequestURI, n, err)
	})
	for _, c := range []struct{ method, path, body string }{
		{"GET", "/v1/trades?cursor=a%2Fb&limit=5", ""}, {"POST", "/v1/trades", "{}"}, {"PUT", "/v1/x", "x"}, {"PATCH", "/v1/x", "x"}, {"DELETE", "/v1/x", ""}, {"POST", "/v1/evidence/1", body},
		{"POST", "/v1/trades", strings.Repeat("x", 1<<20)}, {"GET", "/v1/a%20b/%2e%2e", ""}, {"GET", "/openapi.yaml", ""},
	} {
		res, got := d.ask(t, c.method, c.path, strings.NewReader(c.body))
		if want := fmt.Sprintf("%s %s %d <nil>", c.method, c.path, len(c.body)); res.StatusCode != 200 || got != want {
			t.Errorf("%d %q, want %q", res.StatusCode, got, want)
		}
	}
	// A browser's question whether another page may call.
	if res, got := d.ask(t, "OPTIONS", "/v1/trades", nil, "Origin", "https://shop.example", "Access-Control-Request-Method", "POST"); res.StatusCode != 200 || !strings.HasPrefix(got, "OPTIONS ") {
		t.Errorf("%d %s", res.StatusCode, got)
	}
}

func TestEvents(t *testing.T) {
	d := open(t, true)
	next := make(chan bool)
	d.api.answers(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i := 1; ; i++ {
			fmt.Fprintf(w, "data: %d\n\n", i)
			w.(http.Flusher).Flush()
			select {
			case <-next:
			case <-r.Context().Done():
				return
			}
		}
	})
	req, err := http.NewRequestWithContext(t.Context(), "GET", "https://"+name+"/v1/feed?after=0", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := d.client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	for i := range 5 { // each comes before the next one is written: nothing waits in a buffer
		for lines.Scan() && lines.Text() == "" {
		}
		if want := fmt.Sprintf("data: %d", i+1); lines.Text() != want {
			t.Fatalf("%q, want %q: %v", lines.Text(), want, lines.Err())
		}
		next <- true
	}
}

// upgrade asks for another protocol on a connection of its own, and returns the answer's head.
func (d *door) upgrade(t *testing.T, path, to string) (*tls.Conn, *bufio.Reader, *http.Response) {
	t.Helper()
	conn, err := tls.Dial("tcp", d.https, d.tls())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: %s\r\nHTTP2-Settings: x\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n", path, name, to)
	in := bufio.NewReader(conn)
	res, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	return conn, in, res
}

func TestWebSocket(t *testing.T) {
	d := open(t, true)
	d.api.answers(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") == "" {
			fmt.Fprintf(w, "%q %q", r.Header.Get("Connection"), r.Header.Get("Sec-WebSocket-Version"))
			return
		}
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		fmt.Fprintf(rw, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: %s\r\nConnection: Upgrade\r\n\r\n", r.Header.Get("Upgrade"))
		_ = rw.Flush()
		for line, err := rw.ReadString('\n'); err == nil; line, err = rw.ReadString('\n') {
			fmt.Fprint(rw, "echo "+line)
			_ = rw.Flush()
		}
	})
	for _, word := range []string{"websocket", "WebSocket"} {
		conn, in, res := d.upgrade(t, "/v1/feed", word)
		if res.StatusCode != 101 || res.Header.Get("Upgrade") != "websocket" {
			t.Fatalf("%d %v", res.StatusCode, res.Header)
		}
		for _, say := range []string{"one\n", "two\n"} {
			fmt.Fprint(conn, say)
			if got, err := in.ReadString('\n'); got != "echo "+say || err != nil {
				t.Errorf("%q %v", got, err)
			}
		}
	}
	// To nothing else, and nowhere else: what is said on such a connection nobody here would read.
	for _, c := range []struct{ path, to string }{{"/v1/feed", "h2c"}, {"/v1/feed", "websocket, h2c"}, {"/v1/trades", "websocket"}, {"/v1/trades", "h2c"}, {"/healthz", "h2c"}} {
		if _, _, res := d.upgrade(t, c.path, c.to); res.StatusCode != 200 || res.Header.Get("Upgrade") != "" {
			t.Errorf("%s to %s: %d %v", c.path, c.to, res.StatusCode, res.Header)
		}
		if got := d.api.last(t).Header; got.Get("Upgrade") != "" || strings.Contains(strings.ToLower(got.Get("Connection")), "upgrade") {
			t.Errorf("%s to %s comes through: %v", c.path, c.to, got)
		}
	}
}

func TestPlainHTTPLeadsToHTTPS(t *testing.T) {
	d := open(t, true)
	for _, path := range []string{"/", "/v1/trades?x=y%20z", "/.well-known/stellar.toml", "/.well-known/acme-challengex"} {
		res, _ := d.ask(t, "GET", "http://"+name+path, nil)
		if want := "https://" + name + path; res.StatusCode != 301 || res.Header.Get("Location") != want {
			t.Errorf("%s: %d to %s, want %s", path, res.StatusCode, res.Header.Get("Location"), want)
		}
	}
	for path, want := range map[string][]int{"token": {200}, "none": {404}, "": {403, 404}, "%2e%2e/%2e%2e/tls/privkey.pem": {301}, "%2e%2e/%2e%2e/%2e%2e/tls/privkey.pem": {400}} {
		res, body := d.ask(t, "GET", "http://"+name+"/.well-known/acme-challenge/"+path, nil)
		if !slices.Contains(want, res.StatusCode) || strings.Contains(body, "PRIVATE") {
			t.Errorf("%s: %d %q, want one of %v", path, res.StatusCode, body, want)
		}
	}
	res, err := http.Get("http://" + d.alive + "/alive")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != 204 {
		t.Errorf("alive: %d", res.StatusCode)
	}
}

// TestTheLog has no query, which may name people, and is JSON whatever was asked.
func TestTheLog(t *testing.T) {
	d := open(t, true)
	d.ask(t, "GET", "/v1/trades?account=GSECRET", nil, "User-Agent", `a"b`)
	d.ask(t, "GET", "/v1/%22%0a%7b", nil)
	d.raw(t, "GARBAGE\x01\"\r\n\r\n")
	d.until(t, "a log", func() bool { return strings.Count(d.Log(), `"status"`) >= 3 })
	if strings.Contains(d.Log(), "GSECRET") {
		t.Error("a query is in the log")
	}
	for line := range strings.Lines(d.Log()) {
		if strings.HasPrefix(line, `{"time"`) && !jsonLine(line) {
			t.Errorf("no JSON: %s", line)
		}
	}
}

// TestSlowCallers are cut off: who sends nothing, and who stops in the middle of a header or a body.
func TestSlowCallers(t *testing.T) {
	d := open(t, true, change{"include/limits.conf", "client_header_timeout     10s;", "client_header_timeout     1s;", 1}, change{"include/limits.conf", "client_body_timeout       15s;", "client_body_timeout       1s;", 1})
	for what, text := range map[string]string{
		"nothing": "", "half a header": "GET / HTTP/1.1\r\nHost: x\r\nX-", "half a body": "POST /v1/trades HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
	} {
		conn, err := tls.Dial("tcp", d.https, d.tls())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		began := time.Now()
		_ = conn.SetDeadline(began.Add(8 * time.Second))
		fmt.Fprint(conn, text)
		if answer, err := io.ReadAll(conn); time.Since(began) > 5*time.Second || strings.HasPrefix(string(answer), "HTTP/1.1 2") {
			t.Errorf("%s: %q, %v after %s", what, answer, err, time.Since(began))
		}
	}
	if d.api.count() > 0 {
		t.Error("half a request came through")
	}
}
