package sim

import (
	"reflect"
	"slices"

	"github.com/google/go-cmp/cmp"

	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// judge says whether the store holds what an undisturbed one holds: the same trades and events, and a feed without a hole in which each event is
// told of once.
func (w *world) judge() {
	w.t.Helper()
	got, want := w.stored(), w.chain.want
	if got.state.Hash != want.state.Hash || got.state.Trades != want.state.Trades {
		w.t.Errorf("%d trades, hash %x; undisturbed %d, hash %x", got.state.Trades, got.state.Hash, want.state.Trades, want.state.Hash)
	}
	if !reflect.DeepEqual(want.events, got.events) {
		w.t.Errorf("events, undisturbed (-) and here (+):\n%s", cmp.Diff(want.events, got.events))
	}
	for i, c := range got.contracts {
		if c.Position != store.EndOfLedger(w.chain.newest()) || c.GapOldest != 0 || c.At != want.contracts[i].At {
			w.t.Errorf("contract %+v, undisturbed %+v", c, want.contracts[i])
		}
	}
	w.sound(got.feed)
	if ids := told(got.feed); !slices.Equal(slices.Sorted(slices.Values(ids)), eventIDs(want.events)) {
		w.t.Errorf("the feed tells of %d events, there are %d", len(ids), len(want.events))
	}
}

// sound checks the feed's chain, and that what it says has begun has ended.
func (w *world) sound(entries []feed.Entry) {
	w.t.Helper()
	var head feed.Head
	open := map[string]int{}
	for _, e := range entries {
		if err := head.Check(e); err != nil {
			w.t.Error(err)
			return
		}
		head = e.Head()
		switch e.Kind {
		case feed.KindGap:
			open["gap of "+e.Contract]++
		case feed.KindGapEnd:
			open["gap of "+e.Contract]--
		case feed.KindStopped:
			open["stop"]++
		case feed.KindResumed:
			open["stop"]--
		}
		for what, n := range open {
			if n < 0 || n > 1 {
				w.t.Errorf("entry %d: the %s is told of twice, or its end without it", e.Seq, what)
			}
		}
	}
	for what, n := range open {
		if n != 0 {
			w.t.Errorf("the %s has no end in the feed", what)
		}
	}
}

// told is the events that a feed tells of.
func told(entries []feed.Entry) (ids []string) {
	for _, e := range entries {
		if e.Event != "" {
			ids = append(ids, e.Event)
		}
	}
	return ids
}

// count is how many entries of a kind a feed has.
func count(entries []feed.Entry, kind string) (n int) {
	for _, e := range entries {
		if e.Kind == kind {
			n++
		}
	}
	return n
}
