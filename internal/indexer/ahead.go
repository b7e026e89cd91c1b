package indexer

import (
	"context"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// ahead works out what follows from the pages of a stream while the one before is being stored: together they take as long as the longer
// of the two. What it gets wrong, because that page is not stored in the end, is never stored either: the batch then starts from a position or
// follows a head that is not there.
type ahead struct {
	network   stellar.Network
	contracts []string
	trades    *cache
	head      feed.Head                  // after the page before
	before    map[escrow.ID]*store.Trade // as that page leaves them: it may not be stored yet, so that neither cache nor store knows
	took      func(stage string, from, to time.Time)
	now       func() time.Time
}

// ready makes the page's batch.
func (a *ahead) ready(ctx context.Context, p *page) {
	if p.err != nil || p.odd != nil || p.to == p.from {
		return
	}
	at := uint64(0)
	if n := len(p.facts); n > 0 {
		at = p.facts[n-1].raw.ClosedAt
	}
	if p.to.Ledger() == p.kept.Latest.Sequence {
		at = p.kept.Latest.CloseTime
	}
	moves := make([]store.Move, len(a.contracts))
	for i, c := range a.contracts {
		moves[i] = store.Move{Contract: c, From: p.from, To: p.to, At: at}
	}
	began := a.now()
	p.head = a.head
	if p.batch, p.broken = build(ctx, a.network, a, a.head, moves, p.facts); p.broken != nil {
		return
	}
	p.facts = nil // all of them are in the batch
	a.took(stageBuild, began, a.now())
	if n := len(p.batch.Feed); n > 0 {
		a.head = p.batch.Feed[n-1].Head()
	}
	a.before = make(map[escrow.ID]*store.Trade, len(p.batch.Trades))
	for _, c := range p.batch.Trades {
		a.before[c.ID] = c.Trade
	}
}

// all gives the trades as they are after the page before.
func (a *ahead) all(ctx context.Context, ids []escrow.ID, give func(*store.Trade)) error {
	var others []escrow.ID
	for _, id := range ids {
		if t, ok := a.before[id]; ok {
			give(t)
			continue
		}
		others = append(others, id)
	}
	return a.trades.all(ctx, others, give)
}
