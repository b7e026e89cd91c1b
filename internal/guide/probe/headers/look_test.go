package headers

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func probe() Probe { return Probe{Rand: rand.Reader, Wait: 2 * time.Second} }

// site is a web server with a page of each kind.
func site() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		w.Header()["Strict-Transport-Security"] = []string{"max-age=1", "max-age=63072000; includeSubDomains; preload"}
		fmt.Fprintf(w, "%s to %s by %s", r.Method, r.Host, r.Header.Get("User-Agent"))
	})
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusMovedPermanently) })
	mux.HandleFunc("/broken", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	mux.HandleFunc("/large", func(w http.ResponseWriter, _ *http.Request) {
		for range 100 {
			w.Write(bytes.Repeat([]byte("x"), 16<<10))
		}
	})
	mux.HandleFunc("/chunks", func(w http.ResponseWriter, _ *http.Request) {
		for range 3 {
			fmt.Fprint(w, "chunk ")
			w.(http.Flusher).Flush()
		}
	})
	mux.HandleFunc("/early", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "</app.js>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		fmt.Fprint(w, "late")
	})
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		dump, err := httputil.DumpRequest(r, false)
		if err == nil {
			w.Write(dump)
		}
	})
	mux.HandleFunc("/body", func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength > 1<<20 {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
		}
	})
	return mux
}

func ask(t *testing.T, target Target, routes ...Route) []Answer {
	t.Helper()
	answers, err := probe().Look(t.Context(), target, routes)
	if err != nil {
		t.Fatal(err)
	}
	if len(answers) != len(routes) {
		t.Fatalf("%d answers to %d routes", len(answers), len(routes))
	}
	return answers
}

func TestRoutesAreAsked(t *testing.T) {
	server := httptest.NewTLSServer(site())
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	host := strings.TrimPrefix(server.URL, "https://")
	for _, c := range []struct {
		route  Route
		status int
		body   string
		cut    bool
	}{
		{Route{Method: "GET", Path: "/"}, 200, "GET to " + host + " by stellarescrow-audit", false},
		{Route{Method: "GET", Path: "/", Header: []Field{{"host", "escrow.example"}}}, 200, "GET to escrow.example by stellarescrow-audit", false},
		{Route{Method: "HEAD", Path: "/"}, 200, "", false},
		{Route{Method: "OPTIONS", Path: "/"}, 200, "OPTIONS to " + host + " by stellarescrow-audit", false},
		{Route{Method: "TRACE", Path: "/"}, 200, "TRACE to " + host + " by stellarescrow-audit", false},
		{Route{Method: "NONSENSE", Path: "/"}, 200, "NONSENSE to " + host + " by stellarescrow-audit", false},
		{Route{Method: "GET", Path: "/nowhere?x=1"}, 404, "404 page not found\n", false},
		{Route{Method: "HEAD", Path: "/moved"}, 301, "", false},
		{Route{Method: "GET", Path: "/broken"}, 500, "", false},
		{Route{Method: "GET", Path: "/large"}, 200, strings.Repeat("x", MaxBody), true},
		{Route{Method: "GET", Path: "/chunks"}, 200, "chunk chunk chunk ", false},
		{Route{Method: "GET", Path: "/early"}, 200, "late", false},
		{Route{Method: "POST", Path: "/body", Header: []Field{{"Content-Length", "20000000"}}}, 413, "", false},
		{Route{Method: "OPTIONS", Path: "*"}, 200, "", false},
		{Route{Method: "CONNECT", Path: "203.0.113.7:443"}, 404, "404 page not found\n", false},
	} {
		got := ask(t, Target{Base: server.URL, Roots: roots}, c.route)[0]
		if got.Err != nil || got.Status != c.status || string(got.Body) != c.body || got.Cut != c.cut || got.Proto != "HTTP/1.1" {
			t.Errorf("%s: %d, %d bytes %.60q, cut %t, %v; want %d, %d bytes %.60q", c.route, got.Status, len(got.Body), got.Body, got.Cut, got.Err, c.status, len(c.body), c.body)
		}
	}
}

