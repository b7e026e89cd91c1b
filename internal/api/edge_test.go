package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/relay"
)

// endless is a body that goes on until n bytes were taken.
type endless struct{ taken, n int64 }

func (e *endless) Read(p []byte) (int, error) {
	if e.taken >= e.n {
		return 0, io.EOF
	}
	for i := range p {
		p[i] = ' '
	}
	e.taken += int64(len(p))
	return len(p), nil
}

func TestABodyOf100MBIsRefusedAtOnce(t *testing.T) {
	n := newModelNet()
	c := newClient(t, n)
	for _, test := range []struct {
		name    string
		length  int64
		mayRead int64
	}{{"its length is said", 100 << 20, 0}, {"its length is not said", -1, 2 << 20}} {
		t.Run(test.name, func(t *testing.T) {
			body := &endless{n: 100 << 20}
			req := httptest.NewRequest(http.MethodPost, "/v1/trades", body)
			req.ContentLength = test.length
			w := httptest.NewRecorder()
			c.h.ServeHTTP(w, req)
			var p Problem
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != http.StatusRequestEntityTooLarge || p.Code != "body-too-large" {
				t.Errorf("status %d, %s", w.Code, w.Body)
			}
			if body.taken > test.mayRead {
				t.Errorf("%d bytes were read", body.taken)
			}
		})
	}
	if n.changes != 0 {
		t.Error("something changed")
	}
}

func TestABodyOfOneMiBIsRead(t *testing.T) {
	c := newClient(t, newModelNet())
	body := string(must(json.Marshal(OpenIn{Terms: goodTerms(), By: "buyer"})))
	body += strings.Repeat(" ", maxBodyBytes-len(body))
	want[OpenOut](c, http.StatusOK, http.MethodPost, "/v1/trades", body)
	c.problem(http.StatusRequestEntityTooLarge, http.MethodPost, "/v1/trades", body+" ")
}

func TestOverARealConnection(t *testing.T) {
	c := newClient(t, newModelNet())
	srv := httptest.NewServer(c.h)
	defer srv.Close()
	req := must(http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL+"/v1/trades", &endless{n: 100 << 20}))
	req.ContentLength = 100 << 20
	res, err := srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("status %s", res.Status)
	}
}

func TestOtherMethodsAndMediaTypes(t *testing.T) {
	c := newClient(t, newModelNet())
	w := c.call(http.MethodDelete, "/v1/trades", nil)
	if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD, POST" || !strings.Contains(w.Body.String(), "method-not-allowed") {
		t.Errorf("DELETE: %d, Allow %q, %s", w.Code, w.Header().Get("Allow"), w.Body)
	}
	c.problem(http.StatusUnsupportedMediaType, http.MethodPost, "/v1/trades", "a=b", "Content-Type", "application/x-www-form-urlencoded")
	if w := c.call(http.MethodHead, "/healthz", nil); w.Code != http.StatusOK {
		t.Errorf("HEAD /healthz: %d", w.Code)
	}
}

func TestHeadersOfEveryAnswer(t *testing.T) {
	c := newClient(t, newModelNet())
	seen := map[string]bool{}
	for _, path := range []string{"/healthz", "/v1/platform", "/openapi.json", "/nothing"} {
		h := c.call(http.MethodGet, path, nil).Header()
		if id := h.Get("X-Request-Id"); len(id) != 16 || seen[id] {
			t.Errorf("%s: request id %q is not new", path, id)
		} else {
			seen[id] = true
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: headers %v", path, h)
		}
	}
}

// brokenStore is a Trades that fails in a way nobody thought of.
type brokenStore struct {
	Trades
	err error
}

func (b brokenStore) Head(context.Context) (Ledger, error) {
	if b.err == nil {
		panic("no such shelf: secret-detail")
	}
	return Ledger{}, b.err
}

func TestPanicsAndUnknownErrorsSayNothingAndAreLogged(t *testing.T) {
	for _, test := range []struct {
		name string
		err  error
	}{{"panic", nil}, {"error", errors.New("disk on fire: secret-detail")}} {
		t.Run(test.name, func(t *testing.T) {
			n := newModelNet()
			c := newClient(t, n)
			c.h = New(Deps{Trades: brokenStore{n, test.err}, Relay: n, Log: c.h.(*edge).log, Network: n.network, Contract: n.self, Now: time.Now, Rand: &counting{}})
			w := c.call(http.MethodGet, "/v1/trades", nil)
			var p Problem
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != http.StatusInternalServerError || p.Code != "internal" {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			if strings.Contains(w.Body.String(), "secret-detail") {
				t.Errorf("the answer tells too much: %s", w.Body)
			}
			if log := c.log.String(); !strings.Contains(log, "secret-detail") || !strings.Contains(log, "request="+p.Instance) {
				t.Errorf("the log does not explain request %s:\n%s", p.Instance, log)
			}
		})
	}
}

// failing is a body whose connection breaks.
type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("tcp 10.0.0.7: secret-detail") }

