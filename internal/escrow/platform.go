package escrow

import (
	"fmt"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
)

// collect pays the booked fees to the receiver of the day.
func (a *act) collect(c *CallCollect) error {
	to := a.config.FeeReceiver
	if to == c.Asset {
		return refuse(ErrForbiddenTarget, "the fee's receiver is %s", to)
	}
	owed := a.c.Owed[c.Asset]
	fees := owed.Fees
	if fees.Sign() == 0 {
		return refuse(ErrNothingToCollect, "%s", c.Asset)
	}
	owed.Fees, owed.Total = amount.Int128{}, owed.Total.Minus(fees)
	a.owed, a.result.Asset = &owed, c.Asset
	if !a.env.Token.Pay(c.Asset, to, fees) {
		return refuse(ErrTransferFailed, "%s units to %s", fees.Units(), to)
	}
	a.emit(Collected{To: to, Amount: fees})
	a.result.Payouts = []Payment{{Who: to, Amount: fees}}
	return nil
}

// administer carries out the calls of the admin, of the proposed one and of the anchor key.
func (a *act) administer(call Call) error {
	switch call := call.(type) {
	case CallAcceptAdmin:
		return a.acceptAdmin()
	case CallAnchor:
		return a.anchor(&call)
	}
	if err := a.sign(a.config.Admin); err != nil {
		return err
	}
	switch call := call.(type) {
	case CallProposeFee:
		return a.proposeFee(&call)
	case CallCancelFee:
		return a.cancelFee()
	case CallPause:
		a.pause(true)
	case CallUnpause:
		a.pause(false)
	case CallProposeAdmin:
		a.config.PendingAdmin = &call.To
		a.emit(AdminProposed{Admin: a.config.Admin, To: call.To})
	case CallSetAnchor:
		a.emit(AnchorSet{Old: a.config.AnchorKey, Key: call.Key})
		a.config.AnchorKey = &call.Key
	default:
		return fmt.Errorf("calling the contract: %T is no call of it", call)
	}
	return nil
}

// checkFee refuses a fee above the cap, and to be the receiver ourselves: what we collected would be nobody's.
func checkFee(self Address, bps uint32, receiver Address) error {
	if bps > maxFeeBps {
		return refuse(ErrFeeAboveCap, "%d", bps)
	}
	if receiver == self {
		return refuse(ErrForbiddenReceiver, "%s", receiver)
	}
	return nil
}

func (a *act) proposeFee(c *CallProposeFee) error {
	if err := checkFee(a.c.Self, c.Bps, c.Receiver); err != nil {
		return err
	}
	now := &a.config // a fee that has come into force is no longer pending here
	effective := later(a.env.Now, now.Limits.FeeDelay)
	a.emit(FeeProposed{OldBps: now.FeeBps, OldReceiver: now.FeeReceiver, Bps: c.Bps, Receiver: c.Receiver, Effective: effective})
	now.PendingFee = &PendingFee{Bps: c.Bps, Effective: effective, Receiver: c.Receiver}
	return nil
}

func (a *act) cancelFee() error {
	p := a.config.PendingFee
	if p == nil {
		return refuse(ErrNoPendingFee, "")
	}
	a.config.PendingFee = nil
	a.emit(FeeCancelled{Bps: p.Bps, Receiver: p.Receiver})
	return nil
}

func (a *act) pause(now bool) {
	a.emit(Paused{Old: a.config.Paused, Now: now})
	a.config.Paused = now
}

func (a *act) acceptAdmin() error {
	to := a.config.PendingAdmin
	if to == nil {
		return refuse(ErrNoPendingAdmin, "")
	}
	if err := a.sign(*to); err != nil {
		return err
	}
	a.emit(AdminChanged{Old: a.config.Admin, Now: *to})
	a.config.Admin, a.config.PendingAdmin = *to, nil
	return nil
}

func (a *act) anchor(c *CallAnchor) error {
	key := a.config.AnchorKey
	if key == nil {
		return refuse(ErrNoAnchorKey, "")
	}
	if err := a.sign(*key); err != nil {
		return err
	}
	last := a.config.Anchored.Seq
	if c.Seq <= last {
		return refuse(ErrAnchorNotNewer, "%d, last %d", c.Seq, last)
	}
	a.emit(Anchored{Old: last, Seq: c.Seq, Hash: c.Hash})
	a.config.Anchored = Anchor{Seq: c.Seq, Hash: c.Hash}
	return nil
}
