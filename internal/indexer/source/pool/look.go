package pool

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// Run looks at all nodes from time to time until ctx ends: so one that is left is found well again, and one that is not in use is known when
// it is needed.
func (p *Pool) Run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			p.lookAll(ctx)
			timer.Reset(p.config.Look)
		}
	}
}

// look is what one look at a node found.
type look struct {
	node    *node
	turns   int // the node's when the look began
	tip     rpc.Ledger
	hash    stellar.Hash
	anchor  source.Link // a ledger that was read before, as the node has it; Sequence 0: it has none of them
	mark    source.Link // the store's at the time
	marked  bool        // the node was compared with it, if it can be
	latency time.Duration
	err     error
}

func (p *Pool) lookAll(ctx context.Context) {
	var due []*node
	p.mu.Lock()
	now := p.config.Now()
	for _, n := range p.nodes {
		if n.state.agrees() || n.state == Unknown || !now.Before(n.retryAt) {
			due = append(due, n)
		}
	}
	p.mu.Unlock()
	found := make([]look, len(due))
	var wait sync.WaitGroup
	for i, n := range due {
		wait.Go(func() { found[i] = p.look(ctx, n) })
	}
	wait.Wait()
	if ctx.Err() != nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	// The node in use speaks first: if no stored ledger tells who is right, what it says goes on being followed.
	for _, l := range found {
		if l.node == p.current {
			p.judge(l)
		}
	}
	for _, l := range found {
		if l.node != p.current {
			p.judge(l)
		}
	}
	p.tame(found)
	p.compare()
}

// tame takes back a newest ledger that no node has, when all that can be used have just been looked at: it never was, or the network was reset, and
// whoever follows must not go on as if everything were read. Its caller holds p.mu.
func (p *Pool) tame(found []look) {
	var best rpc.Ledger
	for _, l := range found {
		if l.err != nil {
			return // it could be the one that has it
		}
		if l.tip.Sequence > best.Sequence {
			best = l.tip
		}
	}
	if best.Sequence == 0 || p.newest.Sequence <= best.Sequence+wildLedgers {
		return
	}
	p.config.Log.Error("a node had reported a newer ledger than there is", "ledger", p.newest.Sequence)
	p.newest = best
}

// ready looks at a node that has to be looked at before it is asked anything.
func (p *Pool) ready(ctx context.Context, n *node) error {
	p.mu.Lock()
	known := n.state.agrees()
	p.mu.Unlock()
	if known {
		return nil
	}
	for {
		found := p.look(ctx, n)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		p.mu.Lock()
		err := p.judge(found)
		p.mu.Unlock()
		if err != errStale {
			return err
		}
	}
}

// errStale is about a look that says nothing any more: the store has named a ledger meanwhile, by which the node is to be judged.
var errStale = errors.New("the look is stale")

// look asks a node for its newest ledger, and for one that was read before.
func (p *Pool) look(ctx context.Context, n *node) look {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	l := look{node: n}
	p.mu.Lock()
	l.turns = n.turns
	l.mark = p.chain.Mark()
	named, compared, known := n.named, n.marked == l.mark, slices.Concat(p.checks, p.claims.links)
	p.mu.Unlock()
	if !named {
		if _, l.err = n.Source.CheckNetwork(ctx); l.err != nil {
			return l
		}
	}
	began := p.config.Now()
	if l.tip, l.hash, l.err = n.Source.LatestHash(ctx); l.err != nil {
		return l
	}
	l.latency = p.config.Now().Sub(began)
	// The store's mark once, then the newest ledger that both have. A node that does not keep it any more can be compared by its newest only.
	anchor := source.Link{}
	for _, k := range append(known, l.mark) {
		if k.Sequence < l.tip.Sequence && k.Sequence > anchor.Sequence {
			anchor = k
		}
	}
	if !compared && l.mark.Sequence != 0 && l.mark.Sequence < l.tip.Sequence {
		anchor = l.mark
	}
	l.marked = l.mark.Sequence != 0 && (anchor == l.mark || l.mark.Sequence == l.tip.Sequence)
	if anchor.Sequence == 0 {
		return l
	}
	list, _, err := n.Source.Ledgers(ctx, anchor.Sequence, 1)
	var gap *rpc.GapError
	switch {
	case errors.As(err, &gap):
	case err != nil:
		l.err = err
	case len(list) != 1 || list[0].Sequence != anchor.Sequence:
		l.err = fmt.Errorf("asked for ledger %d of %d, got %d others: %w", anchor.Sequence, l.tip.Sequence, len(list), rpc.ErrAnswer)
	default:
		l.anchor = source.Link{Sequence: anchor.Sequence, Hash: list[0].Hash}
	}
	return l
}

// judge takes in what a look found. The error is that about the node. Its caller holds p.mu.
func (p *Pool) judge(l look) error {
	n := l.node
	if l.turns != n.turns {
		// It has failed, or recovered, since it was looked at.
		switch {
		case n.state.agrees():
			return nil
		case n.state == Unknown:
			return errStale
		}
		return n.why
	}
	n.otherMark = false
	err := l.err
	if err == nil {
		n.named = true
		n.tipIs(l.tip, p.config.Now())
		if n.latency == 0 {
			n.latency = l.latency
		}
		n.latency = (n.latency + l.latency) / 2
		tip := source.Link{Sequence: l.tip.Sequence, Hash: l.hash}
		if l.marked {
			n.marked = l.mark
		}
		if err = p.contradicts(n, tip); err == nil && l.anchor.Sequence != 0 {
			err = p.contradicts(n, l.anchor)
		}
		if mark := p.chain.Mark(); err != nil {
			n.otherMark = l.anchor.Sequence == mark.Sequence && l.anchor.Hash != mark.Hash || tip.Sequence == mark.Sequence && tip.Hash != mark.Hash
		} else if p.current == n || p.current == nil && (p.claims.by == nil || p.claims.by == n) {
			err = p.claim(n, tip)
		}
	}
	if err == nil {
		n.says(l.anchor, source.Link{Sequence: l.tip.Sequence, Hash: l.hash})
	}
	if n.otherMark && n.spoke {
		// It was believed before the store had a say. So was what others were compared with.
		p.forget()
	}
	if state := stateOf(err); state != Ready {
		p.enter(n, state, err)
		return err
	}
	if !n.state.agrees() {
		p.enter(n, Ready, nil)
	}
	return nil
}

// compare finds the nodes that are behind, have stopped or are slow beside the others. Its caller holds p.mu.
func (p *Pool) compare() {
	now := p.config.Now()
	best := p.best()
	for _, n := range p.nodes {
		if !n.state.agrees() {
			continue
		}
		state, why := Ready, error(nil)
		switch still := now.Sub(n.tipSince); {
		case still >= stallAfter:
			state, why = Stalled, fmt.Errorf("ledger %d has been its newest for %s", n.tip.Sequence, still)
		case best-n.tip.Sequence > lagLedgers:
			state, why = Lagging, fmt.Errorf("its newest ledger is %d, others have %d", n.tip.Sequence, best)
		case n.latency > slowAfter && p.faster(n):
			state, why = Slow, fmt.Errorf("it needs %s for an answer", n.latency)
		}
		if state != Ready || !now.Before(n.retryAt) {
			p.enter(n, state, why)
		}
	}
}

// faster tells that another node answers in less than half the time.
func (p *Pool) faster(than *node) bool {
	for _, n := range p.nodes {
		if n != than && n.state == Ready && 2*n.latency < than.latency {
			return true
		}
	}
	return false
}
