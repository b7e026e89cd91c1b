package e2e

import (
	"fmt"
	"math/big"
	"reflect"

	"github.com/Abdullahi130/StellarEscrow/contract/vectors"
	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
)

// names translates between a story's names and the network's addresses and ids.
type names struct {
	start   uint64
	address map[string]escrow.Address
	actor   map[escrow.Address]string
	terms   map[string]escrow.Terms
	trade   map[escrow.ID]string
	id      func(escrow.Terms) (escrow.ID, error)
}

func (n *names) called(name string, a escrow.Address) {
	n.address[name], n.actor[a] = a, name
}

func (n *names) addresses(list []string) []escrow.Address {
	out := make([]escrow.Address, len(list))
	for i, a := range list {
		out[i] = n.address[a]
	}
	return out
}

func units(a vectors.Amount) (amount.Int128, error) {
	if a == "" {
		return amount.Int128{}, nil
	}
	return amount.ParseUnits(string(a))
}

// open takes in the terms of a story's trade.
func (n *names) open(name string, t vectors.Terms) error {
	out := escrow.Terms{
		AppealPanel: escrow.Panel{Arbitrators: n.addresses(t.AppealPanel.Arbitrators), Quorum: t.AppealPanel.Quorum},
		Asset:       n.address[t.Asset], Buyer: n.address[t.Buyer], FallbackPpm: t.FallbackPpm, FeeBps: t.FeeBps, FundBy: t.FundBy.Unix(n.start),
		Inspection: t.Inspection, Panel: escrow.Panel{Arbitrators: n.addresses(t.Panel.Arbitrators), Quorum: t.Panel.Quorum},
		Salt: escrow.Hash(t.Salt), Seller: n.address[t.Seller], TermsHash: escrow.Hash(t.TermsHash),
		Windows: escrow.Windows{Appeal: t.Windows.Appeal, Offers: t.Windows.Offers, Ruling: t.Windows.Ruling},
	}
	var err error
	if out.Bond, err = units(t.Bond); err != nil {
		return err
	}
	if out.ArbitrationFee, err = units(t.ArbitrationFee); err != nil {
		return err
	}
	for _, m := range t.Milestones {
		sum, err := units(m.Amount)
		if err != nil {
			return err
		}
		out.Milestones = append(out.Milestones, escrow.Milestone{Amount: sum, DeliverBy: m.DeliverBy.Unix(n.start), Description: escrow.Hash(m.Description)})
	}
	id, err := n.id(out)
	if err != nil {
		return fmt.Errorf("the id of %s: %w", name, err)
	}
	n.terms[name], n.trade[id] = out, name
	return nil
}

// call is a story's call as the rules write it. The views and deploy are none.
func (n *names) call(c *vectors.Call) (escrow.Call, error) {
	a, terms := &c.Args, n.terms[c.Trade]
	sum, err := units(a.Amount)
	if err != nil {
		return nil, err
	}
	of, err := units(a.Of)
	if err != nil {
		return nil, err
	}
	sellerAmount, err := units(a.SellerAmount)
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
		return escrow.CallClaim{Terms: terms, Role: escrow.Role(a.Role), To: n.address[a.To], Amount: sum}, nil
	case "extend":
		id, err := n.id(terms)
		return escrow.CallExtend{ID: id}, err
	case "collect":
		return escrow.CallCollect{Asset: n.address[a.Asset]}, nil
	case "propose_fee":
		return escrow.CallProposeFee{Bps: a.Bps, Receiver: n.address[a.Receiver]}, nil
	case "cancel_fee":
		return escrow.CallCancelFee{}, nil
	case "pause":
		return escrow.CallPause{}, nil
	case "unpause":
		return escrow.CallUnpause{}, nil
	case "propose_admin":
		return escrow.CallProposeAdmin{To: n.address[a.To]}, nil
	case "accept_admin":
		return escrow.CallAcceptAdmin{}, nil
	case "set_anchor":
		return escrow.CallSetAnchor{Key: n.address[a.Key]}, nil
	case "anchor":
		return escrow.CallAnchor{Seq: a.Seq, Hash: escrow.Hash(a.Hash)}, nil
	default:
		return nil, fmt.Errorf("there is no call %q", c.Name)
	}
}

// value is a value of the rules' types in the form that a story compares.
func (n *names) value(v any) any {
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
		return "id:" + n.trade[v]
	case escrow.Terms:
		id, err := n.id(v)
		if err != nil {
			return err.Error()
		}
		return "terms:" + n.trade[id]
	case escrow.Parcel:
		return []any{uint32(v.Role), n.value(v.Amount)}
	case escrow.Vote:
		return []any{uint32(v.Role), v.SellerPpm}
	case escrow.Anchor:
		return []any{v.Seq, n.value(v.Hash)}
	}
	r := reflect.ValueOf(v)
	switch r.Kind() {
	case reflect.Pointer:
		if r.IsNil() {
			return nil
		}
		return n.value(r.Elem().Interface())
	case reflect.Slice, reflect.Array:
		out := make([]any, r.Len())
		for i := range out {
			out[i] = n.value(r.Index(i).Interface())
		}
		return out
	case reflect.Struct:
		out := map[string]any{}
		for i := range r.NumField() {
			out[r.Type().Field(i).Tag.Get("json")] = n.value(r.Field(i).Interface())
		}
		return out
	case reflect.Uint32:
		return uint32(r.Uint())
	default:
		return v
	}
}
