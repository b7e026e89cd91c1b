package indexer

import (
	"context"
	"slices"

	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// The chain as a Source, as internal/stellar/rpc gives one.

// kept is what the source still has of the chain, and already shows.
func (c *chain) kept() rpc.Range {
	at := func(seq uint32) rpc.Ledger {
		if seq == 0 || int(seq) > len(c.ledgers) {
			return rpc.Ledger{Sequence: seq}
		}
		return c.ledgers[seq-1].Ledger
	}
	return rpc.Range{Oldest: at(c.oldest), Latest: at(uint32(c.shown))}
}

func (c *chain) CheckNetwork(ctx context.Context) (uint32, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return 27, c.err
}

func (c *chain) LatestHash(ctx context.Context) (rpc.Ledger, stellar.Hash, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.ledgers[c.shown-1]
	return l.Ledger, l.hash, c.err
}

func (c *chain) Ledgers(ctx context.Context, from uint32, limit uint) ([]rpc.ClosedLedger, rpc.Range, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return nil, rpc.Range{}, c.err
	}
	if from < c.oldest {
		return nil, c.kept(), &rpc.GapError{Asked: from, Kept: c.kept()}
	}
	var all []rpc.ClosedLedger
	for seq := from; seq <= uint32(c.shown) && uint(len(all)) < limit; seq++ {
		l := c.ledgers[seq-1]
		all = append(all, rpc.ClosedLedger{Ledger: l.Ledger, Hash: l.hash})
	}
	return all, c.kept(), nil
}

func (c *chain) Events(ctx context.Context, from rpc.From, contracts []stellar.Address, limit uint) (rpc.EventPage, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return rpc.EventPage{}, c.err
	}
	position := store.EventID(from.Cursor)
	first := position.Complete() + 1
	page := rpc.EventPage{Cursor: from.Cursor, Kept: c.kept()}
	switch {
	case first < c.oldest:
		return rpc.EventPage{}, &rpc.GapError{Asked: first, Kept: c.kept()}
	case first > uint32(c.shown):
		return page, nil
	}
	last := min(uint32(c.shown), first+c.window-1)
	for seq := first; seq <= last; seq++ {
		for _, e := range c.ledgers[seq-1].events {
			if store.EventID(e.ID) <= position || !slices.Contains(contracts, e.Contract) {
				continue
			}
			page.Events = append(page.Events, e)
			if len(page.Events) == min(int(limit), c.perPage) {
				page.Cursor = e.ID
				c.bent(&page)
				return page, nil
			}
		}
	}
	page.Cursor = string(store.EndOfLedger(last))
	c.bent(&page)
	return page, nil
}

func (c *chain) bent(p *rpc.EventPage) {
	if c.bend != nil {
		c.bend(p)
	}
}

// set changes what the source shows, while others may be asking it.
func (c *chain) set(do func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	do()
}
