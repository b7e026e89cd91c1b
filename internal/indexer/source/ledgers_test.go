package source_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source/sourcetest"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// reader hands out ledgers, changed as a test likes.
type reader struct {
	list   []rpc.ClosedLedger
	most   uint // more at once are too large
	asked  []string
	change func([]rpc.ClosedLedger) []rpc.ClosedLedger
	latest func(rpc.ClosedLedger) rpc.ClosedLedger
	kept   func(rpc.Range) rpc.Range
}

func (r *reader) CheckNetwork(context.Context) (uint32, error) { return 23, nil }

func (r *reader) LatestHash(context.Context) (rpc.Ledger, stellar.Hash, error) {
	l := r.list[len(r.list)-1]
	if r.latest != nil {
		l = r.latest(l)
	}
	return l.Ledger, l.Hash, nil
}

func (r *reader) Ledgers(_ context.Context, from uint32, limit uint) ([]rpc.ClosedLedger, rpc.Range, error) {
	r.asked = append(r.asked, fmt.Sprintf("%d+%d", from, limit))
	if r.most > 0 && limit > r.most {
		return nil, rpc.Range{}, fmt.Errorf("%w: %w", rpc.ErrUnavailable, rpc.ErrTooLarge)
	}
	kept := rpc.Range{Oldest: r.list[0].Ledger, Latest: r.list[len(r.list)-1].Ledger}
	if r.kept != nil {
		kept = r.kept(kept)
	}
	i := slices.IndexFunc(r.list, func(l rpc.ClosedLedger) bool { return l.Sequence >= from })
	if i < 0 {
		return nil, kept, nil
	}
	list := slices.Clone(r.list[i:min(i+int(limit), len(r.list))])
	if r.change != nil {
		list = r.change(list)
	}
	return list, kept, nil
}

// closedLedgers are n ledgers from 10 on, each with a call of our contract and some filling.
func closedLedgers(t testing.TB, n, filling int, word string) (all []rpc.ClosedLedger) {
	t.Helper()
	c := sourcetest.From(10)
	for i := range n {
		say := word
		if i < 3 {
			say = "main" // the chains of two words part with ledger 13
		}
		meta := c.Next(uint64(100+i), sourcetest.Tx{Meta: 4, Call: []xdr.ContractEvent{sourcetest.Said(ours, say, strings.Repeat("x", filling))}})
		all = append(all, closedOf(t, meta))
	}
	return all
}

func closedOf(t testing.TB, meta xdr.LedgerCloseMeta) rpc.ClosedLedger {
	t.Helper()
	return readMeta(t, sourcetest.Encoded(meta)).Closed()
}

func oursOnly() []stellar.Address { return []stellar.Address{{Contract: true, Key: ours}} }

