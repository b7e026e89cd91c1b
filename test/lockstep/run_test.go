package lockstep

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/contract/vectors"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/test/stories"
)

// sitesEach is how many worlds a network has before it is thrown away with all its ledgers. Where entries are short-lived it is one: what is deployed for the
// first would be archived by the second.
const sitesEach = 10

// stage has a network at hand for one plan after the other. One goroutine uses it.
type stage struct {
	t    testing.TB
	ctx  context.Context
	seed uint64
	net  *network
}

func (s *stage) network(short bool) (*network, error) {
	if s.net != nil && !short && s.net.sites < sitesEach && s.net.Settings().Limits.MinPersistentTTL != shortLife {
		return s.net, nil
	}
	if err := s.close(); err != nil {
		return nil, err
	}
	s.seed++
	var err error
	s.net, err = newNetwork(s.t, s.ctx, s.seed, short)
	return s.net, err
}

func (s *stage) close() error {
	if s.net == nil {
		return nil
	}
	err := s.net.close()
	s.net = nil
	return err
}

// draw plays a plan whose steps are drawn while it goes on, and then ends it (everybodyGone). It returns what was played.
func (s *stage) draw(p *plan, f flaw, t *tally) (*pair, error) {
	n, err := s.network(p.short)
	if err != nil {
		return nil, fmt.Errorf("start a network: %w", err)
	}
	w, err := newPair(n, p, f, t)
	if err != nil {
		return nil, fmt.Errorf("deploy: %w", err)
	}
	k := newPicker(w)
	for range p.duration {
		st, err := k.next()
		if err == nil {
			err = w.do(st)
		}
		if err != nil {
			return w, err
		}
	}
	return w, w.everybodyGone()
}

// replay plays the steps of a plan.
func (s *stage) replay(p *plan, f flaw, t *tally) (*pair, error) {
	n, err := s.network(p.short)
	if err != nil {
		return nil, fmt.Errorf("start a network: %w", err)
	}
	w, err := newPair(n, p, f, t)
	if err != nil {
		return nil, fmt.Errorf("deploy: %w", err)
	}
	for _, st := range p.steps {
		if st.call != nil { // a deposit stays with the call it was signed for
			c := *st.call
			st.call = &c
		}
		if err := w.do(st); err != nil {
			return w, err
		}
	}
	return w, nil
}

// everybodyGone lets nobody's calls alone end every trade at its last deadline, while no token pays; when they work again, the same nobody pushes everything to
// its owner. That all of this is taken is asked of every such call (mustWork).
func (w *pair) everybodyGone() error {
	steps := []step{{act: &act{kind: "freeze", on: true}}, {act: &act{kind: "coin-freeze", actor: vectors.Contract, on: true}}}
	for _, name := range w.trades {
		terms := w.Terms[name]
		trade, ok := w.model.Trades[w.ids[terms.Salt]]
		if !ok || trade.Stage >= escrow.StageEnded {
			continue
		}
		c := &vectors.Call{Name: "cancel", Trade: name, As: vectors.Nobody}
		if trade.Stage == escrow.StageFunded {
			c.Name, c.Args.Milestones = "settle", unended(&trade)
		}
		steps = append(steps, step{at: int64(terms.LastDeadline() - w.Start), call: c})
	}
	slices.SortStableFunc(steps, func(a, b step) int { return cmp.Compare(a.at, b.at) })
	steps = append(steps, step{act: &act{kind: "freeze"}}, step{act: &act{kind: "coin-freeze", actor: vectors.Contract}})
	for _, st := range steps {
		if err := w.do(st); err != nil {
			return err
		}
	}
	for _, name := range w.trades {
		terms := w.Terms[name]
		trade := w.model.Trades[w.ids[terms.Salt]]
		for _, parked := range trade.Parked {
			owner, _ := terms.AddressOf(parked.Role)
			err := w.do(step{call: &vectors.Call{Name: "claim", Trade: name, As: vectors.Nobody, Args: vectors.Args{
				Role: uint32(parked.Role), To: w.called(owner), Amount: vectors.Amount(parked.Amount.Units()),
			}}})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func unended(trade *escrow.Trade) (all []uint32) {
	for i, m := range trade.Milestones {
		if m.Left.Sign() > 0 {
			all = append(all, uint32(i))
		}
	}
	return all
}

// mustWork tells whether there would be a dead end if a call were refused: nobody's, without a token's doing, that ends a trade when all its windows are over; or
// nobody's that pays its owner what is parked, while the token would pay.
func (w *pair) mustWork(c *vectors.Call, trade *escrow.Trade, now uint64) bool {
	terms := w.Terms[c.Trade]
	if c.As != vectors.Nobody {
		return false
	}
	switch c.Name {
	case "settle":
		return trade.Stage == escrow.StageFunded && now >= terms.LastDeadline() && !c.Args.Push && slices.Equal(c.Args.Milestones, unended(trade))
	case "cancel":
		return trade.Stage < escrow.StageFunded && now >= terms.FundBy && !c.Args.Push && c.Args.By == nil
	case "claim":
		x, err := stories.Units(c.Args.Amount)
		role := escrow.Role(c.Args.Role)
		owner, ok := terms.AddressOf(role)
		return err == nil && ok && w.Address[c.Args.To] == owner && x.Sign() > 0 && !trade.ParkedFor(role).Less(x) &&
			w.bank.purses[terms.Asset].clone().transfer(w.bank.us, owner, x) == moved
	}
	return false
}

// isDifference tells a difference from a test that could not go on.
func isDifference(err error) bool { return errors.As(err, new(*difference)) }
