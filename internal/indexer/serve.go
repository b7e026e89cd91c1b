package indexer

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/Abdullahi130/StellarEscrow/internal/relay"
)

// Readiness is what /readyz answers.
type Readiness struct {
	// Ready tells whether the indexer can do its work for others: it knows the network, and hands on what the api asks of it. It is so while
	// ledgers are still being read, and in a gap: whoever must not read old trades looks at State and Lag.
	Ready     bool             `json:"ready"`
	State     State            `json:"state"`
	Ledger    uint32           `json:"ledger"`        // the newest one all of whose events are projected
	LedgerAt  uint64           `json:"ledger_at"`     // its close time, unix seconds
	Latest    uint32           `json:"latest_ledger"` // of the network
	Lag       uint32           `json:"lag_ledgers"`
	Unread    int              `json:"unread_events"` // that had no effect
	Contracts []ContractStatus `json:"contracts"`
	Problem   string           `json:"problem,omitempty"`
}

// Readiness is how ready the indexer is.
func (s Status) Readiness() Readiness {
	return Readiness{
		Ready: slices.Contains([]State{Following, CatchingUp, InGap, Standby}, s.State), State: s.State, Ledger: s.Ledger, LedgerAt: s.LedgerAt, Latest: s.Latest,
		Lag: s.Lag(), Unread: s.Unread, Contracts: s.Contracts, Problem: s.Err,
	}
}

// Handler is what the indexer serves: the relay to whoever knows its secret, and to everybody in the cluster
//
//	/healthz  200 while the process answers at all
//	/readyz   200 if ready, 503 if not, with the answer, a Readiness or more, as JSON in both cases
//	/metrics  for Prometheus
func Handler(ready func() (answer any, ok bool), relayed http.Handler, metrics prometheus.Gatherer) http.Handler {
	mux := http.NewServeMux()
	mux.Handle(relay.Path, relayed)
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte("alive\n")) // the caller may be gone
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		answer, ok := ready()
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		if !ok {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		_ = enc.Encode(answer)
	})
	return mux
}
