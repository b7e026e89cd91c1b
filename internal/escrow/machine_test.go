package escrow_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"pgregory.net/rapid"
)

// TestRandomTrades lets many people act at random on several trades at once, with a token that refuses now and then, and checks after every call, failed
// ones included, what must hold (check). In the end everybody is gone, and strangers alone end every trade in time. It fails too if the people never came to do some
// of what there is to do: then it would have shown nothing.
func TestRandomTrades(t *testing.T) {
	happened := map[string]int{}
	walk := func(t *rapid.T) {
		m := newMachine(t, happened)
		t.Repeat(map[string]func(*rapid.T){
			"option": m.option, "option 2": m.option, "option 3": m.option, "option 4": m.option, "option 5": m.option,
			"call": m.call,
			"time": m.time, "more time": m.time,
			"block": m.block,
			"admin": m.admin,
			"":      m.check,
		})
		m.everybodyGone(t)
	}
	for range 10 { // a walk takes a few milliseconds: rapid's hundred are over before the rare things happen
		rapid.Check(t, walk)
	}
	t.Log(happened)
	for _, what := range []string{
		"open", "accept", "fund", "cancel", "deliver", "release", "refund", "settle", "dispute", "offer", "accept_offer", "evidence", "rule", "appeal",
		"claim", "extend", "collect", "propose_fee", "pause", "unpause", "event costs", "event silent", "event parked", "event ended",
		"due to the buyer", "due to the seller", "first ruling", "fallback", "refused", "unauthorized",
	} {
		if happened[what] == 0 {
			t.Errorf("%s never happened", what)
		}
	}
}

// machine is the world with what the checks have to know besides.
type machine struct {
	*world
	trades   []escrow.Terms
	supply   map[escrow.Address]amount.Int128
	booked   map[escrow.Address]amount.Int128 // fees, by the results' word, less what was collected
	votes    map[string][]uint32              // of each hearing, by trade, milestone and panel
	happened map[string]int
}

const eurc escrow.Address = "eurc"

func newMachine(t *rapid.T, happened map[string]int) *machine {
	feeBps := rapid.SampledFrom([]uint32{0, 1, 100}).Draw(t, "fee_bps")
	m := &machine{
		world:    newWorld(shortLimits(), feeBps),
		supply:   map[escrow.Address]amount.Int128{},
		booked:   map[escrow.Address]amount.Int128{},
		votes:    map[string][]uint32{},
		happened: happened,
	}
	for _, who := range []escrow.Address{buyer, seller, stranger} {
		m.bank.give(usdc, who, amount.Int(rapid.SampledFrom([]int64{1_000_000, 500, 1 << 62}).Draw(t, "purse")))
		m.bank.give(eurc, who, amount.Int(1_000_000))
	}
	for i := range rapid.IntRange(1, 3).Draw(t, "trades") {
		m.trades = append(m.trades, randomTerms(t, feeBps, m.now, byte(i)))
	}
	for _, asset := range []escrow.Address{usdc, eurc} {
		m.supply[asset] = m.bank.supply(asset)
	}
	for _, terms := range m.trades {
		m.begin(t, terms)
	}
	return m
}

// begin brings a trade some way in, so that most of the walk is spent where there is most to do.
func (m *machine) begin(t *rapid.T, terms escrow.Terms) {
	by := escrow.Buyer
	calls := []escrow.Call{escrow.CallOpen{Terms: terms, By: by}, escrow.CallAccept{Terms: terms}, escrow.CallFund{Terms: terms}}
	for i := range terms.Milestones {
		calls = append(calls, escrow.CallDispute{Terms: terms, By: by, Milestone: uint32(i)})
	}
	n := len(calls) - rapid.IntRange(0, len(calls)).Draw(t, "begin") // rapid likes small numbers, we like the deep end
	for i := range n {
		who := by
		if i == 1 {
			who = escrow.Seller
		}
		address, _ := terms.AddressOf(who)
		_, _ = m.try(t, address, calls[i]) // who is too poor to go on stops here
	}
	if n > 3 && rapid.IntRange(0, 3).Draw(t, "hearing") < 3 {
		m.now += terms.Windows.Offers
	}
}

