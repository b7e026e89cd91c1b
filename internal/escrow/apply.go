package escrow

import (
	"errors"
	"fmt"
	"slices"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
)

// Apply carries out a call, or refuses it: with a *Refusal (its Code says why), with an error that wraps ErrUnauthorized where a signature is missing, or
// with the token's own error where it does not tell our balance. Where it returns an error nothing has changed.
func (c *Contract) Apply(env Env, call Call) (Result, error) {
	a := act{c: c, env: env, config: c.Config.At(env.Now)}
	if err := a.do(call); err != nil {
		return Result{}, err
	}
	a.commit()
	return a.result, nil
}

// Clone returns a copy; Apply on one leaves the other alone.
func (c *Contract) Clone() *Contract {
	out := *c
	out.Trades = make(map[ID]Trade, len(c.Trades))
	for id, t := range c.Trades {
		out.Trades[id] = t
	}
	out.Owed = make(map[Address]Owed, len(c.Owed))
	for a, o := range c.Owed {
		out.Owed[a] = o
	}
	return &out
}

// act is one call being carried out, on copies: commit writes them back.
type act struct {
	c      *Contract
	env    Env
	config Config // in force now

	terms *Terms
	id    ID
	trade *Trade // nil in the platform's calls
	owed  *Owed  // of the trade's asset, or the one collected

	payouts []amount.Int128 // by role
	result  Result
}

func (a *act) do(call Call) error {
	switch call := call.(type) {
	case CallOpen:
		return a.open(&call)
	case CallAccept:
		return a.accept(&call)
	case CallFund:
		return a.fund(&call)
	case CallCancel:
		return a.cancel(&call)
	case CallDeliver:
		return a.deliver(&call)
	case CallRelease:
		return a.release(&call)
	case CallRefund:
		return a.refund(&call)
	case CallSettle:
		return a.settle(&call)
	case CallDispute:
		return a.dispute(&call)
	case CallOffer:
		return a.offer(&call)
	case CallAcceptOffer:
		return a.acceptOffer(&call)
	case CallEvidence:
		return a.evidence(&call)
	case CallRule:
		return a.rule(&call)
	case CallAppeal:
		return a.appeal(&call)
	case CallClaim:
		return a.claim(&call)
	case CallExtend:
		return a.extend(&call)
	case CallCollect:
		return a.collect(&call)
	default:
		return a.administer(call)
	}
}

func (a *act) commit() {
	a.c.Config = a.config
	if a.trade != nil {
		a.c.Trades[a.id] = *a.trade
	}
	if a.owed != nil {
		a.c.Owed[a.result.Asset] = *a.owed
	}
}

// load looks the trade up by its terms.
func (a *act) load(t *Terms) error {
	a.know(t)
	trade, ok := a.c.Trades[a.id]
	if !ok {
		return refuse(ErrNotFound, "%s", a.id)
	}
	trade = trade.Clone()
	a.trade = &trade
	return nil
}

// know says which trade the call is about.
func (a *act) know(t *Terms) {
	owed := a.c.Owed[t.Asset]
	a.terms, a.id, a.owed = t, a.env.ID(*t), &owed
	a.result.Trade, a.result.Asset = a.id, t.Asset
	a.payouts = make([]amount.Int128, t.Roles())
}

// sign demands a signature.
func (a *act) sign(who Address) error {
	a.result.Signer = who
	if !a.env.Signed(who) {
		return fmt.Errorf("%w: %s", ErrUnauthorized, who)
	}
	return nil
}

// signRole demands the signature of who holds the role, which exists.
func (a *act) signRole(r Role) error {
	who, _ := a.terms.AddressOf(r)
	return a.sign(who)
}

// party loads the trade and demands the signature of by, who must be buyer or seller.
func (a *act) party(t *Terms, by Role) error {
	if err := a.load(t); err != nil {
		return err
	}
	if !by.IsParty() {
		return refuse(ErrNotParty, "role %d", by)
	}
	return a.signRole(by)
}

// milestone returns a milestone's state in the funded trade, to be changed in place, and where it stands.
func (a *act) milestone(i uint32) (*MilestoneState, Standing, error) {
	if err := a.index(i); err != nil {
		return nil, Standing{}, err
	}
	return a.standing(i)
}

func (a *act) index(i uint32) error {
	if int64(i) >= int64(len(a.terms.Milestones)) {
		return refuse(ErrNoSuchMilestone, "%d of %d", i, len(a.terms.Milestones))
	}
	return nil
}

// standing is milestone for an index that exists.
func (a *act) standing(i uint32) (*MilestoneState, Standing, error) {
	if a.trade.Stage != StageFunded {
		return nil, Standing{}, a.wrongStage()
	}
	m := &a.trade.Milestones[i]
	return m, StandingOf(a.terms, int(i), m, a.env.Now), nil
}

