package pool

import (
	"fmt"

	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source"
)

// claims are ledgers that nobody has read yet, as one node says they are. Others are compared with them as long as that node is well and says
// the same; when it is left, or takes its word back, nothing that is stored rests on them, and they are dropped.
type claims struct {
	by    *node // nil: nobody's
	links []source.Link
}

// claimError is about a ledger that contradicts no more than a claim.
type claimError struct{ *source.BreakError }

func (e claimError) Unwrap() error { return e.BreakError }

// contradicts holds what a node says of a ledger against what was read, and what is claimed. Its caller holds p.mu.
func (p *Pool) contradicts(n *node, l source.Link) error {
	if err := p.chain.Check(l); err != nil {
		return err
	}
	for _, c := range p.claims.links {
		if c.Sequence != l.Sequence || c.Hash == l.Hash {
			continue
		}
		if p.claims.by == n {
			p.drop()
			return nil
		}
		return claimError{&source.BreakError{Before: l.Sequence, Ledger: l.Sequence, Why: fmt.Sprintf("%s says it is %s, %s says %s", p.claims.by.Name, c.Hash, n.Name, l.Hash)}}
	}
	return nil
}

// claim keeps what the node in use says of its newest ledger, by which others will be compared. Its caller holds p.mu.
func (p *Pool) claim(n *node, l source.Link) error {
	if err := p.contradicts(n, l); err != nil {
		return err
	}
	if l.Sequence <= p.read {
		return p.keep(n, l)
	}
	if p.claims.by != n {
		p.claims = claims{by: n}
	}
	if k := len(p.claims.links); k == 0 || p.claims.links[k-1].Sequence < l.Sequence {
		p.claims.links = append(p.claims.links, l)
		p.claims.links = p.claims.links[max(len(p.claims.links)-maxChecks, 0):]
	}
	return nil
}

// delivered notes that events up to a ledger were given to the indexer, from a node: what it claimed of them is what was read.
func (p *Pool) delivered(n *node, to uint32) {
	p.read = max(p.read, to)
	var left []source.Link
	for _, c := range p.claims.links {
		if c.Sequence > p.read {
			left = append(left, c)
		} else if p.claims.by == n {
			_ = p.keep(n, c) // it was compared with what is known when it was claimed
		}
	}
	p.claims.links = left
}

// keep remembers a ledger that was read.
func (p *Pool) keep(n *node, l source.Link) error {
	if err := p.chain.Add(l); err != nil {
		return err
	}
	n.spoke = true
	if k := len(p.checks); k == 0 || p.checks[k-1].Sequence < l.Sequence {
		p.checks = append(p.checks, l)
		p.checks = p.checks[max(len(p.checks)-maxChecks, 0):]
	}
	return nil
}

// drop forgets the claims. Nodes that contradicted nothing else are looked at again.
func (p *Pool) drop() {
	p.claims = claims{}
	for _, n := range p.nodes {
		if n.state == Forked && n.byClaim {
			p.enter(n, Unknown, nil)
		}
	}
}

// forget drops the hashes that nodes were compared with, but the store's: whoever they are of contradicts the store.
func (p *Pool) forget() {
	p.chain.Forget()
	p.checks, p.claims = nil, claims{}
	for _, n := range p.nodes {
		if n.spoke = false; n.state == Forked && !n.otherMark {
			p.enter(n, Unknown, nil)
		}
	}
}