// Ledgers that are not what they should be are not read: the error names those that are at odds.
func TestLedgersAreVerified(t *testing.T) {
	other := closedLedgers(t, 20, 0, "other")
	reencoded := func(l rpc.ClosedLedger, change func(*xdr.LedgerCloseMetaV2)) rpc.ClosedLedger {
		raw, err := base64.StdEncoding.DecodeString(l.Meta)
		if err != nil {
			t.Fatal(err)
		}
		meta := sourcetest.Decoded(t, raw)
		change(meta.V2)
		l.Meta = base64.StdEncoding.EncodeToString(sourcetest.Encoded(&meta))
		return l
	}
	for _, c := range []struct {
		name   string
		change func([]rpc.ClosedLedger) []rpc.ClosedLedger
		want   string
		before uint32 // of a break; 0: none
		ledger uint32
	}{
		{"one is left out", func(l []rpc.ClosedLedger) []rpc.ClosedLedger { return slices.Delete(l, 3, 4) }, "", 12, 14},
		{"one comes twice", func(l []rpc.ClosedLedger) []rpc.ClosedLedger { return slices.Insert(l, 3, l[2]) }, "", 12, 12},
		{"another chain goes on", func(l []rpc.ClosedLedger) []rpc.ClosedLedger { return append(l[:5], other[5:8]...) }, "", 14, 15},
		{"the first is another", func(l []rpc.ClosedLedger) []rpc.ClosedLedger { return l[1:] }, "asked for ledgers from 10: ledger 11", 0, 0},
		{"a number that is not the ledger's", func(l []rpc.ClosedLedger) []rpc.ClosedLedger { l[2].Sequence++; return l }, "is told as ledger 13", 0, 0},
		{"a hash that is not the ledger's", func(l []rpc.ClosedLedger) []rpc.ClosedLedger { l[2].Hash[0]++; return l }, "is told as ledger 12", 0, 0},
		{"a time that is not the ledger's", func(l []rpc.ClosedLedger) []rpc.ClosedLedger { l[2].CloseTime++; return l }, "closed at 103", 0, 0},
		{"no base64", func(l []rpc.ClosedLedger) []rpc.ClosedLedger { l[2].Meta = "?"; return l }, "ledger 12: meta", 0, 0},
		{"no meta", func(l []rpc.ClosedLedger) []rpc.ClosedLedger { l[2].Meta = ""; return l }, "ledger 12: ledger meta of 0 bytes", 0, 0},
		{"a changed event", func(l []rpc.ClosedLedger) []rpc.ClosedLedger {
			l[2] = reencoded(l[2], func(m *xdr.LedgerCloseMetaV2) {
				m.TxProcessing[0].TxApplyProcessing.V4.Operations[0].Events[0].Body.V0.Topics = nil
			})
			return l
		}, "ledger 12: its transaction", 0, 0},
		{"none, though it has them", func([]rpc.ClosedLedger) []rpc.ClosedLedger { return nil }, "no ledgers, though it has them", 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := source.NewLedgers(sourcetest.Network(t), &reader{list: closedLedgers(t, 20, 0, "main"), change: c.change}, source.NewChain())
			page, err := s.Events(t.Context(), rpc.From{Ledger: 10}, oursOnly(), 100)
			if !errors.Is(err, rpc.ErrAnswer) || !strings.Contains(err.Error(), c.want) || len(page.Events) > 0 {
				t.Fatalf("%d events, %v", len(page.Events), err)
			}
			var broken *source.BreakError
			if errors.As(err, &broken) != (c.before != 0) || c.before != 0 && (broken.Before != c.before || broken.Ledger != c.ledger ||
				!strings.Contains(err.Error(), fmt.Sprint(c.before)) || !strings.Contains(err.Error(), fmt.Sprint(c.ledger))) {
				t.Errorf("%v", err)
			}
		})
	}
	t.Run("a range of nothing", func(t *testing.T) {
		r := &reader{list: other, kept: func(rpc.Range) rpc.Range { return rpc.Range{} }}
		if page, err := source.NewLedgers(sourcetest.Network(t), r, source.NewChain()).Events(t.Context(), rpc.From{Ledger: 10}, oursOnly(), 100); !errors.Is(err, rpc.ErrAnswer) {
			t.Errorf("%+v, %v", page, err)
		}
	})
}

// What was read before is the measure of what is read later, and the store's ledger of all.
func TestLedgersRemember(t *testing.T) {
	r := &reader{list: closedLedgers(t, 20, 0, "main")}
	other := closedLedgers(t, 40, 0, "other")
	s := source.NewLedgers(sourcetest.Network(t), r, source.NewChain())
	read := func(from uint32) error {
		_, _, err := s.Ledgers(t.Context(), from, 5)
		return err
	}
	if err := errors.Join(read(10), read(20)); err != nil {
		t.Fatal(err)
	}
	if link, ok := s.Link(21); !ok || link.Hash != r.list[11].Hash || link.Previous != r.list[10].Hash {
		t.Errorf("ledger 21 is %+v, %t", link, ok)
	}
	if _, ok := s.Link(17); ok {
		t.Error("ledger 17 was not read")
	}
	r.list = other
	var broken *source.BreakError
	for from, before := range map[uint32]uint32{13: 13, 15: 14, 19: 19, 25: 24, 10: 13} {
		if err := read(from); !errors.As(err, &broken) || broken.Before != before {
			t.Errorf("from ledger %d: %v, want one about %d", from, err, before)
		}
	}
	if _, _, err := s.LatestHash(t.Context()); err != nil {
		t.Errorf("of ledgers far off nothing is known: %v", err)
	}
	s.Trust(30, other[20].Hash)
	if err := read(28); err != nil {
		t.Errorf("beside the store's ledger: %v", err)
	}
	s.Trust(14, other[4].Hash) // against what was read
	if err := errors.Join(read(13), read(20)); err != nil {
		t.Errorf("with the store's word: %v", err)
	}
	r.list = closedLedgers(t, 20, 0, "main")
	if err := read(14); !errors.As(err, &broken) {
		t.Errorf("against the store's word: %v", err)
	}
	r.latest = func(l rpc.ClosedLedger) rpc.ClosedLedger { l.Hash[0]++; return l }
	r.list = other
	if _, hash, err := s.LatestHash(t.Context()); !errors.As(err, &broken) {
		t.Errorf("the newest is %s, %v", hash, err)
	}
}

