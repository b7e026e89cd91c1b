package app

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/Abdullahi130/StellarEscrow/internal/secret"
)

// rotation watches the files of secrets: how old each is, and whether it could be taken over as it is now (docs/guide.md S6). While one
// cannot, the value before it is used, and somebody has to be told.
type rotation struct {
	files []watched
	now   func() time.Time
}

// watched is a file of a secret; *secret.File is one.
type watched interface {
	Name() string
	Since() time.Time
	Problem() error
}

// watch is these files as rotation has them.
func watch(files ...*secret.File) []watched {
	all := make([]watched, len(files))
	for i, f := range files {
		all[i] = f
	}
	return all
}

var (
	secretAge     = prometheus.NewDesc("stellar_escrow_secret_age_seconds", "Since the file of a secret was written.", []string{"variable"}, nil)
	secretProblem = prometheus.NewDesc("stellar_escrow_secret_unfit", "1 while the file of a secret is gone or not fit to be one, and the value before it is used.", []string{"variable"}, nil)
)

// Describe implements prometheus.Collector.
func (r rotation) Describe(to chan<- *prometheus.Desc) { to <- secretAge; to <- secretProblem }

// Collect implements prometheus.Collector.
func (r rotation) Collect(to chan<- prometheus.Metric) {
	for _, f := range r.files {
		unfit := 0.0
		if f.Problem() != nil {
			unfit = 1
		}
		to <- prometheus.MustNewConstMetric(secretAge, prometheus.GaugeValue, r.now().Sub(f.Since()).Seconds(), f.Name())
		to <- prometheus.MustNewConstMetric(secretProblem, prometheus.GaugeValue, unfit, f.Name())
	}
}

const watchEvery = 30 * time.Second

// watch logs each problem when it appears, and when it is gone. It returns when ctx ends.
func (r rotation) watch(ctx context.Context, log *slog.Logger) {
	was := map[string]string{}
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for {
		for _, f := range r.files {
			is := ""
			if err := f.Problem(); err != nil {
				is = err.Error()
			}
			switch name := f.Name(); {
			case is == was[name]:
			case is == "":
				log.Info("a secret's file is good again", "variable", name)
			default:
				log.Error("a secret's file cannot be taken over; the value before it is used", "variable", name, "err", is)
			}
			was[f.Name()] = is
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
