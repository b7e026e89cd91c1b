package indexer

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// prefix is before the name of every metric of the platform.
const prefix = "stellar_escrow_"

// The stages that an event passes, as the stage label of indexer_stage_seconds calls them.
const (
	stageFetch  = "fetch"  // ask the source for a page
	stageDecode = "decode" // read the page's events
	stageBuild  = "build"  // work out what they change
	stageStore  = "store"  // write it, as one transaction
)

// metrics counts what happens while following; what is the case, Status knows.
type metrics struct {
	stages    *prometheus.HistogramVec
	events    *prometheus.CounterVec
	created   prometheus.Counter
	completed prometheus.Counter
	disputed  prometheus.Counter
	failures  prometheus.Counter
}

func newMetrics() *metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: prefix + name, Help: help})
	}
	return &metrics{
		stages: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: prefix + "indexer_stage_seconds", Help: "How long each stage took for a page of events.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 16), // half a millisecond to 16 s
		}, []string{"stage"}),
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: prefix + "events_processed_total", Help: "Events of the followed contracts that were stored, by their kind; unread ones had no effect.",
		}, []string{"kind"}),
		created:   counter("trades_created_total", "Trades that were opened."),
		completed: counter("trades_completed_total", "Trades that have ended after they were funded."),
		disputed:  counter("trades_disputed_total", "Disputes that were raised."),
		failures:  counter("indexer_failures_total", "Attempts that ended with an error of the source or the store."),
	}
}

// stored counts what a batch holds. The kind of an event that had an effect is one of the contract's, so labels are few.
func (m *metrics) stored(b store.Batch) {
	for _, e := range b.Events {
		if e.Unread != "" {
			m.events.WithLabelValues("unread").Inc()
			continue
		}
		m.events.WithLabelValues(e.Kind).Inc()
		switch e.Kind {
		case escrow.Opened{}.EventName():
			m.created.Inc()
		case escrow.Ended{}.EventName():
			m.completed.Inc()
		case escrow.Disputed{}.EventName():
			m.disputed.Inc()
		}
	}
}

// took notes how long a stage took, from since to now.
func (m *metrics) took(stage string, since, now time.Time) {
	m.stages.WithLabelValues(stage).Observe(now.Sub(since).Seconds())
}

func (m *metrics) all() []prometheus.Collector {
	return []prometheus.Collector{m.stages, m.events, m.created, m.completed, m.disputed, m.failures}
}

// What Status says, as metrics.
var (
	descState    = desc("indexer_state", "1 for the state that the indexer is in.", "state")
	descLedger   = desc("indexer_ledger", "The newest ledger all of whose events are projected, for every contract.")
	descLatest   = desc("network_ledger", "The newest ledger that the source has spoken of.")
	descOldest   = desc("network_oldest_ledger", "The oldest ledger that the source still has.")
	descBehind   = desc("indexer_lag_ledgers", "Ledgers that are there and not projected.")
	descSeconds  = desc("indexer_lag_seconds", "Between the close times of the newest ledger and of the newest projected one.")
	descUnread   = desc("events_unread", "Stored events that had no effect; a rebuild by a newer program may read them.")
	descProgress = desc("indexer_progress_timestamp_seconds", "When a position last moved, unix time.")
	descContract = desc("contract_ledger", "The newest ledger all of whose events of this contract are projected.", "contract")
	descGap      = desc("contract_gap_ledgers", "Ledgers of this contract that cannot be had; 0 without a gap.", "contract")
)

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(prefix+name, help, labels, nil)
}

func describe(m *metrics, to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descState, descLedger, descLatest, descOldest, descBehind, descSeconds, descUnread, descProgress, descContract, descGap} {
		to <- d
	}
	for _, c := range m.all() {
		c.Describe(to)
	}
}

// collect tells a status, and what has been counted.
func collect(s Status, m *metrics, to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	for _, state := range States {
		on := 0.0
		if s.State == state {
			on = 1
		}
		gauge(descState, on, string(state))
	}
	gauge(descLedger, float64(s.Ledger))
	gauge(descLatest, float64(s.Latest))
	gauge(descOldest, float64(s.Oldest))
	gauge(descBehind, float64(s.Lag()))
	gauge(descSeconds, float64(s.LatestAt-min(s.LedgerAt, s.LatestAt)))
	gauge(descUnread, float64(s.Unread))
	if !s.Progress.IsZero() {
		gauge(descProgress, float64(s.Progress.Unix()))
	}
	for _, c := range s.Contracts {
		gauge(descContract, float64(c.Ledger), c.ID)
		gap := 0.0
		if c.GapOldest != 0 {
			gap = float64(c.GapOldest - min(c.Ledger+1, c.GapOldest))
		}
		gauge(descGap, gap, c.ID)
	}
	for _, c := range m.all() {
		c.Collect(to)
	}
}
