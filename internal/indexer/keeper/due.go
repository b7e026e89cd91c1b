package keeper

import (
	"context"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

const (
	duePage = store.MaxPage
	// maxDuePages bounds how far the list of what is due is read. Trades behind it wait until earlier ones are settled.
	maxDuePages = 200
	// dearTries is after how many tries in vain a trade is settled without payouts at any price that the day's limit leaves room for.
	dearTries = 3
	// sweepDear is how long ago the last sweep must be for another to be made because a trade is dear.
	sweepDear = 10 * time.Minute
)

// settle gives the keys that are free what is due, the earliest first.
func (s *shift) settle(ctx context.Context, now time.Time) error {
	free := s.free(now)
	if s.stopped(Settling, now) {
		free = nil // what is due is counted all the same
	}
	count := now.Sub(s.counted) >= countEvery || now.Before(s.counted)
	if len(free) == 0 && !count {
		return nil
	}
	elsewhere, err := s.elsewhere(ctx, now)
	if err != nil {
		return err
	}
	picked, err := s.pick(ctx, now, len(free), count, elsewhere)
	if err != nil || len(picked) == 0 {
		return err
	}
	ids := make([]escrow.ID, len(picked))
	for i, d := range picked {
		ids[i] = d.Trade
	}
	trades, err := s.k.c.Store.TradesByID(ctx, ids)
	if err != nil {
		return err
	}
	byID := map[escrow.ID]*store.Trade{}
	for i := range trades {
		byID[trades[i].ID] = &trades[i]
	}
	for i, d := range picked {
		trade := byID[d.Trade]
		if trade == nil {
			continue // the projection is being made anew
		}
		if !s.turn.lasts() {
			return nil
		}
		known := s.trades.begin(d)
		job := &settlement{
			trade: trade, at: s.latest.CloseTime, noPush: known.noPush, costly: known.tries >= dearTries,
			patient: known.tries == 0 || known.tries < dearTries && s.restoring(),
		}
		s.start(free[i], result{settle: job}, func(ctx context.Context, by Signer) (relay.Transaction, error) { return s.k.settle(ctx, by, job) })
	}
	return nil
}

// pick reads the list of what is due at the newest ledger's close time, and returns the first that are to be settled now, at most so many. With
// count it reads all of the list. Those that are settled elsewhere are left alone.
func (s *shift) pick(ctx context.Context, now time.Time, most int, count bool, elsewhere map[escrow.ID]bool) (picked []store.Due, err error) {
	var after store.Due
	var oldest uint64
	listed, left, whole := map[escrow.ID]bool{}, 0, false
	for range maxDuePages {
		page, err := s.k.c.Store.Due(ctx, s.latest.CloseTime, after, duePage)
		if err != nil {
			return nil, err
		}
		for _, d := range page {
			listed[d.Trade] = true
			if known := s.trades[d.Trade]; known == nil || !known.settled || known.due.At != d.At {
				if left == 0 {
					oldest = d.At
				}
				left++
			}
			if len(picked) < most && !elsewhere[d.Trade] && s.trades.ready(d, now) {
				picked = append(picked, d)
			}
		}
		if whole = len(page) < duePage; whole || !count && len(picked) == most {
			break
		}
		after = page[len(page)-1]
	}
	if whole {
		s.trades.forget(listed)
	}
	if whole || count {
		s.counted = now
		s.k.show(func(st *Status) {
			st.Due, st.OldestDue = left, 0
			if left > 0 {
				st.OldestDue = s.latest.CloseTime - oldest
			}
		})
	}
	return picked, nil
}

// settled takes in what became of a trade.
func (s *shift) settled(r result, why Reason, now time.Time) {
	t := r.settle.trade
	log := s.k.c.Log.With("trade", t.ID.String())
	known := s.trades[t.ID] // it is there as long as it is busy
	switch {
	case r.err == nil:
		known.done(now)
		s.counted = time.Time{}
		s.k.metrics.settled.Inc()
		if r.settle.withheld != nil {
			log = log.With("err", r.settle.withheld)
			log.Warn("a trade was settled without payouts, since none could be made with it: each owner claims", "tx", r.out.Hash, "ledger", r.out.Ledger.Sequence, "stroops", r.out.FeeCharged)
			return
		}
		log.Info("a trade was settled", "tx", r.out.Hash, "ledger", r.out.Ledger.Sequence, "stroops", r.out.FeeCharged)
	case !why.ofTrade():
		known.putOff(now, why, r.err) // what it means is logged where it is dealt with
	default:
		known.noPush = known.noPush || pushFailed(r.err, t.Contract)
		if why == ReasonDear && now.Sub(s.lastSweep) >= sweepDear {
			s.nextSweep = now // it restores what all trades share
		}
		known.putOff(now, why, r.err)
		if why == ReasonNotDue {
			log.Debug("a trade is not due any more", "err", r.err)
			return
		}
		log.Warn("a trade could not be settled and is put off", "err", r.err, "until", known.until, "stroops", r.out.FeeCharged)
	}
}
