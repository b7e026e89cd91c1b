package api

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/relay"
)

func TestReadiness(t *testing.T) {
	n := newModelNet()
	c := newClient(t, n)
	notReady := func(says ...string) {
		t.Helper()
		p := c.problem(http.StatusServiceUnavailable, http.MethodGet, "/readyz", nil)
		for _, say := range says {
			if p.Code != "not-ready" || !strings.Contains(p.Detail, say) {
				t.Errorf("%s %q, want %q", p.Code, p.Detail, say)
			}
		}
	}
	ready := func() ReadyOut {
		t.Helper()
		return want[ReadyOut](c, http.StatusOK, http.MethodGet, "/readyz", nil)
	}
	n.lag = 100
	notReady("no ledger has been read yet", "the network is at 100")
	n.lag = 3
	notReady("everything up to ledger 97 has been read, the network is at 100: 3 to go")
	n.gap = true
	notReady("the ledgers after 97 cannot be had for contract " + n.self.String())
	n.gap = false
	n.advance(5) // to 102: what it first saw is reached, the network has gone on
	n.lag = 2
	if got := ready(); !got.Ready || got.Projected.Sequence != 100 || got.NetworkLedger != 102 {
		t.Errorf("ready: %+v", got)
	}
	n.lag = 13
	notReady("the network is at 102: 13 to go")
	n.lag = 12
	ready()
	n.down = relay.ErrUnavailable // reads go on as far as it is known
	ready()
	want[HealthOut](c, http.StatusOK, http.MethodGet, "/healthz", nil)

	unasked := newClient(t, n)
	if p := unasked.problem(http.StatusServiceUnavailable, http.MethodGet, "/readyz", nil); !strings.Contains(p.Detail, "the network cannot be asked") {
		t.Errorf("%+v", p)
	}
}

// TestBeforeTheChainIsRead: a trade that is not read yet must not seem to be none.
func TestBeforeTheChainIsRead(t *testing.T) {
	n := newModelNet()
	id := newClient(t, n).funded()
	c := newClient(t, n) // the process is started again
	c.h = New(Deps{Trades: n, Relay: n, Network: n.network, Contract: n.self, Start: n.ledger.Sequence, Now: time.Now, Rand: &counting{}})
	n.lag = 1
	unknown := strings.Repeat("ab", 32)
	for _, one := range []struct {
		method, path string
		body         any
	}{
		{http.MethodGet, "/v1/trades/" + id, nil}, {http.MethodGet, "/v1/trades/" + unknown, nil}, {http.MethodGet, "/v1/trades", nil}, {http.MethodGet, "/v1/platform", nil},
		{http.MethodGet, "/v1/transactions/" + unknown, nil}, {http.MethodPost, "/v1/trades", OpenIn{Terms: goodTerms(), By: "buyer"}},
		{http.MethodPost, "/v1/trades/" + id + "/actions/release", ActionIn{Milestone: index(0), Amount: "1"}},
	} {
		w := c.call(one.method, one.path, one.body)
		if w.Header().Get("Retry-After") == "" {
			t.Errorf("%s %s: no Retry-After", one.method, one.path)
		}
		if p := c.problem(http.StatusServiceUnavailable, one.method, one.path, one.body); p.Code != "not-ready" || !strings.Contains(p.Detail, "1 to go") {
			t.Errorf("%s %s: %+v", one.method, one.path, p)
		}
	}
	want[ProblemKind](c, http.StatusOK, http.MethodGet, "/v1/problems/not-ready", nil)
	n.gap = true // it may stay so for long; what is known is told, with its ledger
	want[TradesOut](c, http.StatusOK, http.MethodGet, "/v1/trades", nil)
	n.gap = false
	c.problem(http.StatusServiceUnavailable, http.MethodGet, "/v1/trades", nil)
	n.lag = 0
	if tr := c.read(id); tr.Stage != "funded" {
		t.Errorf("stage %s", tr.Stage)
	}
	n.lag = 1 // the network is always a little ahead
	c.read(id)
}

func TestStarting(t *testing.T) {
	h := Starting(Deps{Now: time.Now, Rand: &counting{}}, "the contract is deployed first")
	for path, status := range map[string]int{"/v1/trades": 503, "/v1/trades/x": 503, "/readyz": 503, "/": 503, "/openapi.json": 503, "/healthz": 200} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Code != status {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
		if status == http.StatusOK {
			continue
		}
		var p Problem
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Code != "not-ready" || !strings.Contains(p.Detail, "the contract is deployed first") ||
			p.Instance == "" || w.Header().Get("Retry-After") == "" || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %v %s", path, w.Header(), w.Body)
		}
	}
}

func TestWaitsEndWhenTheProcessDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newModelNet()
		c := newClient(t, n)
		prepared := c.prepared(c.funded())
		stopping := make(chan struct{})
		c.h = New(Deps{Trades: n, Relay: n, Network: n.network, Contract: n.self, Stopping: stopping, Now: time.Now, Rand: &counting{}, Transactions: kept{prepared}})
		go func() {
			time.Sleep(2 * time.Second)
			close(stopping)
		}()
		start := time.Now()
		w := c.call(http.MethodGet, "/v1/trades?min_ledger=4000000000", nil, "Prefer", "wait=20")
		if took := time.Since(start).Round(100 * time.Millisecond); took != 2*time.Second || w.Header().Get("Retry-After") == "" {
			t.Errorf("after %s: %d %v", took, w.Code, w.Header())
		}
		if p := c.problem(http.StatusServiceUnavailable, http.MethodGet, "/v1/trades?min_ledger=4000000000", nil); p.Code != "not-ready" || !strings.Contains(p.Detail, "stopping") || !strings.Contains(p.NextStep, "same request again") {
			t.Errorf("%+v", p)
		}
		start = time.Now()
		if out := want[TransactionOut](c, http.StatusOK, http.MethodGet, "/v1/transactions/"+prepared.Hash+"?wait=20", nil); out.State != statePrepared || time.Since(start) > time.Second {
			t.Errorf("after %s: %+v", time.Since(start), out)
		}
	})
}

// kept is Transactions that knows one.
type kept struct{ p PreparedOut }

func (kept) Put(context.Context, Transaction) error { return nil }

func (k kept) Get(_ context.Context, hash string) (Transaction, bool, error) {
	return Transaction{Hash: hash, Source: k.p.Source, ValidUntil: uint64(k.p.ValidUntil)}, hash == k.p.Hash, nil
}