// As many ledgers are asked for at once as their size allows, and none twice for being cut off by a page's end.
func TestLedgersFetched(t *testing.T) {
	small := &reader{list: closedLedgers(t, 450, 0, "main")}
	s := source.NewLedgers(sourcetest.Network(t), small, source.NewChain())
	from, n := rpc.From{Ledger: 10}, 0
	for {
		page, err := s.Events(t.Context(), from, oursOnly(), 7)
		if err != nil {
			t.Fatal(err)
		}
		n += len(page.Events)
		if from.Cursor = page.Cursor; page.Cursor == string(store.EndOfLedger(459)) {
			break
		}
	}
	if want := []string{"10+8", "18+200", "218+200", "418+200", "460+200"}; n != 450 || !slices.Equal(small.asked, want) {
		t.Errorf("%d events; asked for %v, want %v", n, small.asked, want)
	}

	large := &reader{list: closedLedgers(t, 20, 3<<20, "main"), most: 5}
	s = source.NewLedgers(sourcetest.Network(t), large, source.NewChain())
	// A page ends with the ledger that makes it large.
	var page rpc.EventPage
	var err error
	for from := (rpc.From{Ledger: 10}); page.Cursor < string(store.EndOfLedger(21)); from = (rpc.From{Cursor: page.Cursor}) {
		if page, err = s.Events(t.Context(), from, oursOnly(), 1000); err != nil || len(page.Events) != 3 {
			t.Fatalf("%d events to %s, want those of 3 ledgers: %v", len(page.Events), page.Cursor, err)
		}
	}
	if want := []string{"10+8", "10+4", "14+2", "16+2", "18+2", "20+2"}; !slices.Equal(large.asked, want) {
		t.Errorf("to %s; asked for %v, want %v", page.Cursor, large.asked, want)
	}
	large.most = 0
	large.change = func(l []rpc.ClosedLedger) []rpc.ClosedLedger {
		if l[0].Sequence >= 24 {
			return nil
		}
		return l
	}
	// An error behind what was read waits for the next question.
	page, err = s.Events(t.Context(), rpc.From{Cursor: page.Cursor}, oursOnly(), 1000)
	if err != nil || page.Cursor != string(store.EndOfLedger(23)) {
		t.Errorf("%s, %v", page.Cursor, err)
	}
	if page, err = s.Events(t.Context(), rpc.From{Cursor: page.Cursor}, oursOnly(), 1000); !errors.Is(err, rpc.ErrAnswer) {
		t.Errorf("%+v, %v", page, err)
	}
}

// A page that ends where the ledgers ended when they were fetched knows of those that were closed since.
func TestNewerLedgersAreSeen(t *testing.T) {
	all := closedLedgers(t, 6, 0, "main")
	r := &reader{list: all[:4]}
	s := source.NewLedgers(sourcetest.Network(t), r, source.NewChain())
	page, err := s.Events(t.Context(), rpc.From{Ledger: 10}, oursOnly(), 3)
	if err != nil || len(page.Events) != 3 {
		t.Fatal(len(page.Events), err)
	}
	r.list = all
	page, err = s.Events(t.Context(), rpc.From{Cursor: page.Cursor}, oursOnly(), 5)
	if err != nil || len(page.Events) != 3 || page.Kept.Latest.Sequence != 15 {
		t.Errorf("%+v, %v", page, err)
	}
}

func TestChainForgets(t *testing.T) {
	c := source.NewChain()
	c.Trust(5, stellar.Hash{5})
	const n = 1 << 15
	for i := range uint32(n + 10) {
		if err := c.Add(source.Link{Sequence: 100 + i, Hash: stellar.Hash{1}}); err != nil {
			t.Fatal(err)
		}
	}
	for seq, want := range map[uint32]bool{5: true, 100: false, 108: false, 109: false, 112: true, 100 + n: true} {
		if _, ok := c.Link(seq); ok != want {
			t.Errorf("ledger %d: known %t, want %t", seq, ok, want)
		}
	}
	c.Trust(4, stellar.Hash{4})
	c.Forget()
	if _, ok := c.Link(200); ok {
		t.Error("ledger 200 is known")
	}
	if c.Mark() != (source.Link{Sequence: 5, Hash: stellar.Hash{5}}) {
		t.Errorf("the mark is %+v", c.Mark())
	}
}

