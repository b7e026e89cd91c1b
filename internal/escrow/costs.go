package escrow

import "github.com/Abdullahi130/StellarEscrow/internal/amount"

// appealMargin is how far, in ppm, an appeal must move the outcome for the other side to pay for it: a gain of one part in a million
// must not shift the cost (docs/contract-attacks.md I2).
const appealMargin = 50_000

// hearings is what a dispute's end has to pay for: its outcome, the votes cast, and what each side can pay from. Pairs of money are indexed
// by Buyer and Seller, pairs of counts by the first and the appeal panel.
type hearings struct {
	parts      [2]amount.Int128 // of what was left: B and S, together at least 1
	outcomePpm uint32
	firstPpm   uint32 // the first ruling; there is one wherever appealBy is set
	appealBy   *Role  // nil: the clock called the second hearing, or there was none
	fee        amount.Int128
	seats      [2]int
	votes      [2]int
	aside      [2]amount.Int128 // together at least fee, and at least twice that after an appeal
	bonds      [2]amount.Int128
}

// bill is how the hearings were paid.
type bill struct {
	paid       [2]amount.Int128 // by each side; what the other covered for it counts as the other's
	aside      [2]amount.Int128 // not used: goes back
	bonds      [2]amount.Int128 // left of them
	parts      [2]amount.Int128 // left of B and S
	vote       amount.Int128    // to each vote of the first panel
	appealVote amount.Int128    // to each vote of the appeal panel
	remainder  amount.Int128    // what no vote can get: the buyer's
}

// pay shares the costs of a dispute's hearings (contract.md, Money: Hearings). Votes cast are always paid, empty seats cost nothing, and nothing waits for money: a
// side pays from what it set aside, then its part, then its bond, which is there for every milestone, whichever is settled first
// (docs/contract-attacks.md E24); the other's unused aside covers what is missing; if even that falls short, the appeal votes get less, all alike.
func (h *hearings) pay() bill {
	b := bill{aside: h.aside, bonds: h.bonds, parts: h.parts}
	var cost [2]amount.Int128
	for panel, per := range []*amount.Int128{&b.vote, &b.appealVote} {
		if h.votes[panel] > 0 {
			*per = h.fee.MulDiv(amount.Int(1), amount.Int(int64(h.seats[panel])))
			cost[panel] = per.Times(h.votes[panel])
		}
	}

	missing := h.owes(cost)
	for side := range missing {
		for _, purse := range []*amount.Int128{&b.aside[side], &b.parts[side], &b.bonds[side]} {
			b.paid[side] = b.paid[side].Plus(draw(purse, &missing[side]))
		}
	}
	for side := range missing {
		other := 1 - side
		b.paid[other] = b.paid[other].Plus(draw(&b.aside[other], &missing[side]))
	}

	// What is set aside covers one panel, and both after an appeal: short is possible only where the clock called the second one.
	if short := missing[Buyer].Plus(missing[Seller]); short.Sign() > 0 {
		rest := cost[1].Minus(short)
		b.appealVote = rest.MulDiv(amount.Int(1), amount.Int(int64(h.votes[1])))
		b.remainder = rest.Minus(b.appealVote.Times(h.votes[1]))
		b.paid[Buyer] = b.paid[Buyer].Minus(b.remainder)
	}
	return b
}

// owes is what each side owes: the shared costs by what it lost (the buyer by the seller's part), an appeal's to the appellant, unless it gained enough.
func (h *hearings) owes(cost [2]amount.Int128) (owes [2]amount.Int128) {
	shared := cost[0]
	if h.appealBy == nil {
		shared = shared.Plus(cost[1])
	}
	owes[Buyer] = shared.MulDiv(h.parts[Seller], h.parts[Buyer].Plus(h.parts[Seller]))
	owes[Seller] = shared.Minus(owes[Buyer])
	if h.appealBy == nil {
		return owes
	}
	payer := *h.appealBy
	moved := int64(h.outcomePpm) - int64(h.firstPpm)
	if payer == Buyer {
		moved = -moved
	}
	if moved >= appealMargin {
		payer = payer.Other()
	}
	owes[payer] = owes[payer].Plus(cost[1])
	return owes
}

// draw moves as much as there is of what is needed, and returns it.
func draw(purse, needed *amount.Int128) amount.Int128 {
	taken := purse.Min(*needed)
	*purse, *needed = purse.Minus(taken), needed.Minus(taken)
	return taken
}
