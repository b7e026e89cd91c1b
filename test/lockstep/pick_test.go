package lockstep

import (
	"math/rand/v2"
	"slices"

	"github.com/Abdullahi130/StellarEscrow/contract/vectors"
	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
)

// picker draws what is done next, from where the model stands: mostly what somebody can do, sometimes what nobody should.
type picker struct {
	w *pair
	r *rand.Rand
	// begun are steps that bring each trade some way in, so that most of a world is spent where there is most to do.
	begun []step
	// followed is a trade whose disputes are gone for, for so many steps more.
	followed string
	patience int
}

func newPicker(w *pair) *picker { return &picker{w: w, r: rand.New(rand.NewPCG(w.seed, 2))} }

// maxTrades are those of a world, of which about three run at a time.
const maxTrades = 26

// begin draws another trade, and the steps that bring it some way in.
func (p *picker) begin() error {
	w, name := p.w, string(rune('a'+len(p.w.trades)))
	t := w.plan.draw(p.r, name, w.soonest())
	if p.r.IntN(10) == 0 {
		spoil(p.r, &t)
	}
	w.plan.terms[name] = t
	w.trades = append(w.trades, name)
	if err := w.know(name); err != nil {
		return err
	}
	opener, other := escrow.Buyer, t.Seller
	if p.r.IntN(2) == 0 {
		opener, other = escrow.Seller, t.Buyer
	}
	terms := w.Terms[name]
	calls := []escrow.Call{escrow.CallOpen{Terms: terms, By: opener}, escrow.CallAccept{Terms: terms}, escrow.CallFund{Terms: terms}}
	who := []string{t.Buyer, other, t.Buyer}
	if opener == escrow.Seller {
		who[0] = t.Seller
		if p.r.IntN(2) == 0 {
			calls, who = slices.Delete(calls, 1, 2), slices.Delete(who, 1, 2)
		}
	}
	for i := range min(3, len(t.Milestones)) {
		switch index := uint32(i); p.r.IntN(4) {
		case 0, 1:
			by := escrow.Role(p.r.IntN(2))
			calls, who = append(calls, escrow.CallDispute{Terms: terms, By: by, Milestone: index}), append(who, []string{t.Buyer, t.Seller}[by])
		case 2:
			calls, who = append(calls, escrow.CallDeliver{Terms: terms, Milestone: index}), append(who, t.Seller)
		}
	}
	for i := range max(1, len(calls)-max(0, p.r.IntN(len(calls)+3)-3)) {
		p.begun = append(p.begun, step{call: w.written(calls[i], name, who[i])})
	}
	return nil
}

// human makes a call that a contract would have to sign, of spoiled terms, nobody's.
func (p *picker) human(c *vectors.Call) {
	if c != nil && p.w.site.keys[c.As] == nil {
		c.As = vectors.Nobody
	}
}

// running are the trades that have begun and not ended.
func (p *picker) running() []string {
	return slices.DeleteFunc(slices.Clone(p.w.trades), func(name string) bool {
		t, ok := p.w.model.Trades[p.w.ids[p.w.Terms[name].Salt]]
		return !ok || t.Stage >= escrow.StageEnded
	})
}

