package escrow

import "github.com/Abdullahi130/StellarEscrow/internal/amount"

// Call is a function of the contract with its arguments; fields are the arguments in their order.
type Call interface {
	// Function is the contract's name for it, "accept_offer".
	Function() string
}

// The calls of a trade.
type (
	CallOpen struct {
		Terms Terms `json:"terms"`
		By    Role  `json:"by"`
	}
	CallAccept struct {
		Terms Terms `json:"terms"`
	}
	CallFund struct {
		Terms Terms `json:"terms"`
	}
	CallCancel struct {
		Terms Terms `json:"terms"`
		By    *Role `json:"by"`
		Push  bool  `json:"push"`
	}
	CallDeliver struct {
		Terms     Terms  `json:"terms"`
		Milestone uint32 `json:"milestone"`
		Proof     Hash   `json:"proof"`
	}
	CallRelease struct {
		Terms     Terms         `json:"terms"`
		Milestone uint32        `json:"milestone"`
		Amount    amount.Int128 `json:"amount"`
	}
	CallRefund struct {
		Terms     Terms         `json:"terms"`
		Milestone uint32        `json:"milestone"`
		Amount    amount.Int128 `json:"amount"`
	}
	CallSettle struct {
		Terms      Terms    `json:"terms"`
		Milestones []uint32 `json:"milestones"`
		Push       bool     `json:"push"`
	}
	CallDispute struct {
		Terms     Terms  `json:"terms"`
		By        Role   `json:"by"`
		Milestone uint32 `json:"milestone"`
		Reason    Hash   `json:"reason"`
	}
	CallOffer struct {
		Terms        Terms         `json:"terms"`
		By           Role          `json:"by"`
		Milestone    uint32        `json:"milestone"`
		Of           amount.Int128 `json:"of"`
		SellerAmount amount.Int128 `json:"seller_amount"`
	}
	CallAcceptOffer struct {
		Terms        Terms         `json:"terms"`
		By           Role          `json:"by"`
		Milestone    uint32        `json:"milestone"`
		Of           amount.Int128 `json:"of"`
		SellerAmount amount.Int128 `json:"seller_amount"`
	}
	CallEvidence struct {
		Terms     Terms  `json:"terms"`
		By        Role   `json:"by"`
		Milestone uint32 `json:"milestone"`
		Hash      Hash   `json:"hash"`
	}
	CallRule struct {
		Terms   Terms    `json:"terms"`
		By      Role     `json:"by"`
		Rulings []Ruling `json:"rulings"`
		Hash    Hash     `json:"hash"`
	}
	CallAppeal struct {
		Terms     Terms  `json:"terms"`
		By        Role   `json:"by"`
		Milestone uint32 `json:"milestone"`
	}
	CallClaim struct {
		Terms  Terms         `json:"terms"`
		Role   Role          `json:"role"`
		To     Address       `json:"to"`
		Amount amount.Int128 `json:"amount"`
	}
	CallExtend struct {
		ID ID `json:"id"`
	}
)

// Ruling is one entry of CallRule: the seller's part of what is left of a milestone, in parts per million.
type Ruling struct {
	Milestone uint32 `json:"milestone"`
	SellerPpm uint32 `json:"seller_ppm"`
}

// The platform's calls. The constructor is New.
type (
	CallCollect struct {
		Asset Address `json:"asset"`
	}
	CallProposeFee struct {
		Bps      uint32  `json:"bps"`
		Receiver Address `json:"receiver"`
	}
	CallCancelFee    struct{}
	CallPause        struct{}
	CallUnpause      struct{}
	CallProposeAdmin struct {
		To Address `json:"to"`
	}
	CallAcceptAdmin struct{}
	CallSetAnchor   struct {
		Key Address `json:"key"`
	}
	CallAnchor struct {
		Seq  uint64 `json:"seq"`
		Hash Hash   `json:"hash"`
	}
)

// Function is the contract's name for the call.
func (CallOpen) Function() string         { return "open" }
func (CallAccept) Function() string       { return "accept" }
func (CallFund) Function() string         { return "fund" }
func (CallCancel) Function() string       { return "cancel" }
func (CallDeliver) Function() string      { return "deliver" }
func (CallRelease) Function() string      { return "release" }
func (CallRefund) Function() string       { return "refund" }
func (CallSettle) Function() string       { return "settle" }
func (CallDispute) Function() string      { return "dispute" }
func (CallOffer) Function() string        { return "offer" }
func (CallAcceptOffer) Function() string  { return "accept_offer" }
func (CallEvidence) Function() string     { return "evidence" }
func (CallRule) Function() string         { return "rule" }
func (CallAppeal) Function() string       { return "appeal" }
func (CallClaim) Function() string        { return "claim" }
func (CallExtend) Function() string       { return "extend" }
func (CallCollect) Function() string      { return "collect" }
func (CallProposeFee) Function() string   { return "propose_fee" }
func (CallCancelFee) Function() string    { return "cancel_fee" }
func (CallPause) Function() string        { return "pause" }
func (CallUnpause) Function() string      { return "unpause" }
func (CallProposeAdmin) Function() string { return "propose_admin" }
func (CallAcceptAdmin) Function() string  { return "accept_admin" }
func (CallSetAnchor) Function() string    { return "set_anchor" }
func (CallAnchor) Function() string       { return "anchor" }
