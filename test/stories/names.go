package stories

import (
	"fmt"
	"math/big"
	"reflect"

	"github.com/Abdullahi130/StellarEscrow/contract/vectors"
	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
)

// Names translates between a story's names and a reader's addresses and ids. Make it with NewNames.
type Names struct {
	Start   uint64 // unix seconds of the story's second 0
	Address map[string]escrow.Address
	Terms   map[string]escrow.Terms // of the story's trades
	Trade   map[escrow.ID]string
	// ID is how the reader computes the id of terms.
	ID func(escrow.Terms) (escrow.ID, error)

	actor map[escrow.Address]string
}

// NewNames knows no name yet.
func NewNames(start uint64, id func(escrow.Terms) (escrow.ID, error)) *Names {
	return &Names{
		Start: start, Address: map[string]escrow.Address{}, Terms: map[string]escrow.Terms{}, Trade: map[escrow.ID]string{}, ID: id,
		actor: map[escrow.Address]string{},
	}
}

// Called says which address stands for a name of the story.
func (n *Names) Called(name string, a escrow.Address) {
	n.Address[name], n.actor[a] = a, name
}

func (n *Names) addresses(list []string) []escrow.Address {
	out := make([]escrow.Address, len(list))
	for i, a := range list {
		out[i] = n.Address[a]
	}
	return out
}

// Units is an amount of a story; none is 0.
func Units(a vectors.Amount) (amount.Int128, error) {
	if a == "" {
		return amount.Int128{}, nil
	}
	return amount.ParseUnits(string(a))
}

// Open takes in the terms of a story's trade.
func (n *Names) Open(name string, t vectors.Terms) error {
	out := escrow.Terms{
		AppealPanel: escrow.Panel{Arbitrators: n.addresses(t.AppealPanel.Arbitrators), Quorum: t.AppealPanel.Quorum},
		Asset:       n.Address[t.Asset], Buyer: n.Address[t.Buyer], FallbackPpm: t.FallbackPpm, FeeBps: t.FeeBps, FundBy: t.FundBy.Unix(n.Start),
		Inspection: t.Inspection, Panel: escrow.Panel{Arbitrators: n.addresses(t.Panel.Arbitrators), Quorum: t.Panel.Quorum},
		Salt: escrow.Hash(t.Salt), Seller: n.Address[t.Seller], TermsHash: escrow.Hash(t.TermsHash),
		Windows: escrow.Windows{Appeal: t.Windows.Appeal, Offers: t.Windows.Offers, Ruling: t.Windows.Ruling},
	}
	var err error
	if out.Bond, err = Units(t.Bond); err != nil {
		return err
	}
	if out.ArbitrationFee, err = Units(t.ArbitrationFee); err != nil {
		return err
	}
	for _, m := range t.Milestones {
		sum, err := Units(m.Amount)
		if err != nil {
			return err
		}
		out.Milestones = append(out.Milestones, escrow.Milestone{Amount: sum, DeliverBy: m.DeliverBy.Unix(n.Start), Description: escrow.Hash(m.Description)})
	}
	id, err := n.ID(out)
	if err != nil {
		return fmt.Errorf("the id of %s: %w", name, err)
	}
	n.Terms[name], n.Trade[id] = out, name
	return nil
}

