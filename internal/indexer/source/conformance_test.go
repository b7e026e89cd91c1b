package source_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/Abdullahi130/StellarEscrow/internal/indexer"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source/pool"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source/sourcetest"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// sources are all there are, over the same ledgers.
func (w *world) sources(t testing.TB) map[string]indexer.Source {
	t.Helper()
	ledgers := func() *source.Ledgers { return source.NewLedgers(w.network, w.client, source.NewChain()) }
	// The scripted node is one more, so that what other tests do with it means something.
	scripted := &sourcetest.Node{Passphrase: w.network.Passphrase()}
	scripted.Add(w.metas(t)...)
	node, err := rpc.New(rpc.Config{URL: "http://scripted", Network: w.network, HTTP: scripted})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]indexer.Source{
		"scripted node":     node,
		"events of a node":  w.client,
		"ledgers of a node": ledgers(),
		"files":             w.openFiles(t),
		"pool of nodes":     newPool(t, w.client, w.client),
		"pool of all":       newPool(t, ledgers(), w.client, w.openFiles(t)),
	}
}

func newPool(t testing.TB, sources ...pool.Source) *pool.Pool {
	t.Helper()
	c := pool.Config{Now: time.Now}
	for i, s := range sources {
		c.Endpoints = append(c.Endpoints, pool.Endpoint{Name: fmt.Sprintf("node-%d", i+1), Source: s})
	}
	p, err := pool.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Every source gives the same ledgers, the same events, bytes, ids and times, and the same pages of them: what a decoded ledger holds.
func TestSourcesAgree(t *testing.T) {
	w := theWorld(t)
	var want []rpc.Event
	for _, meta := range w.metas(t) {
		want = append(want, sourcetest.Reference(meta)...)
	}
	ran := 0
	for name, s := range w.sources(t) {
		t.Run(name, func(t *testing.T) {
			t.Run("ledgers", func(t *testing.T) { sameLedgers(t, w, s) })
			for group, contracts := range map[string][]stellar.Address{
				"one contract": w.contracts[:1], "two contracts": w.contracts, "an asset": {w.usdc}, "lumens": {w.xlm}, "all": append(slices.Clone(w.contracts), w.xlm, w.usdc), "nobody's": {{Contract: true}},
			} {
				of := sourcetest.Of(want, sourcetest.ContractsOf(fakes(contracts), 0))
				if group != "nobody's" && len(of) < 10 {
					t.Fatalf("%d events of %s", len(of), group)
				}
				for _, limit := range []uint{1, 3, 1000} {
					t.Run(fmt.Sprintf("%s by %d", group, limit), func(t *testing.T) { samePages(t, w, s, contracts, limit, of) })
					ran++
				}
			}
			t.Run("edges", func(t *testing.T) { sameEdges(t, w, s, want) })
		})
	}
	if ran != 6*6*3 {
		t.Errorf("%d combinations ran", ran)
	}
}

// fakes are events of contracts, to name these.
func fakes(contracts []stellar.Address) (all []rpc.Event) {
	for _, c := range contracts {
		all = append(all, rpc.Event{Contract: c})
	}
	return all
}

func sameLedgers(t *testing.T, w *world, s indexer.Source) {
	protocol, err := s.CheckNetwork(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	latest, hash, err := s.LatestHash(t.Context())
	if err != nil || latest.Sequence < w.last {
		t.Fatalf("newest %+v, %v; %d was recorded", latest, err, w.last)
	}
	if list, _, err := s.Ledgers(t.Context(), latest.Sequence, 1); err != nil || len(list) != 1 || list[0].Hash != hash || list[0].Ledger != latest {
		t.Errorf("the newest is %+v %s, by itself %+v, %v", latest, hash, list, err)
	}
	metas := w.metas(t)
	next := metas[0].LedgerSequence()
	for _, limit := range []uint{1, 3, 100} {
		list, kept, err := s.Ledgers(t.Context(), next, limit)
		if err != nil || len(list) == 0 || uint(len(list)) > limit {
			t.Fatalf("%d ledgers from %d: got %d, %v", limit, next, len(list), err)
		}
		if kept.Oldest.Sequence != metas[0].LedgerSequence() || kept.Oldest.CloseTime != uint64(metas[0].LedgerCloseTime()) || kept.Latest.Sequence < w.last {
			t.Errorf("kept %+v", kept)
		}
		for i, l := range list {
			want := metas[int(next-metas[0].LedgerSequence())+i]
			raw, err := want.MarshalBinary()
			if err != nil {
				t.Fatal(err)
			}
			if l.Sequence != want.LedgerSequence() || l.CloseTime != uint64(want.LedgerCloseTime()) || l.Hash != stellar.Hash(want.LedgerHash()) ||
				l.Meta != base64.StdEncoding.EncodeToString(raw) {
				t.Fatalf("ledger %d is %+v", want.LedgerSequence(), l)
			}
			m, err := source.ReadMeta(raw)
			if err != nil {
				t.Fatal(err)
			}
			if m.Protocol != protocol {
				t.Errorf("ledger %d is of protocol %d, the network of %d", m.Sequence, m.Protocol, protocol)
			}
		}
		next += uint32(len(list))
	}
}

// samePages reads all events by pages. As the network goes on, pages are compared as far as the newest recorded ledger.
func samePages(t *testing.T, w *world, s indexer.Source, contracts []stellar.Address, limit uint, want []rpc.Event) {
	end := string(store.EndOfLedger(w.last))
	from := rpc.From{Ledger: 2}
	left := want
	for range len(want) + 2 {
		page, err := s.Events(t.Context(), from, contracts, limit)
		if err != nil {
			t.Fatal(err)
		}
		if err := source.CheckPage(page, from, contracts); err != nil {
			t.Fatal(err)
		}
		n := min(len(left), int(limit))
		if diff := cmp.Diff(sourcetest.Lines(t, left[:n]), sourcetest.Lines(t, page.Events)); diff != "" {
			t.Fatalf("page behind %+v (-want +got):\n%s", from, diff)
		}
		cursor := end
		if n == int(limit) {
			cursor = left[n-1].ID
		}
		if got := min(page.Cursor, end); got != cursor {
			t.Fatalf("the page behind %+v ends at %s, want %s", from, page.Cursor, cursor)
		}
		left, from = left[n:], rpc.From{Cursor: page.Cursor}
		if page.Cursor >= end {
			break
		}
	}
	if len(left) > 0 || from.Cursor < end {
		t.Errorf("%d events were not given; the pages end at %s", len(left), from.Cursor)
	}
}

func sameEdges(t *testing.T, w *world, s indexer.Source, all []rpc.Event) {
	ctx, one := t.Context(), w.contracts[:1]
	ids := sourcetest.ContractsOf(fakes(one), 0)
	want := sourcetest.Of(all, ids)
	mid := want[len(want)/2].Ledger.Sequence
	page, err := s.Events(ctx, rpc.From{Ledger: mid}, one, 1000)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(want, func(e rpc.Event) bool { return e.Ledger.Sequence >= mid })
	if diff := cmp.Diff(sourcetest.Lines(t, want[i:]), sourcetest.Lines(t, page.Events)); diff != "" {
		t.Errorf("from ledger %d (-want +got):\n%s", mid, diff)
	}
	// The first ledger has none before it that could be missing.
	if page, err := s.Events(ctx, rpc.From{Cursor: string(store.EndOfLedger(1))}, one, 1000); err != nil || len(page.Events) != len(want) {
		t.Errorf("behind ledger 1: %d events, %v", len(page.Events), err)
	}
	for what, from := range map[string]rpc.From{"ledger 1": {Ledger: 1}, "the end of ledger 0": {Cursor: string(store.EndOfLedger(0))}} {
		var gap *rpc.GapError
		if page, err := s.Events(ctx, from, one, 10); !errors.As(err, &gap) || gap.Asked != 1 || gap.Kept.Oldest.Sequence != 2 {
			t.Errorf("from %s: %+v, %v", what, page, err)
		}
	}
	var gap *rpc.GapError
	if _, _, err := s.Ledgers(ctx, 1, 10); !errors.As(err, &gap) {
		t.Errorf("ledger 1: %v", err)
	}
	const future = 1 << 30
	for _, from := range []rpc.From{{Ledger: future}, {Cursor: string(store.EndOfLedger(future))}} {
		if page, err := s.Events(ctx, from, one, 10); err != nil || len(page.Events) > 0 || page.Cursor != from.Cursor || page.Kept.Latest.Sequence < w.last {
			t.Errorf("from %+v: %+v, %v", from, page, err)
		}
	}
	if list, kept, err := s.Ledgers(ctx, future, 10); err != nil || len(list) > 0 || kept.Latest.Sequence < w.last {
		t.Errorf("ledger %d: %d, %+v, %v", future, len(list), kept, err)
	}
	for what, ask := range map[string]func() (rpc.EventPage, error){
		"no contract":            func() (rpc.EventPage, error) { return s.Events(ctx, rpc.From{Ledger: 2}, nil, 10) },
		"a page of none":         func() (rpc.EventPage, error) { return s.Events(ctx, rpc.From{Ledger: 2}, one, 0) },
		"a page that is too big": func() (rpc.EventPage, error) { return s.Events(ctx, rpc.From{Ledger: 2}, one, math.MaxUint32) },
		"a cursor that is none":  func() (rpc.EventPage, error) { return s.Events(ctx, rpc.From{Cursor: "ledger 2"}, one, 10) },
	} {
		if page, err := ask(); !errors.Is(err, rpc.ErrRefused) {
			t.Errorf("%s: %+v, %v", what, page, err)
		}
	}
}
