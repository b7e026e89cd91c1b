package storetest

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// The store compares addresses and looks at nothing in them.
const (
	contractA = "CONTRACT-A"
	contractB = "CONTRACT-B"
)

func hashOf(parts ...any) store.Hash { return sha256.Sum256([]byte(fmt.Sprint(parts...))) }

// idAt is the id of event i of a ledger.
func idAt(ledger uint32, i int) store.EventID {
	return store.EventID(fmt.Sprintf("%019d-%010d", int64(ledger)<<32|1<<12, i))
}

// world builds batches on a store the way the indexer does.
type world struct {
	t      *testing.T
	s      Engine
	at     map[string]store.EventID
	head   feed.Head
	ledger uint32
}

func newWorld(t *testing.T, s Engine, contracts ...string) *world {
	t.Helper()
	w := &world{t: t, s: s, at: map[string]store.EventID{}, ledger: 10}
	for _, c := range contracts {
		if err := s.Follow(t.Context(), c, 5); err != nil {
			t.Fatal(err)
		}
		w.at[c] = store.EndOfLedger(4)
	}
	return w
}

// next is a batch of one ledger: an event of contractA for each change, and its entry in the feed.
func (w *world) next(changes ...store.Change) store.Batch {
	w.t.Helper()
	w.ledger++
	b := store.Batch{Trades: changes}
	for c, from := range w.at {
		b.Moves = append(b.Moves, store.Move{Contract: c, From: from, To: store.EndOfLedger(w.ledger), At: uint64(w.ledger) * 5})
	}
	head := w.head
	for i, c := range changes {
		id := store.Hash(c.ID)
		e := store.Event{ID: idAt(w.ledger, i), Contract: c.Contract, ClosedAt: uint64(w.ledger) * 5, Tx: hashOf("tx", w.ledger, i), Kind: "released", Trade: &id, Body: []byte{1, byte(i)}}
		b.Events = append(b.Events, e)
		entry, err := head.Next(feed.Note{Kind: e.Kind, Event: string(e.ID), Trade: c.ID.String(), Data: json.RawMessage(`{"left":"1.0000000"}`)})
		if err != nil {
			w.t.Fatal(err)
		}
		b.Feed, head = append(b.Feed, entry), entry.Head()
	}
	return b
}

// apply stores a batch and keeps up with it.
func (w *world) apply(b store.Batch) {
	w.t.Helper()
	if err := w.s.Apply(w.t.Context(), b); err != nil {
		w.t.Fatalf("apply: %v", err)
	}
	for _, m := range b.Moves {
		w.at[m.Contract] = m.To
	}
	if n := len(b.Feed); n > 0 {
		w.head = b.Feed[n-1].Head()
	}
}

// trade is a new trade, all of whose parts follow from n.
func trade(contract string, n int) *store.Trade {
	party := func(role string) escrow.Address { return escrow.Address(fmt.Sprintf("G%s%d", role, n%5)) }
	terms := escrow.Terms{
		Buyer: party("BUYER"), Seller: party("SELLER"), Asset: escrow.Address(fmt.Sprintf("CASSET%d", n%3)),
		Bond: amount.Int(1000), ArbitrationFee: amount.Int(300), FundBy: 1000, Inspection: 50, FallbackPpm: 500_000, FeeBps: 100,
		Panel:   escrow.Panel{Arbitrators: []escrow.Address{"GARB1", "GARB2", "GARB3"}, Quorum: 2},
		Windows: escrow.Windows{Offers: 10, Ruling: 20, Appeal: 30}, Salt: hash(hashOf("salt", n)),
	}
	if n%2 == 0 {
		terms.AppealPanel = escrow.Panel{Arbitrators: []escrow.Address{"GJUDGE"}, Quorum: 1}
	}
	for i := range 1 + n%3 {
		terms.Milestones = append(terms.Milestones, escrow.Milestone{Amount: amount.Int(int64(10_000 + i)), DeliverBy: 5000, Description: hash(hashOf("milestone", i))})
	}
	opened := store.Point{Event: idAt(uint32(1000+n), len(contract)), At: uint64(n)}
	if contract == contractB {
		opened.Event = idAt(uint32(1000+n), 1)
	}
	return &store.Trade{
		ID: escrow.ID(hashOf("trade", contract, n)), Contract: contract, Terms: terms, OpenedBy: escrow.Role(n % 2),
		Milestones: make([]store.Milestone, len(terms.Milestones)), LastDeadline: terms.LastDeadline(), Opened: opened, Updated: opened,
	}
}

func hash(h store.Hash) escrow.Hash { return escrow.Hash(h) }

// full is a trade in which everything is set that can be, with amounts at their ends.
func full(n int) *store.Trade {
	t := trade(contractA, n)
	most, beyond := amount.Int(math.MaxInt64), amount.MaxInt128()
	t.Stage, t.Bonds, t.EndedAt = escrow.StageFunded, [2]amount.Int128{most, amount.Int(1)}, 77
	t.Updated = store.Point{Event: idAt(7777, 3), At: 1 << 40}
	t.Parked = []escrow.Parcel{{Role: 0, Amount: amount.Int(5)}, {Role: 3, Amount: beyond}}
	for i := range t.Milestones {
		t.Milestones[i] = store.Milestone{
			Left: most, DeliveredAt: 40, Proof: hash(hashOf("proof", i)), ToSeller: amount.Int(int64(i)), ToBuyer: most, Fee: amount.Int(3),
			Offers:  [2]*escrow.Offer{{Of: most, Phase: escrow.PhaseRuled, SellerAmount: amount.Int(0)}, {Of: amount.Int(7), SellerAmount: amount.Int(7)}},
			EndedAt: 99, EndedBy: "settled", Outcome: escrow.OutcomeAppealRuling,
			Dispute: &store.Dispute{
				By: 1, Reason: hash(hashOf("reason")), Since: 41, Aside: [2]amount.Int128{beyond, most}, AppealBy: new(escrow.Seller), AppealedAt: 50, RuledAt: 45,
				Votes: []store.Vote{
					{Vote: escrow.Vote{Role: 4, SellerPpm: 1_000_000}, Hash: hash(hashOf("ruling")), At: 42}, {Vote: escrow.Vote{Role: 2}, At: 43},
				},
				Silent: []escrow.Role{3, 5}, Paid: [2]amount.Int128{beyond, amount.Int(0)}, Vote: amount.Int(100), AppealVote: most,
			},
		}
	}
	return t
}

func every(t *store.Trade) store.Change { return store.Change{Trade: t} }

// same compares and shows the difference.
func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(amount.Int128{})); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// number makes distinct hashes in order.
func number(n int) (h store.Hash) {
	binary.BigEndian.PutUint64(h[:], uint64(n))
	return h
}
