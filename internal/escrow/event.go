package escrow

import (
	"reflect"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
)

// Event is what the contract announces. Its topics are Name, then the trade's ID (of Collected: the asset; of the admin's events: nothing more); its data are
// the struct's fields in their order. Field types are those of the contract: Role, uint32, uint64, bool, Phase, Stage, amount.Int128, Address, Hash, Terms,
// []Role, and pointers for options.
type Event interface {
	// EventName is the first topic, "released".
	EventName() string
}

// Field is one field of an event.
type Field struct {
	Name  string // on the page, "seller_amount"
	Value any
}

// Fields returns an event's data in the contract's order.
func Fields(e Event) []Field {
	v := reflect.ValueOf(e)
	out := make([]Field, v.NumField())
	for i := range out {
		out[i] = Field{Name: v.Type().Field(i).Tag.Get("json"), Value: v.Field(i).Interface()}
	}
	return out
}

// The events of a trade's life; docs/contract.md says when each is given.
type (
	// Opened: nothing → open.
	Opened struct {
		By    Role  `json:"by"`
		Terms Terms `json:"terms"`
	}
	// Accepted: open → agreed.
	Accepted struct {
		By Role `json:"by"`
	}
	// Funded: → funded; Amount is the total and the buyer's bond.
	Funded struct {
		OldStage Stage         `json:"old_stage"`
		Amount   amount.Int128 `json:"amount"`
	}
	// Cancelled: open or agreed → cancelled; By is nil where nobody signed.
	Cancelled struct {
		By       *Role `json:"by"`
		OldStage Stage `json:"old_stage"`
	}
	// Ended: funded → ended, with the bonds that go back.
	Ended struct {
		BuyerBond  amount.Int128 `json:"buyer_bond"`
		SellerBond amount.Int128 `json:"seller_bond"`
	}
	// Parked: a role's payout was kept; Old is what was parked before, Amount what is now.
	Parked struct {
		Role   Role          `json:"role"`
		Old    amount.Int128 `json:"old"`
		Amount amount.Int128 `json:"amount"`
	}
	// Claimed: parked money was paid to To; Left is what stays parked.
	Claimed struct {
		Role   Role          `json:"role"`
		To     Address       `json:"to"`
		Amount amount.Int128 `json:"amount"`
		Left   amount.Int128 `json:"left"`
	}
)

// The events of a milestone.
type (
	// Delivered: the inspection runs until InspectionEnd.
	Delivered struct {
		Milestone     uint32 `json:"milestone"`
		Proof         Hash   `json:"proof"`
		InspectionEnd uint64 `json:"inspection_end"`
	}
	// Released: the buyer let Amount go to the seller; Left is after, Fee the platform's part.
	Released struct {
		Milestone uint32        `json:"milestone"`
		Amount    amount.Int128 `json:"amount"`
		Left      amount.Int128 `json:"left"`
		Fee       amount.Int128 `json:"fee"`
		Conceded  bool          `json:"conceded"`
	}
	// Refunded: the seller let Amount go back to the buyer.
	Refunded struct {
		Milestone uint32        `json:"milestone"`
		Amount    amount.Int128 `json:"amount"`
		Left      amount.Int128 `json:"left"`
		Conceded  bool          `json:"conceded"`
	}
	// Disputed: By set Aside aside, from the bond or Deposited.
	Disputed struct {
		Milestone uint32        `json:"milestone"`
		By        Role          `json:"by"`
		Reason    Hash          `json:"reason"`
		Aside     amount.Int128 `json:"aside"`
		Deposited bool          `json:"deposited"`
		OldPhase  Phase         `json:"old_phase"`
	}
	// Offered: Old is the seller_amount of the offer it replaces, if that still stood.
	Offered struct {
		Milestone    uint32         `json:"milestone"`
		By           Role           `json:"by"`
		Of           amount.Int128  `json:"of"`
		Old          *amount.Int128 `json:"old"`
		SellerAmount amount.Int128  `json:"seller_amount"`
	}
	// Split: By accepted the other side's offer.
	Split struct {
		Milestone    uint32        `json:"milestone"`
		By           Role          `json:"by"`
		Of           amount.Int128 `json:"of"`
		SellerAmount amount.Int128 `json:"seller_amount"`
		Fee          amount.Int128 `json:"fee"`
	}
	// Evidence: a party's hash, nothing stored.
	Evidence struct {
		Milestone uint32 `json:"milestone"`
		By        Role   `json:"by"`
		Hash      Hash   `json:"hash"`
		Phase     Phase  `json:"phase"`
	}
	// Voted: Votes are cast in this hearing, this one included.
	Voted struct {
		Milestone uint32 `json:"milestone"`
		By        Role   `json:"by"`
		SellerPpm uint32 `json:"seller_ppm"`
		Hash      Hash   `json:"hash"`
		Votes     uint32 `json:"votes"`
	}
	// Ruled: the vote before it completed the panel; Phase is the hearing it ends.
	Ruled struct {
		Milestone uint32 `json:"milestone"`
		SellerPpm uint32 `json:"seller_ppm"`
		Phase     Phase  `json:"phase"`
	}
	// Appealed: SellerPpm is the ruling appealed against.
	Appealed struct {
		Milestone uint32        `json:"milestone"`
		By        Role          `json:"by"`
		Aside     amount.Int128 `json:"aside"`
		SellerPpm uint32        `json:"seller_ppm"`
	}
	// Settled: what was due was carried out; amounts before costs and fee.
	Settled struct {
		Milestone    uint32        `json:"milestone"`
		Outcome      Outcome       `json:"outcome"`
		SellerAmount amount.Int128 `json:"seller_amount"`
		BuyerAmount  amount.Int128 `json:"buyer_amount"`
		Fee          amount.Int128 `json:"fee"`
	}
	// Silent: the seats that had not voted when their hearing's deadline passed.
	Silent struct {
		Milestone uint32 `json:"milestone"`
		Roles     []Role `json:"roles"`
	}
	// Costs: what each side paid for the hearings in all, and what each vote got.
	Costs struct {
		Milestone  uint32        `json:"milestone"`
		BuyerPaid  amount.Int128 `json:"buyer_paid"`
		SellerPaid amount.Int128 `json:"seller_paid"`
		Vote       amount.Int128 `json:"vote"`
		AppealVote amount.Int128 `json:"appeal_vote"`
	}
)