func (a *act) wrongStage() error { return refuse(ErrWrongStage, "the trade is %s", a.trade.Stage) }

// among refuses a phase in which this cannot be done.
func among(s Standing, phases ...Phase) error {
	if !slices.Contains(phases, s.Phase) {
		return refuse(ErrWrongStage, "the milestone is %s", s.Phase)
	}
	return nil
}

func (a *act) emit(e ...Event) { a.result.Events = append(a.result.Events, e...) }

// owe adds to what the call pays a role.
func (a *act) owe(r Role, x amount.Int128) { a.payouts[r] = a.payouts[r].Plus(x) }

// book takes the platform's fee of what the seller really receives, and returns it.
func (a *act) book(x amount.Int128) (fee amount.Int128) {
	fee = x.MulDiv(amount.Int(int64(a.terms.FeeBps)), amount.Int(10_000))
	a.owed.Fees = a.owed.Fees.Plus(fee)
	a.result.Fee = a.result.Fee.Plus(fee)
	return fee
}

// deposit takes money in, measured; nothing is skipped. A deposit that opens new risk (fund, a seller's bond) is refused while the asset is short: it would fill
// an old hole (docs/contract-attacks.md D6).
func (a *act) deposit(by Role, x amount.Int128, newRisk bool) error {
	if x.Sign() == 0 {
		return nil
	}
	asset := a.terms.Asset
	from, _ := a.terms.AddressOf(by)
	if newRisk {
		held, err := a.env.Token.Balance(asset)
		if err != nil {
			return fmt.Errorf("reading our balance of %s: %w", asset, err)
		}
		if held.Less(a.owed.Total) {
			return refuse(ErrShortage, "%s held, %s owed", held.Units(), a.owed.Total.Units())
		}
	}
	grew, err := a.env.Token.Deposit(asset, from, x)
	switch {
	case errors.Is(err, ErrUnauthorized):
		return fmt.Errorf("depositing %s units of %s: %w", x.Units(), asset, err)
	case err != nil:
		return refuse(ErrDepositNotReceived, "%s units: %v", x.Units(), err)
	case grew.Less(x):
		return refuse(ErrDepositNotReceived, "%s of %s units", grew.Units(), x.Units())
	}
	a.owed.Total = a.owed.Total.Plus(x)
	a.result.Deposit = &Payment{Role: by, Who: from, Amount: x}
	return nil
}

// payOut ends the trade if nothing is left, and pays what the call owes, in the order of roles. What fails, or all of it without push, is parked.
func (a *act) payOut(push bool) {
	a.endTrade()
	for r, x := range a.payouts {
		if x.Sign() == 0 {
			continue
		}
		role := Role(r)
		who, _ := a.terms.AddressOf(role)
		paid := push && a.env.Token.Pay(a.terms.Asset, who, x)
		if paid {
			a.owed.Total = a.owed.Total.Minus(x)
		} else {
			old := a.trade.ParkedFor(role)
			a.trade.park(role, old.Plus(x))
			a.emit(Parked{Role: role, Old: old, Amount: old.Plus(x)})
		}
		a.result.Payouts = append(a.result.Payouts, Payment{Role: role, Who: who, Amount: x, Parked: !paid})
	}
}

// endTrade ends a funded trade whose last milestone has ended: the bonds go back.
func (a *act) endTrade() {
	t := a.trade
	if t.Stage != StageFunded || slices.ContainsFunc(t.Milestones, func(m MilestoneState) bool { return m.Left.Sign() != 0 }) {
		return
	}
	a.emit(Ended{BuyerBond: t.Bonds[Buyer], SellerBond: t.Bonds[Seller]})
	a.returnBonds()
	t.Stage, t.Milestones = StageEnded, nil
}

func (a *act) returnBonds() {
	for side, bond := range a.trade.Bonds {
		a.owe(Role(side), bond)
	}
	a.trade.Bonds = [2]amount.Int128{}
}

// park sets what is parked for a role, keeping the order of roles and no zeros.
func (t *Trade) park(r Role, x amount.Int128) {
	at, found := slices.BinarySearchFunc(t.Parked, r, func(p Parcel, r Role) int { return int(p.Role) - int(r) })
	switch {
	case found && x.Sign() == 0:
		t.Parked = slices.Delete(t.Parked, at, at+1)
	case found:
		t.Parked[at].Amount = x
	case x.Sign() != 0:
		t.Parked = slices.Insert(t.Parked, at, Parcel{Role: r, Amount: x})
	}
}
