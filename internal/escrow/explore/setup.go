package explore

import (
	"fmt"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
)

// Setup is a small trade to explore.
type Setup struct {
	// Amounts of the milestones, at least two.
	Amounts []int64
	// Panel and Appeal are the panels' sizes; their quorum is the majority, or more.
	Panel, Appeal             int
	PanelQuorum, AppealQuorum int
	Bond, Fee                 int64
	FallbackPpm               uint32
	// Nailed is a door nailed shut on purpose: calls for which it answers true count as refused, in the standing of the milestone they are about. It is how the tests plant a
	// dead end; nil for the contract as it is.
	Nailed func(call escrow.Call, s escrow.Standing) bool
}

// rulings are what an arbitrator may say: nothing, half and all for the seller.
var rulings = []uint32{0, 500_000, 1_000_000}

// The clocks of every setup, in seconds. All differ, so that a wrong one shows in the sums.
const (
	openedAt   = 1
	fundBy     = 2
	deliverBy  = 3
	inspection = 2
	offers     = 3
	ruling     = 5
	appeal     = 7
)

const self escrow.Address = "contract"

// fees is the platform's, in bps.
const fees = 100

// Setups are the trades that the proof is about.
func Setups() []Setup {
	return []Setup{
		{Amounts: []int64{2, 3}, FallbackPpm: 500_000},
		{Amounts: []int64{3, 3}, Panel: 1, Bond: 4, Fee: 2, FallbackPpm: 1_000_000},
		{Amounts: []int64{2, 2}, Panel: 1, Appeal: 1, Bond: 3, Fee: 2, FallbackPpm: 500_000},
		{Amounts: []int64{2, 1}, Panel: 3, Bond: 7, Fee: 3},
		{Amounts: []int64{2, 1}, Panel: 3, Appeal: 1, Bond: 4, Fee: 3, FallbackPpm: 250_000},
		{Amounts: []int64{1, 1}, Panel: 1, Appeal: 3, Bond: 6, Fee: 4, FallbackPpm: 750_000},
		{Amounts: []int64{2, 1}, Panel: 3, Appeal: 3, Bond: 4, Fee: 3, FallbackPpm: 500_000},
		{Amounts: []int64{1, 1}, Panel: 3, PanelQuorum: 3, Appeal: 3, AppealQuorum: 3, Bond: 3, Fee: 3},
		{Amounts: []int64{2, 2}, Panel: 3, Appeal: 3, FallbackPpm: 500_000},
		{Amounts: []int64{1, 1, 2}, Panel: 1, Appeal: 1, Bond: 1, Fee: 1},
	}
}

// terms are the setup's terms.
func (s *Setup) terms() escrow.Terms {
	t := escrow.Terms{
		Buyer: "buyer", Seller: "seller", Asset: "asset",
		ArbitrationFee: amount.Int(s.Fee), Bond: amount.Int(s.Bond),
		FallbackPpm: s.FallbackPpm, FeeBps: fees,
		FundBy: fundBy, Inspection: inspection,
		Windows:     escrow.Windows{Offers: offers, Ruling: ruling, Appeal: appeal},
		Panel:       panel("arb", s.Panel, s.PanelQuorum),
		AppealPanel: panel("jud", s.Appeal, s.AppealQuorum),
	}
	for _, x := range s.Amounts {
		t.Milestones = append(t.Milestones, escrow.Milestone{Amount: amount.Int(x), DeliverBy: deliverBy})
	}
	return t
}

func panel(name string, size, quorum int) escrow.Panel {
	p := escrow.Panel{Quorum: uint32(quorum)}
	for i := range size {
		p.Arbitrators = append(p.Arbitrators, escrow.Address(fmt.Sprint(name, i)))
	}
	if quorum == 0 && size > 0 {
		p.Quorum = uint32(size/2 + 1)
	}
	return p
}

// config is a contract that lets these terms be opened.
func config() escrow.Config {
	limits := escrow.Limits{
		AppealMax: 100, AppealMin: 1, FeeDelay: 86_400, InspectionMax: 100, InspectionMin: 1, LongestLife: 1000, MinDelivery: 1,
		OffersMax: 100, OffersMin: 1, RulingMax: 100, RulingMin: 1,
	}
	return escrow.Config{Admin: "admin", FeeBps: fees, FeeReceiver: "receiver", Limits: limits}
}

// String describes the terms in a line.
func (s *Setup) String() string {
	t := s.terms()
	panels := fmt.Sprintf("panel %d (quorum %d), appeal panel %d (quorum %d)", s.Panel, t.Panel.Quorum, s.Appeal, t.AppealPanel.Quorum)
	return fmt.Sprintf("milestones of %s, %s, bond %d, arbitration fee %d, fallback %d ppm",
		strings.Trim(strings.ReplaceAll(fmt.Sprint(s.Amounts), " ", " + "), "[]"), panels, s.Bond, s.Fee, s.FallbackPpm)
}

// window is how long a phase lasts at most, from the second it begins; 0 where no clock ends it.
func window(t *escrow.Terms, p escrow.Phase) uint64 {
	switch p {
	case escrow.PhaseFunded:
		return deliverBy - openedAt
	case escrow.PhaseDelivered:
		return t.Inspection
	case escrow.PhaseOffers:
		return t.Windows.Offers
	case escrow.PhaseHearing, escrow.PhaseAppealHearing:
		return t.Windows.Ruling
	case escrow.PhaseRuled:
		return t.Windows.Appeal
	default:
		return 0
	}
}
