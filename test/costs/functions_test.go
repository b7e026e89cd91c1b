package costs

import (
	"slices"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/host"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/wasmfile"
)

// bonded is the trade of the functions: as simple, with bonds that pay hearings.
var bonded = deal{milestones: 1, each: 1_000 * usdc, panel: 3, bond: 40 * usdc, fee: 9 * usdc}

// list is a world in which steps are measured by name.
type list struct {
	*world
	cast
	steps []step
}

func (l *list) did(name string, c cost) cost {
	l.steps = append(l.steps, step{name, c})
	return c
}

// party makes a call by who holds a role of the trade, and measures it.
func (l *list) party(name string, role escrow.Role, call escrow.Call) cost {
	l.t.Helper()
	return l.did(name, l.call(l.of(role), call))
}

// agreed is a bonded trade that the seller has opened and the buyer has funded, unmeasured.
func (l *list) agreed(name string, d deal) escrow.Terms {
	l.t.Helper()
	d.name = name
	terms := l.terms(l.cast, d)
	l.call(l.seller, escrow.CallOpen{Terms: terms, By: escrow.Seller})
	l.call(l.buyer, escrow.CallFund{Terms: terms})
	return terms
}

func ref[T any](v T) *T { return &v }

func (l *list) ordinary() {
	d := bonded
	d.name = "ordinary"
	terms := l.terms(l.cast, d)
	l.party("`open` by the buyer", escrow.Buyer, escrow.CallOpen{Terms: terms, By: escrow.Buyer})
	l.party("`accept` by the seller, with the bond", escrow.Seller, escrow.CallAccept{Terms: terms})
	l.party("`fund`", escrow.Buyer, escrow.CallFund{Terms: terms})
	l.party("`deliver`", escrow.Seller, escrow.CallDeliver{Terms: terms, Proof: hashed("proof")})
	l.party("`release` of a part", escrow.Buyer, escrow.CallRelease{Terms: terms, Amount: amount.Int(400 * usdc)})
	l.party("`release` of the rest, the bonds go back", escrow.Buyer, escrow.CallRelease{Terms: terms, Amount: amount.Int(600 * usdc)})
	d.name = "cancelled"
	terms = l.terms(l.cast, d)
	l.party("`open` by the seller, with the bond", escrow.Seller, escrow.CallOpen{Terms: terms, By: escrow.Seller})
	l.party("`accept` by the buyer", escrow.Buyer, escrow.CallAccept{Terms: terms})
	l.party("`cancel`, the bond goes back", escrow.Seller, escrow.CallCancel{Terms: terms, By: ref(escrow.Seller), Push: true})
	terms = l.agreed("refunded", bonded)
	l.party("`refund` of all, the bonds go back", escrow.Seller, escrow.CallRefund{Terms: terms, Amount: amount.Int(bonded.each)})
	terms = l.agreed("late", bonded)
	other := l.agreed("parked", bonded)
	l.call(l.seller, escrow.CallDeliver{Terms: other, Proof: hashed("proof")})
	l.party("`extend`", escrow.Buyer, escrow.CallExtend{ID: l.id(terms)})
	l.advance(deliverWithin)
	l.party("`settle` to the buyer, the bonds go back", escrow.Seller, escrow.CallSettle{Terms: terms, Milestones: []uint32{0}, Push: true})
	l.party("`settle` to the seller, payouts parked", escrow.Buyer, escrow.CallSettle{Terms: other, Milestones: []uint32{0}})
	l.party("`claim` to its owner, by anyone", escrow.Seller, escrow.CallClaim{Terms: other, Role: escrow.Buyer, To: other.Buyer, Amount: amount.Int(bonded.bond)})
	l.party("`claim` by the owner to another account", escrow.Seller, escrow.CallClaim{Terms: other, Role: escrow.Seller, To: other.Buyer, Amount: amount.Int(bonded.bond)})
}

func (l *list) disputed() {
	terms := l.agreed("split", bonded)
	left := amount.Int(bonded.each)
	l.party("`dispute` from the bond", escrow.Buyer, escrow.CallDispute{Terms: terms, By: escrow.Buyer, Reason: hashed("reason")})
	l.party("`offer`", escrow.Buyer, escrow.CallOffer{Terms: terms, By: escrow.Buyer, Of: left, SellerAmount: amount.Int(300 * usdc)})
	l.party("`evidence`", escrow.Seller, escrow.CallEvidence{Terms: terms, By: escrow.Seller, Hash: hashed("evidence")})
	l.party("`accept_offer`, the bonds go back", escrow.Seller, escrow.CallAcceptOffer{Terms: terms, By: escrow.Seller, Of: left, SellerAmount: amount.Int(300 * usdc)})

	two := bonded
	two.milestones = 2
	terms = l.agreed("ruled", two)
	l.call(l.buyer, escrow.CallDispute{Terms: terms, By: escrow.Buyer, Reason: hashed("reason")})
	l.party("`dispute` with a deposit", escrow.Buyer, escrow.CallDispute{Terms: terms, By: escrow.Buyer, Milestone: 1, Reason: hashed("reason")})
	l.party("`release` in a dispute: conceding", escrow.Buyer, escrow.CallRelease{Terms: terms, Milestone: 1, Amount: left})
	l.advance(offers)
	for seat := range bonded.panel {
		by := escrow.FirstSeat + escrow.Role(seat)
		c := l.call(l.of(by), escrow.CallRule{Terms: terms, By: by, Rulings: []escrow.Ruling{{SellerPpm: 400_000}}, Hash: hashed("ruling")})
		switch seat {
		case 0:
			l.did("`rule`, the first vote", c)
		case bonded.panel - 1:
			l.did("`rule`, the last vote", c)
		}
	}
	l.party("`appeal`", escrow.Seller, escrow.CallAppeal{Terms: terms, By: escrow.Seller})
	for seat := range bonded.panel {
		by := escrow.FirstSeat + escrow.Role(bonded.panel+seat)
		l.call(l.of(by), escrow.CallRule{Terms: terms, By: by, Rulings: []escrow.Ruling{{SellerPpm: 600_000}}, Hash: hashed("ruling")})
	}
	l.party("`settle` of a ruling: 8 payouts", escrow.Buyer, escrow.CallSettle{Terms: terms, Milestones: []uint32{0}, Push: true})
}

