package relay

import (
	"context"
	"errors"
)

// Relay is the api's only door out. Each call ends with its context. Errors are of these kinds, told apart by errors.Is: ErrInvalid,
// ErrUnavailable, ErrWrongNetwork, of Sponsor also ErrNotOffered, ErrSpent and ErrBusy, or the context's own; anything else is a fault of the
// implementation. That the network refuses something (a simulation that fails, a transaction that is rejected) is an answer, not an error.
type Relay interface {
	// Network is which network this is and its latest ledger.
	Network(ctx context.Context) (Network, error)

	// LatestLedger is the newest ledger that the network's node knows.
	LatestLedger(ctx context.Context) (Ledger, error)

	// Simulate runs an unsigned transaction of one operation, base64 of a TransactionEnvelope, on the latest ledger without effect.
	// Authorisations that it needs and does not carry are recorded into the answer.
	Simulate(ctx context.Context, envelope string) (Simulation, error)

	// Read runs one contract function for its answer, base64 of InvokeContractArgs; nothing is signed, paid or changed.
	Read(ctx context.Context, call string) (Reading, error)

	// Submit hands a signed transaction, or a signed fee bump around one, to the network. Its time must end within two hours. It does not wait for a
	// ledger: ask Transaction for the outcome. Submitting the same transaction again is safe, it can be included once only.
	Submit(ctx context.Context, envelope string) (Submission, error)

	// Sponsor has the platform pay for what a trader does: it submits a call that is authorised apart from an account of the platform's, or pays
	// for a transaction that a trader has signed, by a fee bump. It does not wait for a ledger: ask Transaction for the outcome, by the hash in
	// the answer. Asking again for the same while it is on its way gives the same answer.
	Sponsor(ctx context.Context, r SponsorRequest) (Sponsorship, error)

	// FeeStats is what contract calls have lately bid to be included.
	FeeStats(ctx context.Context) (FeeStats, error)

	// Transaction is what is known of a transaction by its hash (64 hex digits); of a fee bump its own, not that of the one inside.
	Transaction(ctx context.Context, hash string) (Transaction, error)

	// Account is an account's sequence number and XLM.
	Account(ctx context.Context, address string) (Account, error)

	// Holding tells whether an address can be paid in an asset (the contract's address), and how much it has.
	Holding(ctx context.Context, asset, holder string) (Holding, error)

	// Asset tells what stands behind the address of an asset.
	Asset(ctx context.Context, asset string) (Asset, error)
}

// ErrInvalid is returned for what no network would take: malformed base64 or XDR, more than one operation, an address of the wrong kind.
// Asking again is pointless.
var ErrInvalid = errors.New("not a valid request")

// ErrUnavailable is returned when the network's node, or the indexer's own store, cannot be asked or cannot answer now. Asking again may help.
// Whether a Submit or a Sponsor that ended so has reached the network is unknown: ask Transaction, or ask for the very same again.
var ErrUnavailable = errors.New("the network cannot be asked now")

// ErrWrongNetwork is returned when the node serves another network than the one configured.
var ErrWrongNetwork = errors.New("the node serves another network")

// ErrNotOffered is returned for what is not sponsored: nothing at all where no account pays for it, or not this one; the text says why.
var ErrNotOffered = errors.New("the platform does not pay for this")

// ErrSpent is returned when what the platform pays in a day, in all or for this account, is spent. A day later (UTC) asking again may help.
var ErrSpent = errors.New("what the platform pays in a day is spent")

// ErrBusy is returned when as much is being sponsored at this moment as can be. Asking again after some seconds helps.
var ErrBusy = errors.New("too much is sponsored at this moment")