// randomTerms are terms that open takes.
func randomTerms(t *rapid.T, feeBps uint32, now uint64, salt byte) escrow.Terms {
	window := rapid.SampledFrom([]uint64{9, 5, 7, 3, 1, 2})
	terms := escrow.Terms{
		Buyer: buyer, Seller: seller, Asset: rapid.SampledFrom([]escrow.Address{usdc, usdc, eurc}).Draw(t, "asset"), FeeBps: feeBps,
		FundBy: now + window.Draw(t, "fund_by"), Inspection: window.Draw(t, "inspection"),
		Windows:     escrow.Windows{Offers: window.Draw(t, "offers"), Ruling: window.Draw(t, "ruling"), Appeal: window.Draw(t, "appeal")},
		FallbackPpm: rapid.SampledFrom([]uint32{0, 1, 333_333, 500_000, 1_000_000}).Draw(t, "fallback"),
		Salt:        escrow.Hash{salt},
	}
	scale := rapid.SampledFrom([]int64{20_000, 3, 1 << 58}).Draw(t, "scale")
	for range rapid.IntRange(1, 3).Draw(t, "milestones") {
		terms.Milestones = append(terms.Milestones, escrow.Milestone{
			Amount:    amount.Int(rapid.Int64Range(1, scale).Draw(t, "amount")),
			DeliverBy: terms.FundBy + window.Draw(t, "deliver_by"),
		})
	}
	bond := rapid.Int64Range(0, scale).Draw(t, "bond")
	terms.Bond = amount.Int(bond)
	terms.ArbitrationFee = amount.Int(bond - rapid.Int64Range(0, bond).Draw(t, "bond_above_fee"))
	terms.Panel = randomPanel(t, "arb", 3, 1, 5, 0)
	if len(terms.Panel.Arbitrators) > 0 {
		terms.AppealPanel = randomPanel(t, "jud", 3, 1, 0)
	}
	return terms
}

func randomPanel(t *rapid.T, name string, sizes ...int) escrow.Panel {
	n := rapid.SampledFrom(sizes).Draw(t, name+"s")
	var p escrow.Panel
	for i := range n {
		p.Arbitrators = append(p.Arbitrators, escrow.Address(fmt.Sprint(name, i)))
	}
	if n > 0 {
		p.Quorum = uint32(rapid.IntRange(n/2+1, n).Draw(t, "quorum"))
	}
	return p
}

// option takes something that Next says somebody can do, and does it: it must work.
func (m *machine) option(t *rapid.T) {
	terms := m.anyTrade(t)
	trade, opened := m.c.Trades[idOf(terms)]
	if !opened {
		by := escrow.Role(rapid.IntRange(0, 1).Draw(t, "by"))
		who, _ := terms.AddressOf(by)
		m.try(t, who, escrow.CallOpen{Terms: terms, By: by})
		return
	}
	type choice struct {
		role escrow.Role
		escrow.Option
	}
	var choices []choice
	for role := range terms.Roles() + 1 { // the last one is a stranger
		for _, o := range escrow.Next(&terms, &trade, m.c.Config.Paused, m.now, role) {
			choices = append(choices, choice{role, o})
		}
	}
	if len(choices) == 0 {
		return
	}
	// First what, then which: else offers and evidence, always possible, drown the rest.
	var kinds []string
	for _, c := range choices {
		if f := c.Call.Function(); !slices.Contains(kinds, f) {
			kinds = append(kinds, f)
		}
	}
	slices.Reverse(kinds)
	if rapid.Bool().Draw(t, "favourite") {
		favourites := []string{"rule", "appeal", "dispute", "accept_offer"}
		if own := slices.DeleteFunc(slices.Clone(kinds), func(k string) bool { return !slices.Contains(favourites, k) }); len(own) > 0 {
			kinds = own
		}
	}
	kind := rapid.SampledFrom(kinds).Draw(t, "kind")
	choices = slices.DeleteFunc(choices, func(c choice) bool { return c.Call.Function() != kind })
	o := choices[rapid.IntRange(0, len(choices)-1).Draw(t, "option")]
	role := o.role
	if s, ok := o.Call.(escrow.CallSettle); ok {
		s.Push = rapid.Bool().Draw(t, "push")
		o.Call = s
	}
	if r, ok := o.Call.(escrow.CallRule); ok {
		r.Rulings = []escrow.Ruling{{Milestone: r.Rulings[0].Milestone, SellerPpm: min(anyPpm().Draw(t, "ppm"), 1_000_000)}}
		o.Call = r
	}
	least, most := withAmount(o.Call, o.Min), withAmount(o.Call, o.Max)
	for _, call := range []escrow.Call{least, most} {
		p, err := m.c.Preview(m.now, idOf, call)
		if err != nil {
			t.Fatalf("at %d role %d can %s (%+v), says Next; the contract says %v", m.now, role, call.Function(), o, err)
		}
		var deposit amount.Int128
		if p.Deposit != nil {
			deposit = p.Deposit.Amount
		}
		if deposit != o.Deposit || (p.Signer == "") != o.Anyone {
			t.Fatalf("%s deposits %s signed by %q, Next said %s, anyone %v", call.Function(), deposit.Units(), p.Signer, o.Deposit.Units(), o.Anyone)
		}
	}
	who, _ := terms.AddressOf(role)
	call := most
	if o.Min.Less(o.Max) {
		call = withAmount(o.Call, anyBetween(t, o.Min, o.Max))
	}
	_, _ = m.try(t, who, call) // the token may still refuse a deposit
}

