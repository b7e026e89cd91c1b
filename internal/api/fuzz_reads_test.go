package api

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
)

// paths are the reads and the preparations, with a place for what a stranger writes.
var paths = []string{
	"/v1/trades", "/v1/trades/@", "/v1/trades/@/events", "/v1/trades/@/terms", "/v1/transactions/@", "/v1/problems/@", "/v1/platform", "/@",
	"/v1/trades/@/actions/accept", "/v1/trades/@/actions/settle", "/v1/trades/@/actions/rule", "/v1/trades/@/actions/claim", "/v1/trades/@/actions/@", "/v1/assets/@/actions/collect",
	"/v1/transactions/assemble",
}

// FuzzRequest sends anything in a path, a query and a body. Whatever it is, the answer is what was asked for or a problem that says what is wrong and what to do
// next, within bounds, and nothing changes.
func FuzzRequest(f *testing.F) {
	n := newModelNet()
	shared := newClient(f, n)
	id := shared.open(OpenIn{Terms: goodTerms(), By: "seller"}).ID
	for i := range paths {
		f.Add(byte(i), id, "limit=2&min_ledger=1", `{"source":"`+address("buyer")+`"}`)
	}
	for _, query := range []string{
		"limit=0", "limit=101", "limit=1e9", "limit=-1&limit=2", "cursor=0000000000000000000-0000000000", "cursor=%00", "party=" + address("buyer") + "&role=buyer", "role=buyer",
		"stage=ended", "asset=C", "min_ledger=18446744073709551616", "min_ledger=-1", "wait=31", "wait=NaN", "%zz", "a=" + strings.Repeat("b", 3000),
	} {
		f.Add(byte(0), id, query, "")
		f.Add(byte(2), id, query, "")
	}
	for _, body := range []string{
		`{"milestones":[0,0,4294967296],"push":null}`, `{"by":"nobody"}`, `{"rulings":[{"milestone":0,"seller_ppm":-1}]}`, `{"amount":"1e5"}`, `[]`, `{"source":"","SOURCE":""}`, "\xff",
	} {
		f.Add(byte(9), id, "", body)
		f.Add(byte(10), id, "", body)
		f.Add(byte(14), id, "", body)
	}
	f.Add(byte(1), strings.Repeat("0", 64), "", "")
	f.Add(byte(1), "%2e%2e%2f", "", "")
	before := n.changes
	f.Fuzz(func(t *testing.T, which byte, word, query, body string) {
		path := strings.ReplaceAll(paths[int(which)%len(paths)], "@", url.PathEscape(word))
		method := http.MethodGet
		if strings.Contains(path, "/actions/") || strings.HasSuffix(path, "/assemble") {
			method = http.MethodPost
		}
		// A wait is a wait: it is looked at by tests that have a clock.
		if len(query) > 8000 || strings.Contains(query, "wait") || strings.Contains(query, "min_ledger") && !strings.Contains(query, "min_ledger=1&") {
			query = ""
		}
		r := httptest.NewRequest(method, "http://api.test/", strings.NewReader(body))
		r.URL.Path, r.URL.RawPath, r.URL.RawQuery = must(url.PathUnescape(path)), path, query
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		shared.h.ServeHTTP(w, r)
		switch {
		case w.Code == http.StatusOK, w.Code == http.StatusNoContent, w.Code/100 == 3:
		case w.Code/100 == 4:
			var p Problem
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Code == "" || p.NextStep == "" || p.Status != w.Code {
				t.Errorf("%s %s: %d %s", method, clip(path), w.Code, clipTo(w.Body.String(), 1000))
			}
		default:
			t.Errorf("%s %s ?%s %s: %d %s\n%s", method, clip(path), clip(query), clip(body), w.Code, clipTo(w.Body.String(), 1000), shared.log)
		}
		if w.Body.Len() > 256<<10 {
			t.Errorf("%s %s: an answer of %d bytes", method, clip(path), w.Body.Len())
		}
		if n.changes != before {
			t.Fatal("something changed")
		}
		shared.log.Reset()
	})
}

// FuzzClientAddress: only a proxy of ours makes somebody else of who has connected, and only into an address.
func FuzzClientAddress(f *testing.F) {
	f.Add("10.0.0.1:5", "1.2.3.4, 10.0.0.2")
	f.Add("10.0.0.1:5", ",,,")
	f.Add("[::ffff:10.0.0.1]:5", "::1%eth0")
	f.Add("8.8.8.8:5", "1.2.3.4")
	f.Add("", strings.Repeat("10.0.0.3,", 100))
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	f.Fuzz(func(t *testing.T, connected, forwarded string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = connected
		r.Header["X-Forwarded-For"] = []string{forwarded}
		at := clientAddress(r, proxies)
		from, err := netip.ParseAddrPort(connected)
		switch {
		case err != nil:
			if at.IsValid() {
				t.Errorf("nobody has connected, and is %s", at)
			}
		case !proxies[0].Contains(from.Addr().Unmap()) && at != from.Addr().Unmap():
			t.Errorf("a stranger at %s becomes %s by %q", connected, at, forwarded)
		case at.Is4In6():
			t.Errorf("%s has two forms", at)
		}
	})
}
