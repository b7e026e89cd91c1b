package lockstep

import (
	"fmt"

	"github.com/Abdullahi130/StellarEscrow/contract/vectors"
	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
)

// called is the name of an address of the world.
func (w *pair) called(a escrow.Address) string { return w.Value(a).(string) }

// written is a call of the rules as a story writes it.
func (w *pair) written(call escrow.Call, trade, as string) *vectors.Call {
	out := &vectors.Call{Name: call.Function(), Trade: trade, As: as}
	a := &out.Args
	role := func(r escrow.Role) *uint32 { return new(uint32(r)) }
	sum := func(x amount.Int128) vectors.Amount { return vectors.Amount(x.Units()) }
	switch c := call.(type) {
	case escrow.CallOpen:
		a.By = role(c.By)
	case escrow.CallAccept, escrow.CallFund:
	case escrow.CallCancel:
		a.Push = c.Push
		if c.By != nil {
			a.By = role(*c.By)
		}
	case escrow.CallDeliver:
		a.Milestone, a.Proof = c.Milestone, hashOf("proof")
	case escrow.CallRelease:
		a.Milestone, a.Amount = c.Milestone, sum(c.Amount)
	case escrow.CallRefund:
		a.Milestone, a.Amount = c.Milestone, sum(c.Amount)
	case escrow.CallSettle:
		a.Milestones, a.Push = c.Milestones, c.Push
	case escrow.CallDispute:
		a.By, a.Milestone, a.Reason = role(c.By), c.Milestone, hashOf("reason")
	case escrow.CallOffer:
		a.By, a.Milestone, a.Of, a.SellerAmount = role(c.By), c.Milestone, sum(c.Of), sum(c.SellerAmount)
	case escrow.CallAcceptOffer:
		a.By, a.Milestone, a.Of, a.SellerAmount = role(c.By), c.Milestone, sum(c.Of), sum(c.SellerAmount)
	case escrow.CallEvidence:
		a.By, a.Milestone, a.Hash = role(c.By), c.Milestone, hashOf("evidence")
	case escrow.CallRule:
		a.By, a.Hash = role(c.By), hashOf("ruling")
		for _, r := range c.Rulings {
			a.Rulings = append(a.Rulings, [2]uint32{r.Milestone, r.SellerPpm})
		}
	case escrow.CallAppeal:
		a.By, a.Milestone = role(c.By), c.Milestone
	case escrow.CallClaim:
		a.Role, a.To, a.Amount = uint32(c.Role), w.called(c.To), sum(c.Amount)
	default:
		panic(fmt.Sprintf("no trader makes the call %T", call)) // Next has none but these
	}
	return out
}

// preview is what a call would do if everybody signed and the tokens were honest.
func (w *pair) preview(c *vectors.Call) (escrow.Result, bool) {
	call, err := w.Call(c)
	if err != nil {
		return escrow.Result{}, false
	}
	r, err := w.model.Clone().Apply(escrow.Env{
		Now: w.Start + uint64(w.soonest()), Signed: func(escrow.Address) bool { return true },
		ID: func(t escrow.Terms) escrow.ID { return w.ids[t.Salt] }, Token: willing{},
	}, call)
	return r, err == nil
}

// willing is a token that does what it is asked, in assets we hold enough of.
type willing struct{}

func (willing) Balance(escrow.Address) (amount.Int128, error) { return amount.MaxInt128(), nil }
func (willing) Deposit(_, _ escrow.Address, x amount.Int128) (amount.Int128, error) {
	return x, nil
}
func (willing) Pay(escrow.Address, escrow.Address, amount.Int128) bool { return true }

// deposit is what the signer has to sign for a call to be carried out, "" for nothing or where it will not be anyhow.
func (w *pair) deposit(c *vectors.Call) vectors.Amount {
	r, ok := w.preview(c)
	if !ok || r.Deposit == nil || c.As == vectors.Nobody {
		return ""
	}
	return vectors.Amount(r.Deposit.Amount.Units())
}

// signer is whose signature a call takes, "" for nobody's or where it would be refused anyhow.
func (w *pair) signer(c *vectors.Call) string {
	r, ok := w.preview(c)
	if !ok || r.Signer == "" {
		return ""
	}
	return w.called(r.Signer)
}
