package escrow

import (
	"encoding/hex"
	"fmt"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
)

// Address is an account, contract or other address in its strkey form (G…, C…). The rules compare addresses and look at nothing in them.
type Address string

// Hash is a SHA-256 of something that stays off chain: a text, a proof, a reason, a ruling.
type Hash [32]byte

// String prints the hash in hex.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText gives the hash in hex, also in JSON.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads 64 hex digits.
func (h *Hash) UnmarshalText(text []byte) error { return unhex(h[:], text) }

// ID names a trade: SHA-256 of the XDR of (Symbol "trade1", network id, contract, terms). It is computed elsewhere, since it needs XDR.
type ID [32]byte

// String prints the id in hex.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// MarshalText gives the id in hex, also in JSON.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads 64 hex digits.
func (id *ID) UnmarshalText(text []byte) error { return unhex(id[:], text) }

func unhex(to, text []byte) error {
	if hex.DecodedLen(len(text)) != len(to) || len(text)%2 != 0 {
		return fmt.Errorf("reading a hash: %d characters, want %d hex digits", len(text), hex.EncodedLen(len(to)))
	}
	if _, err := hex.Decode(to, text); err != nil {
		return fmt.Errorf("reading a hash: %w", err)
	}
	return nil
}

// Role is a person's number in a trade, fixed by its terms: 0 buyer, 1 seller, then the arbitrators of the panel, then those of the appeal panel.
type Role uint32

// The parties. Arbitrators follow from FirstSeat on.
const (
	Buyer     Role = 0
	Seller    Role = 1
	FirstSeat Role = 2
)

// IsParty says whether the role is buyer or seller.
func (r Role) IsParty() bool { return r <= Seller }

// Other returns the other party of Buyer or Seller.
func (r Role) Other() Role { return 1 - r }

// Terms are what both parties agreed to, immutable; their hash is the trade's ID. Times are unix seconds, windows seconds, amounts whole
// units of the asset's smallest part.
type Terms struct {
	AppealPanel    Panel         `json:"appeal_panel"`
	ArbitrationFee amount.Int128 `json:"arbitration_fee"` // per hearing
	Asset          Address       `json:"asset"`
	Bond           amount.Int128 `json:"bond"` // each side's
	Buyer          Address       `json:"buyer"`
	FallbackPpm    uint32        `json:"fallback_ppm"` // the seller's part when nobody rules
	FeeBps         uint32        `json:"fee_bps"`
	FundBy         uint64        `json:"fund_by"`
	Inspection     uint64        `json:"inspection"`
	Milestones     []Milestone   `json:"milestones"`
	Panel          Panel         `json:"panel"`
	Salt           Hash          `json:"salt"`
	Seller         Address       `json:"seller"`
	TermsHash      Hash          `json:"terms_hash"`
	Windows        Windows       `json:"windows"`
}

// Milestone is one part of the deal.
type Milestone struct {
	Amount      amount.Int128 `json:"amount"`
	DeliverBy   uint64        `json:"deliver_by"`
	Description Hash          `json:"description"`
}

// Panel is who hears a dispute, and how many votes make a ruling when time is up.
type Panel struct {
	Arbitrators []Address `json:"arbitrators"`
	Quorum      uint32    `json:"quorum"`
}

// Windows are how long each stage of a dispute lasts, in seconds.
type Windows struct {
	Appeal uint64 `json:"appeal"`
	Offers uint64 `json:"offers"`
	Ruling uint64 `json:"ruling"`
}

// Limits are what a deployment allows in terms, in seconds.
type Limits struct {
	AppealMax     uint64 `json:"appeal_max"`
	AppealMin     uint64 `json:"appeal_min"`
	FeeDelay      uint64 `json:"fee_delay"`
	InspectionMax uint64 `json:"inspection_max"`
	InspectionMin uint64 `json:"inspection_min"`
	LongestLife   uint64 `json:"longest_life"`
	MinDelivery   uint64 `json:"min_delivery"`
	OffersMax     uint64 `json:"offers_max"`
	OffersMin     uint64 `json:"offers_min"`
	RulingMax     uint64 `json:"ruling_max"`
	RulingMin     uint64 `json:"ruling_min"`
}

// Roles returns how many roles the terms name.
func (t *Terms) Roles() Role {
	return FirstSeat + Role(len(t.Panel.Arbitrators)+len(t.AppealPanel.Arbitrators))
}

// AddressOf returns who holds the role; ok is false where the terms name nobody.
func (t *Terms) AddressOf(r Role) (a Address, ok bool) {
	seat := int(r) - int(FirstSeat)
	n := len(t.Panel.Arbitrators)
	switch {
	case r == Buyer:
		return t.Buyer, true
	case r == Seller:
		return t.Seller, true
	case r >= t.Roles():
		return "", false
	case seat < n:
		return t.Panel.Arbitrators[seat], true
	default:
		return t.AppealPanel.Arbitrators[seat-n], true
	}
}

// RoleOf returns the role an address holds; ok is false where it holds none. No address of an opened trade holds two (SameRole).
func (t *Terms) RoleOf(a Address) (r Role, ok bool) {
	for r := range t.Roles() {
		if held, _ := t.AddressOf(r); held == a {
			return r, true
		}
	}
	return 0, false
}

// onPanel says whether the role is a seat of the first panel, onAppeal whether it is one of the appeal panel.
func (t *Terms) onPanel(r Role) bool {
	return r >= FirstSeat && r < FirstSeat+Role(len(t.Panel.Arbitrators))
}

func (t *Terms) onAppeal(r Role) bool {
	return r >= FirstSeat+Role(len(t.Panel.Arbitrators)) && r < t.Roles()
}
