package indexer

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// Replica is one of several indexers of the same store: it follows while it leads, and stands by otherwise. Either way it serves the relay.
type Replica struct {
	config  Config
	metrics *metrics

	mu     sync.Mutex
	now    *Indexer // nil while it stands by
	stands Status   // while it does
	noLead error    // why it cannot follow though nobody else may
	lostAt time.Time
}

// NewReplica checks the configuration, as New does.
func NewReplica(c Config) (*Replica, error) {
	if _, err := New(c); err != nil {
		return nil, err
	}
	return &Replica{config: c, metrics: newMetrics(), stands: Status{State: Standby}}, nil
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

// NoLead notes that this process could not become the one that follows, or has lost that: until it stands by again for a while it says so.
func (r *Replica) NoLead(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.noLead, r.lostAt = err, r.config.Now()
}

// The bounds of standing by.
const (
	leadAgain  = 5 * time.Second // as long after a failure to lead, another one would have come: all is well again
	standEvery = time.Second
	standWait  = 2 * time.Second // for the store's answer
)

// Stand asks the store now and then while this process stands by, until ctx ends: one that has lost its store must not say that it is ready, and
// its readers of the feed learn of new entries even if nothing else tells.
func (r *Replica) Stand(ctx context.Context) {
	ticker := time.NewTicker(standEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if x, _ := r.current(); x != nil {
			continue
		}
		stands := r.look(ctx)
		r.mu.Lock()
		r.stands = stands
		r.mu.Unlock()
	}
}

// look reads from the store how far the process is that follows.
func (r *Replica) look(ctx context.Context) Status {
	ctx, cancel := context.WithTimeout(ctx, standWait)
	defer cancel()
	head, err := r.config.Store.FeedHead(ctx)
	var stored []store.Contract
	if network, err := r.config.Store.Network(ctx); err == nil && network.Passphrase != r.config.Network.Passphrase() {
		return Status{State: Stopped, Err: otherNetwork(network.Passphrase, r.config.Network.Passphrase()).Error()}
	}
	if err == nil {
		r.config.Bus.Publish(head.Seq)
		stored, err = r.config.Store.Contracts(ctx, "", maxContracts)
	}
	if err != nil {
		return Status{State: Unreachable, Err: err.Error()}
	}
	all := map[string]*followed{}
	for _, c := range r.config.Contracts {
		id := c.Address.String()
		for _, s := range stored {
			if s.ID == id {
				all[id] = &followed{Contract: s}
			}
		}
	}
	var s Status
	s.reckon(all)
	s.State = Standby
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.noLead != nil && r.config.Now().Sub(r.lostAt) < leadAgain {
		s.State, s.Err = Unreachable, r.noLead.Error()
	}
	return s
}

func (r *Replica) current() (*Indexer, Status) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now, r.stands
}

func (r *Replica) set(x *Indexer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now, r.stands = x, Status{State: Standby}
}

// Status is how it is now.
func (r *Replica) Status() Status {
	x, stands := r.current()
	if x != nil {
		return x.Status()
	}
	stands.Contracts = slices.Clone(stands.Contracts)
	return stands
}

// Note is Indexer.Note of the process that follows; in one that stands by the error is ErrStandby.
func (r *Replica) Note(ctx context.Context, n feed.Note) error {
	x, _ := r.current()
	if x == nil {
		return fmt.Errorf("tell of %s: %w", n.Kind, ErrStandby)
	}
	return x.Note(ctx, n)
}

// Describe implements prometheus.Collector.
func (r *Replica) Describe(to chan<- *prometheus.Desc) { describe(r.metrics, to) }

// Collect implements prometheus.Collector: what Status says now, and what has been counted since the process started.
func (r *Replica) Collect(to chan<- prometheus.Metric) { collect(r.Status(), r.metrics, to) }
