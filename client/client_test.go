package client

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

func served(t *testing.T) *httptest.Server {
	t.Helper()
	h, err := New()
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

// answer is what came back; the body as it was sent, compressed or not.
type answer struct {
	status int
	header http.Header
	body   string
}

func ask(t *testing.T, s *httptest.Server, method, path string, header ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.URL.Path, _, _ = strings.Cut(path, "?") // as it stands: no client cleans it
	_, req.URL.RawQuery, _ = strings.Cut(path, "?")
	req.Header.Set("Accept-Encoding", "identity")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := s.Client().Transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(body)}
}

var (
	linked   = regexp.MustCompile(`(?:href|src)="([^"#]+)"`)
	assetURL = regexp.MustCompile(`^/assets/[a-z]+\.[0-9a-f]{16}\.(css|js|svg)$`)
)

// assets are the files that a page names.
func assets(t *testing.T, page string) (all []string) {
	t.Helper()
	for _, m := range linked.FindAllStringSubmatch(page, -1) {
		if strings.HasPrefix(m[1], assetFolder) {
			all = append(all, m[1])
		}
	}
	if len(all) == 0 {
		t.Fatalf("the page names no file:\n%s", page)
	}
	return all
}

// TestEveryAnswerHasTheHeaders asks for each path with each method, and wants what docs/guide.md N13 lists on all of them.
func TestEveryAnswerHasTheHeaders(t *testing.T) {
	s := served(t)
	files := assets(t, ask(t, s, "GET", "/").body)
	for _, path := range append(files, "/", "/healthz", "/readyz", "/nothing", "/assets/", "/v1/platform", "/../page/index.html") {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"} {
			a := ask(t, s, method, path)
			for name, want := range map[string]string{
				"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin",
				"Cross-Origin-Resource-Policy": "same-origin", "Content-Security-Policy": contentSecurityPolicy, "Permissions-Policy": permissionsPolicy,
			} {
				if got := a.header.Values(name); len(got) != 1 || got[0] != want {
					t.Errorf("%s %s: %s is %q, want it once: %q", method, path, name, got, want)
				}
			}
			if a.header.Get("Cache-Control") == "" {
				t.Errorf("%s %s: nothing says how long it may be kept", method, path)
			}
			if sts := a.header.Get("Strict-Transport-Security"); sts != "" {
				t.Errorf("%s %s: HSTS %q, which is the ingress's to say", method, path, sts)
			}
			if method != "GET" && method != "HEAD" && (a.status != http.StatusMethodNotAllowed || a.header.Get("Allow") != "GET, HEAD") {
				t.Errorf("%s %s: %d, Allow %q", method, path, a.status, a.header.Get("Allow"))
			}
		}
	}
}

func TestThePolicyAllowsNothingInlineOrForeign(t *testing.T) {
	for _, never := range []string{"unsafe", "http:", "https:", "*", "data:", "blob:", "nonce"} {
		if strings.Contains(contentSecurityPolicy, never) {
			t.Errorf("it allows %q: %s", never, contentSecurityPolicy)
		}
	}
	if !strings.HasPrefix(contentSecurityPolicy, "default-src 'none';") || !strings.Contains(contentSecurityPolicy, "frame-ancestors 'none'") {
		t.Error(contentSecurityPolicy)
	}
	s := served(t)
	for _, path := range []string{"/", "/nothing"} {
		page := ask(t, s, "GET", path).body
		for what, found := range map[string]*regexp.Regexp{
			"a script without a file": regexp.MustCompile(`<script(?:\s+type="module")?>`), "a style": regexp.MustCompile(`<style|\sstyle=`), "a handler": regexp.MustCompile(`\son[a-z]+=`),
			"another's file": regexp.MustCompile(`(?:src|href)="(?:https?:)?//`), "a form": regexp.MustCompile(`<form`),
		} {
			if m := found.FindString(page); m != "" {
				t.Errorf("%s has %s: %s", path, what, m)
			}
		}
	}
}

func TestCaching(t *testing.T) {
	s := served(t)
	page := ask(t, s, "GET", "/")
	if page.status != 200 || page.header.Get("Cache-Control") != "no-cache" || page.header.Get("Content-Type") != "text/html; charset=utf-8" || !strings.Contains(page.body, "<h1>") {
		t.Errorf("%d %v", page.status, page.header)
	}
	if again := ask(t, s, "GET", "/", "If-None-Match", page.header.Get("ETag")); again.status != http.StatusNotModified || again.body != "" || again.header.Get("Content-Security-Policy") == "" {
		t.Errorf("asked again: %d %q", again.status, again.body)
	}
	if other := ask(t, s, "GET", "/", "If-None-Match", `"another"`); other.status != 200 || other.body != page.body {
		t.Errorf("with another version at hand: %d", other.status)
	}
	for _, name := range assets(t, page.body) {
		a := ask(t, s, "GET", name)
		if !assetURL.MatchString(name) || a.status != 200 || a.header.Get("Cache-Control") != "public, max-age=31536000, immutable" || !strings.Contains(name, hashOf([]byte(a.body))) {
			t.Errorf("%s: %d %v", name, a.status, a.header)
		}
		if older := ask(t, s, "GET", strings.Replace(name, hashOf([]byte(a.body)), strings.Repeat("0", 16), 1)); older.status != 404 {
			t.Errorf("another version of %s: %d", name, older.status)
		}
	}
	for _, path := range []string{"/healthz", "/readyz", "/nothing"} {
		if got := ask(t, s, "GET", path).header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s: %q", path, got)
		}
	}
}