// Call is a story's call as the rules write it. The views and deploy are none.
func (n *Names) Call(c *vectors.Call) (escrow.Call, error) {
	a, terms := &c.Args, n.Terms[c.Trade]
	sum, err := Units(a.Amount)
	if err != nil {
		return nil, err
	}
	of, err := Units(a.Of)
	if err != nil {
		return nil, err
	}
	sellerAmount, err := Units(a.SellerAmount)
	if err != nil {
		return nil, err
	}
	var by escrow.Role
	if a.By != nil {
		by = escrow.Role(*a.By)
	}
	switch c.Name {
	case "open":
		return escrow.CallOpen{Terms: terms, By: by}, nil
	case "accept":
		return escrow.CallAccept{Terms: terms}, nil
	case "fund":
		return escrow.CallFund{Terms: terms}, nil
	case "cancel":
		return escrow.CallCancel{Terms: terms, By: (*escrow.Role)(a.By), Push: a.Push}, nil
	case "deliver":
		return escrow.CallDeliver{Terms: terms, Milestone: a.Milestone, Proof: escrow.Hash(a.Proof)}, nil
	case "release":
		return escrow.CallRelease{Terms: terms, Milestone: a.Milestone, Amount: sum}, nil
	case "refund":
		return escrow.CallRefund{Terms: terms, Milestone: a.Milestone, Amount: sum}, nil
	case "settle":
		return escrow.CallSettle{Terms: terms, Milestones: a.Milestones, Push: a.Push}, nil
	case "dispute":
		return escrow.CallDispute{Terms: terms, By: by, Milestone: a.Milestone, Reason: escrow.Hash(a.Reason)}, nil
	case "offer":
		return escrow.CallOffer{Terms: terms, By: by, Milestone: a.Milestone, Of: of, SellerAmount: sellerAmount}, nil
	case "accept_offer":
		return escrow.CallAcceptOffer{Terms: terms, By: by, Milestone: a.Milestone, Of: of, SellerAmount: sellerAmount}, nil
	case "evidence":
		return escrow.CallEvidence{Terms: terms, By: by, Milestone: a.Milestone, Hash: escrow.Hash(a.Hash)}, nil
	case "rule":
		out := escrow.CallRule{Terms: terms, By: by, Hash: escrow.Hash(a.Hash)}
		for _, r := range a.Rulings {
			out.Rulings = append(out.Rulings, escrow.Ruling{Milestone: r[0], SellerPpm: r[1]})
		}
		return out, nil
	case "appeal":
		return escrow.CallAppeal{Terms: terms, By: by, Milestone: a.Milestone}, nil
	case "claim":
		return escrow.CallClaim{Terms: terms, Role: escrow.Role(a.Role), To: n.Address[a.To], Amount: sum}, nil
	case "extend":
		id, err := n.ID(terms)
		return escrow.CallExtend{ID: id}, err
	case "collect":
		return escrow.CallCollect{Asset: n.Address[a.Asset]}, nil
	case "propose_fee":
		return escrow.CallProposeFee{Bps: a.Bps, Receiver: n.Address[a.Receiver]}, nil
	case "cancel_fee":
		return escrow.CallCancelFee{}, nil
	case "pause":
		return escrow.CallPause{}, nil
	case "unpause":
		return escrow.CallUnpause{}, nil
	case "propose_admin":
		return escrow.CallProposeAdmin{To: n.Address[a.To]}, nil
	case "accept_admin":
		return escrow.CallAcceptAdmin{}, nil
	case "set_anchor":
		return escrow.CallSetAnchor{Key: n.Address[a.Key]}, nil
	case "anchor":
		return escrow.CallAnchor{Seq: a.Seq, Hash: escrow.Hash(a.Hash)}, nil
	default:
		return nil, fmt.Errorf("there is no call %q", c.Name)
	}
}

// Value is a value of the rules' types in the form that a story compares.
func (n *Names) Value(v any) any {
	switch v := v.(type) {
	case amount.Int128:
		x, _ := new(big.Int).SetString(v.Units(), 10)
		return x
	case escrow.Address:
		if name, ok := n.actor[v]; ok {
			return name
		}
		return string(v)
	case escrow.Hash:
		return vectors.Hash(v)
	case escrow.ID:
		return "id:" + n.Trade[v]
	case escrow.Terms:
		id, err := n.ID(v)
		if err != nil {
			return err.Error()
		}
		return "terms:" + n.Trade[id]
	case escrow.Parcel:
		return []any{uint32(v.Role), n.Value(v.Amount)}
	case escrow.Vote:
		return []any{uint32(v.Role), v.SellerPpm}
	case escrow.Anchor:
		return []any{v.Seq, n.Value(v.Hash)}
	}
	r := reflect.ValueOf(v)
	switch r.Kind() {
	case reflect.Pointer:
		if r.IsNil() {
			return nil
		}
		return n.Value(r.Elem().Interface())
	case reflect.Slice, reflect.Array:
		out := make([]any, r.Len())
		for i := range out {
			out[i] = n.Value(r.Index(i).Interface())
		}
		return out
	case reflect.Struct:
		out := map[string]any{}
		for i := range r.NumField() {
			out[r.Type().Field(i).Tag.Get("json")] = n.Value(r.Field(i).Interface())
		}
		return out
	case reflect.Uint32:
		return uint32(r.Uint())
	default:
		return v
	}
}
