package api

import (
	"context"
	"errors"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/relay"
)

// measured is a relay whose calls are counted.
type measured struct {
	relay.Relay
	metrics *Metrics
	now     func() time.Time
}

// outcome is how a call ended, in a word.
func outcome(err error) string {
	for _, kind := range []struct {
		err  error
		word string
	}{
		{relay.ErrInvalid, "invalid"}, {relay.ErrUnavailable, "unavailable"}, {relay.ErrWrongNetwork, "wrong_network"}, {relay.ErrNotOffered, "not_offered"}, {relay.ErrSpent, "spent"},
		{relay.ErrBusy, "busy"}, {context.DeadlineExceeded, "timed_out"}, {context.Canceled, "cancelled"},
	} {
		if errors.Is(err, kind.err) {
			return kind.word
		}
	}
	if err != nil {
		return "error"
	}
	return "ok"
}

// measure makes one call and counts it under its name on the wire.
func measure[T any](m measured, name string, call func() (T, error)) (T, error) {
	began := m.now()
	out, err := call()
	m.metrics.calls.WithLabelValues(name, outcome(err)).Inc()
	m.metrics.callTime.WithLabelValues(name).Observe(m.now().Sub(began).Seconds())
	return out, err
}

// The calls are relay.Relay's; each adds nothing but its count.

func (m measured) Network(ctx context.Context) (relay.Network, error) {
	return measure(m, "network", func() (relay.Network, error) { return m.Relay.Network(ctx) })
}

func (m measured) LatestLedger(ctx context.Context) (relay.Ledger, error) {
	return measure(m, "latest-ledger", func() (relay.Ledger, error) { return m.Relay.LatestLedger(ctx) })
}

func (m measured) Simulate(ctx context.Context, envelope string) (relay.Simulation, error) {
	return measure(m, "simulate", func() (relay.Simulation, error) { return m.Relay.Simulate(ctx, envelope) })
}

func (m measured) Read(ctx context.Context, call string) (relay.Reading, error) {
	return measure(m, "read", func() (relay.Reading, error) { return m.Relay.Read(ctx, call) })
}

func (m measured) Submit(ctx context.Context, envelope string) (relay.Submission, error) {
	return measure(m, "submit", func() (relay.Submission, error) { return m.Relay.Submit(ctx, envelope) })
}

func (m measured) Sponsor(ctx context.Context, r relay.SponsorRequest) (relay.Sponsorship, error) {
	return measure(m, "sponsor", func() (relay.Sponsorship, error) { return m.Relay.Sponsor(ctx, r) })
}

func (m measured) FeeStats(ctx context.Context) (relay.FeeStats, error) {
	return measure(m, "fee-stats", func() (relay.FeeStats, error) { return m.Relay.FeeStats(ctx) })
}

func (m measured) Transaction(ctx context.Context, hash string) (relay.Transaction, error) {
	return measure(m, "transaction", func() (relay.Transaction, error) { return m.Relay.Transaction(ctx, hash) })
}

func (m measured) Account(ctx context.Context, address string) (relay.Account, error) {
	return measure(m, "account", func() (relay.Account, error) { return m.Relay.Account(ctx, address) })
}

func (m measured) Holding(ctx context.Context, asset, holder string) (relay.Holding, error) {
	return measure(m, "holding", func() (relay.Holding, error) { return m.Relay.Holding(ctx, asset, holder) })
}

func (m measured) Asset(ctx context.Context, asset string) (relay.Asset, error) {
	return measure(m, "asset", func() (relay.Asset, error) { return m.Relay.Asset(ctx, asset) })
}
