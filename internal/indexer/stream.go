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
	// pagesAlone is how many where there is no other: each pass begins with a page that nothing is stored beside.
	pagesAlone = 64
	// maxJoined is how many pages are stored together at most: where few of them have events, what was read must not wait for long.
	maxJoined = 32
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
	broken error // it could not be made
}

// reading says what to read.
type reading struct {
	contracts   []stellar.Address
	from, bound store.EventID // what comes after from, as far as bound if there is one
	most        int           // pages
	// ready is called with each page, one after the other; when it is, all pages but the one before are done with.
	ready func(context.Context, *page)
}

// stream reads pages, none once the newest ledger or the bound is reached: while one is being stored, the next one is fetched and made ready, and no
// more. It yields at least one page. All of it has ended when stream returns.
func (x *Indexer) stream(ctx context.Context, r reading) iter.Seq[page] {
	return func(yield func(page) bool) {
		ctx, cancel := context.WithCancel(ctx)
		read := make(chan page)
		var reader sync.WaitGroup
		defer reader.Wait()
		defer cancel()
		reader.Go(func() {
			defer close(read)
			x.fetch(ctx, r, read)
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
func (x *Indexer) fetch(ctx context.Context, r reading, to chan<- page) {
	last := func(p page) bool {
		return p.err != nil || p.odd != nil || p.to == p.from || p.to.Complete() >= p.kept.Latest.Sequence || r.bound > p.from && p.to >= r.bound
	}
	from := r.from
	var next *page // read already
	for range r.most {
		p := page{}
		if next != nil {
			p, next = *next, nil
		} else {
			p = x.page(ctx, r.contracts, from)
		}
		found := len(p.facts)
		for joined := 1; joined < maxJoined && !last(p) && len(p.facts) >= joinedFrom && len(p.facts) < pageEvents && found > 0; joined++ {
			q := x.page(ctx, r.contracts, p.to)
			if q.err != nil || q.odd != nil || q.kept.Latest.Sequence < p.kept.Latest.Sequence {
				next = &q
				break
			}
			found = len(q.facts)
			p.to, p.kept.Latest, p.facts = q.to, q.kept.Latest, append(p.facts, q.facts...)
		}
		if r.bound > p.from && p.to > r.bound {
			p.to = r.bound
			p.facts = slices.DeleteFunc(p.facts, func(f fact) bool { return f.raw.ID > r.bound })
		}
		r.ready(ctx, &p)
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
