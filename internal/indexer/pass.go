package indexer

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// pass reads some pages (stream) for each group of contracts that are at the same position. more says that one of them is not at the tip yet.
func (x *Indexer) pass(ctx context.Context) (more bool, err error) {
	if err := x.remark(ctx); err != nil {
		return false, err
	}
	if err := x.tell(ctx); err != nil {
		return false, err
	}
	groups := x.groups()
	most := pagesPerPass
	if len(groups) == 1 {
		most = pagesAlone
	}
	for i, group := range groups {
		// A group stops where the next one is, so that the two go on as one.
		bound := store.EventID("")
		if i+1 < len(groups) {
			bound = groups[i+1][0].Position
		}
		groupMore, err := x.read(ctx, group, bound, most)
		if err != nil {
			return false, err
		}
		more = more || groupMore
	}
	return more, nil
}

// groups are the contracts to be read now, together where they are at the same position, the one that is furthest behind first.
func (x *Indexer) groups() [][]*followed {
	now := x.config.Now()
	order := slices.SortedFunc(maps.Values(x.follow), func(a, b *followed) int {
		return cmp.Or(cmp.Compare(a.Position, b.Position), cmp.Compare(a.GapOldest, b.GapOldest), cmp.Compare(a.ID, b.ID))
	})
	var groups [][]*followed
	for _, f := range order {
		if f.GapOldest != 0 && now.Before(f.retryAt) {
			continue
		}
		if n := len(groups); n > 0 {
			last := groups[n-1]
			if last[0].Position == f.Position && last[0].GapOldest == f.GapOldest && len(last) < rpc.MaxContracts {
				groups[n-1] = append(last, f)
				continue
			}
		}
		groups = append(groups, []*followed{f})
	}
	return groups
}

// read takes a group forward, by most pages and as far as bound if there is one, and stores what follows. more says that there is more to be had at once.
func (x *Indexer) read(ctx context.Context, group []*followed, bound store.EventID, most int) (more bool, err error) {
	addresses, ids := make([]stellar.Address, len(group)), make([]string, len(group))
	for i, f := range group {
		addresses[i], ids[i] = f.address, f.ID
	}
	a := &ahead{network: x.config.Network, contracts: ids, trades: x.trades, head: x.head, took: x.metrics.took, now: x.config.Now}
	r := reading{contracts: addresses, from: group[0].Position, bound: bound, most: most, ready: a.ready}
	if group[0].GapOldest != 0 { // a page ends it, and what follows from the page comes after the note that says so
		r.most, r.ready = 1, func(context.Context, *page) {}
	}
	for p := range x.stream(ctx, r) {
		if more, err = x.take(ctx, group, a, p); err != nil || !more {
			return false, err
		}
		select {
		case n := <-x.notices: // it must not wait for the rest
			x.waiting = append(x.waiting, n)
			return true, nil
		default:
		}
	}
	return more, ctx.Err()
}

// take stores one page. more says that there is more to be had at once.
func (x *Indexer) take(ctx context.Context, group []*followed, a *ahead, p page) (more bool, err error) {
	var gap *rpc.GapError
	switch next := p.from.Complete() + 1; {
	case errors.As(p.err, &gap):
		return false, x.gap(ctx, group, gap.Kept)
	case p.err != nil:
		return false, p.err
	case next < p.kept.Oldest.Sequence:
		// Some nodes answer 200 and an empty page to a position they no longer keep.
		return false, x.gap(ctx, group, p.kept)
	}
	if err := x.heard(ctx, p.kept); err != nil {
		return false, err
	}
	switch latest := p.kept.Latest.Sequence; {
	case latest >= p.from.Ledger():
	case latest+sourceLagLedgers >= p.from.Ledger():
		return false, nil // the next question may meet a node that is further
	default:
		return false, fmt.Errorf("the source's newest ledger, %d, is behind position %s: it lags, or its network was reset: %w", latest, p.from, rpc.ErrUnavailable)
	}
	if p.odd != nil {
		return false, p.odd
	}
	if group[0].GapOldest != 0 {
		if err := x.gapEnded(ctx, group); err != nil {
			return false, err
		}
		a.head = x.head
		a.ready(ctx, &p)
	}
	if p.to == p.from {
		return false, nil // at the tip
	}
	if err := x.apply(ctx, group, p); err != nil {
		return false, err
	}
	return p.to.Complete() < p.kept.Latest.Sequence, nil
}