func TestCheckPage(t *testing.T) {
	event := func(id string, ledger uint32) rpc.Event {
		return rpc.Event{ID: id, Ledger: rpc.Ledger{Sequence: ledger}, Contract: oursOnly()[0]}
	}
	at := func(ledger, n int) string { return fmt.Sprintf("%019d-%010d", ledger<<32|4096, n) }
	kept := rpc.Range{Oldest: rpc.Ledger{Sequence: 5}, Latest: rpc.Ledger{Sequence: 20}}
	end := string(store.EndOfLedger(20))
	for _, c := range []struct {
		name string
		from rpc.From
		page rpc.EventPage
		ok   bool
	}{
		{"whole", rpc.From{Cursor: at(10, 1)}, rpc.EventPage{Events: []rpc.Event{event(at(10, 2), 10), event(at(11, 0), 11)}, Cursor: end, Kept: kept}, true},
		{"nothing new", rpc.From{Cursor: end}, rpc.EventPage{Cursor: end, Kept: kept}, true},
		{"ahead of the node", rpc.From{Cursor: string(store.EndOfLedger(25))}, rpc.EventPage{Cursor: string(store.EndOfLedger(25)), Kept: kept}, true},
		{"in the future", rpc.From{Ledger: 25}, rpc.EventPage{Kept: kept}, true},
		{"from a ledger", rpc.From{Ledger: 10}, rpc.EventPage{Events: []rpc.Event{event(at(10, 0), 10)}, Cursor: end, Kept: kept}, true},
		{"before that ledger", rpc.From{Ledger: 10}, rpc.EventPage{Events: []rpc.Event{event(at(9, 0), 9)}, Cursor: end, Kept: kept}, false},
		{"the same again", rpc.From{Cursor: at(10, 1)}, rpc.EventPage{Events: []rpc.Event{event(at(10, 1), 10)}, Cursor: end, Kept: kept}, false},
		{"out of order", rpc.From{Cursor: at(10, 1)}, rpc.EventPage{Events: []rpc.Event{event(at(11, 0), 11), event(at(10, 2), 10)}, Cursor: end, Kept: kept}, false},
		{"twice", rpc.From{Cursor: at(10, 1)}, rpc.EventPage{Events: []rpc.Event{event(at(11, 0), 11), event(at(11, 0), 11)}, Cursor: end, Kept: kept}, false},
		{"of another ledger", rpc.From{Cursor: at(10, 1)}, rpc.EventPage{Events: []rpc.Event{event(at(11, 0), 12)}, Cursor: end, Kept: kept}, false},
		{"no id", rpc.From{Cursor: at(10, 1)}, rpc.EventPage{Events: []rpc.Event{event("11", 11)}, Cursor: end, Kept: kept}, false},
		{"goes back", rpc.From{Cursor: at(10, 1)}, rpc.EventPage{Cursor: at(10, 0), Kept: kept}, false},
		{"ends before its events", rpc.From{Cursor: at(10, 1)}, rpc.EventPage{Events: []rpc.Event{event(at(12, 0), 12)}, Cursor: at(11, 0), Kept: kept}, false},
		{"ends beyond the newest", rpc.From{Cursor: at(10, 1)}, rpc.EventPage{Cursor: string(store.EndOfLedger(21)), Kept: kept}, false},
		{"ends nowhere", rpc.From{Cursor: at(10, 1)}, rpc.EventPage{Kept: kept}, false},
		{"keeps nothing", rpc.From{Cursor: at(10, 1)}, rpc.EventPage{Cursor: at(10, 1)}, false},
		{"keeps it the wrong way round", rpc.From{Cursor: at(10, 1)}, rpc.EventPage{Cursor: at(10, 1), Kept: rpc.Range{Oldest: kept.Latest, Latest: kept.Oldest}}, false},
	} {
		if err := source.CheckPage(c.page, c.from, oursOnly()); (err == nil) != c.ok || err != nil && !errors.Is(err, rpc.ErrAnswer) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	stranger := rpc.EventPage{Events: []rpc.Event{{ID: at(11, 0), Ledger: rpc.Ledger{Sequence: 11}, Contract: stellar.Address{Contract: true, Key: theirs}}}, Cursor: end, Kept: kept}
	if err := source.CheckPage(stranger, rpc.From{Cursor: at(10, 1)}, oursOnly()); !errors.Is(err, rpc.ErrAnswer) {
		t.Errorf("of another contract: %v", err)
	}
	var gap *rpc.GapError
	if err := source.CheckPage(rpc.EventPage{Cursor: end, Kept: kept}, rpc.From{Cursor: string(store.EndOfLedger(3))}, oursOnly()); !errors.As(err, &gap) || gap.Asked != 4 {
		t.Errorf("older than all that is kept: %v", err)
	}
}
