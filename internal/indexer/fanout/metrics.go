package fanout

import "github.com/prometheus/client_golang/prometheus"

// prefix is before the name of every metric of the platform.
const prefix = "stellar_escrow_"

// metrics counts; whether Redis is of use now, Fanout knows.
type metrics struct {
	up       *prometheus.Desc
	messages prometheus.Counter
	polls    prometheus.Counter
	failures *prometheus.CounterVec
}

func newMetrics() *metrics {
	m := &metrics{
		up:       prometheus.NewDesc(prefix+"fanout_up", "1 while redis tells of new entries of the feed, 0 while the store is polled for them.", nil, nil),
		messages: prometheus.NewCounter(prometheus.CounterOpts{Name: prefix + "fanout_messages_total", Help: "Messages that came through redis, our own included."}),
		polls:    prometheus.NewCounter(prometheus.CounterOpts{Name: prefix + "fanout_polls_total", Help: "Times that the store was asked for new entries without a message."}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: prefix + "fanout_failures_total", Help: "Attempts that failed: to read from redis, to publish there, to ask the store.",
		}, []string{"at"}),
	}
	for _, p := range []part{reading, publishing, looking} {
		m.failures.WithLabelValues(string(p)) // 0 is told as well
	}
	return m
}

func (m *metrics) counters() []prometheus.Collector {
	return []prometheus.Collector{m.messages, m.polls, m.failures}
}

func (m *metrics) describe(to chan<- *prometheus.Desc) {
	to <- m.up
	for _, c := range m.counters() {
		c.Describe(to)
	}
}

func (m *metrics) collect(up bool, to chan<- prometheus.Metric) {
	value := 0.0
	if up {
		value = 1
	}
	to <- prometheus.MustNewConstMetric(m.up, prometheus.GaugeValue, value)
	for _, c := range m.counters() {
		c.Collect(to)
	}
}
