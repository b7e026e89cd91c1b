package escrow_test

import (
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/contract/vectors"
	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
)

// TestStories replays the stories that the built contract replays too. Addresses are the actors' names here: the rules look at nothing in them.
func TestStories(t *testing.T) {
	stories, err := vectors.Load()
	if err != nil {
		t.Fatal(err)
	}
	if len(stories) == 0 {
		t.Fatal("there are no stories")
	}
	for _, s := range stories {
		t.Run(s.Name, func(t *testing.T) {
			if err := vectors.Run(&model{}, s); err != nil {
				t.Error(err)
			}
		})
	}
}

// storyStart is when every story starts: unix seconds of 2026-01-01.
const storyStart = 1_767_225_600

// model is the Go rules with a token beside them that behaves as the stories' fixture token.
type model struct {
	story    *vectors.Story
	names    map[escrow.ID]string // of trades
	contract *escrow.Contract
	token    *bank
}

func (m *model) Reset(s *vectors.Story) (uint64, error) {
	m.story = s
	m.names = map[escrow.ID]string{}
	for name, terms := range s.Terms {
		m.names[idOf(storyTerms(&terms))] = name
	}
	m.token = newBank(vectors.Contract)
	for actor, x := range s.Balances {
		m.token.give(vectors.Token, escrow.Address(actor), units(x))
	}
	var err error
	m.contract, err = deploy(&s.Platform)
	return storyStart, err
}

func deploy(p *vectors.Platform) (*escrow.Contract, error) {
	return escrow.New(vectors.Contract, vectors.Admin, p.FeeBps, vectors.Receiver, escrow.Limits(p.Limits))
}

func (m *model) Do(c vectors.Call) (vectors.Answer, error) {
	if returns, view := m.view(&c); view {
		return vectors.Answer{Code: vectors.OK, Returns: returns}, nil
	}
	if c.Name == "deploy" {
		_, err := deploy(&c.Args.Deploy)
		return answer(err)
	}
	call, err := storyCall(&c)
	if err != nil {
		return vectors.Answer{}, err
	}
	signed := units(c.Deposit)
	m.token.signed = &signed
	before := m.token.snapshot()
	env := escrow.Env{
		Now:    c.At,
		Signed: func(a escrow.Address) bool { return c.As != vectors.Nobody && a == escrow.Address(c.As) },
		ID:     idOf, Token: m.token,
	}
	result, err := m.contract.Apply(env, call)
	if err != nil {
		m.token.held = before
		return answer(err)
	}
	out := vectors.Answer{Code: vectors.OK}
	switch call.(type) {
	case escrow.CallOpen:
		out.Returns = m.value(result.Trade)
	case escrow.CallCollect:
		out.Returns = m.value(result.Payouts[0].Amount)
	}
	for _, e := range result.Events {
		event := []any{e.EventName()}
		for _, f := range escrow.Fields(e) {
			event = append(event, m.value(f.Value))
		}
		out.Events = append(out.Events, event)
	}
	return out, nil
}

func answer(err error) (vectors.Answer, error) {
	var code escrow.Code
	switch {
	case err == nil:
		return vectors.Answer{Code: vectors.OK}, nil
	case errors.Is(err, escrow.ErrUnauthorized):
		return vectors.Answer{Code: vectors.Unauthorized}, nil
	case errors.As(err, &code):
		return vectors.Answer{Code: code.String()}, nil
	default:
		return vectors.Answer{}, err
	}
}

// view answers the three views.
func (m *model) view(c *vectors.Call) (returns any, ok bool) {
	switch c.Name {
	case "trade":
		trade, ok := m.contract.Trades[idOf(storyTerms(c.Terms))]
		if !ok {
			return nil, true
		}
		return m.value(trade), true
	case "config":
		return m.value(m.contract.Config.At(c.At)), true
	case "owed":
		return m.value(m.contract.Owed[vectors.Token]), true
	default:
		return nil, false
	}
}

func (m *model) World(w vectors.World) error {
	switch actor := escrow.Address(w.Actor); w.Act {
	case "block":
		m.token.blocked[actor] = w.On
	case "freeze":
		m.token.frozen = w.On
	case "tax":
		m.token.taxBps = w.Bps
	case "seize":
		m.token.take(vectors.Token, actor, units(w.Amount))
	case "mint":
		m.token.give(vectors.Token, actor, units(w.Amount))
	default:
		return fmt.Errorf("the model knows no act of the world %q", w.Act)
	}
	return nil
}

func (m *model) Balance(actor string) (vectors.Amount, error) {
	return vectors.Amount(m.token.has(vectors.Token, escrow.Address(actor)).Units()), nil
}

func (m *model) Owed() (vectors.Owed, error) {
	owed := m.contract.Owed[vectors.Token]
	return vectors.Owed{Total: vectors.Amount(owed.Total.Units()), Fees: vectors.Amount(owed.Fees.Units())}, nil
}

func units(a vectors.Amount) amount.Int128 {
	if a == "" {
		return amount.Int128{}
	}
	x, err := amount.ParseUnits(string(a))
	if err != nil {
		panic(err) // the stories' parser has checked it
	}
	return x
}