func (l *list) platform() {
	admin, anchor, heir := key("admin"), l.account("anchor"), l.account("heir")
	by := func(name string, call escrow.Call) { l.did(name, l.call(admin, call)) }
	l.did("`collect`", l.call(l.buyer, escrow.CallCollect{Asset: escrow.Address(l.asset.String())}))
	by("`propose_fee`", escrow.CallProposeFee{Bps: 40, Receiver: escrow.Address(l.seller.Address())})
	by("`cancel_fee`", escrow.CallCancelFee{})
	by("`pause`", escrow.CallPause{})
	by("`unpause`", escrow.CallUnpause{})
	by("`set_anchor`", escrow.CallSetAnchor{Key: escrow.Address(anchor.Address())})
	l.did("`anchor`, the first", l.call(anchor, escrow.CallAnchor{Seq: 1, Hash: hashed("head")}))
	l.did("`anchor`, a later one", l.call(anchor, escrow.CallAnchor{Seq: 2, Hash: hashed("head 2")}))
	by("`propose_admin`", escrow.CallProposeAdmin{To: escrow.Address(heir.Address())})
	l.did("`accept_admin`", l.call(heir, escrow.CallAcceptAdmin{}))
}

func (l *list) views() {
	terms := l.agreed("viewed", bonded)
	unsigned := func(sim host.SimulateResult) error {
		return stellar.CheckTree(stellar.Tree{}, stellar.Address{}, sim.Auth)
	}
	for _, v := range []struct {
		name string
		args xdr.InvokeContractArgs
	}{
		{"`trade`", stellar.ViewTrade(l.contract, l.id(terms))},
		{"`config`", stellar.ViewConfig(l.contract)},
		{"`owed`", stellar.ViewOwed(l.contract, l.asset)},
	} {
		l.did(v.name, l.invoke(l.buyer, v.args, unsigned))
	}
}

// TestFunctions measures each function of the contract.
func TestFunctions(t *testing.T) {
	w := newWorld(t)
	l := &list{world: w, cast: w.people("functions", bonded.panel)}
	l.agreed("before", bonded)
	l.ordinary()
	l.disputed()
	l.platform()
	l.views()
	for _, s := range w.deployed {
		l.did(s.name, s.cost)
	}
	l.complete()

	p := newSection(t, "Each function")
	p.para("One milestone of 1,000 USDC, two panels of three, bonds of 40 USDC, 9 USDC for a hearing. Views are measured as transactions; a simulation answers them for nothing.")
	p.table(columns, rows(l.steps))
	p.check()
}

// complete fails when a function that the code exports has no figure.
func (l *list) complete() {
	l.t.Helper()
	built, _ := code(l.t)
	m, err := wasmfile.Parse(built)
	if err != nil {
		l.t.Fatal(err)
	}
	functions := 0
	for _, e := range m.Exports {
		if e.Kind != "func" || e.Name == "_" { // the SDK's mark of its version
			continue
		}
		functions++
		if !slices.ContainsFunc(l.steps, func(s step) bool { return strings.HasPrefix(s.name, "`"+e.Name+"`") }) {
			l.t.Errorf("the contract has a function %q, of which nothing was measured", e.Name)
		}
	}
	if functions == 0 {
		l.t.Error("the contract exports no function")
	}
}

var columns = []string{"call", "instructions", "declared", "memory, B", "entries read", "from disk, B", "entries written", "written, B", "events", "event B", "transaction, B", "rent", "authorised", "charged", "XLM"}

func rows(steps []step) (all [][]string) {
	for _, s := range steps {
		c := s.cost
		all = append(all, []string{s.name, n(c.instructions), n(c.declared.Instructions), n(c.memory), n(c.readEntries), n(c.readBytes), n(c.writtenEntries), n(c.written),
			n(c.events), n(c.eventBytes), n(c.size), n(c.rent), n(c.authorised), n(c.charged), xlm(c.charged)})
	}
	return all
}