func TestEachValueOfAFieldIsKept(t *testing.T) {
	server := httptest.NewServer(site())
	defer server.Close()
	answers := ask(t, Target{Base: server.URL}, Route{Method: "GET", Path: "/", Want: 200}, Route{Method: "GET", Path: "/moved", Want: 200}, Route{Method: "GET", Path: "/chunks"})
	if diff := cmp.Diff([]string{"max-age=1", "max-age=63072000; includeSubDomains; preload"}, answers[0].Header["Strict-Transport-Security"]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !answers[0].AsWanted() || answers[1].AsWanted() || !answers[2].AsWanted() {
		t.Errorf("as wanted: %t, %t, %t", answers[0].AsWanted(), answers[1].AsWanted(), answers[2].AsWanted())
	}
	if got := answers[1].Header.Get("Location"); got != "/" {
		t.Errorf("a redirect to %q", got)
	}
	if got := answers[2].Header.Get("Transfer-Encoding"); got != "chunked" {
		t.Errorf("transfer encoding %q", got)
	}
}

func TestAnEchoIsNoticed(t *testing.T) {
	server := httptest.NewServer(site())
	defer server.Close()
	answers := ask(t, Target{Base: server.URL}, Route{Method: "TRACE", Path: "/echo"}, Route{Method: "TRACE", Path: "/"})
	if !answers[0].Echoed || answers[1].Echoed {
		t.Errorf("echoed %t and %t", answers[0].Echoed, answers[1].Echoed)
	}
}

func TestTheCertificateIsChecked(t *testing.T) {
	server := httptest.NewTLSServer(site())
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	at := server.Listener.Addr().String()
	for name, c := range map[string]struct {
		target Target
		good   bool
	}{
		"good":             {Target{Base: "https://example.com", Address: at, Roots: roots}, true},
		"for another name": {Target{Base: "https://escrow.other", Address: at, Roots: roots}, false},
		"unknown":          {Target{Base: "https://example.com", Address: at, Roots: x509.NewCertPool()}, false},
		"in the clear":     {Target{Base: "http://example.com", Address: at}, true}, // it says so by HTTP
	} {
		got := ask(t, c.target, Route{Method: "GET", Path: "/"})[0]
		if (got.Err == nil) != c.good || !c.good && (got.Status != 0 || got.AsWanted()) {
			t.Errorf("%s: %d, %v", name, got.Status, got.Err)
		}
	}
}

func TestWhatCannotBeAsked(t *testing.T) {
	for _, c := range []struct {
		base  string
		route Route
		why   string
	}{
		{"https://escrow.example/v1", Route{Method: "GET", Path: "/"}, "more than a host"},
		{"https://u:p@escrow.example", Route{Method: "GET", Path: "/"}, "more than a host"},
		{"escrow.example", Route{Method: "GET", Path: "/"}, "write it as"},
		{"ftp://escrow.example", Route{Method: "GET", Path: "/"}, "write it as"},
		{"https://", Route{Method: "GET", Path: "/"}, "write it as"},
		{"https://escrow.example", Route{Method: "", Path: "/"}, "no method"},
		{"https://escrow.example", Route{Method: "GET /x HTTP/1.1\r\nX:", Path: "/"}, "no method"},
		{"https://escrow.example", Route{Method: "GET", Path: ""}, "a path"},
		{"https://escrow.example", Route{Method: "GET", Path: "x"}, "begins with /"},
		{"https://escrow.example", Route{Method: "GET", Path: "/ HTTP/1.1\r\nX: y"}, "printable"},
		{"https://escrow.example", Route{Method: "GET", Path: "/" + strings.Repeat("x", maxRequestLine)}, "a path"},
		{"https://escrow.example", Route{Method: "GET", Path: "/", Header: []Field{{"X", "a\r\nY: b"}}}, "no header field"},
		{"https://escrow.example", Route{Method: "GET", Path: "/", Header: []Field{{"X y", "a"}}}, "no header field"},
	} {
		if _, err := probe().Look(t.Context(), Target{Base: c.base}, []Route{c.route}); err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s %q: %v, want %q", c.base, c.route, err, c.why)
		}
	}
	if _, err := probe().Look(t.Context(), Target{Base: "https://escrow.example"}, make([]Route, MaxRoutes+1)); err == nil {
		t.Error("too many routes")
	}
}

