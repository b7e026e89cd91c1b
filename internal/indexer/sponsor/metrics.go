package sponsor

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// The reasons for which a request is not paid for, as labels.
const (
	reasonInvalid  = "invalid"  // not what it should be: not signed, another authorisation than the expected one …
	reasonFunction = "function" // not a trader's function of a followed contract
	reasonAsset    = "asset"    // not a listed asset
	reasonOwn      = "own"      // an account of the platform's takes part
	reasonKey      = "key"      // a key of ours does not sign it
	reasonDear     = "dear"     // above the ceiling of a transaction
	reasonSpent    = "spent"    // above a limit of the day
	reasonBusy     = "busy"     // no channel account is free
	reasonFails    = "fails"    // the call would fail
	reasonRejected = "rejected" // no node takes it
	reasonOther    = "other"    // the network or the store cannot be asked
)

var reasons = []string{reasonInvalid, reasonFunction, reasonAsset, reasonOwn, reasonKey, reasonDear, reasonSpent, reasonBusy, reasonFails, reasonRejected, reasonOther}

const prefix = "stellar_escrow_sponsor_"

func newRefusals() *prometheus.CounterVec {
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: prefix + "refusals_total", Help: "Requests that were not paid for, by the reason."}, []string{"reason"})
	for _, r := range reasons {
		v.WithLabelValues(r)
	}
	return v
}

func newPaid() prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Name: prefix + "sent_total", Help: "Requests that were submitted, to be paid for by the fee account."})
}

var (
	descSpent    = desc("spent_stroops", "What the day (UTC) has cost so far, what is on its way at its most among it; of all processes.")
	descLimit    = desc("limit_stroops", "What a day may cost.")
	descDay      = desc("transactions", "Transactions of the day (UTC), of all processes.")
	descChannels = desc("channels", "Channel accounts, by whether this process uses them; others may use free ones.", "state")
)

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(prefix+name, help, labels, nil)
}

// collectWait bounds what is asked of the store for the metrics.
const collectWait = 2 * time.Second

// Describe implements prometheus.Collector.
func (s *Sponsor) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descSpent, descLimit, descDay, descChannels} {
		to <- d
	}
	s.refusals.Describe(to)
	s.paid.Describe(to)
}

// Collect implements prometheus.Collector. What the store does not tell in time is left out.
func (s *Sponsor) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	ctx, cancel := context.WithTimeout(context.Background(), collectWait)
	defer cancel()
	if spent, err := s.c.Store.Spent(ctx, store.PurposeSponsor, store.DayOf(s.c.Now().Unix()), ""); err == nil {
		gauge(descSpent, float64(spent.Stroops))
		gauge(descDay, float64(spent.Transactions))
	} else {
		s.c.Log.Warn("what the day has cost cannot be read", "err", err)
	}
	gauge(descLimit, float64(s.c.Limits.Day))
	total, leased := s.channels.count()
	gauge(descChannels, float64(leased), "leased")
	gauge(descChannels, float64(total-leased), "free")
	s.refusals.Collect(to)
	s.paid.Collect(to)
}
