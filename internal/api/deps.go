package api

import (
	"context"
	"errors"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
)

// ErrNoTrade is what Trades returns for an id it does not know.
var ErrNoTrade = errors.New("no such trade")

// ErrUnavailable is what Trades and Transactions wrap when what is stored cannot be asked for at the moment.
var ErrUnavailable = errors.New("what is stored cannot be read now")

// Trades is what the indexer has projected, as far as this package reads it. All methods are safe for concurrent use.
type Trades interface {
	// Head is the newest ledger all of whose events are projected, for every contract that is followed.
	Head(ctx context.Context) (Ledger, error)
	// Contracts are the contracts that are followed.
	Contracts(ctx context.Context) ([]Followed, error)
	// Trade is one trade; ErrNoTrade if it is not known.
	Trade(ctx context.Context, id escrow.ID) (Trade, error)
	// List is a page of trades, newest first; at most f.Limit.
	List(ctx context.Context, f TradeFilter) ([]Trade, error)
	// Events is a page of a trade's events, oldest first, those that come after the one with the id after; at most limit.
	Events(ctx context.Context, id escrow.ID, after string, limit int) ([]Event, error)
}

// Followed is a contract whose events are read.
type Followed struct {
	Contract escrow.Address
	Ledger   uint32 // the newest one all of whose events are projected
	// Gap is set while ledgers that come next cannot be had: what is told of this contract is then complete up to Ledger only.
	Gap bool
}

// Trade is a trade as it is projected.
type Trade struct {
	ID       escrow.ID
	Contract escrow.Address
	Terms    escrow.Terms
	State    escrow.Trade // as the contract's view gives it
	// Milestones is what became of each of the terms' milestones so far, whatever the stage.
	Milestones []Progress
	Opened     Moment
	Updated    Moment
	EndedAt    uint64 // when it ended or was cancelled, unix seconds; 0 before
}

// Moment is the event that did something, and the close time of its ledger.
type Moment struct {
	Event string // the event's id; ids order as events do
	At    uint64 // unix seconds
}

// Progress is what happened to a milestone so far; the contract forgets most of it.
type Progress struct {
	DeliveredAt       uint64
	Proof             escrow.Hash
	ToSeller, ToBuyer amount.Int128 // before the costs of hearings and Fee
	Fee               amount.Int128
	Dispute           *DisputeRecord // stays when the milestone has ended
	EndedAt           uint64         // 0: not ended
	EndedBy           string         // released, refunded, split or settled
	Outcome           escrow.Outcome // where EndedBy is settled
}

// DisputeRecord is what happened in a milestone's dispute so far.
type DisputeRecord struct {
	By         escrow.Role
	Reason     escrow.Hash
	Since      uint64
	Aside      [2]amount.Int128
	AppealBy   *escrow.Role
	AppealedAt uint64
	RuledAt    uint64
	Votes      []Vote
	Silent     []escrow.Role    // seats that missed their hearing; known at the end
	Paid       [2]amount.Int128 // for the hearings, by each side; known at the end
}

// Vote is one seat's ruling and when it was cast.
type Vote struct {
	Role      escrow.Role
	SellerPpm uint32
	Hash      escrow.Hash
	At        uint64
}

// TradeFilter says which trades a page holds: those that match everything that is set.
type TradeFilter struct {
	Party  escrow.Address // takes part, in any role or in Role
	Role   string         // buyer, seller or arbitrator; needs Party
	Stage  *escrow.Stage
	Asset  escrow.Address
	Before string // Opened.Event of the last trade already seen; empty for the first page
	Limit  int    // 1 to 101
}

// Event is one event of a trade.
type Event struct {
	ID     string
	Ledger uint32
	At     uint64 // close time of the ledger, unix seconds
	Tx     string // hash of the transaction, hexadecimal
	escrow.Event
}

// Ledger is a closed ledger.
type Ledger struct {
	Sequence uint32 `json:"sequence"`
	ClosedAt Time   `json:"closed_at"`
}

// Transactions remembers what was prepared here, so that a transaction has a state before the network knows it; what was submitted, the
// relay knows. Both methods are safe for concurrent use. What is forgotten costs the state "prepared", nothing else.
type Transactions interface {
	// Put keeps a transaction; if one of the same hash is kept already, that one stays as it is.
	Put(ctx context.Context, t Transaction) error
	// Get is what Put kept; ok is false if nothing is known.
	Get(ctx context.Context, hash string) (t Transaction, ok bool, err error)
}

// Transaction is one that was prepared here.
type Transaction struct {
	Hash       string     // hexadecimal
	Trade      *escrow.ID // nil for none
	Action     string
	Source     escrow.Address
	Envelope   string // base64 of its XDR, unsigned
	PreparedAt uint64 // close time of the newest ledger then, unix seconds
	ValidUntil uint64 // the last close time of a ledger that may include it, unix seconds
}