// What answers is not to be trusted: it costs the time limit at most.
func TestServersThatAreNone(t *testing.T) {
	drain := func(conn net.Conn) { io.Copy(io.Discard, conn) }
	for name, c := range map[string]struct {
		handle func(net.Conn)
		silent bool
		why    string
	}{
		"says nothing": {drain, true, "no answer in time"},
		"trickles":     {func(conn net.Conn) { trickle(conn, "HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 1000)) }, true, "no answer in time"},
		"closes":       {func(net.Conn) {}, false, ""},
		"no HTTP":      {func(conn net.Conn) { conn.Write([]byte("220 mail.example ESMTP\r\n")); drain(conn) }, false, "malformed HTTP"},
		"a header without end": {func(conn net.Conn) {
			endless(conn, "HTTP/1.1 200 OK\r\n", "X-Long: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n")
		}, false, "larger than"},
		"a line without end":    {func(conn net.Conn) { endless(conn, "HTTP/1.1 200 OK\r\nX: ", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx") }, false, "larger than"},
		"continues without end": {func(conn net.Conn) { endless(conn, "", "HTTP/1.1 100 Continue\r\n\r\n") }, false, "1xx"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := probe()
			p.Wait = 300 * time.Millisecond
			answers, err := p.Look(t.Context(), Target{Base: "http://" + listen(t, c.handle)}, []Route{{Method: "GET", Path: "/"}})
			if err != nil {
				t.Fatal(err)
			}
			got := answers[0]
			if got.Err == nil || errors.Is(got.Err, ErrSilent) != c.silent || !strings.Contains(got.Err.Error(), c.why) || got.Status != 0 || got.AsWanted() {
				t.Errorf("%d, %v; want %q", got.Status, got.Err, c.why)
			}
		})
	}
	// A body that never ends does not take what was seen of the header.
	for name, rest := range map[string]func(net.Conn){
		"stalls": func(conn net.Conn) {
			conn.Write([]byte("HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 9\r\n\r\nabc"))
			drain(conn)
		},
		"chunks": func(conn net.Conn) {
			endless(conn, "HTTP/1.1 200 OK\r\nX: y\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\na\r\n")
		},
		"lies": func(conn net.Conn) { conn.Write([]byte("HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 9\r\n\r\nabc")) },
	} {
		p := probe()
		p.Wait = 300 * time.Millisecond
		answers, err := p.Look(t.Context(), Target{Base: "http://" + listen(t, rest)}, []Route{{Method: "GET", Path: "/"}})
		if err != nil || answers[0].Err != nil || answers[0].Header.Get("X") != "y" || !answers[0].Cut || len(answers[0].Body) > MaxBody {
			t.Errorf("%s: %v, %+v", name, err, answers[0].Err)
		}
	}
}

func TestATunnelIsNotRead(t *testing.T) {
	for name, status := range map[string]string{"CONNECT": "200 OK", "GET": "101 Switching Protocols"} {
		address := listen(t, func(conn net.Conn) {
			conn.Write([]byte("HTTP/1.1 " + status + "\r\nX: y\r\n\r\n"))
			io.Copy(io.Discard, conn)
		})
		began := time.Now()
		path := map[string]string{"CONNECT": "db:5432", "GET": "/"}[name]
		got := ask(t, Target{Base: "http://" + address}, Route{Method: name, Path: path})[0]
		if got.Err != nil || got.Header.Get("X") != "y" || got.Body != nil || time.Since(began) > time.Second {
			t.Errorf("%s: %+v after %s", name, got, time.Since(began))
		}
	}
}

func TestALookEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	p := probe()
	p.Wait = time.Minute
	answers, err := p.Look(ctx, Target{Base: "http://" + listen(t, func(conn net.Conn) { io.Copy(io.Discard, conn) })}, slices.Repeat([]Route{{Method: "GET", Path: "/"}}, 20))
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range answers {
		if a.Err == nil {
			t.Errorf("%+v", a)
		}
	}
	p.Rand = iotest.ErrReader(errors.New("no randomness"))
	if answers, err = p.Look(t.Context(), Target{Base: "http://127.0.0.1:1"}, []Route{{Method: "GET", Path: "/"}}); err != nil || answers[0].Err == nil {
		t.Errorf("%v, %+v", err, answers)
	}
}

func listen(t *testing.T, handle func(net.Conn)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				handle(conn)
			}()
		}
	}()
	return l.Addr().String()
}

func trickle(conn net.Conn, text string) {
	for _, b := range []byte(text) {
		if _, err := conn.Write([]byte{b}); err != nil {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func endless(conn net.Conn, first, again string) {
	go io.Copy(io.Discard, conn)
	for text := first + again; ; text = strings.Repeat(again, 100) {
		if _, err := io.WriteString(conn, text); err != nil {
			return
		}
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add("GET", []byte("HTTP/1.1 200 OK\r\nX: y\r\nX: z\r\nContent-Length: 3\r\n\r\nabc"))
	f.Add("HEAD", []byte("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.0 404 Not Found\r\n\r\n"))
	f.Add("CONNECT", []byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"))
	f.Fuzz(func(t *testing.T, method string, in []byte) {
		a, err := read(bytes.NewReader(in), Route{Method: method, Path: "/"}, "marker")
		if err == nil && (a.Status < 100 || a.Header == nil || len(a.Body) > MaxBody) || err != nil && a.Status != 0 {
			t.Fatalf("%+v, %v", a, err)
		}
	})
}
