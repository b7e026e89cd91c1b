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
	// pagesAhead is how many pages may wait to be stored, each of at most pageEvents events; one more is being read, and one stored.
	pagesAhead = 1
)

// page is a page of events on its way to the store.
type page struct {
	from  store.EventID
	to    store.EventID // where it ends
	kept  rpc.Range
	facts []fact
	err   error // of the source; no page comes after it
	odd   error // rpc.ErrAnswer: the page makes no sense; no page comes after it either
}

// stream reads the pages after from, at most pagesPerPass of them and none once the newest ledger or bound is reached: while one is being
// stored, the next one is fetched and decoded. It yields at least one page. All of it has ended when stream returns.
//
// Fetching and decoding take turns. As two stages they would not be quicker while the database works on the other processor, and each page
// between them is of several megabytes: the SDK's trees of an event are ten times its bytes.
func (x *Indexer) stream(ctx context.Context, contracts []stellar.Address, from, bound store.EventID) iter.Seq[page] {
	return func(yield func(page) bool) {
		ctx, cancel := context.WithCancel(ctx)
		read := make(chan page, pagesAhead)
		var reader sync.WaitGroup
		defer reader.Wait()
		defer cancel()
		reader.Go(func() {
			defer close(read)
			x.fetch(ctx, contracts, from, bound, read)
		})
		for p := range read {
			if !yield(p) || p.err != nil || p.odd != nil {
				return
			}
		}
	}
}

// fetch asks for page after page. It ends with the context, whose error may go untold.
func (x *Indexer) fetch(ctx context.Context, contracts []stellar.Address, from, bound store.EventID, to chan<- page) {
	for range pagesPerPass {
		p := x.page(ctx, contracts, from)
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

// page asks for a page and reads its events.
func (x *Indexer) page(ctx context.Context, contracts []stellar.Address, from store.EventID) page {
	began := x.config.Now()
	got, err := x.config.Source.Events(ctx, rpc.From{Cursor: string(from)}, contracts, pageEvents)
	fetched := x.config.Now()
	x.metrics.took(stageFetch, began, fetched)
	p := page{from: from, kept: got.Kept, err: err}
	if err != nil {
		return p
	}
	// Whatever the source is: a page that goes back, or beyond the newest ledger, would lose events or give them twice.
	if p.to, p.odd = store.EventID(got.Cursor), source.CheckPage(got, rpc.From{Cursor: string(from)}, contracts); p.odd == nil {
		p.facts, p.odd = facts(x.config.Network, got.Events)
		x.metrics.took(stageDecode, fetched, x.config.Now())
	}
	return p
}
