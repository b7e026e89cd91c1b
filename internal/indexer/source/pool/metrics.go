package pool

import "github.com/prometheus/client_golang/prometheus"

// States are all that a node can be in.
var States = []State{Unknown, Ready, Slow, Lagging, Stalled, Failing, Forked, Foreign}

const prefix = "stellar_escrow_source_"

// What Status says, as metrics. The node label is the host of its URL.
var (
	descState    = describe("node_state", "1 for the state that a node is in, 0 for the others.", "node", "state")
	descCurrent  = describe("node_in_use", "1 for the node that answered last.", "node")
	descTip      = describe("node_latest_ledger", "The newest ledger that a node has spoken of.", "node")
	descLatency  = describe("node_latency_seconds", "How long a node needs to name its newest ledger, smoothed.", "node")
	descNewest   = describe("latest_ledger", "The newest ledger that was reported; it does not move back, but where one was reported that there is not.")
	descSwitches = describe("switches_total", "How often another node was taken.")
)

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(prefix+name, help, labels, nil)
}

// Describe makes the pool a prometheus.Collector.
func (p *Pool) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descState, descCurrent, descTip, descLatency, descNewest, descSwitches} {
		to <- d
	}
}

// Collect makes the pool a prometheus.Collector.
func (p *Pool) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	is := func(b bool) float64 {
		if b {
			return 1
		}
		return 0
	}
	s := p.Status()
	for _, n := range s.Nodes {
		for _, state := range States {
			gauge(descState, is(n.State == state), n.Name, string(state))
		}
		gauge(descCurrent, is(n.Current), n.Name)
		gauge(descTip, float64(n.Tip.Sequence), n.Name)
		gauge(descLatency, n.Latency.Seconds(), n.Name)
	}
	gauge(descNewest, float64(s.Newest.Sequence))
	to <- prometheus.MustNewConstMetric(descSwitches, prometheus.CounterValue, float64(s.Switches))
}
