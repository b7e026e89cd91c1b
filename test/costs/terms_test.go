package costs

import (
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
)

// deal says of which size a trade is. The rest of its terms is the same for all.
type deal struct {
	name       string // another name, another trade
	milestones int
	each       int64 // of a milestone, in stroops
	panel      int   // arbitrators on each of the two panels
	bond, fee  int64 // in stroops
}

func hashed(text string) escrow.Hash { return sha256.Sum256([]byte(text)) }

// From now on, the dates of a trade whose last deadline is 60 days after it was opened.
const (
	fundWithin    = 3 * day
	deliverWithin = 31 * day
	inspection    = 7 * day
	offers        = 3 * day
	ruling        = 7 * day
	appealing     = 5 * day
)

// cast are the people of a trade.
type cast struct {
	buyer, seller *keypair.Full
	seats         []*keypair.Full // the first panel's, then the second's
}

// people makes accounts with trustlines for a trade; the parties have money, too.
func (w *world) people(name string, panel int) cast {
	w.t.Helper()
	c := cast{buyer: w.trader(name+" buyer", 100_000*usdc), seller: w.trader(name+" seller", 100_000*usdc)}
	for i := range 2 * panel {
		c.seats = append(c.seats, w.trader(fmt.Sprint(name, " arbitrator ", i), 0))
	}
	return c
}

func (c cast) of(role escrow.Role) *keypair.Full {
	switch role {
	case escrow.Buyer:
		return c.buyer
	case escrow.Seller:
		return c.seller
	}
	return c.seats[role-escrow.FirstSeat]
}

// terms are those of a deal that is opened now.
func (w *world) terms(c cast, d deal) escrow.Terms {
	w.t.Helper()
	at := func(d time.Duration) uint64 { return w.now() + uint64(d/time.Second) }
	seconds := func(d time.Duration) uint64 { return uint64(d / time.Second) }
	terms := escrow.Terms{
		ArbitrationFee: amount.Int(d.fee), Asset: escrow.Address(w.asset.String()), Bond: amount.Int(d.bond),
		Buyer: escrow.Address(c.buyer.Address()), Seller: escrow.Address(c.seller.Address()), FallbackPpm: 500_000, FeeBps: 50,
		FundBy: at(fundWithin), Inspection: seconds(inspection), Salt: hashed(d.name), TermsHash: hashed("terms"),
		Windows: escrow.Windows{Offers: seconds(offers), Ruling: seconds(ruling), Appeal: seconds(appealing)},
	}
	for i := range d.milestones {
		terms.Milestones = append(terms.Milestones, escrow.Milestone{
			Amount: amount.Int(d.each), DeliverBy: at(deliverWithin), Description: hashed(fmt.Sprint("milestone ", i)),
		})
	}
	for i := range d.panel {
		terms.Panel.Arbitrators = append(terms.Panel.Arbitrators, escrow.Address(c.seats[i].Address()))
		terms.AppealPanel.Arbitrators = append(terms.AppealPanel.Arbitrators, escrow.Address(c.seats[d.panel+i].Address()))
	}
	if d.panel > 0 {
		terms.Panel.Quorum, terms.AppealPanel.Quorum = uint32(d.panel/2+1), uint32(d.panel/2+1)
	}
	return terms
}
