package api

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestWaitingForALedger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newModelNet()
		c := newClient(t, n)
		start := time.Now()
		took := func() time.Duration { return time.Since(start).Round(100 * time.Millisecond) }

		w := c.call(http.MethodGet, "/v1/trades?min_ledger=105", nil)
		if w.Code != http.StatusGatewayTimeout || took() != defaultWait || !strings.Contains(w.Body.String(), "everything up to 100 has been read") || !strings.Contains(w.Body.String(), `"sequence":100`) {
			t.Errorf("after %s: %d %s", took(), w.Code, w.Body)
		}
		start = time.Now()
		c.problem(http.StatusGatewayTimeout, http.MethodGet, "/v1/trades?min_ledger=105", nil, "Prefer", "wait=0")
		if took() != 0 {
			t.Errorf("wait=0 took %s", took())
		}
		start = time.Now()
		go func() {
			time.Sleep(9 * time.Second)
			n.advance(30)
		}()
		if got := want[TradesOut](c, http.StatusOK, http.MethodGet, "/v1/trades?min_ledger=105", nil, "Prefer", "wait=20"); took().Round(time.Second) != 9*time.Second || got.Ledger.Sequence < 105 {
			t.Errorf("after %s: %+v", took(), got.Ledger)
		}
		start = time.Now()
		c.problem(http.StatusGatewayTimeout, http.MethodGet, "/v1/platform?min_ledger=4000000000", nil, "Prefer", "wait=86400")
		if took() != maxWait {
			t.Errorf("a day's wait took %s", took())
		}
	})
}

func TestWaitingForATransaction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newModelNet()
		c := newClient(t, n)
		p := c.prepared(c.funded())
		n.lag = 1
		go func() {
			time.Sleep(4 * time.Second)
			n.mu.Lock()
			n.lag = 0
			n.mu.Unlock()
		}()
		start := time.Now()
		if out := want[TransactionOut](c, http.StatusOK, http.MethodPost, "/v1/transactions?wait=10", signedBy(p, key("buyer"))); out.State != stateProjected || time.Since(start).Round(time.Second) != 4*time.Second {
			t.Errorf("after %s: %+v", time.Since(start), out)
		}
		// Nothing will happen to it: the state at the end is told.
		q := c.prepared(newest(c))
		start = time.Now()
		if out := want[TransactionOut](c, http.StatusOK, http.MethodGet, "/v1/transactions/"+q.Hash+"?wait=3", nil); out.State != statePrepared || time.Since(start).Round(time.Second) != 3*time.Second {
			t.Errorf("after %s: %+v", time.Since(start), out)
		}
	})
}

// newest is the id of the newest trade.
func newest(c *client) string {
	return want[TradesOut](c, http.StatusOK, http.MethodGet, "/v1/trades", nil).Trades[0].ID
}
