package node

import (
	"context"
	"errors"
	"math"
	"math/bits"
	"slices"
	"sync"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/tx"
)

const (
	// maxQueued is how many transactions wait at most; more are told to try again later.
	maxQueued = 4 * 1000
	// replacingCosts is how many times as much a transaction has to bid to take the place of another one (stellar-core,
	// TransactionQueue::FEE_MULTIPLIER).
	replacingCosts = 10
)

// ErrReplaced is what a waiting transaction ends with when a fee bump has taken its place.
var ErrReplaced = errors.New("a fee bump of ten times its fee has taken its place")

// queue holds the transactions that wait for a ledger, by the rules of a real node (stellar-core, TransactionQueue): of each account one
// at most, with contracts or without; a fee bump of ten times the fee takes a transaction's place.
type queue struct {
	wake chan struct{} // holds a token when there may be something

	mu      sync.Mutex
	waiting []*queued
	// Those with contracts and those without are in queues of their own, which know of each other's accounts only that they are there.
	accounts map[bool]map[string]*queuedAccount
	count    int // of those that wait, and those that are being applied
}

// queuedAccount is an account with something in a queue.
type queuedAccount struct {
	tx   *queued // the one that uses its sequence number, nil if it only pays for others
	fees int64   // the most that it pays for all of them, in stroops
}

type queued struct {
	frame *tx.Frame
	// end is closed when the transaction is in a ledger, or never will be; then dropped tells which, and why.
	end     chan struct{}
	dropped *tx.Verdict
	outcome Outcome // if it is in a ledger
	err     error
}

func newQueue() *queue {
	return &queue{wake: make(chan struct{}, 1), accounts: map[bool]map[string]*queuedAccount{false: {}, true: {}}}
}

// judge says what a node answers to f because of those that wait, before it looks whether f is valid. StatusPending: nothing speaks
// against it.
func (q *queue) judge(l *tx.Ledger, f *tx.Frame) Sent {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.judged(l, f)
}

func (q *queue) judged(l *tx.Ledger, f *tx.Frame) Sent {
	source := f.Source()
	if q.accounts[!f.Contract()][source.Address()] != nil {
		return Sent{Status: StatusTryAgainLater}
	}
	if old := q.of(f); old != nil {
		return beside(l, f, old.frame)
	}
	if q.count >= maxQueued {
		return Sent{Status: StatusTryAgainLater}
	}
	return Sent{Status: StatusPending}
}

// beside says what a node answers to f while old waits for the same account. StatusPending: f may take its place.
func beside(l *tx.Ledger, f, old *tx.Frame) Sent {
	refuse := func(v tx.Verdict) Sent { return Sent{Status: StatusError, Verdict: v} }
	switch {
	case f.Repeats(old):
		return Sent{Status: StatusDuplicate}
	case f.Sequence() < old.Sequence():
		return refuse(tx.Refuse(f, xdr.TransactionResultCodeTxBadSeq, 0))
	}
	if v := tx.CheckResources(l, f); !v.Valid {
		return refuse(v)
	}
	if !f.FeeBump() || f.Sequence() != old.Sequence() {
		return Sent{Status: StatusTryAgainLater}
	}
	if least, ok := replaces(f, old); !ok {
		return refuse(tx.Refuse(f, xdr.TransactionResultCodeTxInsufficientFee, least))
	}
	return Sent{Status: StatusPending}
}

// replaces tells whether f bids ten times as much an operation as old, and if not, the least fee that would do, in stroops.
func replaces(f, old *tx.Frame) (least int64, ok bool) {
	bid, ops := f.InclusionFee()
	oldBid, oldOps := old.InclusionFee()
	// bid/ops >= 10·oldBid/oldOps. Operations are few, fees within 63 bits: ten times their product is within 128.
	hi, lo := bits.Mul64(uint64(oldBid), uint64(ops)*replacingCosts)
	gotHi, gotLo := bits.Mul64(uint64(bid), uint64(oldOps))
	if gotHi > hi || gotHi == hi && gotLo >= lo {
		return 0, true
	}
	if hi >= uint64(oldOps) {
		return math.MaxInt64, false
	}
	need, rest := bits.Div64(hi, lo, uint64(oldOps))
	if rest > 0 {
		need++
	}
	resources := f.FullFee() - bid
	if need > uint64(math.MaxInt64-resources) {
		return math.MaxInt64, false
	}
	return int64(need) + resources, false
}

