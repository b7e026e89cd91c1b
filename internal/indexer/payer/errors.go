package payer

import (
	"errors"
	"fmt"

	"github.com/Abdullahi130/StellarEscrow/internal/relay"
)

// The errors of a payment; Pay says when each is returned.
var (
	ErrFails     = errors.New("the call fails")
	ErrTooDear   = errors.New("dearer than a transaction may be")
	ErrNoAccount = errors.New("the account that should send it does not exist: give it XLM first")
	ErrRejected  = errors.New("no node takes the transaction")
	ErrExpired   = errors.New("no ledger can include the transaction any more")
	ErrStopped   = errors.New("payments are not followed any more")
	ErrBusy      = errors.New("too many payments are on their way")
)

// FailedError is ErrFails with the network's reason.
type FailedError struct {
	Failure relay.Failure
	Code    string // the result's, if it failed in a ledger
	Hash    string // of the transaction that failed in a ledger and was paid for; empty if a simulation has found it
}

func (e *FailedError) Error() string {
	if e.Hash == "" {
		return fmt.Sprintf("%v when simulated (%s): %s", ErrFails, e.Failure.Kind, e.Failure.Detail)
	}
	return fmt.Sprintf("%v in transaction %s (%s %s): %s", ErrFails, e.Hash, e.Code, e.Failure.Kind, e.Failure.Detail)
}

// Unwrap makes it an ErrFails.
func (e *FailedError) Unwrap() error { return ErrFails }

// RejectedError is ErrRejected with the node's reason.
type RejectedError struct {
	Hash   string
	Code   string // as relay.Submission has it
	Detail string
}

func (e *RejectedError) Error() string {
	return fmt.Sprintf("transaction %s: %v: %s %s", e.Hash, ErrRejected, e.Code, e.Detail)
}

// Unwrap makes it an ErrRejected.
func (e *RejectedError) Unwrap() error { return ErrRejected }
