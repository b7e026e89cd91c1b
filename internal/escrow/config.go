package escrow

import "github.com/Abdullahi130/StellarEscrow/internal/amount"

// Config is the contract's configuration. As stored, a pending fee may have come into force by the clock: At gives what holds at a time.
type Config struct {
	Admin        Address     `json:"admin"`
	AnchorKey    *Address    `json:"anchor_key"`
	Anchored     Anchor      `json:"anchored"`
	FeeBps       uint32      `json:"fee_bps"`
	FeeReceiver  Address     `json:"fee_receiver"`
	Limits       Limits      `json:"limits"`
	Paused       bool        `json:"paused"`
	PendingAdmin *Address    `json:"pending_admin"`
	PendingFee   *PendingFee `json:"pending_fee"`
}

// Anchor is the audit log's head as last anchored; Seq is 0 before the first.
type Anchor struct {
	Seq  uint64 `json:"seq"`
	Hash Hash   `json:"hash"`
}

// PendingFee is a proposed fee and receiver, in force from Effective on.
type PendingFee struct {
	Bps       uint32  `json:"bps"`
	Effective uint64  `json:"effective"`
	Receiver  Address `json:"receiver"`
}

// Owed is what the contract owes in one asset: booked fees, and everything, the fees included.
type Owed struct {
	Fees  amount.Int128 `json:"fees"`
	Total amount.Int128 `json:"total"`
}

// At returns the configuration as the contract's view gives it at a time: a pending fee that has come into force is the fee.
func (c Config) At(now uint64) Config {
	if p := c.PendingFee; p != nil && now >= p.Effective {
		c.FeeBps, c.FeeReceiver, c.PendingFee = p.Bps, p.Receiver, nil
	}
	return c
}
