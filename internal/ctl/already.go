package ctl

import (
	"fmt"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
)

// already says what stands if a call would change nothing of it; else it is empty. Such a call is not sent: whoever reads that it was done
// believes that it was otherwise before, and a fee that is proposed again is in force later.
func already(c escrow.Config, call escrow.Call) string {
	switch call := call.(type) {
	case escrow.CallPause:
		if c.Paused {
			return "it was paused already"
		}
	case escrow.CallUnpause:
		if !c.Paused {
			return "it was not paused"
		}
	case escrow.CallProposeFee:
		switch p := c.PendingFee; {
		case p != nil && p.Bps == call.Bps && p.Receiver == call.Receiver:
			return fmt.Sprintf("that fee was proposed already, in force from %s on", when(p.Effective))
		case p == nil && c.FeeBps == call.Bps && c.FeeReceiver == call.Receiver:
			return "that fee is in force already"
		}
	case escrow.CallProposeAdmin:
		if c.PendingAdmin != nil && *c.PendingAdmin == call.To {
			return "that admin was proposed already, and has not accepted"
		}
	case escrow.CallSetAnchor:
		if c.AnchorKey != nil && *c.AnchorKey == call.Key {
			return "that was the anchor key already"
		}
	case escrow.CallAnchor:
		if call.Seq > 0 && c.Anchored == escrow.Anchor(call) {
			return "that was anchored already"
		}
	}
	return ""
}