func storyTerms(t *vectors.Terms) escrow.Terms {
	out := escrow.Terms{
		AppealPanel: storyPanel(t.AppealPanel), ArbitrationFee: units(t.ArbitrationFee), Asset: escrow.Address(t.Asset), Bond: units(t.Bond),
		Buyer: escrow.Address(t.Buyer), FallbackPpm: t.FallbackPpm, FeeBps: t.FeeBps, FundBy: t.FundBy.Unix(storyStart), Inspection: t.Inspection,
		Panel: storyPanel(t.Panel), Salt: escrow.Hash(t.Salt), Seller: escrow.Address(t.Seller), TermsHash: escrow.Hash(t.TermsHash),
		Windows: escrow.Windows{Appeal: t.Windows.Appeal, Offers: t.Windows.Offers, Ruling: t.Windows.Ruling},
	}
	for _, m := range t.Milestones {
		out.Milestones = append(out.Milestones, escrow.Milestone{
			Amount: units(m.Amount), DeliverBy: m.DeliverBy.Unix(storyStart), Description: escrow.Hash(m.Description),
		})
	}
	return out
}

func storyPanel(p vectors.Panel) escrow.Panel {
	out := escrow.Panel{Quorum: p.Quorum}
	for _, a := range p.Arbitrators {
		out.Arbitrators = append(out.Arbitrators, escrow.Address(a))
	}
	return out
}

func storyCall(c *vectors.Call) (escrow.Call, error) {
	var terms escrow.Terms
	if c.Terms != nil {
		terms = storyTerms(c.Terms)
	}
	a := &c.Args
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
		return escrow.CallRelease{Terms: terms, Milestone: a.Milestone, Amount: units(a.Amount)}, nil
	case "refund":
		return escrow.CallRefund{Terms: terms, Milestone: a.Milestone, Amount: units(a.Amount)}, nil
	case "settle":
		return escrow.CallSettle{Terms: terms, Milestones: a.Milestones, Push: a.Push}, nil
	case "dispute":
		return escrow.CallDispute{Terms: terms, By: by, Milestone: a.Milestone, Reason: escrow.Hash(a.Reason)}, nil
	case "offer":
		return escrow.CallOffer{Terms: terms, By: by, Milestone: a.Milestone, Of: units(a.Of), SellerAmount: units(a.SellerAmount)}, nil
	case "accept_offer":
		return escrow.CallAcceptOffer{Terms: terms, By: by, Milestone: a.Milestone, Of: units(a.Of), SellerAmount: units(a.SellerAmount)}, nil
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
		return escrow.CallClaim{Terms: terms, Role: escrow.Role(a.Role), To: escrow.Address(a.To), Amount: units(a.Amount)}, nil
	case "extend":
		return escrow.CallExtend{ID: idOf(terms)}, nil
	case "collect":
		return escrow.CallCollect{Asset: escrow.Address(a.Asset)}, nil
	case "propose_fee":
		return escrow.CallProposeFee{Bps: a.Bps, Receiver: escrow.Address(a.Receiver)}, nil
	case "cancel_fee":
		return escrow.CallCancelFee{}, nil
	case "pause":
		return escrow.CallPause{}, nil
	case "unpause":
		return escrow.CallUnpause{}, nil
	case "propose_admin":
		return escrow.CallProposeAdmin{To: escrow.Address(a.To)}, nil
	case "accept_admin":
		return escrow.CallAcceptAdmin{}, nil
	case "set_anchor":
		return escrow.CallSetAnchor{Key: escrow.Address(a.Key)}, nil
	case "anchor":
		return escrow.CallAnchor{Seq: a.Seq, Hash: escrow.Hash(a.Hash)}, nil
	default:
		return nil, fmt.Errorf("the model knows no function %q", c.Name)
	}
}

// value turns a value of the model into the form a story compares.
func (m *model) value(v any) any {
	switch v := v.(type) {
	case amount.Int128:
		n, _ := new(big.Int).SetString(v.Units(), 10)
		return n
	case escrow.Hash:
		return vectors.Hash(v)
	case escrow.ID:
		return "id:" + m.names[v]
	case escrow.Terms:
		return "terms:" + m.names[idOf(v)]
	case escrow.Parcel:
		return []any{m.value(v.Role), m.value(v.Amount)}
	case escrow.Vote:
		return []any{m.value(v.Role), v.SellerPpm}
	case escrow.Anchor:
		return []any{v.Seq, m.value(v.Hash)}
	}
	r := reflect.ValueOf(v)
	switch r.Kind() {
	case reflect.Pointer:
		if r.IsNil() {
			return nil
		}
		return m.value(r.Elem().Interface())
	case reflect.Slice, reflect.Array:
		out := make([]any, r.Len())
		for i := range out {
			out[i] = m.value(r.Index(i).Interface())
		}
		return out
	case reflect.Struct:
		out := map[string]any{}
		for i := range r.NumField() {
			out[r.Type().Field(i).Tag.Get("json")] = m.value(r.Field(i).Interface())
		}
		return out
	case reflect.Uint32:
		return uint32(r.Uint())
	case reflect.String:
		return r.String()
	default:
		return v
	}
}
