package keeper

import (
	"context"
	"errors"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/payer"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// Reason is why something was not done, in the words of the metric keeper_failures_total.
type Reason string

// The reasons.
const (
	ReasonNotDue      Reason = "not_due"     // the contract says that nothing is due: somebody was quicker, or the projection is behind
	ReasonRefused     Reason = "refused"     // the transaction would fail, or ask for a signature
	ReasonDear        Reason = "dear"        // it would cost more than it may
	ReasonLimit       Reason = "limit"       // the day's limit leaves no room
	ReasonUnavailable Reason = "unavailable" // the node did not answer, or too much is on its way
	ReasonOvertaken   Reason = "overtaken"   // somebody else used the account's sequence number, or the time was over; nothing was charged
	ReasonAccount     Reason = "account"     // the account cannot pay: it does not exist, has too little, or the key is not its own
	ReasonFailed      Reason = "failed"      // in a ledger, paid for, without effect
	ReasonOther       Reason = "other"       // whatever else the error says
)

// reasons are all of them.
var reasons = []Reason{ReasonNotDue, ReasonRefused, ReasonDear, ReasonLimit, ReasonUnavailable, ReasonOvertaken, ReasonAccount, ReasonFailed, ReasonOther}

// ofTrade tells whether the trade is to be left alone for a while; for other reasons it is tried again as soon as it can be.
func (r Reason) ofTrade() bool {
	switch r {
	case ReasonLimit, ReasonUnavailable, ReasonOvertaken, ReasonAccount:
		return false
	}
	return true
}

// reasonOf is the reason of an error. contract is the one that was called.
func reasonOf(err error, contract string) Reason {
	var failed *payer.FailedError
	var rejected *payer.RejectedError
	switch {
	case errors.Is(err, errNothingDue):
		return ReasonNotDue
	case errors.As(err, &failed):
		switch {
		case failed.Hash != "":
			return ReasonFailed
		case saysNothingDue(failed.Failure, contract):
			return ReasonNotDue
		}
		return ReasonRefused
	case errors.As(err, &rejected):
		return reasonOfCode(rejected.Code)
	case errors.Is(err, payer.ErrTooDear):
		return ReasonDear
	case errors.Is(err, stellar.ErrTree):
		return ReasonRefused
	case errors.Is(err, store.ErrSpent):
		return ReasonLimit
	case errors.Is(err, payer.ErrNoAccount):
		return ReasonAccount
	case errors.Is(err, payer.ErrExpired):
		return ReasonOvertaken
	case errors.Is(err, relay.ErrUnavailable), errors.Is(err, rpc.ErrUnavailable), errors.Is(err, payer.ErrBusy), errors.Is(err, payer.ErrStopped),
		errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return ReasonUnavailable
	}
	return ReasonOther
}

// saysNothingDue tells the contract's own word that there is nothing to settle from all other refusals.
func saysNothingDue(f relay.Failure, contract string) bool {
	if f.Kind != relay.FailedByContract || f.Contract != contract {
		return false
	}
	switch escrow.Code(f.Code) {
	case escrow.ErrNotDue, escrow.ErrWrongStage, escrow.ErrNotFound, escrow.ErrNoSuchMilestone:
		return true
	}
	return false
}

// reasonOfCode goes by the network's codes for what no node takes.
func reasonOfCode(code string) Reason {
	switch code {
	case "tx_bad_seq", "tx_too_late", "tx_too_early", "tx_insufficient_fee":
		return ReasonOvertaken
	case "tx_insufficient_balance", "tx_no_account", "tx_no_source_account", "tx_bad_auth", "tx_bad_auth_extra":
		return ReasonAccount
	}
	return ReasonOther
}
