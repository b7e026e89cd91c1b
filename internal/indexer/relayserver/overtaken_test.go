package relayserver_test

import (
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// prepared is a call that is ready to be sent; send sends it, and wants it in a ledger.
func (w *world) prepared(who string, call escrow.Call) (send func()) {
	w.t.Helper()
	tree := w.tree(call)
	tx, err := stellar.Invoke(w.from(who), tree.Call)
	must(w.t, err)
	tx = w.complete(tx, tree, nil)
	return func() {
		w.t.Helper()
		if out := w.submit(tx, w.people[who]); out.State != relay.TransactionIncluded {
			w.t.Errorf("%s of %s: %s %+v", call.Function(), who, out.State, out.Failure)
		}
	}
}

// What others do to the same trade between preparation and ledger makes its entry grow. A call that they do not concern is carried out as it
// was prepared: nobody misses a deadline because somebody else was a second faster.
func TestPreparedCallsAreOvertaken(t *testing.T) {
	w := newWorld(t, "buyer", "seller", "arbitrator", "second", "third")
	terms := w.terms(1)
	terms.Panel = escrow.Panel{Arbitrators: []escrow.Address{w.rule("arbitrator"), w.rule("second"), w.rule("third")}, Quorum: 2}
	w.act("buyer", escrow.CallOpen{Terms: terms, By: escrow.Buyer})
	w.act("seller", escrow.CallAccept{Terms: terms})
	w.act("buyer", escrow.CallFund{Terms: terms})
	offer := func(who string, by escrow.Role) {
		w.act(who, escrow.CallOffer{Terms: terms, By: by, Milestone: 1, Of: terms.Milestones[1].Amount, SellerAmount: amount.Int(0)})
	}

	deliver := w.prepared("seller", escrow.CallDeliver{Terms: terms, Milestone: 0})
	offer("buyer", escrow.Buyer)
	deliver()
	release := w.prepared("buyer", escrow.CallRelease{Terms: terms, Milestone: 0, Amount: amount.Int(1)})
	w.act("seller", escrow.CallDispute{Terms: terms, By: escrow.Seller, Milestone: 1})
	release()
	dispute := w.prepared("seller", escrow.CallDispute{Terms: terms, By: escrow.Seller, Milestone: 0})
	offer("buyer", escrow.Buyer)
	dispute()

	w.advance(2100) // into the hearings
	both := []escrow.Ruling{{Milestone: 0, SellerPpm: 5}, {Milestone: 1, SellerPpm: 5}}
	var votes []func()
	for i, who := range []string{"arbitrator", "second", "third"} {
		votes = append(votes, w.prepared(who, escrow.CallRule{Terms: terms, By: escrow.Role(2 + i), Rulings: both}))
	}
	offer("buyer", escrow.Buyer)
	offer("seller", escrow.Seller)
	for _, vote := range votes {
		vote()
	}
}

// A dispute is signed with its deposit while another milestone goes on, and comes when none does: the fee is from the bond, and the transfer that was signed
// is not made (docs/contract.md, Functions).
func TestADisputeComesAfterTheOtherMilestonesHaveEnded(t *testing.T) {
	w := newWorld(t, "buyer", "seller", "arbitrator")
	terms := w.terms(1)
	w.act("buyer", escrow.CallOpen{Terms: terms, By: escrow.Buyer})
	w.act("seller", escrow.CallAccept{Terms: terms})
	w.act("buyer", escrow.CallFund{Terms: terms})
	call := escrow.CallDispute{Terms: terms, By: escrow.Buyer, Milestone: 0}
	if deposit := w.tree(call).Transfer; deposit == nil {
		t.Fatal("while another milestone goes on, no deposit is signed")
	}
	dispute := w.prepared("buyer", call)
	w.act("seller", escrow.CallRefund{Terms: terms, Milestone: 1, Amount: terms.Milestones[1].Amount})
	before := w.holding(w.people["buyer"].Address()).Balance
	dispute()
	trade := w.trade(terms)
	if want := terms.Bond.Minus(terms.ArbitrationFee); trade.Bonds[escrow.Buyer] != want || trade.Milestones[0].Dispute == nil {
		t.Errorf("%s are left of the bond, want %s; milestone 0: %+v", trade.Bonds[escrow.Buyer].Units(), want.Units(), trade.Milestones[0])
	}
	if after := w.holding(w.people["buyer"].Address()).Balance; after != before {
		t.Errorf("the buyer had %s of the asset before, and has %s", before, after)
	}
}

// The largest trade grows the most: an offer on each of its twenty milestones, and disputes.
func TestPreparedCallsAreOvertakenOften(t *testing.T) {
	w := newWorld(t, "buyer", "seller", "arbitrator")
	terms := w.terms(1)
	m := terms.Milestones[1]
	m.Amount = amount.Int(usdc)
	terms.Milestones = nil
	for range 20 {
		terms.Milestones = append(terms.Milestones, m)
	}
	w.act("buyer", escrow.CallOpen{Terms: terms, By: escrow.Buyer})
	w.act("seller", escrow.CallAccept{Terms: terms})
	w.act("buyer", escrow.CallFund{Terms: terms})

	deliver := w.prepared("seller", escrow.CallDeliver{Terms: terms, Milestone: 19})
	for i := range uint32(20) {
		w.act("buyer", escrow.CallOffer{Terms: terms, By: escrow.Buyer, Milestone: i, Of: m.Amount, SellerAmount: amount.Int(0)})
	}
	for i := range uint32(6) {
		w.act("buyer", escrow.CallDispute{Terms: terms, By: escrow.Buyer, Milestone: i})
	}
	deliver()
}

// A panel that votes on everything at the same time: who was first to prepare may be the one who completes it.
func TestPreparedVotesAreOvertaken(t *testing.T) {
	panel := []string{"arbitrator", "second", "third", "fourth", "fifth", "sixth", "seventh"}
	w := newWorld(t, append([]string{"buyer", "seller"}, panel...)...)
	terms := w.terms(1)
	m := terms.Milestones[1]
	m.Amount = amount.Int(usdc)
	terms.Milestones, terms.Panel = nil, escrow.Panel{Quorum: 4}
	for _, who := range panel {
		terms.Panel.Arbitrators = append(terms.Panel.Arbitrators, w.rule(who))
	}
	var all []escrow.Ruling
	for i := range uint32(20) {
		terms.Milestones = append(terms.Milestones, m)
		all = append(all, escrow.Ruling{Milestone: i, SellerPpm: 1_000 * i})
	}
	w.act("buyer", escrow.CallOpen{Terms: terms, By: escrow.Buyer})
	w.act("seller", escrow.CallAccept{Terms: terms})
	w.act("buyer", escrow.CallFund{Terms: terms})
	for i := range uint32(20) {
		w.act("buyer", escrow.CallDispute{Terms: terms, By: escrow.Buyer, Milestone: i})
	}

	w.advance(2100) // into the hearings
	var votes []func()
	for i, who := range panel {
		votes = append(votes, w.prepared(who, escrow.CallRule{Terms: terms, By: escrow.Role(2 + i), Rulings: all}))
	}
	for _, vote := range votes {
		vote()
	}
}
