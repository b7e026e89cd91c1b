package costs

import (
	"testing"

	"github.com/Abdullahi130/StellarEscrow/contract/wasm"
	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
)

// What the life of one escrow may cost at most, and what it is meant to.
const (
	targetInstructions = 7_500_000
	targetCharged      = 600_000 // stroops
	aimInstructions    = 6_000_000
	aimCharged         = 400_000
)

// simple is the trade that is compared.
var simple = deal{milestones: 1, each: 1_000 * usdc, panel: 3}

// step is a call with its name.
type step struct {
	name string
	cost cost
}

// live takes a simple trade from its beginning to its end.
func (w *world) live(c cast, d deal) (steps []step) {
	w.t.Helper()
	terms := w.terms(c, d)
	do := func(name string, cost cost) { steps = append(steps, step{name, cost}) }
	do("`open` by the seller", w.call(c.seller, escrow.CallOpen{Terms: terms, By: escrow.Seller}))
	w.advance(day)
	do("`fund`", w.call(c.buyer, escrow.CallFund{Terms: terms}))
	w.funded = w.entryBytes(terms)
	w.advance(13 * day)
	do("`deliver`", w.call(c.seller, escrow.CallDeliver{Terms: terms, Proof: hashed("proof")}))
	w.advance(2 * day)
	do("`release`", w.call(c.buyer, escrow.CallRelease{Terms: terms, Amount: amount.Int(d.each)}))
	w.ended = w.entryBytes(terms)
	return steps
}

// lives are the first trade of a contract, and one that comes after it.
func lives(t *testing.T) (first, later []step, w *world) {
	t.Helper()
	w = newWorld(t)
	c := w.people("simple", simple.panel)
	d := simple
	d.name = "first"
	first = w.live(c, d)
	d.name = "later"
	return first, w.live(c, d), w
}

func sum(steps []step) (all cost) {
	for _, s := range steps {
		all = all.plus(s.cost)
	}
	return all
}

// TestLife is the life of one escrow beside what it may cost.
func TestLife(t *testing.T) {
	first, later, w := lives(t)
	p := newSection(t, "The life of one escrow")
	p.para("One milestone of 1,000 USDC, two panels of three, no bond, the last deadline 60 days away: the seller opens, the buyer funds a day later, the seller delivers two weeks later, the buyer releases two days after that. " +
		"Each party sends and signs its own calls. The contract has held USDC before.")
	rows := [][]string{}
	row := func(name string, c cost) {
		rows = append(rows, []string{name, n(c.instructions), n(c.declared.Instructions), n(c.size), n(c.rent), n(c.authorised), n(c.charged), xlm(c.charged)})
	}
	for _, s := range later {
		t.Logf("%-22s %10s instructions, %9s stroops, %8s of them rent", s.name, n(s.cost.instructions), n(s.cost.charged), n(s.cost.rent))
		row(s.name, s.cost)
	}
	all := sum(later)
	t.Logf("%-22s %10s instructions, %9s stroops, %8s of them rent", "all four", n(all.instructions), n(all.charged), n(all.rent))
	row("**all four**", all)
	for _, other := range []struct {
		name                  string
		instructions, charged int64
	}{
		{"target", targetInstructions, targetCharged},
		{"aim", aimInstructions, aimCharged},
	} {
		rows = append(rows, []string{other.name, n(other.instructions), "", "", "", "", n(other.charged), xlm(other.charged)})
	}
	p.table([]string{"call", "instructions", "declared", "transaction, B", "rent", "authorised", "charged", "XLM"}, rows)
	if int64(all.instructions) > targetInstructions || all.charged > targetCharged {
		t.Errorf("the life of one escrow takes %s instructions and %s XLM; it may take %s and %s", n(all.instructions), xlm(all.charged), n(targetInstructions), xlm(targetCharged))
	}
	p.para("Of the target, that is %s %% of the instructions and %s %% of the fee.", percent(int64(all.instructions), targetInstructions), percent(all.charged, targetCharged))
	p.para("The trade's entry in the ledger has %s bytes once it is funded, and %s for ever after: its terms are not in it.", n(w.funded), n(w.ended))
	p.para("The first trade of all in an asset costs %s XLM: it pays for the entry of what is owed in it, and for the contract's balance.", xlm(sum(first).charged))
	built, _ := code(t)
	rulebook, _, err := wasm.Rulebook()
	if err != nil {
		t.Fatal(err)
	}
	p.para("The escrow has %s bytes, the rulebook that it asks %s. To upload and create both costs %s XLM, once; what a day of their rent costs stands below.", n(len(built)), n(len(rulebook)), xlm(sum(w.deployed).charged))
	p.check()
}
