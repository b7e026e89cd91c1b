package keeper

import (
	"context"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/indexer/payer"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// extend pays for one extension. What it costs is rent, and bounded by what extending may cost in a day; restoring what every call needs comes
// before settling, so it may use all of the day's limit.
func (k *Keeper) extend(ctx context.Context, by Signer, e extension) (relay.Transaction, error) {
	limit := k.c.limitOf(Extending)
	if e.restores {
		limit = k.c.Limit
	}
	return k.c.Payer.Pay(ctx, payer.Payment{
		Source: by, Purpose: store.PurposeKeeper, Action: "extend_ttl",
		Operation: func(in stellar.Envelope) (stellar.Transaction, error) {
			return stellar.ExtendTTL(in, e.keys, e.ledgers)
		},
		Limits: store.Limits{Stroops: limit}, Ceiling: limit,
	})
}

// halves are what is tried when an extension cannot be made whole: one entry of it may be the reason, or all together be too dear. Nil for one
// entry alone: that one is left until the next sweep.
func (e extension) halves() []extension {
	if len(e.keys) < 2 {
		return nil
	}
	half := len(e.keys) / 2
	return []extension{{e.kind, e.keys[:half], e.ledgers, e.restores}, {e.kind, e.keys[half:], e.ledgers, e.restores}}
}

// sweep starts a sweep when it is time for one and nothing is left to extend of the last.
func (s *shift) sweep(_ context.Context, now time.Time) {
	if s.sweeping || len(s.extensions) > 0 || now.Before(s.nextSweep) {
		return
	}
	s.sweeping = true
	go func() {
		f, err := s.k.sweep(s.jobs)
		s.sweeps <- swept{f, err}
	}()
}

// swept takes in what a sweep has found.
func (s *shift) swept(w swept) {
	now := s.k.c.Now()
	s.sweeping = false
	if w.err != nil {
		s.nextSweep = now.Add(min(s.k.c.SweepEvery, sweepAgain))
		s.k.metrics.failed(reasonOf(w.err, ""), 0)
		s.k.c.Log.Warn("the lives of entries could not be looked at, it is tried again", "err", w.err, "wait", sweepAgain)
		s.k.show(func(st *Status) { st.SweepErr = w.err.Error() })
		return
	}
	s.extensions, s.lastSweep, s.nextSweep = w.extensions, now, now.Add(s.k.c.SweepEvery)
	if w.more {
		s.nextSweep = now.Add(min(s.k.c.SweepEvery, sweepAgain)) // and these are extended
	}
	s.k.show(func(st *Status) {
		st.Swept, st.SweepErr, st.Soonest, st.Archived, st.Looked, st.Extensions = now, "", w.soonest, w.archived, w.entries, len(w.extensions)
	})
	s.k.c.Log.Debug("looked at the lives of entries", "ledger", w.ledger, "entries", w.entries)
	if w.archived > 0 {
		s.k.c.Log.Warn("entries that are needed are archived: the next call restores them", "ledger", w.ledger, "entries", w.archived)
	}
}

// sweepAgain is when a sweep that failed, or found more than it asks for at once, is made again.
const sweepAgain = time.Minute

// extend gives the keys that are free what is to be extended. What is due was first.
func (s *shift) extend(now time.Time) {
	if s.stopped(Extending, now) {
		if len(s.extensions) > 0 { // the sweep at the end of the pause finds them again, and one before is for what it shows
			s.extensions, s.nextSweep = nil, s.lastSweep.Add(s.k.c.SweepEvery)
		}
		return
	}
	for _, key := range s.free(now) {
		if len(s.extensions) == 0 {
			return
		}
		e := s.extensions[0]
		s.extensions = s.extensions[1:]
		s.extending++
		s.start(key, result{extend: &e}, func(ctx context.Context, by Signer) (relay.Transaction, error) { return s.k.extend(ctx, by, e) })
	}
}

// restoring tells whether what a sweep has found, or may find, is not done yet.
func (s *shift) restoring() bool { return s.sweeping || len(s.extensions) > 0 || s.extending > 0 }

// extended takes in what became of an extension.
func (s *shift) extended(r result, why Reason) {
	e := *r.extend
	log := s.k.c.Log.With("kind", string(e.kind), "entries", len(e.keys))
	switch {
	case r.err == nil:
		s.k.metrics.extended.Add(float64(len(e.keys)))
		log.Info("lives were extended", "tx", r.out.Hash, "ledger", r.out.Ledger.Sequence, "stroops", r.out.FeeCharged)
	case why.ofTrade():
		halves := e.halves()
		s.extensions = append(halves, s.extensions...)
		if halves == nil {
			log.Warn("a life could not be extended, the next sweep tries again", "err", r.err, "stroops", r.out.FeeCharged)
		}
	case why == ReasonLimit && len(e.keys) > 1:
		s.extensions = append(e.halves(), s.extensions...) // less may do
	case why == ReasonLimit:
	default: // a sweep finds what is left, sooner than the next would come
		if again := s.k.c.Now().Add(sweepAgain); again.Before(s.nextSweep) {
			s.nextSweep = again
		}
	}
}
