package keeper

import "github.com/prometheus/client_golang/prometheus"

// prefix is before the name of every metric of the platform.
const prefix = "stellar_escrow_"

// metrics counts what happens; what is the case, Status knows.
type metrics struct {
	settled  prometheus.Counter
	extended prometheus.Counter
	failures *prometheus.CounterVec
	wasted   prometheus.Counter
}

func newMetrics() *metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: prefix + name, Help: help})
	}
	m := &metrics{
		settled:  counter("keeper_settled_total", "Transactions of the keeper that settled what was due in a trade."),
		extended: counter("keeper_extended_entries_total", "Ledger entries whose lives the keeper has extended."),
		wasted:   counter("keeper_failed_stroops_total", "What transactions of the keeper that failed in a ledger have cost, in stroops."),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: prefix + "keeper_failures_total", Help: "What the keeper could not do, by the reason.",
		}, []string{"reason"}),
	}
	for _, r := range reasons {
		m.failures.WithLabelValues(string(r))
	}
	return m
}

func (m *metrics) failed(why Reason, stroops int64) {
	m.failures.WithLabelValues(string(why)).Inc()
	m.wasted.Add(float64(max(stroops, 0)))
}

func (m *metrics) all() []prometheus.Collector {
	return []prometheus.Collector{m.settled, m.extended, m.failures, m.wasted}
}

// What Status says, as metrics.
var (
	descDue     = desc("keeper_due_trades", "Trades that are due and not settled.")
	descOldest  = desc("keeper_oldest_due_seconds", "For how long the first of them has been due, by the ledgers' clock; 0 if nothing is due.")
	descPutOff  = desc("keeper_put_off_trades", "Trades that could not be settled and are tried again later.")
	descSpent   = desc("keeper_spent_stroops", "What the keeper has spent today (UTC), what is reserved among it.")
	descLimit   = desc("keeper_limit_stroops", "What it may spend in a day.")
	descBalance = desc("keeper_balance_stroops", "XLM of an account that the keeper pays from.", "account")
	descPaused  = desc("keeper_paused", "1 while the day's limit keeps it from this work.", "work")
	descSoonest = desc("soonest_lapse_ledgers", "In how many ledgers the first entry of this kind ends that is needed for longer, as of the last sweep.", "kind")
	descArchive = desc("keeper_archived_entries", "Entries that are needed and archived, as of the last sweep.")
	descSwept   = desc("keeper_swept_timestamp_seconds", "When the lives of entries were last looked at, unix time.")
	descActs    = desc("keeper_acts", "1 in the process whose keeper acts, 0 in one that waits for its turn.")
)

var descs = []*prometheus.Desc{descDue, descOldest, descPutOff, descSpent, descLimit, descBalance, descPaused, descSoonest, descArchive, descSwept, descActs}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(prefix+name, help, labels, nil)
}

// Describe implements prometheus.Collector.
func (k *Keeper) Describe(to chan<- *prometheus.Desc) {
	for _, d := range descs {
		to <- d
	}
	for _, c := range k.metrics.all() {
		c.Describe(to)
	}
}

// Collect implements prometheus.Collector: what Status says, and what was counted since the process started. One that waits for its turn tells
// only that, and its limit: the one that acts knows the rest.
func (k *Keeper) Collect(to chan<- prometheus.Metric) {
	s := k.Status()
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	for _, c := range k.metrics.all() {
		c.Collect(to)
	}
	gauge(descLimit, float64(s.Limit))
	gauge(descActs, flag(s.State == Keeping))
	if s.State != Keeping {
		return
	}
	gauge(descDue, float64(s.Due))
	gauge(descOldest, float64(s.OldestDue))
	gauge(descPutOff, float64(s.PutOffAll))
	gauge(descSpent, float64(s.Spent))
	gauge(descArchive, float64(s.Archived))
	for account, stroops := range s.Balances {
		gauge(descBalance, float64(stroops), account)
	}
	for _, w := range []Work{Settling, Extending} {
		_, paused := s.Paused[w]
		gauge(descPaused, flag(paused), string(w))
	}
	for kind, ledgers := range s.Soonest {
		gauge(descSoonest, float64(ledgers), string(kind))
	}
	if !s.Swept.IsZero() {
		gauge(descSwept, float64(s.Swept.Unix()))
	}
}

func flag(on bool) float64 {
	if on {
		return 1
	}
	return 0
}