func TestAFaultBelowUsTellsNothing(t *testing.T) {
	c := newClient(t, newModelNet())
	p := c.problem(http.StatusInternalServerError, http.MethodPost, "/v1/trades", failing{})
	if p.Code != "internal" || p.Detail != "" || len(p.Errors) > 0 {
		t.Errorf("%+v", p)
	}
}

func TestWhileTheNetworkCannotBeAsked(t *testing.T) {
	n := newModelNet()
	c := newClient(t, n)
	id := c.funded()
	n.down = relay.ErrUnavailable
	if tr := c.read(id); tr.Stage != "funded" {
		t.Errorf("reads go on, got stage %s", tr.Stage)
	}
	want[EventsOut](c, http.StatusOK, http.MethodGet, "/v1/trades/"+id+"/events", nil)
	for method, path := range map[string]string{
		http.MethodGet:  "/v1/platform",
		http.MethodPost: "/v1/trades/" + id + "/actions/extend",
	} {
		var body any
		if method == http.MethodPost {
			body = ActionIn{Source: address("stranger")}
		}
		w := c.call(method, path, body)
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), "network-unavailable") {
			t.Errorf("%s %s: %d %v %s", method, path, w.Code, w.Header(), w.Body)
		}
	}
}

func TestAQueryThatCanBeReadInTwoWays(t *testing.T) {
	c := newClient(t, newModelNet())
	id := c.funded()
	for _, test := range []struct{ path, at, says string }{
		{"/v1/trades?limit=1&limit=2", "query.limit", "given 2 times"},
		{"/v1/trades?stage=open&limit=1&stage=open&stage=ended", "query.stage", "given 3 times"},
		{"/v1/trades/" + id + "?min_ledger=1&min_ledger=2", "query.min_ledger", "given 2 times"},
		{"/v1/transactions/" + strings.Repeat("ab", 32) + "?wait=0&wait=30", "query.wait", "given 2 times"},
		{"/v1/trades?limit=%zz", "query", "not a list"},
		{"/v1/trades?limit=1;stage=open", "query", "not a list"},
		{"/v1/trades?Limit=1", "query.Limit", "unknown"},
		{"/v1/platform?limit=1", "query.limit", "unknown"},
		{"/v1/problems?code=x", "query.code", "unknown"},
		{"/readyz?verbose", "query.verbose", "unknown"},
	} {
		p := c.problem(http.StatusUnprocessableEntity, http.MethodGet, test.path, nil)
		if f, ok := p.field(test.at); p.Code != "invalid-fields" || !ok || !strings.Contains(f.Message, test.says) {
			t.Errorf("%s: %+v", test.path, p)
		}
	}
	for _, action := range []string{"/v1/trades?x=1", "/v1/transactions?wait=1&wait=2", "/v1/trades/" + id + "/actions/fund?min_ledger=1&min_ledger=1"} {
		c.problem(http.StatusUnprocessableEntity, http.MethodPost, action, map[string]any{})
	}
}

func TestTimes(t *testing.T) {
	for text, want := range map[string]Time{
		"2026-01-01T00:00:00Z": 1767225600, "2026-01-01T01:00:00+01:00": 1767225600, "1767225600": 1767225600, "0": 0,
		"9999-12-31T23:59:59Z": lastRFC3339, "18446744073709551615": 18446744073709551615,
	} {
		if got, err := parseTime(text); got != want || err != nil {
			t.Errorf("parseTime(%q) = %d, %v; want %d", text, got, err, want)
		}
		if again, err := parseTime(want.String()); again != want || err != nil {
			t.Errorf("parseTime(%q) = %d, %v; want what was written", want.String(), again, err)
		}
	}
	for _, text := range []string{"", "-1", "1.5", "now", "2026-01-01", "2026-01-01T00:00:00", "2026-13-01T00:00:00Z"} {
		if got, err := parseTime(text); err == nil {
			t.Errorf("parseTime(%q) = %d", text, got)
		}
	}
	if got := (AtLeast{Prefer: `respond-async, wait=7; foo="x"`}).wait(); got != 7*time.Second {
		t.Errorf("Prefer: wait=7 is %s", got)
	}
	for _, text := range []string{"", "wait", "wait=x", "waiting=9", "wait=-1"} {
		if got := (AtLeast{Prefer: text}).wait(); got != defaultWait {
			t.Errorf("Prefer: %q is %s", text, got)
		}
	}
	if got := (AtLeast{Prefer: "wait=4000000000"}).wait(); got != maxWait {
		t.Errorf("a long wait is %s", got)
	}
}