func TestCompressed(t *testing.T) {
	s := served(t)
	plain := ask(t, s, "GET", "/")
	for accept, want := range map[string]bool{
		"gzip": true, "br, gzip;q=0.5": true, "*": true, "GZIP": true, "gzip;q=0": false, "gzip; q=0.000, *": false, "*;q=0": false, "identity": false, "br": false, "": false, "gzip;q=1.0": true,
	} {
		a := ask(t, s, "GET", "/", "Accept-Encoding", accept)
		if got := a.header.Get("Content-Encoding") == "gzip"; got != want || a.header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%q: compressed %t, want %t; Vary %q", accept, got, want, a.header.Get("Vary"))
			continue
		}
		text := a.body
		if want {
			if a.header.Get("ETag") == plain.header.Get("ETag") {
				t.Errorf("%q: both forms have the ETag %s", accept, a.header.Get("ETag"))
			}
			r, err := gzip.NewReader(strings.NewReader(a.body))
			if err != nil {
				t.Fatal(err)
			}
			unpacked, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			text = string(unpacked)
		}
		if text != plain.body {
			t.Errorf("%q: another text", accept)
		}
	}
}

func TestHead(t *testing.T) {
	s := served(t)
	for _, path := range []string{"/", "/healthz", "/nothing"} {
		for _, accept := range []string{"identity", "gzip"} {
			get, head := ask(t, s, "GET", path, "Accept-Encoding", accept), ask(t, s, "HEAD", path, "Accept-Encoding", accept)
			if head.body != "" || head.status != get.status || head.header.Get("Content-Length") != get.header.Get("Content-Length") || head.header.Get("Content-Length") == "" ||
				head.header.Get("ETag") != get.header.Get("ETag") {
				t.Errorf("HEAD %s (%s): %d %v with %q, GET %d %v", path, accept, head.status, head.header, head.body, get.status, get.header)
			}
		}
	}
}

// TestThereAreNoFolders asks for what a server of files might give away.
func TestThereAreNoFolders(t *testing.T) {
	s := served(t)
	for _, path := range []string{
		"/assets", "/assets/", "/page/", "/index.html", "/assets/../embed.go", "/assets/%2e%2e/embed.go", "//", "/.git/config", "/assets/page.css", "/missing.html", "/\x00", "/..\\..\\go.mod", "/healthz/",
	} {
		if a := ask(t, s, "GET", path); a.status != http.StatusNotFound || !strings.Contains(a.body, "nothing at this address") || strings.Contains(a.body, "embed") {
			t.Errorf("%q: %d %.80q", path, a.status, a.body)
		}
	}
	if a := ask(t, s, "GET", "/?utm=1"); a.status != 200 {
		t.Errorf("with a query: %d", a.status)
	}
	for path, want := range map[string]string{"/healthz": "{\"ok\":true}\n", "/readyz": "{\"ready\":true}\n"} {
		if a := ask(t, s, "GET", path); a.status != 200 || a.body != want || a.header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %q %v", path, a.status, a.body, a.header)
		}
	}
}

// TestFilesThatDoNotFit: what would only be seen by whoever looks at the page is found when it is built.
func TestFilesThatDoNotFit(t *testing.T) {
	good := func() fstest.MapFS {
		return fstest.MapFS{
			"index.html": {Data: []byte(`<link href="{{asset "a.css"}}">`)}, "missing.html": {Data: []byte(`nothing`)}, "a.css": {Data: []byte(`body{}`)},
		}
	}
	if _, err := build(good()); err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		change func(fstest.MapFS)
		want   string
	}{
		"a page names a file that is not there": {func(f fstest.MapFS) { delete(f, "a.css") }, "no file a.css"},
		"a file that no page names":             {func(f fstest.MapFS) { f["b.js"] = &fstest.MapFile{} }, "b.js is on no page"},
		"a kind that is not served":             {func(f fstest.MapFS) { f["a.exe"] = &fstest.MapFile{} }, "a.exe"},
		"no first page":                         {func(f fstest.MapFS) { delete(f, "index.html") }, "index.html"},
		"no page for what is missing":           {func(f fstest.MapFS) { delete(f, "missing.html") }, "missing.html"},
		"a page that is no template":            {func(f fstest.MapFS) { f["index.html"].Data = []byte(`{{asset`) }, "index.html"},
	} {
		files := good()
		c.change(files)
		if _, err := build(files); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want it to say %q", what, err, c.want)
		}
	}
}

// TestTheLinksAreTheApis: what the page points to beside its files is the api's, which has to have it.
func TestTheLinksAreTheApis(t *testing.T) {
	s := served(t)
	known := map[string]bool{"/": true, "/openapi.json": true, "/openapi.yaml": true, "/v1/platform": true, "/v1/trades": true, "/v1/problems": true}
	seen := 0
	for _, path := range []string{"/", "/nothing"} {
		for _, m := range linked.FindAllStringSubmatch(ask(t, s, "GET", path).body, -1) {
			if strings.HasPrefix(m[1], assetFolder) {
				continue
			}
			if seen++; !known[m[1]] {
				t.Errorf("%s points to %s", path, m[1])
			}
		}
	}
	if seen < len(known) {
		t.Errorf("only %d links", seen)
	}
}
