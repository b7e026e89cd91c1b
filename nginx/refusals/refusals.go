package refusals

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
)

// The words of nginx/include/refusals.conf.
var (
	reasons = []string{"method", "size", "rate", "connections", "malformed", "timeout"}
	methods = []string{"TRACE", "CONNECT", "OPTIONS", "other", "none", "usual"}
	sizes   = []string{"small", "large"}
)

const (
	tag         = "nginx: " // before what is said in a datagram
	maxDatagram = 1 << 10   // ours have some 60 bytes
	readBuffer  = 1 << 20   // datagrams that wait while a flood is counted
)

// Counter counts. It is safe for concurrent use.
type Counter struct {
	refused, methods *prometheus.CounterVec
	large, unread    prometheus.Counter
}

// NewCounter returns one with every count at zero: an alert sees the first refusal as a change.
func NewCounter() *Counter {
	opts := func(name, help string) prometheus.CounterOpts {
		return prometheus.CounterOpts{Namespace: "stellar_escrow", Subsystem: "edge", Name: name, Help: help}
	}
	c := &Counter{
		refused: prometheus.NewCounterVec(opts("refused_total", "Requests that the front door refused by itself, by the reason."), []string{"reason"}),
		methods: prometheus.NewCounterVec(opts("refused_methods_total", "Of those for their method, which one: OPTIONS outside CORS; other is one that HTTP does not have."), []string{"method"}),
		large:   prometheus.NewCounter(opts("large_bodies_total", "Refused requests whose body has, or says that it has, 10 MB or more.")),
		unread:  prometheus.NewCounter(opts("unread_total", "Datagrams that were not understood: of another configuration of nginx than this program's.")),
	}
	for _, r := range reasons {
		c.refused.WithLabelValues(r)
	}
	for _, m := range methods[:4] {
		c.methods.WithLabelValues(m)
	}
	return c
}

// Describe implements prometheus.Collector.
func (c *Counter) Describe(to chan<- *prometheus.Desc) { prometheus.DescribeByCollect(c, to) }

// Collect implements prometheus.Collector.
func (c *Counter) Collect(to chan<- prometheus.Metric) {
	c.refused.Collect(to)
	c.methods.Collect(to)
	c.large.Collect(to)
	c.unread.Collect(to)
}

// take counts what one datagram says: reason, method, size.
func (c *Counter) take(datagram []byte) {
	_, said, ok := bytes.Cut(datagram, []byte(tag))
	words := bytes.Split(said, []byte(" "))
	if !ok || len(words) != 3 || !slices.Contains(reasons, string(words[0])) || !slices.Contains(methods, string(words[1])) || !slices.Contains(sizes, string(words[2])) {
		c.unread.Inc()
		return
	}
	reason, method := string(words[0]), string(words[1])
	c.refused.WithLabelValues(reason).Inc()
	if reason == "method" {
		if !slices.Contains(methods[:4], method) {
			method = "other"
		}
		c.methods.WithLabelValues(method).Inc()
	}
	if reason == "size" && string(words[2]) == "large" {
		c.large.Inc()
	}
}

// Receive counts the datagrams that come to conn until ctx ends, and closes it. Whoever reaches conn can count anything: it is one of loopback.
func (c *Counter) Receive(ctx context.Context, conn net.PacketConn) error {
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	defer conn.Close()
	if udp, ok := conn.(*net.UDPConn); ok {
		_ = udp.SetReadBuffer(readBuffer) // the system's own bound is enough for all but a flood
	}
	for buffer := make([]byte, maxDatagram); ; {
		n, _, err := conn.ReadFrom(buffer)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("hear what nginx refuses: %w", err)
		case err == nil:
			c.take(buffer[:n])
		}
	}
}
