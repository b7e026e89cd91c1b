package api

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
)

// What modelNet has projected, as Trades.

// project keeps what a call did, as far as this package reads it.
func (n *modelNet) project(r escrow.Result, hash string) {
	state, ok := n.c.Trades[r.Trade]
	if !ok {
		return
	}
	for i, e := range r.Events {
		id := fmt.Sprintf("%019d-%010d", int64(n.ledger.Sequence)<<32|1<<12, i)
		moment := Moment{id, n.ledger.CloseTime}
		if opened, ok := e.(escrow.Opened); ok {
			n.trades[r.Trade] = &Trade{ID: r.Trade, Contract: escrow.Address(n.self.String()), Terms: opened.Terms, Opened: moment, Milestones: make([]Progress, len(opened.Terms.Milestones))}
			n.order = append(n.order, r.Trade)
		}
		tr := n.trades[r.Trade]
		tr.Updated = moment
		n.progress(tr, e)
		n.events[r.Trade] = append(n.events[r.Trade], Event{ID: id, Ledger: n.ledger.Sequence, At: n.ledger.CloseTime, Tx: hash, Event: e})
	}
	n.trades[r.Trade].State = state.Clone()
}

func (n *modelNet) progress(tr *Trade, e escrow.Event) {
	now := n.ledger.CloseTime
	end := func(m *Progress, by escrow.Event, seller, buyer amount.Int128) {
		m.ToSeller, m.ToBuyer, m.EndedAt, m.EndedBy = m.ToSeller.Plus(seller), m.ToBuyer.Plus(buyer), now, by.EventName()
	}
	switch e := e.(type) {
	case escrow.Delivered:
		tr.Milestones[e.Milestone].DeliveredAt, tr.Milestones[e.Milestone].Proof = now, e.Proof
	case escrow.Released:
		m := &tr.Milestones[e.Milestone]
		m.ToSeller, m.Fee = m.ToSeller.Plus(e.Amount), m.Fee.Plus(e.Fee)
		if e.Left.Sign() == 0 {
			m.EndedAt, m.EndedBy = now, e.EventName()
		}
	case escrow.Refunded:
		m := &tr.Milestones[e.Milestone]
		m.ToBuyer = m.ToBuyer.Plus(e.Amount)
		if e.Left.Sign() == 0 {
			m.EndedAt, m.EndedBy = now, e.EventName()
		}
	case escrow.Split:
		end(&tr.Milestones[e.Milestone], e, e.SellerAmount, e.Of.Minus(e.SellerAmount))
	case escrow.Settled:
		m := &tr.Milestones[e.Milestone]
		end(m, e, e.SellerAmount, e.BuyerAmount)
		m.Outcome, m.Fee = e.Outcome, m.Fee.Plus(e.Fee)
	case escrow.Disputed:
		d := &DisputeRecord{By: e.By, Reason: e.Reason, Since: now}
		d.Aside[e.By] = e.Aside
		tr.Milestones[e.Milestone].Dispute = d
	case escrow.Voted:
		d := tr.Milestones[e.Milestone].Dispute
		d.Votes = append(d.Votes, Vote{Role: e.By, SellerPpm: e.SellerPpm, Hash: e.Hash, At: now})
	case escrow.Ruled:
		if e.Phase == escrow.PhaseHearing {
			tr.Milestones[e.Milestone].Dispute.RuledAt = now
		}
	case escrow.Appealed:
		d := tr.Milestones[e.Milestone].Dispute
		d.AppealBy, d.AppealedAt = &e.By, now
		d.Aside[e.By] = d.Aside[e.By].Plus(e.Aside)
	case escrow.Costs:
		tr.Milestones[e.Milestone].Dispute.Paid = [2]amount.Int128{e.BuyerPaid, e.SellerPaid}
	case escrow.Ended, escrow.Cancelled:
		tr.EndedAt = now
	}
}

func (n *modelNet) Head(context.Context) (Ledger, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	at := ledgerOf(n.ledger)
	at.Sequence -= n.lag
	return at, nil
}

func (n *modelNet) Contracts(context.Context) ([]Followed, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return []Followed{{Contract: escrow.Address(n.self.String()), Ledger: n.ledger.Sequence - n.lag, Gap: n.gap}}, nil
}

func (n *modelNet) Trade(_ context.Context, id escrow.ID) (Trade, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	tr, ok := n.trades[id]
	if !ok {
		return Trade{}, ErrNoTrade
	}
	return *tr, nil
}

func (n *modelNet) List(_ context.Context, f TradeFilter) ([]Trade, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	var out []Trade
	for _, id := range n.order {
		tr := n.trades[id]
		role, takesPart := tr.Terms.RoleOf(f.Party)
		if f.Party != "" && (!takesPart || f.Role != "" && f.Role != [3]string{"buyer", "seller", "arbitrator"}[min(role, 2)]) ||
			f.Stage != nil && tr.State.Stage != *f.Stage || f.Asset != "" && tr.Terms.Asset != f.Asset || f.Before != "" && tr.Opened.Event >= f.Before {
			continue
		}
		out = append(out, *tr)
	}
	slices.SortFunc(out, func(a, b Trade) int { return cmp.Compare(b.Opened.Event, a.Opened.Event) })
	return out[:min(len(out), f.Limit)], nil
}

func (n *modelNet) Events(_ context.Context, id escrow.ID, after string, limit int) ([]Event, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	var out []Event
	for _, e := range n.events[id] {
		if e.ID > after && len(out) < limit {
			out = append(out, e)
		}
	}
	return out, nil
}
