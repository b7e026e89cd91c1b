package keeper_test

import (
	"fmt"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/keeper"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// The largest trade there can be, twenty milestones that were all disputed and judged by two panels of seven, is settled with payouts to
// twelve people by one transaction that the default ceiling has room for.
func TestTheLargestTradeIsOneTransaction(t *testing.T) {
	people := []string{"buyer", "seller"}
	var panels [2][]string
	for i := range panels {
		for seat := range 7 {
			panels[i] = append(panels[i], fmt.Sprintf("arbitrator %d.%d", i, seat))
		}
		people = append(people, panels[i]...)
	}
	w := newWorld(t, localnet.Options{}, 1, people...)
	defer w.stop()
	units := func(n int64) amount.Int128 { return amount.Int(n * usdc) }
	far := uint64(w.now().Unix()) + 30_000
	terms := w.terms("buyer", "seller", far)
	terms.Bond, terms.ArbitrationFee = units(7), units(7)
	terms.Milestones = nil
	for i := range 20 {
		terms.Milestones = append(terms.Milestones, escrow.Milestone{Amount: units(50), DeliverBy: far, Description: escrow.Hash{byte(i)}})
	}
	for i, p := range []*escrow.Panel{&terms.Panel, &terms.AppealPanel} {
		p.Quorum = 4
		for _, who := range panels[i] {
			p.Arbitrators = append(p.Arbitrators, w.rule(who))
		}
	}
	id := w.fund("buyer", "seller", terms)
	var rulings []escrow.Ruling
	for i := range uint32(20) {
		w.call("buyer", escrow.CallDispute{Terms: terms, By: escrow.Buyer, Milestone: i, Reason: escrow.Hash{1}})
		rulings = append(rulings, escrow.Ruling{Milestone: i, SellerPpm: 400_000 + i})
	}
	vote := func(panel, seats int, first escrow.Role) {
		for seat := range seats {
			w.call(panels[panel][seat], escrow.CallRule{Terms: terms, By: first + escrow.Role(seat), Rulings: rulings, Hash: escrow.Hash{2}})
		}
	}
	w.reach(uint64(w.now().Unix()) + terms.Windows.Offers)
	vote(0, 3, escrow.FirstSeat) // no quorum
	w.reach(uint64(w.now().Unix()) + terms.Windows.Ruling)
	from := w.latest()
	vote(1, 7, escrow.FirstSeat+7)
	w.projected()
	w.keep()
	w.until("it is settled", func() bool { _, times := w.settledIn(id); return times == 20 })
	if kinds := kindsOf(w.events(id)); kinds[len(kinds)-1] != "ended" {
		t.Errorf("it ends with %s: it was to be paid out", kinds[len(kinds)-1])
	}
	if ok, failed, _ := w.sent(from); ok != 1 || failed != 0 {
		t.Errorf("%d transactions, %d failed", ok, failed)
	}
	kept := must(w.db.Transactions(t.Context(), keeperTransactions(id)))
	tx := must(stellar.ParseTransaction(base64Of(kept[0].Envelope)))
	t.Logf("declared %d stroops of at most %d, charged %d", tx.MaxFee(), keeper.DefaultCeiling, w.charged("keeper 0"))
	if tx.MaxFee() > keeper.DefaultCeiling/2 {
		t.Errorf("%d stroops: the default ceiling of %d leaves no room for dearer times", tx.MaxFee(), keeper.DefaultCeiling)
	}
}
