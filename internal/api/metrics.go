package api

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/Abdullahi130/StellarEscrow/internal/keys"
)

// metricPrefix is before the name of every metric of the platform.
const metricPrefix = "stellar_escrow_"

// Metrics counts what is asked and answered, for a port of its own: it is a prometheus.Collector. Labels are few, whatever callers send: a route is one of
// the table or "none", a method one of a list or "other". A nil *Metrics counts nothing.
type Metrics struct {
	requests  *prometheus.CounterVec
	inFlight  prometheus.Gauge
	seconds   *prometheus.HistogramVec
	failures  *prometheus.CounterVec
	elsewhere prometheus.Counter
	keyed     *prometheus.CounterVec
	calls     *prometheus.CounterVec
	callTime  *prometheus.HistogramVec
}

// NewMetrics is a Metrics that has counted nothing.
func NewMetrics() *Metrics {
	counters := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: metricPrefix + name, Help: help}, labels)
	}
	histogram := func(name, help, label string) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: metricPrefix + name, Help: help, Buckets: prometheus.ExponentialBuckets(0.001, 2, 16), // a millisecond to 33 s: a wait that was asked for is a part
		}, []string{label})
	}
	m := &Metrics{
		requests: counters("http_requests_total", "Requests that were answered, by route, method, class of status, and whether the caller showed a key.", "route", "method", "status", "caller"),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{Name: metricPrefix + "http_requests_in_flight", Help: "Requests that are being answered."}),
		seconds:  histogram("http_request_seconds", "How long a request took, with the wait that the caller asked for.", "route"),
		failures: counters("auth_failures_total", "Keys that were shown and refused: form, of what is no key; unknown, of nobody's; address, of somebody's from elsewhere.", "reason"),
		elsewhere: prometheus.NewCounter(prometheus.CounterOpts{
			Name: metricPrefix + "admin_key_unknown_address_total", Help: "Administrators' keys that were shown from an address that they may not be used from.",
		}),
		keyed:    counters("key_requests_total", "Requests with a good key, by its kind and name.", "kind", "key"),
		calls:    counters("relay_calls_total", "Calls to the indexer, by call and how they ended.", "call", "outcome"),
		callTime: histogram("relay_call_seconds", "How long a call to the indexer took.", "call"),
	}
	for _, reason := range []string{refusedForm, refusedUnknown, refusedAddress} {
		m.failures.WithLabelValues(reason) // there from the start: a rate of what begins to exist misses its first
	}
	return m
}

func (m *Metrics) all() []prometheus.Collector {
	return []prometheus.Collector{m.requests, m.inFlight, m.seconds, m.failures, m.elsewhere, m.keyed, m.calls, m.callTime}
}

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(to chan<- *prometheus.Desc) {
	for _, c := range m.all() {
		c.Describe(to)
	}
}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(to chan<- prometheus.Metric) {
	for _, c := range m.all() {
		c.Collect(to)
	}
}

// began counts a request as being answered, until the function that it returns is called.
func (m *Metrics) began() (ended func()) {
	if m == nil {
		return func() {}
	}
	m.inFlight.Inc()
	return m.inFlight.Dec
}

// answered counts a request. pattern is the mux's, such as "GET /v1/trades/{id}", or empty.
func (m *Metrics) answered(pattern, method string, status int, who keys.Kind, took time.Duration) {
	if m == nil {
		return
	}
	if status == 0 { // nothing was written: the server says 200 for us
		status = http.StatusOK
	}
	route := "none"
	if pattern != "" {
		route = pattern[strings.Index(pattern, " ")+1:]
	}
	if !slices.Contains([]string{
		http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions, http.MethodTrace, http.MethodConnect,
	}, method) {
		method = "other"
	}
	m.requests.WithLabelValues(route, method, strconv.Itoa(status/100)+"xx", string(who)).Inc()
	m.seconds.WithLabelValues(route).Observe(took.Seconds())
}

// refused counts a key that is not good; whose is known where it was somebody's.
func (m *Metrics) refused(reason string, whose keys.Caller) {
	if m == nil {
		return
	}
	m.failures.WithLabelValues(reason).Inc()
	if whose.Kind == keys.Admin {
		m.elsewhere.Inc()
	}
}

// known counts a request with a good key. Names are those of the files, so they are few.
func (m *Metrics) known(who keys.Caller) {
	if m != nil {
		m.keyed.WithLabelValues(string(who.Kind), who.Name).Inc()
	}
}
