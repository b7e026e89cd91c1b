package escrow_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/contract/vectors"
	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/test/stories"
)

// TestStories replays the stories that the built contract replays too. Addresses are the actors' names here: the rules look at nothing in them.
func TestStories(t *testing.T) {
	all, err := vectors.Load()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal("there are no stories")
	}
	for _, s := range all {
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
	*stories.Names
	contract *escrow.Contract
	token    *bank
}

func (m *model) Reset(s *vectors.Story) (uint64, error) {
	m.Names = stories.NewNames(storyStart, func(t escrow.Terms) (escrow.ID, error) { return idOf(t), nil })
	for _, name := range append(s.Actors, vectors.Contract, vectors.Token) {
		m.Called(name, escrow.Address(name))
	}
	for name, terms := range s.Terms {
		if err := m.Open(name, terms); err != nil {
			return 0, err
		}
	}
	m.token = newBank(vectors.Contract)
	for actor, x := range s.Balances {
		m.token.give(vectors.Token, escrow.Address(actor), units(x))
	}
	var err error
	m.contract, err = deploy(&s.Platform, vectors.Receiver)
	return storyStart, err
}

func deploy(p *vectors.Platform, receiver escrow.Address) (*escrow.Contract, error) {
	return escrow.New(vectors.Contract, vectors.Admin, p.FeeBps, receiver, escrow.Limits(p.Limits))
}

func (m *model) Do(c vectors.Call) (vectors.Answer, error) {
	if returns, view := m.view(&c); view {
		return vectors.Answer{Code: vectors.OK, Returns: returns}, nil
	}
	if c.Name == "deploy" {
		_, err := deploy(&c.Args.Deploy, escrow.Address(c.Args.FeeReceiver))
		return answer(err)
	}
	call, err := m.Call(&c)
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
		out.Returns = m.Value(result.Trade)
	case escrow.CallCollect:
		out.Returns = m.Value(result.Payouts[0].Amount)
	}
	for _, e := range result.Events {
		event := []any{e.EventName()}
		for _, f := range escrow.Fields(e) {
			event = append(event, m.Value(f.Value))
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
		trade, ok := m.contract.Trades[idOf(m.Terms[c.Trade])]
		if !ok {
			return nil, true
		}
		return m.Value(trade), true
	case "config":
		return m.Value(m.contract.Config.At(c.At)), true
	case "owed":
		return m.Value(m.contract.Owed[vectors.Token]), true
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
	x, err := stories.Units(a)
	if err != nil {
		panic(err) // the stories' parser has checked it
	}
	return x
}