// next is the next step.
func (p *picker) next() (step, error) {
	var st step
	if len(p.begun) == 0 && len(p.w.trades) < maxTrades && (len(p.w.trades) == 0 || len(p.running()) < 3 && p.r.IntN(4) == 0) {
		if err := p.begin(); err != nil {
			return st, err
		}
	}
	for len(p.begun) > 0 && p.begun[0].call.Name != "open" {
		if _, there := p.w.model.Trades[p.w.ids[p.w.Terms[p.begun[0].call.Trade].Salt]]; there {
			break
		}
		p.begun = p.begun[1:] // of a trade whose opening was refused
	}
	if len(p.begun) > 0 {
		st, p.begun = p.begun[0], p.begun[1:]
		p.human(st.call)
		st.call.Deposit = p.w.deposit(st.call)
		return st, nil
	}
	switch n := p.r.IntN(100); {
	case (n < 20 || p.patience > 0 && n < 90) && p.hearing(&st), n < 30 && p.edge(&st):
		return st, nil
	case n < 73:
		st.call = p.option()
	case n < 82:
		st.call = p.anything()
	case n < 88:
		st.call = p.administer()
	default:
		st.act = p.act()
	}
	if st.call == nil && st.act == nil {
		st.call = p.anything()
	}
	st.at = p.time()
	p.human(st.call)
	if c := st.call; c != nil && p.r.IntN(8) > 0 {
		c.Deposit = p.w.deposit(c)
	} else if c != nil && c.As != vectors.Nobody {
		c.Deposit = pick(p.r, "", units(1), units(500), p.w.deposit(c))
	}
	return st, nil
}

// time is when the next step is done: at once, soon, or around the next deadline of a trade.
func (p *picker) time() int64 {
	w, soonest := p.w, p.w.soonest()
	switch n := p.r.IntN(20); {
	case n < 16:
		return soonest
	case n < 18:
		return soonest + p.r.Int64N(4)
	case n == 18 && w.short:
		return soonest + p.r.Int64N(8000) // whoever was not touched meanwhile is archived
	}
	terms := w.Terms[p.trade()]
	trade, ok := w.model.Trades[w.ids[terms.Salt]]
	if !ok {
		return soonest
	}
	var ends []uint64
	if trade.Stage < escrow.StageFunded {
		ends = append(ends, terms.FundBy)
	}
	for i := range trade.Milestones {
		if s := escrow.StandingOf(&terms, i, &trade.Milestones[i], w.Start+uint64(soonest)); s.Until != 0 {
			ends = append(ends, s.Until)
		}
	}
	if len(ends) == 0 {
		return soonest
	}
	at := int64(pick(p.r, ends...)-w.Start) - 1 + p.r.Int64N(3)
	if at > soonest+50_000 { // of spoiled terms: the others would be over
		return soonest
	}
	return max(soonest, at)
}

// trade is one of the world's, mostly one that runs.
func (p *picker) trade() string {
	running := p.running()
	if len(running) > 0 && p.r.IntN(8) > 0 {
		return pick(p.r, running...)
	}
	return pick(p.r, p.w.trades...)
}

// option is something that the model says somebody can do.
func (p *picker) option() *vectors.Call {
	w, name := p.w, p.trade()
	terms := w.Terms[name]
	trade, opened := w.model.Trades[w.ids[terms.Salt]]
	if !opened {
		by := escrow.Role(p.r.IntN(2))
		who, _ := terms.AddressOf(by)
		return w.written(escrow.CallOpen{Terms: terms, By: by}, name, w.called(who))
	}
	type choice struct {
		role escrow.Role
		escrow.Option
	}
	now := w.Start + uint64(w.soonest())
	var choices []choice
	for role := range terms.Roles() + 1 { // the last one is a stranger
		for _, o := range escrow.Next(&terms, &trade, w.model.Config.Paused, now, role) {
			choices = append(choices, choice{role, o})
		}
	}
	var kinds []string
	for _, c := range choices {
		if f := c.Call.Function(); !slices.Contains(kinds, f) {
			kinds = append(kinds, f)
		}
	}
	if len(kinds) == 0 {
		return nil
	}
	favourites := []string{"rule", "appeal", "dispute", "accept_offer", "settle", "claim"}
	if own := slices.DeleteFunc(slices.Clone(kinds), func(k string) bool { return !slices.Contains(favourites, k) }); len(own) > 0 && p.r.IntN(2) == 0 {
		kinds = own
	}
	kind := pick(p.r, kinds...)
	for _, rare := range []string{"appeal", "rule"} { // they come late, and windows are short
		if slices.Contains(kinds, rare) && p.r.IntN(2) == 0 {
			kind = rare
		}
	}
	choices = slices.DeleteFunc(choices, func(c choice) bool { return c.Call.Function() != kind })
	o := pick(p.r, choices...)
	who := vectors.Nobody
	if address, ok := terms.AddressOf(o.role); ok {
		who = w.called(address)
	}
	if o.Anyone && p.r.IntN(2) == 0 {
		who = vectors.Nobody
	}
	c := w.written(o.Call, name, who)
	p.vary(c, o.Option)
	return c
}

