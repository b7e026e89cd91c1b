package keeper

import (
	"context"
	"errors"
	"fmt"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/payer"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

var (
	// errNothingDue is the projection's word that a trade is not due after all.
	errNothingDue = errors.New("nothing is due: the projection has changed")
	// errPushFailed is why a trade that was tried before is settled without payouts.
	errPushFailed = errors.New("with payouts it failed in a ledger")
)

// dueMilestones are those that settle would carry out at a time.
func dueMilestones(t *store.Trade, at uint64) (due []uint32) {
	state := t.State()
	for i := range state.Milestones {
		if s := escrow.StandingOf(&t.Terms, i, &state.Milestones[i], at); s.Due() {
			due = append(due, uint32(i))
		}
	}
	return due
}

// settlement is how a trade is settled.
type settlement struct {
	trade  *store.Trade
	at     uint64 // the close time of the ledger that is looked at
	noPush bool   // without payouts from the start
	// patient keeps payouts from being withheld because they are dear: what they all need may be archived, and about to be restored.
	patient bool
	costly  bool // what it costs without payouts is paid whatever it is

	withheld error // why nothing was paid out; nil where payouts were made
}

// settle carries out all that is due in a trade, by one transaction. What cannot be paid out is parked by the contract. Where the call cannot be
// made with payouts at all, it is made without.
func (k *Keeper) settle(ctx context.Context, by Signer, s *settlement) (relay.Transaction, error) {
	due := dueMilestones(s.trade, s.at)
	if len(due) == 0 {
		return relay.Transaction{}, errNothingDue
	}
	contract, err := stellar.ParseAddress(s.trade.Contract)
	if err != nil {
		return relay.Transaction{}, fmt.Errorf("settle trade %s: %w", s.trade.ID, err)
	}
	call := escrow.CallSettle{Terms: s.trade.Terms, Milestones: due, Push: true}
	s.withheld = errPushFailed
	if !s.noPush {
		out, err := k.call(ctx, by, contract, s.trade.ID, call, k.c.Ceiling)
		if err == nil || !s.withoutPayouts(err) {
			s.withheld = nil
			return out, err
		}
		s.withheld = err
	}
	// No token is called: if even this is too dear, it is for what is archived and has to be restored. A sweep does that for what all trades
	// share, and then there is no reason to withhold a payout; what is left after that is this trade's own.
	call.Push = false
	ceiling := k.c.Ceiling
	if s.costly {
		ceiling = k.c.Limit
	}
	return k.call(ctx, by, contract, s.trade.ID, call, ceiling)
}

// withoutPayouts tells whether a call that was not made could be without payouts: a token that spends the whole budget, reaches outside the
// footprint, wants a signature of ours or costs too much stops no call that does not call it. What failed in a ledger was paid for, so that is
// for the next try.
func (s *settlement) withoutPayouts(err error) bool {
	why := reasonOf(err, s.trade.Contract)
	return why == ReasonRefused || why == ReasonDear && !s.patient
}

// pushFailed tells whether a call failed in a ledger by more than that somebody was quicker.
func pushFailed(err error, contract string) bool {
	var failed *payer.FailedError
	return errors.As(err, &failed) && failed.Hash != "" && !saysNothingDue(failed.Failure, contract)
}

func (k *Keeper) call(ctx context.Context, by Signer, contract stellar.Address, id escrow.ID, call escrow.Call, ceiling int64) (relay.Transaction, error) {
	tree, err := stellar.ExpectedTree(contract, call, stellar.State{})
	if err != nil {
		return relay.Transaction{}, err
	}
	trade := store.Hash(id)
	return k.c.Payer.Pay(ctx, payer.Payment{
		Source: by, Tree: tree, Purpose: store.PurposeKeeper, Trade: &trade, Limits: store.Limits{Stroops: k.c.limitOf(Settling)}, Ceiling: ceiling,
	})
}