// call makes a call with arguments that need not make sense, and by somebody who need not be the one.
func (m *machine) call(t *rapid.T) {
	terms := m.anyTrade(t)
	trade := m.c.Trades[idOf(terms)]
	by := escrow.Role(rapid.Uint32Range(0, uint32(terms.Roles())).Draw(t, "by"))
	milestone := rapid.Uint32Range(0, uint32(len(terms.Milestones))).Draw(t, "milestone")
	var left amount.Int128
	if int(milestone) < len(trade.Milestones) {
		left = trade.Milestones[milestone].Left
	}
	x := anyAround(t, left)
	rulings := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) escrow.Ruling {
		return escrow.Ruling{Milestone: rapid.Uint32Range(0, uint32(len(terms.Milestones))).Draw(t, "milestone"), SellerPpm: anyPpm().Draw(t, "ppm")}
	}), 0, 3).Draw(t, "rulings")
	calls := []escrow.Call{
		escrow.CallOpen{Terms: terms, By: by},
		escrow.CallAccept{Terms: terms},
		escrow.CallFund{Terms: terms},
		escrow.CallCancel{Terms: terms, By: rapid.SampledFrom([]*escrow.Role{nil, &by}).Draw(t, "cancel_by"), Push: true},
		escrow.CallDeliver{Terms: terms, Milestone: milestone},
		escrow.CallRelease{Terms: terms, Milestone: milestone, Amount: x},
		escrow.CallRefund{Terms: terms, Milestone: milestone, Amount: x},
		escrow.CallSettle{Terms: terms, Milestones: rapid.SliceOfN(rapid.Uint32Range(0, uint32(len(terms.Milestones))), 0, 3).Draw(t, "milestones"), Push: true},
		escrow.CallDispute{Terms: terms, By: by, Milestone: milestone},
		escrow.CallOffer{Terms: terms, By: by, Milestone: milestone, Of: left, SellerAmount: x},
		escrow.CallAcceptOffer{Terms: terms, By: by, Milestone: milestone, Of: left, SellerAmount: x},
		escrow.CallEvidence{Terms: terms, By: by, Milestone: milestone},
		escrow.CallRule{Terms: terms, By: by, Rulings: rulings},
		escrow.CallAppeal{Terms: terms, By: by, Milestone: milestone},
		escrow.CallClaim{Terms: terms, Role: by, To: rapid.SampledFrom([]escrow.Address{buyer, seller, stranger, us, usdc}).Draw(t, "to"), Amount: anyAround(t, trade.ParkedFor(by))},
		escrow.CallExtend{ID: idOf(terms)},
		escrow.CallCollect{Asset: terms.Asset},
	}
	call := rapid.SampledFrom(calls).Draw(t, "call")
	who := rapid.SampledFrom([]escrow.Address{"", buyer, seller, stranger, admin}).Draw(t, "who")
	if p, err := m.c.Preview(m.now, idOf, call); err == nil && rapid.Bool().Draw(t, "signed") {
		who = p.Signer
	}
	before, known := m.c.Trades[idOf(terms)]
	paused, now := m.c.Config.Paused, m.now
	if _, err := m.try(t, who, call); err == nil && known {
		offered(t, &terms, &before, paused, now, call)
	}
}

// offered fails unless Next had the call that the contract has just carried out among somebody's options.
func offered(t *rapid.T, terms *escrow.Terms, before *escrow.Trade, paused bool, now uint64, call escrow.Call) {
	for role := range terms.Roles() + 1 {
		for _, o := range escrow.Next(terms, before, paused, now, role) {
			if reflect.DeepEqual(likeness(o.Call, o.Min, o.Max), likeness(call, o.Min, o.Max)) {
				return
			}
		}
	}
	switch call.(type) {
	case escrow.CallExtend, escrow.CallCollect, escrow.CallSettle, escrow.CallRule:
		return // not about this trade alone, or of a list that options give one by one
	}
	t.Fatalf("%s at %d worked, and Next had it for nobody: %+v", call.Function(), now, call)
}