// vary chooses what an option leaves open.
func (p *picker) vary(c *vectors.Call, o escrow.Option) {
	x := o.Max
	if o.Min.Less(o.Max) {
		if width, err := o.Max.Minus(o.Min).Stroops(); err == nil && p.r.IntN(3) > 0 {
			x = o.Min.Plus(amount.Int(p.r.Int64N(int64(width)/pick(p.r, int64(1), 2, 10) + 1)))
		}
	}
	sum := vectors.Amount(x.Units())
	switch c.Name {
	case "release", "refund", "claim":
		c.Args.Amount = sum
	case "offer":
		c.Args.SellerAmount = sum
		switch {
		case p.r.IntN(10) == 0: // of what is not what the milestone has left: refused
			c.Args.Of = p.around(o.Call.(escrow.CallOffer).Of)
		case p.r.IntN(10) == 0: // accepted, though the other side may have offered nothing
			c.Name = "accept_offer"
		}
	case "settle", "cancel":
		c.Args.Push = p.r.IntN(3) > 0
	case "rule":
		c.Args.Rulings[0][1] = p.ppm()
	}
}

func (p *picker) ppm() uint32 {
	return pick(p.r, uint32(0), 1, 500_000, 549_999, 550_000, 1_000_000, p.r.Uint32N(1_000_001))
}

// anything is a call with arguments that need not make sense, by somebody who need not be the one.
func (p *picker) anything() *vectors.Call {
	w, name := p.w, p.trade()
	t := w.plan.terms[name]
	terms := w.Terms[name]
	trade := w.model.Trades[w.ids[terms.Salt]]
	by := p.r.Uint32N(uint32(terms.Roles()) + 1)
	milestone := p.index(len(t.Milestones))
	var left amount.Int128
	if int(milestone) < len(trade.Milestones) {
		left = trade.Milestones[milestone].Left
	}
	some := func() (out []uint32) {
		for range p.r.IntN(4) {
			out = append(out, p.index(len(t.Milestones)))
		}
		return out
	}
	c := &vectors.Call{Trade: name, As: pick(p.r, vectors.Nobody, t.Buyer, t.Seller, stranger, pick(p.r, people()...))}
	if role, ok := terms.RoleOf(w.Address[c.As]); ok && p.r.IntN(8) > 0 {
		by = uint32(role)
	} else if p.r.IntN(2) == 0 {
		by = p.r.Uint32N(2)
	}
	a := &c.Args
	c.Name = pick(p.r, "open", "accept", "fund", "cancel", "deliver", "release", "refund", "settle", "dispute", "offer", "accept_offer", "evidence", "rule",
		"appeal", "claim", "extend", "collect")
	switch c.Name {
	case "open":
		a.By = &by
	case "cancel":
		a.Push = p.r.IntN(2) == 0
		if p.r.IntN(2) == 0 {
			a.By = &by
		}
	case "deliver":
		a.Milestone, a.Proof = milestone, hashOf("proof")
	case "release", "refund":
		a.Milestone, a.Amount = milestone, p.around(left)
	case "settle":
		a.Milestones, a.Push = some(), p.r.IntN(2) == 0
	case "dispute":
		a.By, a.Milestone, a.Reason = &by, milestone, hashOf("reason")
	case "offer", "accept_offer":
		a.By, a.Milestone, a.Of, a.SellerAmount = &by, milestone, pick(p.r, vectors.Amount(left.Units()), vectors.Amount(left.Units()), p.around(left)), p.around(left)
	case "evidence":
		a.By, a.Milestone, a.Hash = &by, milestone, hashOf("evidence")
	case "rule":
		a.By, a.Hash = &by, hashOf("ruling")
		for _, m := range some() {
			a.Rulings = append(a.Rulings, [2]uint32{m, pick(p.r, p.ppm(), p.ppm(), 1_000_001)})
		}
	case "appeal":
		a.By, a.Milestone = &by, milestone
	case "claim":
		a.Role, a.To, a.Amount = by, pick(p.r, t.Buyer, t.Seller, stranger, vectors.Contract, t.Asset, pick(p.r, people()...)), p.around(trade.ParkedFor(escrow.Role(by)))
	case "collect":
		c.Trade, a.Asset = "", pick(p.r, vectors.Token, coin)
	}
	// Mostly by the one whom it is for: whoever is not is refused before anything else is looked at.
	if r, ok := p.signs(c, &trade); ok && p.r.IntN(6) > 0 {
		if address, ok := terms.AddressOf(r); ok {
			c.As = w.called(address)
		}
	}
	return c
}

