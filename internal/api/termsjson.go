package api

import (
	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
)

// TermsIn are terms as a client writes them, under the contract's names (docs/contract.md, Types). What may be left out says so; everything is
// checked in readTerms, so that all bad fields are named at once, and with the contract's own names for what is wrong.
type TermsIn struct {
	Buyer          string        `json:"buyer" maxLength:"100" doc:"Who pays: an account (G…) or a contract (C…)"`
	Seller         string        `json:"seller" maxLength:"100" doc:"Who delivers"`
	Asset          string        `json:"asset" maxLength:"100" doc:"Contract (C…) of the asset; for a classic asset its Stellar Asset Contract"`
	Milestones     []MilestoneIn `json:"milestones" maxItems:"100" nullable:"false" doc:"1 to 20 parts of the trade"`
	FundBy         TimeIn        `json:"fund_by" doc:"Until when the buyer must have paid in"`
	Inspection     int64         `json:"inspection" doc:"Seconds the buyer has to look at a delivery; then it is due to the seller"`
	Panel          *PanelIn      `json:"panel,omitempty" doc:"Who judges a dispute; left out: nobody, and a dispute ends by fallback_ppm"`
	AppealPanel    *PanelIn      `json:"appeal_panel,omitempty" doc:"Who judges an appeal, or steps in for a silent panel; left out: nobody"`
	Windows        WindowsIn     `json:"windows" doc:"How long each stage of a dispute lasts"`
	FallbackPpm    int64         `json:"fallback_ppm" doc:"The seller's part, of 1,000,000, when nobody rules" example:"500000"`
	Bond           string        `json:"bond,omitempty" maxLength:"128" doc:"What each side deposits to pay hearings; left out: 0"`
	ArbitrationFee string        `json:"arbitration_fee,omitempty" maxLength:"128" doc:"What one hearing costs, at most the bond; left out: 0"`
	FeeBps         *int64        `json:"fee_bps,omitempty" doc:"The platform's fee, of 10,000; left out: the current one, the only one that is accepted"`
	TermsHash      string        `json:"terms_hash,omitempty" maxLength:"64" doc:"SHA-256 of the agreement's text, 64 hex digits; left out: zeros, no text is part of the trade"`
	Salt           string        `json:"salt,omitempty" maxLength:"64" doc:"64 hex digits that tell this trade from others with equal terms; left out: made here"`
}

// MilestoneIn is one part of the trade.
type MilestoneIn struct {
	Amount      string `json:"amount" maxLength:"128" doc:"In units of the asset" example:"12.5"`
	DeliverBy   TimeIn `json:"deliver_by" doc:"Until when the seller must have delivered; then it is due to the buyer"`
	Description string `json:"description,omitempty" maxLength:"64" doc:"SHA-256 of the description's text, 64 hex digits; left out: zeros"`
}

// PanelIn is who hears a dispute.
type PanelIn struct {
	Arbitrators []string `json:"arbitrators" maxItems:"100" maxLength:"100" nullable:"false" doc:"0, 1, 3, 5 or 7 addresses"`
	Quorum      *int64   `json:"quorum,omitempty" doc:"How many votes make a ruling when time is up; left out: the smallest majority"`
}

// WindowsIn are seconds.
type WindowsIn struct {
	Offers int64 `json:"offers" doc:"Seconds to look for an agreement"`
	Ruling int64 `json:"ruling" doc:"Seconds for each hearing"`
	Appeal int64 `json:"appeal" doc:"Seconds to appeal against a ruling"`
}

// TermsOut are terms in answers: exactly what the contract has, with amounts in units of the asset.
type TermsOut struct {
	AppealPanel    PanelOut       `json:"appeal_panel"`
	ArbitrationFee Amount         `json:"arbitration_fee,omitempty" doc:"What one hearing costs"`
	Asset          escrow.Address `json:"asset"`
	Bond           Amount         `json:"bond,omitempty" doc:"Each side's"`
	Buyer          escrow.Address `json:"buyer"`
	FallbackPpm    uint32         `json:"fallback_ppm" doc:"The seller's part, of 1,000,000, when nobody rules"`
	FeeBps         uint32         `json:"fee_bps" doc:"The platform's fee, of 10,000, of what the seller receives"`
	FundBy         Time           `json:"fund_by"`
	Inspection     uint64         `json:"inspection" doc:"Seconds"`
	Milestones     []MilestoneOut `json:"milestones" nullable:"false"`
	Panel          PanelOut       `json:"panel"`
	Salt           string         `json:"salt"`
	Seller         escrow.Address `json:"seller"`
	TermsHash      string         `json:"terms_hash"`
	Windows        WindowsOut     `json:"windows"`
}

// MilestoneOut is one part of the trade.
type MilestoneOut struct {
	Amount      Amount `json:"amount,omitempty"`
	DeliverBy   Time   `json:"deliver_by"`
	Description string `json:"description" doc:"SHA-256 of its text"`
}

// PanelOut is who hears a dispute.
type PanelOut struct {
	Arbitrators []escrow.Address `json:"arbitrators" nullable:"false"`
	Quorum      uint32           `json:"quorum"`
}

// WindowsOut are seconds.
type WindowsOut struct {
	Appeal uint64 `json:"appeal"`
	Offers uint64 `json:"offers"`
	Ruling uint64 `json:"ruling"`
}

func (u unit) terms(t *escrow.Terms) TermsOut {
	out := TermsOut{
		AppealPanel: panelOut(t.AppealPanel), Panel: panelOut(t.Panel),
		ArbitrationFee: u.amount(t.ArbitrationFee), Bond: u.amount(t.Bond),
		Asset: t.Asset, Buyer: t.Buyer, Seller: t.Seller,
		FallbackPpm: t.FallbackPpm, FeeBps: t.FeeBps, FundBy: Time(t.FundBy), Inspection: t.Inspection,
		Salt: t.Salt.String(), TermsHash: t.TermsHash.String(),
		Windows:    WindowsOut{Appeal: t.Windows.Appeal, Offers: t.Windows.Offers, Ruling: t.Windows.Ruling},
		Milestones: make([]MilestoneOut, len(t.Milestones)),
	}
	for i, m := range t.Milestones {
		out.Milestones[i] = MilestoneOut{u.amount(m.Amount), Time(m.DeliverBy), m.Description.String()}
	}
	return out
}

func panelOut(p escrow.Panel) PanelOut {
	return PanelOut{append([]escrow.Address{}, p.Arbitrators...), p.Quorum}
}

// totalOf is the sum of the milestones. Terms on the chain never exceed an i128.
func totalOf(t *escrow.Terms) amount.Int128 {
	total, err := t.Total()
	if err != nil {
		return amount.MaxInt128()
	}
	return total
}
