package node

import (
	"context"
	"sync"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/tx"
)

// maxQueued is how many transactions wait at most; more are told to try again later.
const maxQueued = 4 * 1000

// queue holds the transactions that wait for a ledger, at most one of each account, as on a real node.
type queue struct {
	wake chan struct{} // holds a token when there may be something

	mu      sync.Mutex
	waiting []*queued
	sources map[string]*queued
	hashes  map[xdr.Hash]*queued
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
	return &queue{wake: make(chan struct{}, 1), sources: map[string]*queued{}, hashes: map[xdr.Hash]*queued{}}
}

// pending returns the queued transaction with that hash.
func (q *queue) pending(hash xdr.Hash) *queued {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.hashes[hash]
}

// add queues a transaction. It answers nil if its account has another one waiting, or the queue is full.
func (q *queue) add(f *tx.Frame) *queued {
	source := f.Source()
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.sources[source.Address()] != nil || len(q.hashes) >= maxQueued {
		return nil
	}
	e := &queued{frame: f, end: make(chan struct{})}
	q.waiting = append(q.waiting, e)
	q.sources[source.Address()], q.hashes[f.Hash] = e, e
	select {
	case q.wake <- struct{}{}:
	default:
	}
	return e
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
	source := e.frame.Source()
	q.mu.Lock()
	delete(q.sources, source.Address())
	delete(q.hashes, e.frame.Hash)
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
