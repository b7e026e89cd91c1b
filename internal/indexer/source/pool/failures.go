package pool

import (
	"errors"
	"fmt"

	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// failures is what came of asking nodes that gave no answer to go on with.
type failures[A any] struct {
	all     []error
	gap     *rpc.GapError // the widest
	behind  bool
	answer  A // of the first node that is behind
	refused []refusal
}

type refusal struct {
	node *node
	err  error
}

// late tells that a node was well, and only had not what was asked for.
func (f *failures[A]) late() bool { return f.behind || f.gap != nil }

func (f *failures[A]) add(n *node, answer A, err error) {
	var gap *rpc.GapError
	switch {
	case errors.Is(err, errBehind):
		if !f.behind {
			f.behind, f.answer = true, answer
		}
	case errors.As(err, &gap):
		if f.gap == nil || gap.Kept.Oldest.Sequence < f.gap.Kept.Oldest.Sequence {
			f.gap = gap
		}
	}
	f.all = append(f.all, fmt.Errorf("%s: %w", n.Name, err))
}

// err says in one error what to do.
func (f *failures[A]) err(p *Pool) error {
	switch {
	case f.gap != nil: // also if somebody has older ledgers than what was asked for: what comes next is nowhere
		return f.gap
	case f.behind:
		return errBehind
	case len(f.refused) > 0:
		return f.refused[0].err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	foreign := 0
	text := "no node can be used:"
	for _, n := range p.nodes {
		text += fmt.Sprintf(" %s is %s", n.Name, n.state)
		if n.why != nil {
			text += fmt.Sprintf(" (%v)", n.why)
		}
		text += ";"
		if n.state == Foreign {
			foreign++
		}
	}
	text = text[:len(text)-1]
	if foreign == len(p.nodes) {
		return fmt.Errorf("%s: %w", text, rpc.ErrWrongNetwork)
	}
	// In words only: one node of another network, or a broken chain, is no reason for the indexer to stop.
	return fmt.Errorf("%s: %w", text, rpc.ErrUnavailable)
}
