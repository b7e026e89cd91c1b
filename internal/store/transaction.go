package store

// TransactionState is what is known of a transaction we sent or prepared.
type TransactionState string

// The states of a transaction. Projected is set by the store itself, with the batch that completes the ledger.
const (
	TransactionPrepared  TransactionState = "prepared"  // handed out to be signed
	TransactionSubmitted TransactionState = "submitted" // handed to the network, which may or may not have it
	TransactionIncluded  TransactionState = "included"  // in a ledger, and did what it should
	TransactionFailed    TransactionState = "failed"    // in a ledger, paid for, without effect
	TransactionExpired   TransactionState = "expired"   // its time bounds have passed: it can never be included
	TransactionProjected TransactionState = "projected" // included, and its effects can be read here
)

// CanBecome tells whether a transaction may go from s to next. The owner of an envelope may submit it anywhere, so a prepared one can turn
// up in a ledger; a submitted one may be submitted again, and is only prepared again if the first node it was handed to did not take it.
func (s TransactionState) CanBecome(next TransactionState) bool {
	switch s {
	case TransactionPrepared, TransactionSubmitted:
		return next != TransactionProjected && (next != TransactionPrepared || s == TransactionSubmitted)
	case TransactionIncluded:
		return next == TransactionProjected
	}
	return false
}

// Final tells whether nothing comes after s.
func (s TransactionState) Final() bool {
	return s == TransactionFailed || s == TransactionExpired || s == TransactionProjected
}

// Transaction is one we prepared or sent.
type Transaction struct {
	Hash       Hash
	State      TransactionState
	Trade      *Hash  // the trade it acts on, nil for none
	Action     string // the contract's function
	Account    string // for whom, strkey
	Envelope   []byte // TransactionEnvelope, XDR: unsigned while prepared, then as submitted
	ValidUntil uint64 // from its time bounds, unix seconds; 0 for no bound
	Ledger     uint32 // that includes it; 0 before
	Problem    string // why it failed, for people
	CreatedAt  uint64 // wall time, unix seconds, as UpdatedAt
	UpdatedAt  uint64
}

// TransactionFilter says which transactions a list holds: those of one trade or account (newest first), or those in one state (oldest
// first, as whoever takes up work after a restart needs them). Exactly one is set.
type TransactionFilter struct {
	Trade   *Hash
	Account string
	State   TransactionState
	After   *TransactionKey // the last one already seen; nil for the beginning
	Limit   int             // 1 to MaxPage
}

// TransactionKey is a transaction's place in a list.
type TransactionKey struct {
	CreatedAt uint64
	Hash      Hash
}

// Key is t's place in a list.
func (t Transaction) Key() TransactionKey {
	return TransactionKey{CreatedAt: t.CreatedAt, Hash: t.Hash}
}
