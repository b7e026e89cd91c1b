package api

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/Abdullahi130/StellarEscrow/internal/keys"
)

// ring knows two keys: the integrator's from everywhere, the administrator's from one address.
type ring struct{}

const (
	integratorsKey = "the integrator's"
	adminsKey      = "the administrator's"
)

func (ring) Whose(key string, from netip.Addr) (keys.Caller, error) {
	switch strings.ReplaceAll(key, "_", " ") {
	case integratorsKey:
		return keys.Caller{Name: "acme", Kind: keys.API}, nil
	case adminsKey:
		if from != netip.MustParseAddr("203.0.113.7") {
			return keys.Caller{Name: "alice", Kind: keys.Admin}, keys.ErrAddress
		}
		return keys.Caller{Name: "alice", Kind: keys.Admin}, nil
	}
	return keys.Caller{}, keys.ErrUnknown
}

// keyed is a client of an API that knows these keys, behind a proxy at 192.0.2.1, which httptest's requests come from.
func keyed(t *testing.T) (*client, *prometheus.Registry) {
	n := newModelNet()
	c := newClient(t, n)
	metrics := NewMetrics()
	c.h = New(Deps{
		Trades: n, Relay: n, Network: n.network, Contract: n.self, Rand: &counting{}, Now: func() time.Time { return time.Unix(modelStart, 0) },
		Keys: ring{}, Proxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, Metrics: metrics,
		Log: slog.New(slog.NewTextHandler(c.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(metrics)
	return c, registry
}

func bearerOf(key string) string { return "Bearer " + strings.ReplaceAll(key, " ", "_") }

func TestCallersAreKnownByTheirKeys(t *testing.T) {
	c, registry := keyed(t)
	for _, test := range []struct {
		what    string
		headers []string
		status  int
		code    string
		caller  string
	}{
		{"no key", nil, 200, "", `""`},
		{"an integrator's", []string{"Authorization", bearerOf(integratorsKey)}, 200, "", "acme"},
		{"an integrator's, the scheme in small letters", []string{"Authorization", "bearer the_integrator's"}, 200, "", "acme"},
		{"nobody's", []string{"Authorization", "Bearer xyz"}, 401, "unknown-key", `""`},
		{"another scheme", []string{"Authorization", "Basic YTpi"}, 401, "unknown-key", `""`},
		{"two words", []string{"Authorization", "Bearer a b"}, 401, "unknown-key", `""`},
		{"nothing", []string{"Authorization", "Bearer"}, 401, "unknown-key", `""`},
		{"an administrator's from where it may", []string{"Authorization", bearerOf(adminsKey), "X-Forwarded-For", "203.0.113.7"}, 200, "", "alice"},
		{"an administrator's from elsewhere", []string{"Authorization", bearerOf(adminsKey), "X-Forwarded-For", "203.0.113.8"}, 403, "key-not-from-here", `""`},
		{"an administrator's from where its owner says to be", []string{"Authorization", bearerOf(adminsKey), "X-Forwarded-For", "203.0.113.7, 203.0.113.8"}, 403, "key-not-from-here", `""`},
		{"an administrator's through two of our proxies", []string{"Authorization", bearerOf(adminsKey), "X-Forwarded-For", "10.0.0.1, 203.0.113.7, 192.0.2.9"}, 200, "", "alice"},
	} {
		c.log.Reset()
		w := c.call(http.MethodGet, "/v1/trades", nil, test.headers...)
		if w.Code != test.status || test.code != "" && !strings.Contains(w.Body.String(), `"code":"`+test.code+`"`) {
			t.Errorf("%s: %d %s, want %d %s", test.what, w.Code, w.Body, test.status, test.code)
		}
		if challenge := w.Header().Get("WWW-Authenticate"); (challenge == "Bearer") != (w.Code == http.StatusUnauthorized) {
			t.Errorf("%s: %d with WWW-Authenticate: %q", test.what, w.Code, challenge)
		}
		if says := c.log.String(); !strings.Contains(says, "msg=answered") || !strings.Contains(says, " caller="+test.caller+" ") || strings.Contains(says, "the_") || strings.Contains(says, "xyz") {
			t.Errorf("%s: logged\n%s", test.what, says)
		}
	}
	want := `
# HELP stellar_escrow_admin_key_unknown_address_total Administrators' keys that were shown from an address that they may not be used from.
# TYPE stellar_escrow_admin_key_unknown_address_total counter
stellar_escrow_admin_key_unknown_address_total 2
# HELP stellar_escrow_auth_failures_total Keys that were shown and refused: form, of what is no key; unknown, of nobody's; address, of somebody's from elsewhere.
# TYPE stellar_escrow_auth_failures_total counter
stellar_escrow_auth_failures_total{reason="address"} 2
stellar_escrow_auth_failures_total{reason="form"} 3
stellar_escrow_auth_failures_total{reason="unknown"} 1
# HELP stellar_escrow_key_requests_total Requests with a good key, by its kind and name.
# TYPE stellar_escrow_key_requests_total counter
stellar_escrow_key_requests_total{key="acme",kind="api"} 2
stellar_escrow_key_requests_total{key="alice",kind="admin"} 2
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "stellar_escrow_admin_key_unknown_address_total", "stellar_escrow_auth_failures_total", "stellar_escrow_key_requests_total"); err != nil {
		t.Error(err)
	}
}

// What a caller says of its own address counts for nothing where no proxy of ours is in between.
func TestTheCallersAddress(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("2001:db8::/32")}
	long := strings.Repeat("10.1.0.1, ", maxForwarded+5) + "10.1.0.1"
	for _, c := range []struct{ connected, forwarded, want string }{
		{"203.0.113.9:1234", "", "203.0.113.9"},
		{"203.0.113.9:1234", "198.51.100.1", "203.0.113.9"},
		{"10.1.2.3:1234", "198.51.100.1", "198.51.100.1"},
		{"10.1.2.3:1234", "198.51.100.1, 198.51.100.2", "198.51.100.2"},
		{"10.1.2.3:1234", "198.51.100.1, 10.1.9.9", "198.51.100.1"},
		{"10.1.2.3:1234", "", "10.1.2.3"},
		{"10.1.2.3:1234", "198.51.100.1, unknown", "10.1.2.3"},
		{"10.1.2.3:1234", "unknown, 198.51.100.1", "198.51.100.1"},
		{"[2001:db8::5]:1", "::ffff:198.51.100.1", "198.51.100.1"},
		{"[::ffff:10.1.2.3]:1", "198.51.100.1", "198.51.100.1"},
		{"10.1.2.3:1234", "198.51.100.1, " + long, "10.1.0.1"},
		{"@", "198.51.100.1", "invalid IP"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = c.connected
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := clientAddress(r, proxies).String(); got != c.want {
			t.Errorf("%s, X-Forwarded-For: %s: %s, want %s", c.connected, c.forwarded, got, c.want)
		}
	}
}

// A platform of one's own, which has no keys, does not look at them.
func TestWithoutKeysNoneIsLookedAt(t *testing.T) {
	c := newClient(t, newModelNet())
	if w := c.call(http.MethodGet, "/v1/trades", nil, "Authorization", "Bearer xyz"); w.Code != http.StatusOK {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestRequestsAreCounted(t *testing.T) {
	c, registry := keyed(t)
	trade := c.open(OpenIn{Terms: goodTerms(), By: "buyer"}).ID
	before := must(testutil.GatherAndCount(registry, "stellar_escrow_http_requests_total"))
	if before == 0 {
		t.Fatal("nothing is counted")
	}
	c.call(http.MethodGet, "/v1/trades/"+string(trade), nil)
	c.call(http.MethodGet, "/v1/trades/"+strings.Repeat("00", 32), nil)
	c.call(http.MethodGet, "/v1/trades/"+strings.Repeat("01", 32), nil, "Authorization", "Bearer xyz")
	c.call("BREW", "/anything/"+strings.Repeat("x", 500), nil)
	c.call(http.MethodTrace, "/v1/trades", nil)
	var text bytes.Buffer
	for _, f := range must(registry.Gather()) {
		for _, m := range f.GetMetric() {
			text.WriteString(f.GetName())
			for _, l := range m.GetLabel() {
				text.WriteString(" " + l.GetName() + "=" + l.GetValue())
			}
			text.WriteString("\n")
			if f.GetName() == "stellar_escrow_http_requests_in_flight" && m.GetGauge().GetValue() != 0 {
				t.Errorf("%v requests are being answered", m.GetGauge().GetValue())
			}
		}
	}
	for _, want := range []string{
		"stellar_escrow_http_requests_total caller=anonymous method=POST route=/v1/trades status=2xx\n",
		"stellar_escrow_http_requests_total caller=anonymous method=GET route=/v1/trades/{id} status=2xx\n",
		"stellar_escrow_http_requests_total caller=anonymous method=GET route=/v1/trades/{id} status=4xx\n",
		"stellar_escrow_http_requests_total caller=refused method=GET route=none status=4xx\n",
		"stellar_escrow_http_requests_total caller=anonymous method=other route=none status=4xx\n",
		"stellar_escrow_http_requests_total caller=anonymous method=TRACE route=none status=4xx\n",
		"stellar_escrow_http_request_seconds route=/v1/trades/{id}\n",
		"stellar_escrow_relay_calls_total call=simulate outcome=ok\n",
		"stellar_escrow_relay_call_seconds call=submit\n",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%s is not among\n%s", strings.TrimSpace(want), text.String())
		}
	}
	if strings.Contains(text.String(), "anything") || strings.Contains(text.String(), string(trade)) {
		t.Errorf("what a caller sends becomes a label:\n%s", text.String())
	}
	if problems, err := testutil.GatherAndLint(registry); err != nil || len(problems) > 0 {
		t.Errorf("%v %v", problems, err)
	}
}
