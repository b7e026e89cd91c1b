package indexer

import (
	"context"
	"iter"
	"slices"
	"sync"

	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

const (
	// pagesPerPass is how many pages of one group are stored before the next group's turn: who is far behind must not keep the others waiting.
	pagesPerPass = 16
	// pagesAlone is how many where there is no other: each pass begins with a page that nothing is stored beside. Notes wait for its end, half a
	// minute at most.
	pagesAlone = 64
	// joinedFrom is from how many events on a page of less than pageEvents is stored together with the next. The larger what is stored at once,
	// the less often a trade is written again; but not all sources can hold so many events while they look for them.
	joinedFrom = pageEvents / 10
)

// page is a page of events on its way to the store.
type page struct {
	from  store.EventID
	to    store.EventID // where it ends
	kept  rpc.Range
	facts []fact
	err   error // of the source; no page comes after it
	odd   error // rpc.ErrAnswer: the page makes no sense; no page comes after it either

	// What ahead has made of the facts; what comes of a page that is not worth storing is thrown away with it.
	head   feed.Head // which the batch follows
	batch  store.Batch
	broken error // of the store
}

// stream reads the pages after from, at most so many of them and none once the newest ledger or bound is reached: while one is being
// stored, the next one is fetched and made ready, and no more. It yields at least one page. All of it has ended when stream returns.
//
// ready is called with each page, one after the other; when it is, all pages but the one before are done with.
func (x *Indexer) stream(ctx context.Context, contracts []stellar.Address, from, bound store.EventID, most int, ready func(context.Context, *page)) iter.Seq[page] {
	return func(yield func(page) bool) {
		ctx, cancel := context.WithCancel(ctx)
		read := make(chan page)
		var reader sync.WaitGroup
		defer reader.Wait()
		defer cancel()
		reader.Go(func() {
			defer close(read)
			x.fetch(ctx, contracts, from, bound, most, ready, read)
		})
		for p := range read {
			last := p.err != nil || p.odd != nil
			if !yield(p) || last {
				return
			}
		}
	}
}

// fetch asks for page after page. It ends with the context, whose error may go untold.
func (x *Indexer) fetch(ctx context.Context, contracts []stellar.Address, from, bound store.EventID, most int, ready func(context.Context, *page), to chan<- page) {
	last := func(p page) bool {
		return p.err != nil || p.odd != nil || p.to == p.from || p.to.Complete() >= p.kept.Latest.Sequence || bound > p.from && p.to >= bound
	}
	var next *page // read already
	for range most {
		p := page{}
		if next != nil {
			p, next = *next, nil
		} else {
			p = x.page(ctx, contracts, from)
		}
		for !last(p) && len(p.facts) >= joinedFrom && len(p.facts) < pageEvents {
			q := x.page(ctx, contracts, p.to)
			if q.err != nil || q.odd != nil || q.kept.Latest.Sequence < p.kept.Latest.Sequence {
				next = &q
				break
			}
			p.to, p.kept.Latest, p.facts = q.to, q.kept.Latest, append(p.facts, q.facts...)
		}
		if bound > p.from && p.to > bound {
			p.to = bound
			p.facts = slices.DeleteFunc(p.facts, func(f fact) bool { return f.raw.ID > bound })
		}
		ready(ctx, &p)
		select {
		case to <- p:
		case <-ctx.Done():
			return
		}
		if last(p) {
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