// The platform's events.
type (
	// Collected: booked fees were paid to To; its topic is the asset.
	Collected struct {
		To     Address       `json:"to"`
		Amount amount.Int128 `json:"amount"`
	}
	// FeeProposed: in force from Effective on.
	FeeProposed struct {
		OldBps      uint32  `json:"old_bps"`
		OldReceiver Address `json:"old_receiver"`
		Bps         uint32  `json:"bps"`
		Receiver    Address `json:"receiver"`
		Effective   uint64  `json:"effective"`
	}
	// FeeCancelled: the proposal is withdrawn.
	FeeCancelled struct {
		Bps      uint32  `json:"bps"`
		Receiver Address `json:"receiver"`
	}
	// Paused: by pause or unpause.
	Paused struct {
		Old bool `json:"old"`
		Now bool `json:"now"`
	}
	// AdminProposed: To may accept.
	AdminProposed struct {
		Admin Address `json:"admin"`
		To    Address `json:"to"`
	}
	// AdminChanged: the handover is done.
	AdminChanged struct {
		Old Address `json:"old"`
		Now Address `json:"now"`
	}
	// AnchorSet: Key may anchor.
	AnchorSet struct {
		Old *Address `json:"old"`
		Key Address  `json:"key"`
	}
	// Anchored: the audit log's head.
	Anchored struct {
		Old  uint64 `json:"old"`
		Seq  uint64 `json:"seq"`
		Hash Hash   `json:"hash"`
	}
)

// Outcome is why a milestone was settled as it was.
type Outcome uint32

// The outcomes, numbered as in the settled event.
const (
	OutcomeDueToBuyer Outcome = iota
	OutcomeDueToSeller
	OutcomeFirstRuling
	OutcomeAppealRuling
	OutcomeFallback
)

var outcomeNames = [...]string{"due to the buyer", "due to the seller", "first ruling", "appeal ruling", "fallback"}

// String is the outcome's name in lower case.
func (o Outcome) String() string { return name(outcomeNames[:], int(o)) }

// EventName is the event's first topic.
func (Opened) EventName() string        { return "opened" }
func (Accepted) EventName() string      { return "accepted" }
func (Funded) EventName() string        { return "funded" }
func (Cancelled) EventName() string     { return "cancelled" }
func (Delivered) EventName() string     { return "delivered" }
func (Released) EventName() string      { return "released" }
func (Refunded) EventName() string      { return "refunded" }
func (Disputed) EventName() string      { return "disputed" }
func (Offered) EventName() string       { return "offered" }
func (Split) EventName() string         { return "split" }
func (Evidence) EventName() string      { return "evidence" }
func (Voted) EventName() string         { return "voted" }
func (Ruled) EventName() string         { return "ruled" }
func (Appealed) EventName() string      { return "appealed" }
func (Settled) EventName() string       { return "settled" }
func (Silent) EventName() string        { return "silent" }
func (Costs) EventName() string         { return "costs" }
func (Ended) EventName() string         { return "ended" }
func (Parked) EventName() string        { return "parked" }
func (Claimed) EventName() string       { return "claimed" }
func (Collected) EventName() string     { return "collected" }
func (FeeProposed) EventName() string   { return "fee_proposed" }
func (FeeCancelled) EventName() string  { return "fee_cancelled" }
func (Paused) EventName() string        { return "paused" }
func (AdminProposed) EventName() string { return "admin_proposed" }
func (AdminChanged) EventName() string  { return "admin_changed" }
func (AnchorSet) EventName() string     { return "anchor_set" }
func (Anchored) EventName() string      { return "anchored" }