// apply stores a page and what follows from it, and tells everybody.
func (x *Indexer) apply(ctx context.Context, group []*followed, p page) error {
	switch {
	case p.broken != nil:
		return p.broken
	case p.head != x.head:
		return fmt.Errorf("page after %s: it was made ready for entry %d of the feed, which is at %d by now", p.from, p.head.Seq+1, x.head.Seq)
	}
	batch, began := p.batch, x.config.Now()
	if err := x.config.Store.Apply(ctx, batch); err != nil {
		return err
	}
	x.metrics.took(stageStore, began, x.config.Now())
	x.metrics.stored(batch)
	for _, f := range group {
		f.Position, f.At = p.to, max(f.At, batch.Moves[0].At)
	}
	unread := 0
	for _, e := range batch.Events {
		if e.Unread != "" {
			unread++
			x.config.Log.Error("an event had no effect", "event", e.ID, "kind", e.Kind, "contract", e.Contract, "err", e.Unread)
		}
	}
	x.published(batch)
	x.status.moved(x.follow, unread, x.config.Now())
	x.trades.stored(batch.Trades) // it may have to wait for whoever reads trades ahead
	return nil
}

func (x *Indexer) published(batch store.Batch) {
	if n := len(batch.Feed); n > 0 {
		x.head = batch.Feed[n-1].Head()
		x.config.Publish(x.head.Seq)
	}
}

// gap notes that what comes after a group's position is not to be had. It is a state, entered once and told once; the position stays.
func (x *Indexer) gap(ctx context.Context, group []*followed, kept rpc.Range) error {
	for _, f := range group {
		f.retryAt = x.config.Now().Add(retryGap)
	}
	if err := x.heard(ctx, kept); err != nil {
		return err
	}
	if group[0].GapOldest != 0 {
		return nil
	}
	x.config.Log.Error("ledgers are missing: the source no longer has what comes next", "ledger", group[0].Position.Complete()+1, "oldest", kept.Oldest.Sequence)
	return x.turn(ctx, group, feed.KindGap, kept.Oldest.Sequence)
}

// gapEnded notes that the missing ledgers can be had after all.
func (x *Indexer) gapEnded(ctx context.Context, group []*followed) error {
	x.config.Log.Info("the missing ledgers can be had", "ledger", group[0].Position.Complete()+1)
	return x.turn(ctx, group, feed.KindGapEnd, 0)
}

// turn takes a group into the gap state, or out of it with oldest 0, and writes it into the feed.
func (x *Indexer) turn(ctx context.Context, group []*followed, kind string, oldest uint32) error {
	b := builder{head: x.head}
	for _, f := range group {
		data, err := json.Marshal(map[string]uint32{"from": f.Position.Complete() + 1, "oldest": max(oldest, f.GapOldest)})
		if err != nil {
			return err
		}
		b.batch.Gaps = append(b.batch.Gaps, store.Gap{Contract: f.ID, Oldest: oldest})
		if err := b.note(feed.Note{Kind: kind, Contract: f.ID, Data: data}); err != nil {
			return err
		}
	}
	if err := x.config.Store.Apply(ctx, b.batch); err != nil {
		return err
	}
	for _, f := range group {
		f.GapOldest = oldest
	}
	x.published(b.batch)
	x.status.moved(x.follow, 0, x.config.Now())
	return nil
}