// signs is the role that has to sign a call of a trade, whether or not the call makes sense.
func (p *picker) signs(c *vectors.Call, trade *escrow.Trade) (escrow.Role, bool) {
	switch c.Name {
	case "fund", "release":
		return escrow.Buyer, true
	case "deliver", "refund":
		return escrow.Seller, true
	case "accept":
		return trade.OpenedBy.Other(), true
	case "claim":
		return escrow.Role(c.Args.Role), true
	}
	if c.Args.By == nil {
		return 0, false
	}
	return escrow.Role(*c.Args.By), true
}

// index is a milestone's, rarely one that is not there.
func (p *picker) index(n int) uint32 {
	if n == 0 || p.r.IntN(10) == 0 {
		return uint32(n) + p.r.Uint32N(2)
	}
	return p.r.Uint32N(uint32(n))
}

// around is an amount at the edges of 1 to x, or beyond.
func (p *picker) around(x amount.Int128) vectors.Amount {
	one := amount.Int(1)
	return vectors.Amount(pick(p.r, amount.Int128{}, one, x, x, x.Minus(one), x.Plus(one), amount.Int(-1), x.MulDiv(one, amount.Int(2)), amount.MaxInt128(), amount.MinInt128()).Units())
}

// administer is a call of the admin's, of the one he has proposed, or of the anchor key.
func (p *picker) administer() *vectors.Call {
	c := &vectors.Call{As: pick(p.r, vectors.Admin, vectors.Admin, vectors.Admin, stranger, vectors.Nobody)}
	c.Name = pick(p.r, "propose_fee", "cancel_fee", "pause", "unpause", "unpause", "unpause", "propose_admin", "accept_admin", "set_anchor", "anchor")
	if p.r.IntN(2) == 0 { // what was begun is followed up: a world has too few of these calls to meet it by chance
		var next []string
		config := p.w.model.Config
		if config.PendingAdmin != nil {
			next = append(next, "accept_admin")
		}
		if config.PendingFee != nil {
			next = append(next, "cancel_fee")
		}
		if config.AnchorKey != nil {
			next = append(next, "anchor")
		}
		if len(next) > 0 {
			c.Name = pick(p.r, next...)
		}
	}
	switch a := &c.Args; c.Name {
	case "propose_fee":
		a.Bps, a.Receiver = pick(p.r, uint32(0), 50, 100, 101), pick(p.r, vectors.Receiver, "carol", stranger, vectors.Contract, vectors.Token)
	case "propose_admin":
		a.To = pick(p.r, vectors.Admin, "carol")
	case "set_anchor":
		a.Key = pick(p.r, stranger, vectors.Admin)
	case "anchor":
		a.Seq, a.Hash = p.w.model.Config.Anchored.Seq+p.r.Uint64N(3), hashOf("head")
	}
	if signer := p.w.signer(c); signer != "" && p.r.IntN(2) == 0 {
		c.As = signer
	}
	return c
}
