package pool_test

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source/sourcetest"
)

func TestMetrics(t *testing.T) {
	inWorld(t, 2, false, func(t *testing.T, w *world) {
		w.run()
		w.follow()
		w.nodes[0].fault.Store(&sourcetest.Fault{Status: 500})
		w.live(2)
		registry := prometheus.NewPedanticRegistry()
		registry.MustRegister(w.pool)
		err := testutil.GatherAndCompare(registry, strings.NewReader(`
			# HELP stellar_escrow_source_latest_ledger The newest ledger that was reported; it does not move back, but where one was reported that there is not.
			# TYPE stellar_escrow_source_latest_ledger gauge
			stellar_escrow_source_latest_ledger 31
			# HELP stellar_escrow_source_node_in_use 1 for the node that answered last.
			# TYPE stellar_escrow_source_node_in_use gauge
			stellar_escrow_source_node_in_use{node="a"} 0
			stellar_escrow_source_node_in_use{node="b"} 1
			# HELP stellar_escrow_source_node_latest_ledger The newest ledger that a node has spoken of.
			# TYPE stellar_escrow_source_node_latest_ledger gauge
			stellar_escrow_source_node_latest_ledger{node="a"} 29
			stellar_escrow_source_node_latest_ledger{node="b"} 31
			# HELP stellar_escrow_source_node_state 1 for the state that a node is in, 0 for the others.
			# TYPE stellar_escrow_source_node_state gauge
			stellar_escrow_source_node_state{node="a",state="failing"} 1
			stellar_escrow_source_node_state{node="a",state="foreign"} 0
			stellar_escrow_source_node_state{node="a",state="forked"} 0
			stellar_escrow_source_node_state{node="a",state="lagging"} 0
			stellar_escrow_source_node_state{node="a",state="ready"} 0
			stellar_escrow_source_node_state{node="a",state="slow"} 0
			stellar_escrow_source_node_state{node="a",state="stalled"} 0
			stellar_escrow_source_node_state{node="a",state="unknown"} 0
			stellar_escrow_source_node_state{node="b",state="failing"} 0
			stellar_escrow_source_node_state{node="b",state="foreign"} 0
			stellar_escrow_source_node_state{node="b",state="forked"} 0
			stellar_escrow_source_node_state{node="b",state="lagging"} 0
			stellar_escrow_source_node_state{node="b",state="ready"} 1
			stellar_escrow_source_node_state{node="b",state="slow"} 0
			stellar_escrow_source_node_state{node="b",state="stalled"} 0
			stellar_escrow_source_node_state{node="b",state="unknown"} 0
			# HELP stellar_escrow_source_switches_total How often another node was taken.
			# TYPE stellar_escrow_source_switches_total counter
			stellar_escrow_source_switches_total 1
		`), "stellar_escrow_source_latest_ledger", "stellar_escrow_source_node_in_use", "stellar_escrow_source_node_latest_ledger",
			"stellar_escrow_source_node_state", "stellar_escrow_source_switches_total")
		if err != nil {
			t.Error(err)
		}
		if n := testutil.CollectAndCount(w.pool, "stellar_escrow_source_node_latency_seconds"); n != 2 {
			t.Errorf("%d latencies", n)
		}
	})
}
