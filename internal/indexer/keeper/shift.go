package keeper

import (
	"context"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// shift is the state of one Run, all of it owned by its goroutine. Those that it starts own what they are given, and hand back a result.
type shift struct {
	k      *Keeper
	turn   *turn
	pauses pauses

	latest  rpc.Ledger
	trades  attempts
	busy    map[int]bool      // which of the keys are at work
	rests   map[int]time.Time // whose account could not pay, until when it is not used
	results chan result
	jobs    context.Context // of what is under way: it outlives Run's for a while
	cancel  context.CancelFunc

	extensions []extension
	sweeps     chan swept
	sweeping   bool
	extending  int // keys that are at one
	nextSweep  time.Time
	lastSweep  time.Time

	told     chan error // by the one that tells the feed something
	telling  bool
	nextTell time.Time

	counted time.Time // when everything due was last counted
	asked   time.Time // when balances and spending were last asked for
	failing string    // what keeps it from working, as it was logged
	wake    <-chan struct{}
}

// result is what became of a payment.
type result struct {
	key    int
	settle *settlement // one of the two
	extend *extension
	out    relay.Transaction
	err    error
}

type swept struct {
	found
	err error
}

// restFor is how long an account that could not pay is left alone; others do its work.
const restFor = time.Minute

func newShift(k *Keeper, t *turn) *shift {
	s := &shift{
		k: k, turn: t, pauses: pauses{until: map[Work]time.Time{}}, trades: attempts{}, busy: map[int]bool{}, rests: map[int]time.Time{},
		results: make(chan result, len(k.c.Keys)), sweeps: make(chan swept, 1), told: make(chan error, 1), wake: k.c.Wake,
	}
	s.jobs, s.cancel = context.WithCancel(context.Background())
	return s
}

// look does all that can be done at the newest ledger.
func (s *shift) look(ctx context.Context) {
	now := s.k.c.Now()
	err := s.work(ctx, now)
	if ctx.Err() != nil {
		return
	}
	s.failed(err)
	s.k.show(func(st *Status) { s.report(st, now) })
}

func (s *shift) work(ctx context.Context, now time.Time) error {
	mine, err := s.turn.take(ctx)
	if !mine {
		s.trades.forget(nil) // whoever has the turn may try the same
		s.k.show(func(st *Status) { st.State = Waiting })
		return err
	}
	s.k.show(func(st *Status) { st.State = Keeping })
	if err := s.newest(ctx); err != nil || !s.turn.lasts() {
		return err
	}
	if err := s.settle(ctx, now); err != nil {
		return err
	}
	s.sweep(ctx, now)
	s.extend(now)
	s.tell(now)
	return s.account(ctx, now)
}

// newest asks for the newest ledger. One of a node that lags behind another changes nothing.
func (s *shift) newest(ctx context.Context) error {
	kept, err := s.k.c.Node().Range(ctx)
	if err == nil && kept.Latest.Sequence > s.latest.Sequence {
		s.latest = kept.Latest
	}
	return err
}

// wait ends with a new ledger, a result, the poll or the context.
func (s *shift) wait(ctx context.Context) {
	timer := time.NewTimer(s.k.c.Poll)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case _, open := <-s.wake:
		if !open {
			s.wake = nil
		}
	case r := <-s.results:
		s.finish(r)
	case w := <-s.sweeps:
		s.swept(w)
	case err := <-s.told:
		s.wasTold(err)
	}
	for n := len(s.results); n > 0; n-- { // what else is there by now
		s.finish(<-s.results)
	}
}

// end waits for what is under way, for a while, and gives the turn back.
func (s *shift) end(ctx context.Context) {
	timer := time.NewTimer(stopWait)
	defer timer.Stop()
	defer s.cancel()
	for over := false; len(s.busy) > 0 && !over; {
		select {
		case r := <-s.results:
			s.finish(r)
		case <-timer.C:
			over = true
		}
	}
	s.cancel()
	for len(s.busy) > 0 { // each ends with its context
		s.finish(<-s.results)
	}
	if s.sweeping {
		<-s.sweeps
	}
	if s.telling {
		<-s.told
	}
	ctx, cancel := context.WithTimeout(ctx, tellWait)
	defer cancel()
	if err := s.turn.end(ctx); err != nil {
		s.k.c.Log.Warn("the keeper's turn could not be given back: another takes over when its time is over", "err", err)
	}
	s.k.show(func(st *Status) { st.State = Waiting })
}

// free lists keys that have nothing to do and can pay, in their order.
func (s *shift) free(now time.Time) (free []int) {
	for i := range s.k.c.Keys {
		if !s.busy[i] && !now.Before(s.rests[i]) {
			free = append(free, i)
		}
	}
	return free
}

// start has a key do one thing.
func (s *shift) start(key int, r result, do func(context.Context, Signer) (relay.Transaction, error)) {
	s.busy[key] = true
	r.key = key
	ctx, by, results := s.jobs, s.k.c.Keys[key], s.results // there is room for one of each key
	go func() {
		r.out, r.err = do(ctx, by)
		results <- r
	}()
}

// finish takes in what became of a payment.
func (s *shift) finish(r result) {
	delete(s.busy, r.key)
	now := s.k.c.Now()
	s.asked = time.Time{} // what is spent has changed
	contract := ""
	if r.settle != nil {
		contract = r.settle.trade.Contract
	}
	var why Reason
	if r.err != nil {
		why = reasonOf(r.err, contract)
		s.k.metrics.failed(why, r.out.FeeCharged)
		s.trouble(r, why, now)
	} else {
		delete(s.rests, r.key)
	}
	if r.settle != nil {
		s.settled(r, why, now)
	} else {
		s.extending--
		s.extended(r, why)
	}
}

// trouble is what a failure means beyond the thing that failed.
func (s *shift) trouble(r result, why Reason, now time.Time) {
	switch why {
	case ReasonAccount:
		s.rests[r.key] = now.Add(restFor)
		s.k.c.Log.Error("an account of the keeper's cannot pay", "account", s.k.c.Keys[r.key].Account().String(), "err", r.err, "wait", restFor)
	case ReasonLimit:
		if len(s.busy) > 0 {
			return // what others have reserved may come back in part
		}
		if r.extend != nil && len(r.extend.keys) > 1 {
			return // half of it may do
		}
		work := Settling
		if r.extend != nil {
			work = Extending
		}
		s.pauses.reached(work, &s.k.c, now)
		s.k.c.Log.Error("the keeper has reached its limit of the day and stops paying", "work", string(work), "until", s.pauses.until[work], "err", r.err)
	}
}

// stopped tells whether the day's limit has stopped a kind of work.
func (s *shift) stopped(w Work, now time.Time) bool {
	stopped, over := s.pauses.stopped(w, now)
	if over {
		s.k.c.Log.Info("another day: the keeper pays again", "work", string(w))
		if w == Extending {
			s.nextSweep = now
		}
	}
	return stopped
}

// failed logs what keeps the keeper from working, once.
func (s *shift) failed(err error) {
	text := ""
	if err != nil {
		text = err.Error()
		s.k.metrics.failed(reasonOf(err, ""), 0)
		if s.failing == "" {
			s.k.c.Log.Warn("the keeper cannot look at what is due, and tries again", "err", err)
		}
	}
	s.failing = text
	s.k.show(func(st *Status) { st.Err = text })
}
