package costs

import (
	"fmt"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/host"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/node"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

const (
	ledgersADay = uint32(day / (ledger.CloseSeconds * time.Second))
	// perLedger is the time of an empty ledger.
	perLedger = ledger.CloseSeconds * time.Second
)

// TestRent is docs/contract-attacks.md D5: a trader's call may extend the contract's instance, by a day at most, and never its code. Each call is made
// twice, by two trades of the same terms: one ledger before the instance is due, and when it is.
func TestRent(t *testing.T) {
	w := newWorld(t)
	l := &list{world: w, cast: w.people("rent", 3)}
	instance, code := ledger.KeyOf(stellar.InstanceKey(w.contract)), ledger.KeyOf(stellar.CodeKey(w.code))
	entry, _ := w.entry(code)
	codeADay, codeForLong := w.rent(*entry, ledgersADay), w.rent(*entry, w.net.Settings().Limits.MaxEntryTTL)
	entry, _ = w.entry(instance)
	instanceADay := w.rent(*entry, ledgersADay)
	rulebook := ledger.KeyOf(stellar.CodeKey(w.rulebook))
	entry, _ = w.entry(rulebook)
	rulebookADay, rulebookForLong := w.rent(*entry, ledgersADay), w.rent(*entry, w.net.Settings().Limits.MaxEntryTTL)

	early, due := w.longest(l.cast, "early"), w.longest(l.cast, "due")
	unfunded := [2]escrow.Terms{w.longest(l.cast, "early, cancelled"), w.longest(l.cast, "due, cancelled")}
	// The first of these brings the instance to the network's longest lifetime, from which on only the clock counts.
	for _, terms := range unfunded {
		w.call(l.seller, escrow.CallOpen{Terms: terms, By: escrow.Seller})
	}
	threshold := w.net.Settings().Limits.MaxEntryTTL - 1 - ledgersADay

	var rows [][]string
	for _, s := range traderCalls() {
		role, call := s.by, s.call
		w.untilLeft(instance, threshold+1)
		pair := [2]escrow.Terms{early, due}
		if _, cancels := call(early).(escrow.CallCancel); cancels {
			pair = unfunded
		}
		a := w.call(l.of(role), call(pair[0]))
		b := w.call(l.of(role), call(pair[1]))
		for which, c := range map[string]cost{"one ledger before it is due": a, "when it is due": b} {
			if until, ok := c.extended[code]; ok {
				t.Errorf("%s, %s, extends the code's lifetime to %d", s.name, which, until)
			}
			if c.rent >= codeADay {
				t.Errorf("%s, %s, pays %d stroops of rent, a day of the code's is %d", s.name, which, c.rent, codeADay)
			}
		}
		if _, ok := a.extended[instance]; ok {
			t.Errorf("%s extends the instance before it is due", s.name)
		}
		if _, ok := b.extended[instance]; ok == extendsNothing(call(due)) {
			t.Errorf("%s, when the instance is due: extends it %t; one that should and does not tells nothing of the code", s.name, ok)
		}
		rows = append(rows, []string{s.name, n(a.rent), n(b.rent), n(b.rent - a.rent)})
	}

	const more = 30
	extension := w.extend(l.buyer, code, more*ledgersADay)
	if _, ok := extension.extended[code]; !ok {
		t.Error("an extension of the code does not show as one: what this test says of the code is worth nothing")
	}
	extensionOfRulebook := w.extend(l.buyer, rulebook, more*ledgersADay)

	p := newSection(t, "Rent")
	p.para("A call extends the trade's own entry, what is owed in its asset, and the contract's instance where that lacks a day, if it extends anything; never the contract's code, which has used up more of its life here than the instance. " +
		"Two trades of the same terms make each call one after the other: one ledger before the instance is due, and when it is.")
	p.table([]string{"call", "rent, before", "rent, when it is due", "more"}, rows)
	p.para("A day of the instance costs %s stroops, whoever comes first. The rent of code is paid by the operator, or whoever wants the code to live (`escrowctl contract extend`), in XLM:", n(instanceADay))
	p.table([]string{"code", "a day", fmt.Sprintf("charged for %d days more", more), "the longest that the network allows, 180 days"}, [][]string{
		{"the escrow's", xlm(codeADay), xlm(extension.charged), xlm(codeForLong)},
		{"the rulebook's", xlm(rulebookADay), xlm(extensionOfRulebook.charged), xlm(rulebookForLong)},
	})
	p.check()
}

// longest is a trade of six milestones that lives as long as may be, so that every call wants its entries to live as long as the network lets them.
func (w *world) longest(c cast, name string) escrow.Terms {
	w.t.Helper()
	terms := w.terms(c, deal{name: name, milestones: 6, each: 100 * usdc, panel: 3, bond: 40 * usdc, fee: 9 * usdc})
	for i := range terms.Milestones {
		terms.Milestones[i].DeliverBy += uint64(119 * day / time.Second)
	}
	terms.FundBy += uint64(5 * day / time.Second)
	return terms
}

// extendsNothing tells that a call needs nothing to live longer than it does: it ends a trade that never began, or writes nothing.
func extendsNothing(call escrow.Call) bool {
	switch call.(type) {
	case escrow.CallCancel, escrow.CallEvidence:
		return true
	}
	return false
}

// untilLeft makes empty ledgers until an entry lives, from the next ledger on, for so many more, if it does not live shorter already.
func (w *world) untilLeft(k ledger.Key, ledgers uint32) {
	w.t.Helper()
	_, until := w.entry(k)
	next := w.last() + 1
	if until < next+ledgers {
		return
	}
	w.advance(time.Duration(until-next-ledgers) * perLedger)
	if _, until = w.entry(k); until-w.last()-1 != ledgers {
		w.t.Fatalf("it lives for %d ledgers more, not for %d", until-w.last()-1, ledgers)
	}
}

// extend makes an entry live for so many ledgers more, by an operation of the network's own.
func (w *world) extend(from *keypair.Full, k ledger.Key, ledgers uint32) cost {
	w.t.Helper()
	name, err := k.LedgerKey()
	if err != nil {
		w.t.Fatal(err)
	}
	keys := []xdr.LedgerKey{name}
	_, until := w.entry(k)
	to := until - w.last() - 1 + ledgers
	t, err := stellar.ExtendTTL(w.envelope(from), keys, to)
	if err != nil {
		w.t.Fatal(err)
	}
	var sim host.SimulateResult
	w.ask(func(s node.Simulation) error {
		data, err := s.Host.SimulateExtend(w.t.Context(), s.Info, keys, to)
		sim.Data = &data
		return err
	})
	return w.submit(from, t, sim)
}

// traderCall is a call of two trades of the same terms.
type traderCall struct {
	name string
	by   escrow.Role
	call func(escrow.Terms) escrow.Call
}

// traderCalls are all that people of a trade can do, in an order in which they can.
func traderCalls() []traderCall {
	hundred, half := amount.Int(100*usdc), amount.Int(50*usdc)
	seat := func(i int) escrow.Role { return escrow.FirstSeat + escrow.Role(i) }
	rule := func(by escrow.Role) func(escrow.Terms) escrow.Call {
		return func(t escrow.Terms) escrow.Call {
			return escrow.CallRule{Terms: t, By: by, Rulings: []escrow.Ruling{{Milestone: 3, SellerPpm: 500_000}}, Hash: hashed("ruling")}
		}
	}
	calls := []traderCall{
		{"`open`", escrow.Buyer, func(t escrow.Terms) escrow.Call { return escrow.CallOpen{Terms: t, By: escrow.Buyer} }},
		{"`accept`", escrow.Seller, func(t escrow.Terms) escrow.Call { return escrow.CallAccept{Terms: t} }},
		{"`fund`", escrow.Buyer, func(t escrow.Terms) escrow.Call { return escrow.CallFund{Terms: t} }},
		{"`deliver`", escrow.Seller, func(t escrow.Terms) escrow.Call { return escrow.CallDeliver{Terms: t, Proof: hashed("proof")} }},
		{"`release`", escrow.Buyer, func(t escrow.Terms) escrow.Call { return escrow.CallRelease{Terms: t, Milestone: 1, Amount: hundred} }},
		{"`refund`", escrow.Seller, func(t escrow.Terms) escrow.Call { return escrow.CallRefund{Terms: t, Milestone: 2, Amount: hundred} }},
		{"`dispute`", escrow.Buyer, func(t escrow.Terms) escrow.Call {
			return escrow.CallDispute{Terms: t, By: escrow.Buyer, Milestone: 3, Reason: hashed("reason")}
		}},
		{"`offer`", escrow.Buyer, func(t escrow.Terms) escrow.Call {
			return escrow.CallOffer{Terms: t, By: escrow.Buyer, Milestone: 4, Of: hundred, SellerAmount: half}
		}},
		{"`accept_offer`", escrow.Seller, func(t escrow.Terms) escrow.Call {
			return escrow.CallAcceptOffer{Terms: t, By: escrow.Seller, Milestone: 4, Of: hundred, SellerAmount: half}
		}},
		// Meanwhile the time for offers passes.
		{"`release` of a part", escrow.Buyer, func(t escrow.Terms) escrow.Call { return escrow.CallRelease{Terms: t, Milestone: 5, Amount: half} }},
		{"`refund` of a part", escrow.Seller, func(t escrow.Terms) escrow.Call {
			return escrow.CallRefund{Terms: t, Milestone: 5, Amount: amount.Int(20 * usdc)}
		}},
	}
	for i := range 3 {
		calls = append(calls, traderCall{fmt.Sprintf("`rule`, vote %d", i+1), seat(i), rule(seat(i))})
	}
	return append(calls,
		traderCall{"`appeal`", escrow.Seller, func(t escrow.Terms) escrow.Call {
			return escrow.CallAppeal{Terms: t, By: escrow.Seller, Milestone: 3}
		}},
		traderCall{"`settle`, payouts parked", escrow.Buyer, func(t escrow.Terms) escrow.Call {
			return escrow.CallSettle{Terms: t, Milestones: []uint32{0}}
		}},
		traderCall{"`claim`", escrow.Buyer, func(t escrow.Terms) escrow.Call {
			return escrow.CallClaim{Terms: t, Role: escrow.Seller, To: t.Seller, Amount: half}
		}},
		// These extend nothing, so that the instance is due from here on.
		traderCall{"`evidence`", escrow.Seller, func(t escrow.Terms) escrow.Call {
			return escrow.CallEvidence{Terms: t, By: escrow.Seller, Milestone: 3, Hash: hashed("evidence")}
		}},
		traderCall{"`cancel`", escrow.Seller, func(t escrow.Terms) escrow.Call {
			return escrow.CallCancel{Terms: t, By: ref(escrow.Seller), Push: true}
		}},
	)
}
