package stellar

import (
	"errors"
	"fmt"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
)

// A State is what is known of the chain when an authorisation is computed. Trade is needed for `accept` and `dispute`, Config for the
// admin's calls; others do without.
type State struct {
	Trade  *escrow.Trade
	Config *escrow.Config
}

// ErrState is returned when the state does not say who has to sign.
var ErrState = errors.New("the state does not say who signs")

// ExpectedTree is all that a call may ask of anybody's signature in this state (contract.md, "Functions" and "What signs what"). It is
// computed from the rules, never from a simulation. If the state has changed by the time of the call, the contract refuses the call or
// asks for another tree, and then nothing happens.
//
// Whether the call will succeed is not asked here: internal/escrow tells that. An error means that nobody could sign it at all: a role
// that the terms do not name, an admin's call without the configuration.
func ExpectedTree(contract Address, call escrow.Call, s State) (Tree, error) {
	args, err := EncodeCall(contract, call)
	if err != nil {
		return Tree{}, err
	}
	need, err := signs(call, s)
	if err != nil {
		return Tree{}, fmt.Errorf("%s: %w", call.Function(), err)
	}
	tree := Tree{Call: args}
	if need.signer == "" {
		return tree, nil
	}
	signer, err := ParseAddress(string(need.signer))
	if err != nil {
		return Tree{}, fmt.Errorf("%s: %w", call.Function(), err)
	}
	tree.Signer = &signer
	if need.deposit.Sign() <= 0 {
		return tree, nil // a transfer of zero is left out
	}
	asset, err := ParseAddress(string(need.asset))
	if err != nil {
		return Tree{}, fmt.Errorf("%s: asset: %w", call.Function(), err)
	}
	tree.Transfer = &Transfer{Asset: asset, From: signer, To: contract, Amount: need.deposit}
	return tree, nil
}

// A signature is whose one call needs, and what of an asset comes in with it; no signer, nobody's.
type signature struct {
	signer  escrow.Address
	asset   escrow.Address
	deposit amount.Int128
}

func signs(call escrow.Call, s State) (signature, error) {
	switch c := call.(type) {
	case escrow.CallOpen:
		if c.By == escrow.Seller {
			return holder(c.Terms, c.By, c.Terms.Bond)
		}
		return holder(c.Terms, c.By, amount.Int128{})
	case escrow.CallAccept:
		if s.Trade == nil {
			return signature{}, fmt.Errorf("who opened the trade is not known: %w", ErrState)
		}
		if s.Trade.OpenedBy == escrow.Buyer {
			return holder(c.Terms, escrow.Seller, c.Terms.Bond)
		}
		return holder(c.Terms, escrow.Buyer, amount.Int128{})
	case escrow.CallFund:
		total := c.Terms.Bond
		for i, m := range c.Terms.Milestones {
			sum, err := total.Add(m.Amount)
			if err != nil {
				return signature{}, fmt.Errorf("milestone %d: %w", i, err)
			}
			total = sum
		}
		return holder(c.Terms, escrow.Buyer, total)
	case escrow.CallCancel:
		if c.By == nil {
			return signature{}, nil
		}
		return holder(c.Terms, *c.By, amount.Int128{})
	case escrow.CallDeliver:
		return holder(c.Terms, escrow.Seller, amount.Int128{})
	case escrow.CallRelease:
		return holder(c.Terms, escrow.Buyer, amount.Int128{})
	case escrow.CallRefund:
		return holder(c.Terms, escrow.Seller, amount.Int128{})
	case escrow.CallDispute:
		if s.Trade == nil || !c.By.IsParty() {
			return signature{}, fmt.Errorf("what is left of the bond is not known: %w", ErrState)
		}
		return holder(c.Terms, c.By, escrow.DisputeDeposit(&c.Terms, s.Trade, c.By))
	case escrow.CallAppeal:
		return holder(c.Terms, c.By, c.Terms.ArbitrationFee)
	case escrow.CallOffer:
		return holder(c.Terms, c.By, amount.Int128{})
	case escrow.CallAcceptOffer:
		return holder(c.Terms, c.By, amount.Int128{})
	case escrow.CallEvidence:
		return holder(c.Terms, c.By, amount.Int128{})
	case escrow.CallRule:
		return holder(c.Terms, c.By, amount.Int128{})
	case escrow.CallClaim:
		owner, err := holder(c.Terms, c.Role, amount.Int128{})
		if err == nil && owner.signer == c.To {
			return signature{}, nil // anyone may push it to its owner
		}
		return owner, err
	case escrow.CallSettle, escrow.CallExtend, escrow.CallCollect:
		return signature{}, nil
	}
	return platformSigns(call, s)
}

// holder is the signature of who holds a role, with a deposit in the trade's asset.
func holder(terms escrow.Terms, role escrow.Role, deposit amount.Int128) (signature, error) {
	who, ok := terms.AddressOf(role)
	if !ok {
		return signature{}, fmt.Errorf("the terms name nobody for role %d: %w", role, ErrState)
	}
	return signature{who, terms.Asset, deposit}, nil
}

func platformSigns(call escrow.Call, s State) (signature, error) {
	if s.Config == nil {
		return signature{}, fmt.Errorf("the contract's configuration is not known: %w", ErrState)
	}
	switch call.(type) {
	case escrow.CallProposeFee, escrow.CallCancelFee, escrow.CallPause, escrow.CallUnpause, escrow.CallProposeAdmin, escrow.CallSetAnchor:
		return signature{signer: s.Config.Admin}, nil
	case escrow.CallAcceptAdmin:
		if s.Config.PendingAdmin == nil {
			return signature{}, fmt.Errorf("nobody has been proposed as admin: %w", ErrState)
		}
		return signature{signer: *s.Config.PendingAdmin}, nil
	case escrow.CallAnchor:
		if s.Config.AnchorKey == nil {
			return signature{}, fmt.Errorf("no anchor key has been named: %w", ErrState)
		}
		return signature{signer: *s.Config.AnchorKey}, nil
	}
	return signature{}, fmt.Errorf("not a call that this package knows: %w", ErrState)
}
