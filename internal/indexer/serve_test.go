package indexer

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// What /readyz says in each state; /healthz and /metrics answer in all of them, and nothing but the relay asks for a secret.
func TestWhatIsServedInEachState(t *testing.T) {
	now := Status{
		Ledger: 90, LedgerAt: 1_700_000_000, Latest: 100, Unread: 2, Err: "the node is gone",
		Contracts: []ContractStatus{{ID: "CA", Start: 5, Ledger: 90, GapOldest: 95}},
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "stellar_escrow_test", Help: "x"}, func() float64 { return 4 }))
	relayed := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "relay "+r.URL.Path, http.StatusUnauthorized)
	})
	handler := Handler(func() (any, bool) { r := now.Readiness(); return r, r.Ready }, relayed, registry)
	get := func(method, path string) (int, string) {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, path, nil))
		body, _ := io.ReadAll(w.Body)
		return w.Code, string(body)
	}
	for state, want := range map[State]int{
		Starting: 503, CatchingUp: 200, Following: 200, InGap: 200, Unreachable: 503, Stopped: 503, Standby: 200,
	} {
		now.State = state
		code, body := get(http.MethodGet, "/readyz")
		var got Readiness
		if err := json.Unmarshal([]byte(body), &got); err != nil || code != want || got.Ready != (want == 200) || got.State != state || got.Lag != 10 || got.Problem != now.Err {
			t.Errorf("%s: %d %s %v", state, code, body, err)
		}
		if !strings.Contains(body, `"gap_oldest": 95`) || !strings.Contains(body, `"contract": "CA"`) {
			t.Errorf("%s: the contract's gap is not told: %s", state, body)
		}
		if code, _ := get(http.MethodGet, "/healthz"); code != 200 {
			t.Errorf("%s: not healthy: %d", state, code)
		}
	}
	if len(States) != 7 {
		t.Errorf("%d states, of which 7 are tested here", len(States))
	}
	if code, body := get(http.MethodGet, "/metrics"); code != 200 || !strings.Contains(body, "stellar_escrow_test 4") {
		t.Errorf("metrics: %d %s", code, body)
	}
	if code, body := get(http.MethodPost, "/relay/v1/submit"); code != 401 || !strings.Contains(body, "relay /relay/v1/submit") {
		t.Errorf("the relay: %d %s", code, body)
	}
	for _, c := range [][2]string{{http.MethodPost, "/readyz"}, {http.MethodGet, "/"}, {http.MethodGet, "/debug/pprof/"}, {http.MethodDelete, "/metrics"}} {
		if code, _ := get(c[0], c[1]); code != 404 && code != 405 {
			t.Errorf("%s %s: %d", c[0], c[1], code)
		}
	}
}
