package ledgers

import (
	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
)

// milestones is how many a trade has beyond its first.
func (w *platform) milestones(chance int) int {
	if chance >= inParts {
		return 1
	}
	return 0
}

// Of a thousand trades, those below each number end so; five events a trade on average.
const (
	quick     = 430 // the seller opens, so funding is the agreement; delivered, released
	plain     = 600 // opened, accepted, funded, released
	thorough  = 650 // accepted and delivered
	cancelled = 850
	heard     = 880 // disputed, all three vote
	silent    = 900 // disputed, two vote, the clock ends the hearing
	agreed    = 920 // disputed, and an offer accepted
	unending  = 950 // goes on after the last ledger
	refunded  = 960
	parked    = 970 // settled without paying, claimed one by one
	inParts   = 970 // two milestones, paid in parts: all that are left
)

// fate is what happens to a trade.
func (w *platform) fate(l *life, chance int, hash func(string) escrow.Hash) []move {
	t := l.terms
	buyer, seller := escrow.Buyer, escrow.Seller
	first := t.Milestones[0].Amount
	opens := move{buyer, escrow.CallOpen{Terms: t, By: buyer}, 0}
	bySeller := move{seller, escrow.CallOpen{Terms: t, By: seller}, 0}
	accept, fund := move{seller, escrow.CallAccept{Terms: t}, 0}, move{buyer, escrow.CallFund{Terms: t}, 0}
	deliver := func(i uint32) move {
		return move{seller, escrow.CallDeliver{Terms: t, Milestone: i, Proof: hash("proof")}, 0}
	}
	release := func(i uint32, x amount.Int128) move {
		return move{buyer, escrow.CallRelease{Terms: t, Milestone: i, Amount: x}, 0}
	}
	dispute := move{buyer, escrow.CallDispute{Terms: t, By: buyer, Reason: hash("reason")}, 0}
	third := first.MulDiv(amount.Int(1), amount.Int(3))
	offer := move{buyer, escrow.CallOffer{Terms: t, By: buyer, Of: first, SellerAmount: third}, 0}
	vote := func(seat escrow.Role, wait uint64) move {
		ppm := uint32(w.rand.IntN(1_000_001))
		return move{seat, escrow.CallRule{Terms: t, By: seat, Rulings: []escrow.Ruling{{SellerPpm: ppm}}, Hash: hash("ruling")}, wait}
	}
	settle := func(push bool, wait uint64) move {
		return move{seller, escrow.CallSettle{Terms: t, Milestones: []uint32{0}, Push: push}, wait}
	}
	switch {
	case chance < quick:
		return []move{bySeller, fund, deliver(0), release(0, first)}
	case chance < plain:
		return []move{opens, accept, fund, release(0, first)}
	case chance < thorough:
		return []move{opens, accept, fund, deliver(0), release(0, first)}
	case chance < cancelled:
		by := escrow.Role(w.rand.IntN(2))
		cancel := move{by, escrow.CallCancel{Terms: t, By: &by, Push: true}, 0}
		if w.rand.IntN(2) == 0 {
			return []move{opens, cancel}
		}
		return []move{opens, accept, cancel}
	case chance < heard:
		return []move{opens, accept, fund, dispute, offer, vote(2, t.Windows.Offers), vote(3, 0), vote(4, 0), settle(true, 0)}
	case chance < silent:
		return []move{bySeller, fund, dispute, vote(2, t.Windows.Offers), vote(4, 0), settle(true, t.Windows.Ruling)}
	case chance < agreed:
		evidence := move{seller, escrow.CallEvidence{Terms: t, By: seller, Hash: hash("evidence")}, 0}
		accepts := move{seller, escrow.CallAcceptOffer{Terms: t, By: seller, Of: first, SellerAmount: third}, 0}
		return []move{opens, accept, fund, dispute, evidence, offer, accepts}
	case chance < unending:
		return []move{opens, accept, fund}[:2+w.rand.IntN(2)]
	case chance < refunded:
		return []move{opens, accept, fund, {seller, escrow.CallRefund{Terms: t, Amount: first}, 0}}
	case chance < parked:
		claim := func(r escrow.Role, x amount.Int128) move {
			to, _ := t.AddressOf(r)
			return move{r, escrow.CallClaim{Terms: t, Role: r, To: to, Amount: x}, 0}
		}
		fee := first.MulDiv(amount.Int(int64(t.FeeBps)), amount.Int(10_000))
		return []move{bySeller, fund, deliver(0), settle(false, t.Inspection), claim(buyer, t.Bond), claim(seller, first.Minus(fee).Plus(t.Bond))}
	default:
		second := t.Milestones[1].Amount
		return []move{opens, accept, fund, release(0, third), release(0, first.Minus(third)), release(1, second)}
	}
}
