package indexer

import (
	"context"
	"fmt"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/Abdullahi130/StellarEscrow/internal/feed"
)

// Replica is one of several indexers of the same store: it follows while it leads, and stands by otherwise. Either way it serves the relay.
type Replica struct {
	config  Config
	metrics *metrics

	mu  sync.Mutex
	now *Indexer // nil while it stands by
}

// NewReplica checks the configuration, as New does.
func NewReplica(c Config) (*Replica, error) {
	if _, err := New(c); err != nil {
		return nil, err
	}
	return &Replica{config: c, metrics: newMetrics()}, nil
}

// Follow is one term of leading: it follows until ctx ends, as Indexer.Run does, with which it has its errors in common.
func (r *Replica) Follow(ctx context.Context) error {
	x, err := New(r.config)
	if err != nil {
		return err
	}
	x.metrics = r.metrics
	r.set(x)
	err = x.Run(ctx)
	if err == nil {
		r.set(nil)
		return nil
	}
	if r.config.Log != nil {
		r.config.Log.Error("the indexer has stopped", "err", err)
	}
	return err // it stays, to say so in Status
}

func (r *Replica) set(x *Indexer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = x
}

// Status is how it is now.
func (r *Replica) Status() Status {
	r.mu.Lock()
	x := r.now
	r.mu.Unlock()
	if x == nil {
		return Status{State: Standby}
	}
	return x.Status()
}

// Note is Indexer.Note of the process that follows; in one that stands by the error is ErrStandby.
func (r *Replica) Note(ctx context.Context, n feed.Note) error {
	r.mu.Lock()
	x := r.now
	r.mu.Unlock()
	if x == nil {
		return fmt.Errorf("tell of %s: %w", n.Kind, ErrStandby)
	}
	return x.Note(ctx, n)
}

// Describe implements prometheus.Collector.
func (r *Replica) Describe(to chan<- *prometheus.Desc) { describe(r.metrics, to) }

// Collect implements prometheus.Collector: what Status says now, and what has been counted since the process started.
func (r *Replica) Collect(to chan<- prometheus.Metric) { collect(r.Status(), r.metrics, to) }
