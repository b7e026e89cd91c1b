package escrow

import "github.com/Abdullahi130/StellarEscrow/internal/amount"

// open starts a trade; by the seller it deposits the seller's bond.
func (a *act) open(c *CallOpen) error {
	a.know(&c.Terms)
	if !c.By.IsParty() {
		return refuse(ErrNotParty, "role %d", c.By)
	}
	if err := a.signRole(c.By); err != nil {
		return err
	}
	if err := a.notPaused(); err != nil {
		return err
	}
	if err := c.Terms.Validate(a.c.Self, &a.config, a.env.Now); err != nil {
		return err
	}
	if _, opened := a.c.Trades[a.id]; opened {
		return refuse(ErrAlreadyOpened, "%s", a.id)
	}
	a.trade = &Trade{OpenedBy: c.By, Stage: StageOpen}
	a.emit(Opened{By: c.By, Terms: c.Terms})
	if c.By == Seller {
		return a.sellerBond()
	}
	return nil
}

// accept is the agreement of the party that did not open; the seller's deposits the bond.
func (a *act) accept(c *CallAccept) error {
	if err := a.load(&c.Terms); err != nil {
		return err
	}
	by := a.trade.OpenedBy.Other()
	if err := a.signRole(by); err != nil {
		return err
	}
	if err := a.notPaused(); err != nil {
		return err
	}
	if a.trade.Stage != StageOpen {
		return a.wrongStage()
	}
	if err := a.beforeFundBy(); err != nil {
		return err
	}
	a.trade.Stage = StageAgreed
	a.emit(Accepted{By: by})
	if by == Seller {
		return a.sellerBond()
	}
	return nil
}

// fund brings the buyer's total and bond in, in one transfer: the milestones begin.
func (a *act) fund(c *CallFund) error {
	if err := a.load(&c.Terms); err != nil {
		return err
	}
	if err := a.signRole(Buyer); err != nil {
		return err
	}
	if err := a.notPaused(); err != nil {
		return err
	}
	old := a.trade.Stage
	if old != StageAgreed && (old != StageOpen || a.trade.OpenedBy != Seller) {
		return a.wrongStage()
	}
	if err := a.beforeFundBy(); err != nil {
		return err
	}
	sum := a.terms.Bond
	a.trade.Milestones = make([]MilestoneState, len(a.terms.Milestones))
	for i, m := range a.terms.Milestones {
		a.trade.Milestones[i].Left = m.Amount
		sum = sum.Plus(m.Amount)
	}
	a.trade.Stage = StageFunded
	a.trade.Bonds[Buyer] = a.terms.Bond
	a.emit(Funded{OldStage: old, Amount: sum})
	return a.deposit(Buyer, sum, true)
}

// cancel ends a trade that was never funded: a party at any time, anyone from fund_by on.
func (a *act) cancel(c *CallCancel) error {
	if err := a.load(&c.Terms); err != nil {
		return err
	}
	if c.By != nil {
		if !c.By.IsParty() {
			return refuse(ErrNotParty, "role %d", *c.By)
		}
		if err := a.signRole(*c.By); err != nil {
			return err
		}
	}
	old := a.trade.Stage
	if old != StageOpen && old != StageAgreed {
		return a.wrongStage()
	}
	if c.By == nil && a.env.Now < a.terms.FundBy {
		return refuse(ErrNotDue, "before fund_by %d only a party cancels", a.terms.FundBy)
	}
	a.trade.Stage = StageCancelled
	a.emit(Cancelled{By: ref(c.By), OldStage: old})
	a.returnBonds()
	a.payOut(c.Push)
	return nil
}

// claim pays parked money: by anyone to its owner, by the owner anywhere else but to us and to the asset, where nobody could take it out (docs/contract-attacks.md D4).
func (a *act) claim(c *CallClaim) error {
	if err := a.load(&c.Terms); err != nil {
		return err
	}
	owner, ok := a.terms.AddressOf(c.Role)
	if !ok {
		return refuse(ErrNotParty, "role %d", c.Role)
	}
	if c.To != owner {
		if err := a.sign(owner); err != nil {
			return err
		}
	}
	if c.To == a.c.Self || c.To == a.terms.Asset {
		return refuse(ErrForbiddenTarget, "%s", c.To)
	}
	parked := a.trade.ParkedFor(c.Role)
	if err := within(c.Amount, parked); err != nil {
		return err
	}
	left := parked.Minus(c.Amount)
	a.trade.park(c.Role, left)
	a.owed.Total = a.owed.Total.Minus(c.Amount)
	if !a.env.Token.Pay(a.terms.Asset, c.To, c.Amount) {
		return refuse(ErrTransferFailed, "%s units to %s", c.Amount.Units(), c.To)
	}
	a.emit(Claimed{Role: c.Role, To: c.To, Amount: c.Amount, Left: left})
	a.result.Payouts = []Payment{{Role: c.Role, Who: c.To, Amount: c.Amount}}
	return nil
}

// extend keeps the trade's entry alive; the model has no lifetimes, so it only has to exist.
func (a *act) extend(c *CallExtend) error {
	if _, ok := a.c.Trades[c.ID]; !ok {
		return refuse(ErrNotFound, "%s", c.ID)
	}
	a.result.Trade = c.ID
	return nil
}

// sellerBond deposits the seller's bond.
func (a *act) sellerBond() error {
	a.trade.Bonds[Seller] = a.terms.Bond
	return a.deposit(Seller, a.terms.Bond, true)
}

func (a *act) notPaused() error {
	if a.config.Paused {
		return refuse(ErrPaused, "")
	}
	return nil
}

func (a *act) beforeFundBy() error {
	if a.env.Now >= a.terms.FundBy {
		return refuse(ErrWrongStage, "fund_by %d has passed", a.terms.FundBy)
	}
	return nil
}

// within refuses an amount below 1 or above most.
func within(x, most amount.Int128) error {
	if x.Sign() <= 0 || most.Less(x) {
		return refuse(ErrAmountOutOfRange, "%s, not 1 to %s units", x.Units(), most.Units())
	}
	return nil
}
