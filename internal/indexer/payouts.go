package indexer

import (
	"slices"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// owed is what an event pays, by role. Whether it arrives shows at the end of the call: what does not is parked.
type owed []escrow.Parcel

// pay adds what a role is paid. A contract that keeps the rules pays nothing less than nothing.
func (o *owed) pay(r escrow.Role, x amount.Int128) {
	if x.Sign() > 0 {
		*o = append(*o, escrow.Parcel{Role: r, Amount: x})
	}
}

// sides is what ends, or takes a part of, a milestone without a dispute.
func sides(toBuyer, toSeller amount.Int128) (o owed) {
	o.pay(escrow.Buyer, toBuyer)
	o.pay(escrow.Seller, toSeller)
	return o
}

// owedBy is what a call owed on the model, without the bonds that its ended event gives back: that event pays them.
func owedBy(result escrow.Result, roles escrow.Role) (o owed) {
	sums := make([]amount.Int128, roles)
	for _, p := range result.Payouts {
		sums[p.Role] = sums[p.Role].Plus(p.Amount)
	}
	for _, e := range result.Events {
		if ended, ok := e.(escrow.Ended); ok {
			sums[escrow.Buyer] = sums[escrow.Buyer].Minus(ended.BuyerBond)
			sums[escrow.Seller] = sums[escrow.Seller].Minus(ended.SellerBond)
		}
	}
	for r, x := range sums {
		o.pay(escrow.Role(r), x)
	}
	return o
}

// payouts are the rows of what an event pays: to whoever holds the role, but of a claim to whom it sends the money.
func payouts(t *store.Trade, event escrow.Event, at store.Point, all owed) (rows []store.Payout) {
	for _, p := range all {
		account, ok := t.Terms.AddressOf(p.Role)
		if claimed, is := event.(escrow.Claimed); is {
			account = claimed.To
		}
		if ok {
			rows = append(rows, store.Payout{Event: at.Event, Role: p.Role, Account: string(account), Amount: p.Amount})
		}
	}
	return rows
}

// park takes back what a call has paid a role, since it did not arrive: all of it, as the contract moves it at once. Of what is in this batch the last
// payouts go, until they make up the amount; the rest is stored already, if a page has ended within the call.
func park(c *store.Change, event store.EventID, parked escrow.Parcel) {
	const toid = 19 // of the id: the transaction and its operation
	from := event[:toid] + "-0000000000"
	rest := parked.Amount
	for i := len(c.Payouts) - 1; i >= 0 && rest.Sign() > 0 && c.Payouts[i].Event >= from; i-- {
		if p := c.Payouts[i]; p.Role == parked.Role {
			rest = rest.Minus(p.Amount) // both above 0
			c.Payouts = slices.Delete(c.Payouts, i, i+1)
		}
	}
	if rest.Sign() > 0 {
		c.Withheld = append(c.Withheld, store.Withheld{Role: parked.Role, From: from, Amount: rest})
	}
}
