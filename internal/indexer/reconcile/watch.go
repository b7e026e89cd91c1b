package reconcile

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/feed"
)

// Schedule is a comparison that is made again and again. All fields are required.
type Schedule struct {
	Every   time.Duration // between the end of one and the beginning of the next
	Compare func(ctx context.Context) (Report, error)
	Note    func(ctx context.Context, n feed.Note) error // into the feed
	Now     func() time.Time
	Log     *slog.Logger
}

// The bounds of a schedule.
const (
	retryCompare = time.Minute // after a comparison that could not be made, if Every is not shorter
	toldFindings = 20          // as many findings stand in a note and in the log; how many there are is said
)

// Watch makes a scheduled comparison, and shows and tells what it finds. It is a prometheus.Collector.
type Watch struct {
	s Schedule

	mu       sync.Mutex
	last     *Report // of the last one that was made
	at       time.Time
	took     time.Duration
	failures int // comparisons that could not be made
}

// NewWatch makes a watch; Run starts it.
func NewWatch(s Schedule) *Watch { return &Watch{s: s} }

// Run compares until ctx ends: at once, and then as the schedule says. What it finds is told when it is not what was told before; that all is
// well, the first time and after each time that it was not.
func (w *Watch) Run(ctx context.Context) {
	var told *[]Finding
	for ctx.Err() == nil {
		wait := w.s.Every
		report, err := w.compare(ctx)
		if err == nil && (told == nil || !slices.Equal(*told, report.Findings)) {
			if err = w.tell(ctx, report); err == nil {
				told = &report.Findings
			}
		}
		if err != nil && ctx.Err() == nil {
			w.s.Log.Warn("the comparison with the contracts' own entries could not be made", "err", err)
			wait = min(wait, retryCompare)
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
}

func (w *Watch) compare(ctx context.Context) (Report, error) {
	began := w.s.Now()
	report, err := w.s.Compare(ctx)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		if ctx.Err() == nil {
			w.failures++
		}
		return report, err
	}
	w.last, w.at = &report, w.s.Now()
	w.took = w.at.Sub(began)
	return report, nil
}

// tell says in the log and in the feed what was found.
func (w *Watch) tell(ctx context.Context, r Report) error {
	note := feed.Note{Kind: feed.KindVerifyOK}
	data := struct {
		Trades   int      `json:"trades"`
		Ledger   uint32   `json:"at_ledger"`
		Found    int      `json:"differences,omitempty"`
		Findings []string `json:"findings,omitempty"` // the first ones
	}{Trades: r.Trades, Ledger: r.Ledger, Found: len(r.Findings)}
	if data.Found > 0 {
		note.Kind = feed.KindVerifyFailed
		for _, f := range r.Findings[:min(toldFindings, data.Found)] {
			data.Findings = append(data.Findings, f.String())
			w.s.Log.Error("what is stored is not what the contract says", "contract", f.Contract, "trade", f.Trade, "err", f.What)
		}
	}
	text, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("describe the comparison: %w", err)
	}
	note.Data = text
	return w.s.Note(ctx, note)
}

const prefix = "stellar_escrow_"

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(prefix+name, help, labels, nil)
}

var (
	descAt          = desc("verify_timestamp_seconds", "When what is stored was last compared with the contracts' own entries, unix time.")
	descTook        = desc("verify_seconds", "How long that comparison took.")
	descTrades      = desc("verify_trades", "Trades that it compared.")
	descNot         = desc("verify_trades_left_out", "Trades that it could not compare, and why: archived, or changed each time they were read.", "why")
	descDifferences = desc("verify_differences", "What the last comparison found that is not as it should be.")
	descFailures    = desc("verify_failures_total", "Comparisons with the contracts' own entries that could not be made.")
	descOwed        = desc("contract_owed", "What a contract owes in an asset, in the asset's smallest part, as of the last comparison.", "contract", "asset")
	descBalance     = desc("contract_balance", "What a contract has of an asset, in the asset's smallest part; less than contract_owed: its issuer took from it.", "contract", "asset")
)

// Describe implements prometheus.Collector.
func (w *Watch) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descAt, descTook, descTrades, descNot, descDifferences, descFailures, descOwed, descBalance} {
		to <- d
	}
}

// Collect implements prometheus.Collector: what the last comparison has found; of none, nothing but how many failed.
func (w *Watch) Collect(to chan<- prometheus.Metric) {
	w.mu.Lock()
	defer w.mu.Unlock()
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	to <- prometheus.MustNewConstMetric(descFailures, prometheus.CounterValue, float64(w.failures))
	if w.last == nil {
		return
	}
	gauge(descAt, float64(w.at.Unix()))
	gauge(descTook, w.took.Seconds())
	gauge(descTrades, float64(w.last.Trades))
	gauge(descNot, float64(w.last.Archived), "archived")
	gauge(descNot, float64(w.last.Moving), "moving")
	gauge(descDifferences, float64(len(w.last.Findings)))
	for _, a := range w.last.Assets {
		gauge(descOwed, float(a.Owed), a.Contract, a.Asset)
		gauge(descBalance, float(a.Balance), a.Contract, a.Asset)
	}
}

// float is an amount as metrics can tell it: to some 15 digits. Nothing is decided by it.
func float(a amount.Int128) float64 {
	f, _ := strconv.ParseFloat(a.Units(), 64) // of digits it cannot fail
	return f
}
