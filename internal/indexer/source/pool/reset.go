package pool

import (
	"context"
	"slices"

	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// maxStored is how many of the store's ledgers are remembered: the first one it has, and the newest.
const maxStored = 2

// remember keeps a ledger that the store has, for reset. Its caller holds p.mu.
func (p *Pool) remember(l source.Link) {
	if slices.Contains(p.stored, l) {
		return
	}
	p.stored = append(p.stored, l)
	slices.SortFunc(p.stored, func(a, b source.Link) int { return int(int64(a.Sequence) - int64(b.Sequence)) })
	if len(p.stored) > maxStored {
		p.stored = slices.Delete(p.stored, 1, len(p.stored)-1)
	}
}

// reset tells that the network was reset: every node is known to have other ledgers than were read, and each says of one that the store has that
// it is another. A node that was left for another contradiction is asked.
func (p *Pool) reset(ctx context.Context) bool {
	p.mu.Lock()
	stored := slices.Clone(p.stored)
	slices.Reverse(stored)
	var open []*node
	for _, n := range p.nodes {
		if n.state != Forked {
			p.mu.Unlock()
			return false
		}
		if !n.otherMark {
			open = append(open, n)
		}
	}
	p.mu.Unlock()
	for _, n := range open {
		if !denies(ctx, n, stored) {
			return false
		}
		p.mu.Lock()
		n.otherMark = n.state == Forked
		p.mu.Unlock()
	}
	return true
}

// denies asks a node for ledgers that the store has, and tells that it has another in the place of one.
func denies(ctx context.Context, n *node, stored []source.Link) bool {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	for _, l := range stored {
		list, _, err := n.Source.Ledgers(ctx, l.Sequence, 1)
		if err == nil && len(list) == 1 && list[0].Sequence == l.Sequence {
			return stellar.Hash(list[0].Hash) != l.Hash
		}
	}
	return false
}
