package escrow

import (
	"math/rand/v2"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
)

// TestTheOrderOfHearingsMovesNothing: two disputes of one trade end in either order, and both sides and all votes come to the same (docs/contract-attacks.md E24). Where the clock
// called a second hearing, its judges may go short in one order by what the winner's aside of the other milestone pays in the other one: less than a fee, and of one side only.
func TestTheOrderOfHearingsMovesNothing(t *testing.T) {
	const fee, pairs = 300, 20_000
	r := rand.New(rand.NewPCG(1, 2))
	unlike := 0
	for range pairs {
		both := [2]hearings{someHearings(r, fee), someHearings(r, fee)}
		clock := both[0].calledByClock() || both[1].calledByClock()
		bond := amount.Int(fee + r.Int64N(3*fee))
		a, b := endBoth(both[0], both[1], bond), endBoth(both[1], both[0], bond)
		if a == b {
			continue
		}
		unlike++
		moved := [2]amount.Int128{apart(a[Buyer], b[Buyer]), apart(a[Seller], b[Seller])}
		one := moved[Buyer].Sign() == 0 || moved[Seller].Sign() == 0
		if !clock || !one || !moved[Buyer].Plus(moved[Seller]).Less(amount.Int(fee)) {
			t.Fatalf("called by the clock: %v; buyer, seller and votes get %v or %v from a bond of %s:\n%+v", clock, a, b, bond.Units(), both)
		}
	}
	if unlike == 0 {
		t.Error("no pair was called by the clock with too small a bond: the test has seen less than it says")
	}
}

func (h *hearings) calledByClock() bool { return h.appealBy == nil && h.votes[1] > 0 }

// someHearings are those of a dispute that one side started: one hearing, a second by appeal, or one that the clock called.
func someHearings(r *rand.Rand, fee int64) hearings {
	left := []int64{1, 50, 200, 1000}[r.IntN(4)]
	ppm := []uint32{0, 1_000_000, 500_000, r.Uint32N(1_000_001)}[r.IntN(4)]
	seller := left * int64(ppm) / 1_000_000
	h := hearings{
		parts: [2]amount.Int128{amount.Int(left - seller), amount.Int(seller)}, outcomePpm: ppm, firstPpm: []uint32{0, 500_000, 1_000_000}[r.IntN(3)],
		fee: amount.Int(fee), seats: [2]int{3, 3}, votes: [2]int{3, 0},
	}
	h.aside[r.IntN(2)] = amount.Int(fee)
	switch r.IntN(3) {
	case 1:
		by := Role(r.IntN(2))
		h.appealBy = &by
		h.aside[by] = h.aside[by].Plus(amount.Int(fee))
		h.votes[1] = r.IntN(4)
	case 2:
		h.votes = [2]int{r.IntN(2), r.IntN(4)}
	}
	return h
}

// endBoth is what buyer, seller and all votes get of two disputes that end in this order: the bonds' rest is the sides', what no vote can get counts with the votes.
func endBoth(first, second hearings, bond amount.Int128) (got [3]amount.Int128) {
	bonds := [2]amount.Int128{bond, bond}
	for _, h := range []hearings{first, second} {
		h.bonds = bonds
		b := h.pay()
		bonds = b.bonds
		for side := range 2 {
			got[side] = got[side].Plus(b.parts[side]).Plus(b.aside[side])
		}
		got[2] = got[2].Plus(b.paid[Buyer]).Plus(b.paid[Seller]).Plus(b.remainder)
	}
	got[Buyer], got[Seller] = got[Buyer].Plus(bonds[Buyer]), got[Seller].Plus(bonds[Seller])
	return got
}

func apart(a, b amount.Int128) amount.Int128 {
	if a.Less(b) {
		a, b = b, a
	}
	return a.Minus(b)
}