// of is the one that waits for f's account.
func (q *queue) of(f *tx.Frame) *queued {
	source := f.Source()
	if a := q.accounts[f.Contract()][source.Address()]; a != nil {
		return a.tx
	}
	return nil
}

// add queues a valid transaction, in place of the one that it replaces, if those that wait still let it (judge) and its payer can bear
// the fees of all of them. The second answer is nil unless the first is StatusPending.
func (q *queue) add(l *tx.Ledger, r ledger.Reader, f *tx.Frame) (Sent, *queued) {
	q.mu.Lock()
	defer q.mu.Unlock()
	s := q.judged(l, f)
	if s.Status != StatusPending {
		return s, nil
	}
	old, payer := q.of(f), f.FeeSource()
	more := f.FullFee()
	if old != nil && payer.Address() == old.payer() {
		more -= old.frame.FullFee()
	}
	if a := q.accounts[f.Contract()][payer.Address()]; a != nil && tx.Spendable(l, r, payer)-more < a.fees {
		return Sent{Status: StatusError, Verdict: tx.Refuse(f, xdr.TransactionResultCodeTxInsufficientBalance, 0)}, nil
	}
	if old != nil {
		q.replace(old)
	}
	e := &queued{frame: f, end: make(chan struct{})}
	q.waiting = append(q.waiting, e)
	q.count++
	source := f.Source()
	q.account(f.Contract(), source).tx = e
	q.account(f.Contract(), payer).fees += f.FullFee()
	select {
	case q.wake <- struct{}{}:
	default:
	}
	return s, e
}

// replace ends the wait of one whose place another takes. One that is being applied goes on: then the other comes too late, and is
// found not valid when its turn comes.
func (q *queue) replace(old *queued) {
	for i, e := range q.waiting {
		if e == old {
			q.waiting = slices.Concat(q.waiting[:i], q.waiting[i+1:])
			q.forget(old)
			old.err = ErrReplaced
			close(old.end)
			return
		}
	}
}

func (e *queued) payer() string {
	payer := e.frame.FeeSource()
	return payer.Address()
}

func (q *queue) account(contract bool, id xdr.AccountId) *queuedAccount {
	all := q.accounts[contract]
	if all[id.Address()] == nil {
		all[id.Address()] = &queuedAccount{}
	}
	return all[id.Address()]
}

// forget takes one out of what is known of accounts.
func (q *queue) forget(e *queued) {
	q.count--
	contract := e.frame.Contract()
	source, payer := e.frame.Source(), e.frame.FeeSource()
	if a := q.account(contract, source); a.tx == e {
		a.tx = nil
	}
	q.account(contract, payer).fees -= e.frame.FullFee()
	for _, id := range []xdr.AccountId{source, payer} {
		if a := q.account(contract, id); a.tx == nil && a.fees == 0 {
			delete(q.accounts[contract], id.Address())
		}
	}
}

// take removes those at the front that fit takes; they stay pending until finish.
func (q *queue) take(fits func(*tx.Frame) bool) []*queued {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := 0
	for n < len(q.waiting) && fits(q.waiting[n].frame) {
		n++
	}
	batch := q.waiting[:n:n]
	q.waiting = q.waiting[n:]
	return batch
}

// finish ends a transaction's wait.
func (q *queue) finish(e *queued, dropped *tx.Verdict, err error) {
	q.mu.Lock()
	q.forget(e)
	q.mu.Unlock()
	e.dropped, e.err = dropped, err
	close(e.end)
}

func (q *queue) empty() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting) == 0
}

// wait waits until the transaction is in a ledger, or never will be.
func (e *queued) wait(ctx context.Context) error {
	select {
	case <-e.end:
		return e.err
	case <-ctx.Done():
		return ctx.Err()
	}
}
