package indexer

import (
	"fmt"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// What the metrics say is what is stored: counted here by hand, in a whole chain and in a gap.
func TestMetricsSayWhatIsStored(t *testing.T) {
	c := newChain(11, 2).play(80)
	c.perPage, c.window = 7, 10
	s := newSite(t, c, tempPath(t), func(config *Config) { config.Contracts[1].Start = 30 })
	defer s.close()
	s.mustCatchUp()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(&Replica{now: s.x, metrics: s.x.metrics})
	values := gather(t, registry)
	kinds := map[string]int{}
	all := s.everything()
	for _, e := range all.Events {
		if e.Unread != "" {
			e.Kind = "unread"
		}
		kinds[e.Kind]++
	}
	if kinds["unread"] == 0 || kinds["opened"] == 0 || kinds["ended"] == 0 || kinds["disputed"] == 0 {
		t.Fatalf("the chain has not all there can be: %v", kinds)
	}
	tip := float64(c.ledgers[len(c.ledgers)-1].Sequence)
	want := map[string]float64{
		"trades_created_total": float64(kinds["opened"]), "trades_completed_total": float64(kinds["ended"]), "trades_disputed_total": float64(kinds["disputed"]),
		"events_unread": float64(kinds["unread"]), "indexer_failures_total": 0, "indexer_ledger": tip, "network_ledger": tip, "indexer_lag_ledgers": 0,
		"indexer_lag_seconds": 0, `indexer_state{state="following"}`: 1, `indexer_state{state="gap"}`: 0,
		fmt.Sprintf(`contract_gap_ledgers{contract="%s"}`, c.contracts[0].address): 0, fmt.Sprintf(`contract_ledger{contract="%s"}`, c.contracts[1].address): tip,
	}
	for kind, n := range kinds {
		want[fmt.Sprintf(`events_processed_total{kind="%s"}`, kind)] = float64(n)
	}
	for name, value := range want {
		if got, ok := values[name]; !ok || got != value {
			t.Errorf("%s is %v (there: %v), want %v", name, got, ok, value)
		}
	}
	for _, stage := range []string{stageFetch, stageDecode, stageBuild, stageStore} {
		if n := values[fmt.Sprintf(`indexer_stage_seconds{stage="%s"}`, stage)]; n == 0 {
			t.Errorf("nothing was measured of stage %s", stage)
		}
	}

	// The node forgets what comes next.
	c.play(40)
	c.oldest = uint32(tip) + 11
	_ = s.catchUp(t.Context())
	values = gather(t, registry)
	for name, value := range map[string]float64{
		`indexer_state{state="gap"}`: 1, `indexer_state{state="following"}`: 0, "network_oldest_ledger": tip + 11,
		fmt.Sprintf(`contract_gap_ledgers{contract="%s"}`, c.contracts[0].address): 10,
	} {
		if got := values[name]; got != value {
			t.Errorf("in a gap: %s is %v, want %v", name, got, value)
		}
	}
	if problems, err := testutil.GatherAndLint(registry); err != nil || len(problems) > 0 {
		t.Errorf("%v %v", problems, err)
	}
}

// gather is each metric's value by its name without the prefix and its labels; of a histogram, how much it has seen.
func gather(t *testing.T, g prometheus.Gatherer) map[string]float64 {
	t.Helper()
	families, err := g.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]float64{}
	for _, f := range families {
		name, ours := strings.CutPrefix(f.GetName(), prefix)
		if !ours || f.GetHelp() == "" {
			t.Errorf("%s: not named as ours, or not explained", f.GetName())
		}
		for _, m := range f.GetMetric() {
			full := name
			for _, l := range m.GetLabel() {
				full += fmt.Sprintf(`{%s="%s"}`, l.GetName(), l.GetValue())
			}
			switch {
			case m.GetCounter() != nil:
				out[full] = m.GetCounter().GetValue()
			case m.GetGauge() != nil:
				out[full] = m.GetGauge().GetValue()
			case m.GetHistogram() != nil:
				out[full] = float64(m.GetHistogram().GetSampleCount())
			}
		}
	}
	return out
}