// likeness is a call without what an option leaves to the person: the amount within its bounds, where to claim to, who cancels.
func likeness(call escrow.Call, least, most amount.Int128) escrow.Call {
	switch c := call.(type) {
	case escrow.CallClaim:
		c.To = ""
		call = c
	case escrow.CallCancel:
		c.By, c.Push = nil, true
		call = c
	}
	if x, ok := amountOf(call); ok && !x.Less(least) && !most.Less(x) {
		return withAmount(call, most)
	}
	return call
}

func amountOf(call escrow.Call) (x amount.Int128, ok bool) {
	switch c := call.(type) {
	case escrow.CallRelease:
		return c.Amount, true
	case escrow.CallRefund:
		return c.Amount, true
	case escrow.CallOffer:
		return c.SellerAmount, true
	case escrow.CallAcceptOffer:
		return c.SellerAmount, true
	case escrow.CallClaim:
		return c.Amount, true
	default:
		return x, false
	}
}

func withAmount(call escrow.Call, x amount.Int128) escrow.Call {
	switch c := call.(type) {
	case escrow.CallRelease:
		c.Amount = x
		return c
	case escrow.CallRefund:
		c.Amount = x
		return c
	case escrow.CallOffer:
		c.SellerAmount = x
		return c
	case escrow.CallClaim:
		c.Amount = x
		return c
	default:
		return call
	}
}

// time moves on, mostly to just before, to or just after the next deadline of a trade.
func (m *machine) time(t *rapid.T) {
	terms := m.anyTrade(t)
	to := m.now + rapid.Uint64Range(0, 2).Draw(t, "seconds")
	trade := m.c.Trades[idOf(terms)]
	if next := escrow.Deadlines(&terms, &trade, m.now); len(next) > 0 && rapid.Bool().Draw(t, "deadline") {
		to = next[0].At - 1 + rapid.Uint64Range(0, 2).Draw(t, "edge")
	}
	m.now = max(m.now, to)
}

// block lets transfers to somebody, or to everybody, fail from now on, or no more.
func (m *machine) block(t *rapid.T) {
	who := rapid.SampledFrom([]escrow.Address{buyer, seller, receiver, "arb0", "jud0", "arb1", ""}).Draw(t, "who")
	if who == "" {
		m.bank.frozen = !m.bank.frozen
		return
	}
	m.bank.blocked[who] = !m.bank.blocked[who]
}

func (m *machine) admin(t *rapid.T) {
	call := rapid.SampledFrom([]escrow.Call{
		escrow.CallPause{}, escrow.CallUnpause{}, escrow.CallProposeFee{Bps: 50, Receiver: "other"}, escrow.CallCancelFee{},
	}).Draw(t, "call")
	_, _ = m.try(t, rapid.SampledFrom([]escrow.Address{admin, stranger}).Draw(t, "who"), call)
}

func (m *machine) anyTrade(t *rapid.T) escrow.Terms {
	return m.trades[rapid.IntRange(0, len(m.trades)-1).Draw(t, "trade")]
}

func anyPpm() *rapid.Generator[uint32] {
	return rapid.OneOf(rapid.SampledFrom([]uint32{0, 1, 500_000, 549_999, 550_000, 1_000_000, 1_000_001}), rapid.Uint32Range(0, 1_000_000))
}

func anyBetween(t *rapid.T, least, most amount.Int128) amount.Int128 {
	width, err := most.Minus(least).Stroops()
	if err != nil {
		return most // parked sums above 2^63
	}
	return least.Plus(amount.Int(rapid.Int64Range(0, int64(width)).Draw(t, "amount")))
}

// anyAround is an amount at the edges of 1 to x, or beyond.
func anyAround(t *rapid.T, x amount.Int128) amount.Int128 {
	one := amount.Int(1)
	return rapid.SampledFrom([]amount.Int128{
		{}, one, x, x.Minus(one), x.Plus(one), amount.Int(-1), x.MulDiv(one, amount.Int(2)), amount.MaxInt128(), amount.MinInt128(),
	}).Draw(t, "amount")
}
