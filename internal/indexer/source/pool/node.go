package pool

import (
	"context"
	"errors"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// State is what the pool thinks of a node.
type State string

// The states of a node.
const (
	Unknown State = "unknown" // has not been looked at
	Ready   State = "ready"   // can be used
	Slow    State = "slow"    // another one answers in less than half the time
	Lagging State = "lagging" // is behind the others
	Stalled State = "stalled" // has had no new ledger for long
	Failing State = "failing" // does not answer, or not as it should
	Forked  State = "forked"  // has other ledgers than those that were read
	Foreign State = "foreign" // serves another network
)

// agrees tells that a node in this state has the ledgers that were read, as far as it has got.
func (s State) agrees() bool { return s == Ready || s == Slow || s == Lagging || s == Stalled }

// node is an endpoint and what is known of it. Its fields but Endpoint are the pool's, under its lock.
type node struct {
	Endpoint
	state     State
	since     time.Time
	turns     int // how often state has changed
	why       error
	retryAt   time.Time     // left before: not used again until then
	backoff   time.Duration // of the last time it was left
	named     bool          // that its network is the right one was seen since it failed last
	byClaim   bool          // forked: it contradicts no more than what another node claims
	otherMark bool          // forked: it contradicts the store's mark itself
	marked    source.Link   // the store's mark that it was compared with last
	spoke     bool          // some of the hashes that others are compared with are its
	said      []source.Link // ledgers as it has them, the last maxSaid that it was asked for while it was well
	tip       rpc.Ledger
	tipSince  time.Time
	latency   time.Duration // of an answer, smoothed; 0: not measured
}

// errBehind is about a node that has less than was seen elsewhere: not wrong, but another one may have more.
var errBehind = errors.New("behind")

// stateOf is what an error says about the node; Ready if nothing.
func stateOf(err error) State {
	var broken *source.BreakError
	var gap *rpc.GapError
	switch {
	case err == nil, errors.As(err, &gap), errors.Is(err, errBehind):
		return Ready
	case errors.As(err, &broken):
		return Forked
	case errors.Is(err, rpc.ErrWrongNetwork):
		return Foreign
	}
	return Failing
}

// enter takes a node into a state. Its caller holds p.mu. A node that is left is not used again at once: the more often, the later.
func (p *Pool) enter(n *node, state State, why error) {
	now := p.config.Now()
	if state == Ready || state == Unknown {
		why = nil
	}
	was := n.state
	n.why = why
	var claimed claimError
	n.byClaim = errors.As(why, &claimed)
	if s, ok := n.Source.(linked); ok && (state == Failing || state == Forked) {
		s.Forget()
	}
	if state == was {
		if state != Ready && state != Unknown && !now.Before(n.retryAt) {
			n.backoff = min(2*n.backoff, retryMost)
			n.retryAt = now.Add(n.backoff)
		}
		return
	}
	if was == Ready && state != Unknown {
		if n.backoff = min(max(2*n.backoff, retryFirst), retryMost); now.Sub(n.since) >= steady {
			n.backoff = retryFirst
		}
	}
	if state != Ready && state != Unknown {
		n.backoff = max(n.backoff, retryFirst)
		n.retryAt = now.Add(n.backoff)
	}
	n.state, n.since, n.turns = state, now, n.turns+1
	if !state.agrees() {
		n.said = nil
	}
	if p.claims.by == n && !state.agrees() {
		p.drop()
	}
	if state == Failing || state == Foreign || state == Unknown {
		n.named = false
	}
	var mismatch *source.MismatchError
	switch {
	case state == Forked:
		p.config.Log.Error("a node has other ledgers than those that were read: it is not used", "node", n.Name, "err", why)
	case errors.As(why, &mismatch):
		p.config.Log.Error("a node gave a ledger that was changed or damaged: it is not used", "node", n.Name, "err", why)
	case state == Unknown:
	case state == Ready:
		p.config.Log.Info("a node can be used", "node", n.Name, "was", was)
	default:
		p.config.Log.Warn("a node is left", "node", n.Name, "state", state, "err", why, "until", n.retryAt)
	}
}

// tipIs takes in the newest ledger that a node has.
func (n *node) tipIs(l rpc.Ledger, now time.Time) {
	if l.Sequence > n.tip.Sequence || n.tipSince.IsZero() {
		n.tipSince = now
	}
	n.tip = l
}

// order is the nodes to ask, those that are well first. Of the others, those that have the right ledgers, if late; then those that may have
// recovered.
func (p *Pool) order() []*node {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.config.Now()
	var well, late, doubtful []*node
	for _, n := range p.nodes {
		switch due := !now.Before(n.retryAt); {
		case n.state == Ready || n.state == Unknown:
			well = append(well, n)
		case n.state.agrees():
			late = append(late, n)
		case n.state == Failing || due:
			doubtful = append(doubtful, n)
		}
	}
	return append(append(well, late...), doubtful...)
}

// ask puts a question to one node after the other until one gives an answer that is accepted. accept is called under the pool's lock. If
// none does, the error is of a kind that says what to do: a gap if somebody has one, behind with the answer of the first such node, refused
// if nobody can be blamed but the question.
func ask[A any](ctx context.Context, p *Pool, put func(context.Context, Source) (A, error), accept func(*node, A) error) (A, error) {
	var none A
	var f failures[A]
	for _, n := range p.order() {
		if f.late() && !p.well(n) {
			continue // nobody waits for a node that fails while others are well, and only behind
		}
		answer, err := none, p.ready(ctx, n)
		if err == nil {
			answer, err = put(ctx, n.Source)
		}
		if ctx.Err() != nil {
			return none, ctx.Err()
		}
		p.mu.Lock()
		if err == nil && accept != nil {
			err = accept(n, answer)
		}
		if err == nil {
			if !f.late() { // or another node is in use, and had not this
				p.use(n)
			}
			for _, r := range f.refused { // others can answer it
				p.enter(r.node, Failing, r.err)
			}
		} else if state := stateOf(err); errors.Is(err, rpc.ErrRefused) && n.state.agrees() {
			f.refused = append(f.refused, refusal{n, err})
		} else if state != Ready {
			p.enter(n, state, err)
		}
		p.mu.Unlock()
		if err == nil {
			return answer, nil
		}
		f.add(n, answer, err)
	}
	return f.answer, f.err(p)
}

// well tells that a node can be asked, or that it is time to try it again.
func (p *Pool) well(n *node) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return n.state.agrees() || n.state == Unknown || !p.config.Now().Before(n.retryAt)
}

// use notes which node answered.
func (p *Pool) use(n *node) {
	if p.current == n {
		return
	}
	if p.current != nil {
		p.switches++
		p.config.Log.Warn("another node is used", "node", n.Name, "was", p.current.Name, "state", p.current.state, "err", p.current.why)
	}
	p.current = n
}
