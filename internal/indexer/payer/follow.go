package payer

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// How long is waited between two questions for an outcome, at first and at most; and how often it is asked whether another transaction has used
// the sequence number.
const (
	pollFirst = 50 * time.Millisecond
	pollMost  = time.Second
	deadEvery = 10 * time.Second
)

// open is a payment whose cost is not known yet. What dispatch writes stands before ready is closed, what Run writes before done is.
type open struct {
	spending store.Spending
	reserved int64
	began    uint64
	notAfter uint64
	source   stellar.Address
	ours     bool // the source is the platform's
	freed    func()

	ready    chan struct{}
	owed     bool   // something is reserved
	hash     string // empty: nothing was sent
	sequence int64
	rejected *RejectedError // no node has taken it

	done chan struct{}
	out  relay.Transaction
	err  error
}

// Sent is a transaction that was submitted.
type Sent struct {
	relay.Submission
	open *open
}

// Outcome waits for what becomes of it; the errors are those of Pay.
func (s *Sent) Outcome(ctx context.Context) (relay.Transaction, error) {
	// Whether no node took it is known before what it has cost.
	select {
	case <-s.open.ready:
		if s.open.rejected != nil {
			return relay.Transaction{Hash: s.open.hash, State: relay.TransactionNotFound}, s.open.rejected
		}
	case <-ctx.Done():
	}
	select {
	case <-s.open.done:
		return s.open.out, s.open.err
	case <-ctx.Done():
		return relay.Transaction{}, fmt.Errorf("transaction %s is on its way: %w", s.Hash, ctx.Err())
	}
}

// Run follows what is paid for until its cost is known, and settles it. It returns when ctx ends and everything that waited for it has been
// told so. It is run once; payments wait for it to begin.
func (p *Payer) Run(ctx context.Context) {
	var following sync.WaitGroup
	defer following.Wait()
	defer close(p.ended)
	for {
		select {
		case <-ctx.Done():
			return
		case o := <-p.begin:
			following.Go(func() {
				p.watch(ctx, o)
				<-p.slots
			})
		}
	}
}

// follow hands a payment to Run. Nothing is sent that nobody will settle.
func (p *Payer) follow(ctx context.Context, o *open) error {
	select {
	case p.slots <- struct{}{}:
	default:
		return fmt.Errorf("%d of them: %w", maxOpen, ErrBusy)
	}
	var err error
	select {
	case p.begin <- o:
		return nil
	case <-p.ended:
		err = ErrStopped
	case <-ctx.Done():
		err = ctx.Err()
	}
	<-p.slots
	return err
}

// watch waits for one payment's outcome and settles what it cost.
func (p *Payer) watch(ctx context.Context, o *open) {
	defer close(o.done)
	<-o.ready // the payment's own context ends that
	switch {
	case o.hash == "":
		if o.owed {
			p.settle(ctx, o, 0)
		}
		return // freed by who did not send it
	case o.rejected != nil:
		o.freed() // another may take its number; what it may cost stays reserved until its time is over
	}
	defer o.freed()
	out, ok := p.outcome(ctx, o)
	if !ok {
		o.err = fmt.Errorf("transaction %s is on its way: %w", o.hash, ErrStopped)
		return
	}
	o.out, o.err = out, failure(out)
	charged := out.FeeCharged
	switch {
	case out.State == relay.TransactionExpired && !o.knows(out):
		charged = o.reserved // a ledger that whoever was asked does not know may have it
	case out.State == relay.TransactionExpired:
		charged = 0
	case charged == 0:
		charged = o.reserved // that a ledger has it is only remembered here: what it has charged is not known, and at most this
	}
	p.settle(ctx, o, charged)
	if out.State != relay.TransactionExpired && o.ours {
		p.mu.Lock()
		p.used[o.source] = max(p.used[o.source], o.sequence)
		p.mu.Unlock()
	}
}

// knows tells whether who was asked knows every ledger that can have the payment; one that has begun to follow the network since does not.
func (o *open) knows(out relay.Transaction) bool { return out.Oldest.CloseTime <= o.began }

// failure is the error that an outcome is.
func failure(out relay.Transaction) error {
	switch out.State {
	case relay.TransactionExpired:
		return fmt.Errorf("transaction %s: %w", out.Hash, ErrExpired)
	case relay.TransactionFailed:
		e := &FailedError{Code: out.Code, Hash: out.Hash}
		if out.Failure != nil {
			e.Failure = *out.Failure
		}
		return e
	}
	return nil
}

// outcome asks until a ledger has the transaction or none can have it any more; false when ctx has ended before.
func (p *Payer) outcome(ctx context.Context, o *open) (relay.Transaction, bool) {
	pause, waited := pollFirst, time.Duration(0)
	for {
		out, err := p.c.Relay.Transaction(ctx, o.hash)
		switch {
		case err != nil && ctx.Err() == nil:
			p.c.Log.Warn("what became of a payment cannot be asked now", "tx", o.hash, "err", err)
		case err == nil && out.State.Final():
			return out, true
		case err == nil && out.Latest.CloseTime > o.notAfter:
			out.State = relay.TransactionExpired
			return out, true
		case err == nil && waited >= deadEvery:
			// Another process, or whoever else has the key, may have been first.
			waited = 0
			if _, dead, err := p.dead(ctx, o); err == nil && dead {
				out.State = relay.TransactionExpired
				return out, true
			}
		}
		if wait(ctx, pause) != nil {
			return relay.Transaction{}, false
		}
		waited += pause
		pause = min(2*pause, pollMost)
	}
}

// settle corrects what was reserved to what was charged, once: when the store's answer is lost it may have done so, and doing it again would
// take the difference off twice. Whatever keeps it from being done leaves more counted than was spent, never less.
func (p *Payer) settle(ctx context.Context, o *open, charged int64) {
	s := o.spending
	s.Stroops = charged
	if err := p.c.Store.Settle(ctx, s, o.reserved); err != nil {
		p.c.Log.Error("what a payment has cost was not stored: the day's limit counts it at its most", "tx", o.hash, "err", err)
	}
}
