package indexer

import (
	"context"
	"iter"
	"sync"

	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

const (
	// pagesPerPass is how many pages of one group are read before the next group's turn: who is far behind must not keep the others waiting.
	pagesPerPass = 16
	// pagesAhead is how many pages may wait between two stages, each of at most pageEvents events.
	pagesAhead = 2
)

// page is a page of events on its way to the store.
type page struct {
	from  store.EventID
	to    store.EventID // where it ends
	kept  rpc.Range
	raw   []rpc.Event
	facts []fact // raw, read
	err   error  // of the source; no page comes after it
	odd   error  // rpc.ErrAnswer: the page makes no sense; no page comes after it either
}

// stream reads the pages after from, at most pagesPerPass of them and none once the newest ledger or bound is reached: while one is being
// stored, the next one is decoded and the one after it fetched. It yields at least one page. All of it has ended when stream returns.
func (x *Indexer) stream(ctx context.Context, contracts []stellar.Address, from, bound store.EventID) iter.Seq[page] {
	return func(yield func(page) bool) {
		ctx, cancel := context.WithCancel(ctx)
		fetched, decoded := make(chan page, pagesAhead), make(chan page, pagesAhead)
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
					p.facts, p.odd = facts(p.raw)
					x.metrics.took(stageDecode, began, x.config.Now())
				}
				p.raw = nil
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
func (x *Indexer) fetch(ctx context.Context, contracts []stellar.Address, from, bound store.EventID, to chan<- page) {
	for range pagesPerPass {
		began := x.config.Now()
		got, err := x.config.Source.Events(ctx, rpc.From{Cursor: string(from)}, contracts, pageEvents)
		x.metrics.took(stageFetch, began, x.config.Now())
		p := page{from: from, kept: got.Kept, raw: got.Events, err: err}
		if err == nil {
			// Whatever the source is: a page that goes back, or beyond the newest ledger, would lose events or give them twice.
			p.to, p.odd = store.EventID(got.Cursor), source.CheckPage(got, rpc.From{Cursor: string(from)}, contracts)
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
