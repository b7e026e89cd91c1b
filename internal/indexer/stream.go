package indexer

import (
	"context"
	"iter"
	"sync"

	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

const (
	// piecesPerPass is how many pages of one group are read before the next group's turn: who is far behind must not keep the others waiting.
	piecesPerPass = 16
	// piecesAhead is how many pages may wait between two stages, each of at most pageEvents events.
	piecesAhead = 2
)

// piece is a page of events on its way to the store.
type piece struct {
	from  store.EventID
	to    store.EventID // where it ends
	kept  rpc.Range
	page  []rpc.Event
	facts []fact // page, read
	err   error  // of the source; nothing comes behind it
	odd   error  // rpc.ErrAnswer: the page makes no sense; nothing comes behind it either
}

// stream reads the pages behind from, at most piecesPerPass of them and none once the newest ledger or bound is reached: while one is being
// stored, the next one is decoded and the one after it fetched. It yields at least one piece. All of it has ended when stream returns.
func (x *Indexer) stream(ctx context.Context, contracts []stellar.Address, from, bound store.EventID) iter.Seq[piece] {
	return func(yield func(piece) bool) {
		ctx, cancel := context.WithCancel(ctx)
		fetched, decoded := make(chan piece, piecesAhead), make(chan piece, piecesAhead)
		var stages sync.WaitGroup
		defer stages.Wait()
		defer cancel()
		stages.Go(func() {
			defer close(fetched)
			x.fetch(ctx, contracts, from, bound, fetched)
		})
		stages.Go(func() {
			defer close(decoded)
			for p := range fetched {
				if p.err == nil && p.odd == nil {
					began := x.config.Now()
					p.facts, p.odd = facts(p.page)
					x.metrics.took(stageDecode, began, x.config.Now())
				}
				p.page = nil
				select {
				case decoded <- p:
				case <-ctx.Done():
					return
				}
			}
		})
		for p := range decoded {
			if !yield(p) || p.err != nil || p.odd != nil {
				return
			}
		}
	}
}

// fetch asks for page after page. It ends with the context, whose error may go untold.
func (x *Indexer) fetch(ctx context.Context, contracts []stellar.Address, from, bound store.EventID, to chan<- piece) {
	for range piecesPerPass {
		began := x.config.Now()
		page, err := x.config.Source.Events(ctx, rpc.From{Cursor: string(from)}, contracts, pageEvents)
		x.metrics.took(stageFetch, began, x.config.Now())
		p := piece{from: from, kept: page.Kept, page: page.Events, err: err}
		if err == nil {
			p.to, p.odd = checked(page, from)
		}
		select {
		case to <- p:
		case <-ctx.Done():
			return
		}
		if p.err != nil || p.odd != nil || p.to == from || p.to.Complete() >= p.kept.Latest.Sequence || bound > from && p.to >= bound {
			return
		}
		from = p.to
	}
}
