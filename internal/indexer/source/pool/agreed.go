package pool

import (
	"slices"

	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// maxSaid is how many ledgers of a node are remembered: what it said in so many looks, at least.
const maxSaid = 16

// says remembers what a node has said of ledgers in a look that found it well.
func (n *node) says(links ...source.Link) {
	for _, l := range links {
		if l.Sequence == 0 || slices.ContainsFunc(n.said, func(s source.Link) bool { return s.Sequence == l.Sequence && s.Hash == l.Hash }) {
			continue
		}
		n.said = append(n.said, l)
		n.said = n.said[max(len(n.said)-maxSaid, 0):]
	}
}

// Agreed is the newest ledger that two nodes, which can both be used, have said the same of; 0 for none. alone says that there is but one node:
// nobody could contradict it, and nobody has to agree.
func (p *Pool) Agreed() (seq uint32, hash stellar.Hash, alone bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	type ledger struct {
		seq  uint32
		hash stellar.Hash
	}
	count := map[ledger]int{}
	for _, n := range p.nodes {
		if !n.state.agrees() {
			continue
		}
		for _, l := range n.said {
			at := ledger{l.Sequence, l.Hash}
			if count[at]++; count[at] > 1 && at.seq > seq {
				seq, hash = at.seq, at.hash
			}
		}
	}
	return seq, hash, len(p.nodes) == 1
}
