package indexer

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// chain is a network on which the model of the contract runs, played by people who do at random what they may. It is a Source, and the
// same seed makes the same chain, event by event.
type chain struct {
	network   stellar.Network
	contracts []*deployed
	rng       *rand.Rand
	now       uint64
	salt      uint64

	mu      sync.Mutex
	ledgers []ledger // ledger number i+1 at i
	shown   int      // how many of them the source shows
	oldest  uint32   // the first that the source still has
	perPage int      // events in a page, at most
	window  uint32   // ledgers in a page, at most
	err     error    // what every question gets, if set
	bend    func(*rpc.EventPage)
}

type deployed struct {
	address stellar.Address
	model   *escrow.Contract
	terms   map[escrow.ID]*escrow.Terms
}

type ledger struct {
	rpc.Ledger
	hash   stellar.Hash
	events []rpc.Event
	// trades is what each contract holds at the end of it; models share what they do not change.
	trades []map[escrow.ID]escrow.Trade
	paid   []payment
}

// payment is what a transaction has really moved from a contract to an account, for a trade.
type payment struct {
	tx      string // the first 19 digits of its events' ids
	trade   escrow.ID
	account string
	amount  amount.Int128
}

const chainStart = 1_767_225_600 // unix seconds of 2026-01-01

func newChain(seed uint64, contracts int) *chain {
	network, err := stellar.NewNetwork("Chain of the tests ; 2026")
	if err != nil {
		panic(err)
	}
	c := &chain{network: network, rng: rand.New(rand.NewPCG(seed, 0)), now: chainStart, oldest: 1, perPage: 50, window: 100}
	for range contracts {
		address := stellar.Address{Contract: true, Key: c.hash()}
		model, err := escrow.New(escrow.Address(address.String()), c.account(), 50, c.account(), escrow.Limits{
			AppealMax: 1e6, AppealMin: 1, FeeDelay: 86_400, InspectionMax: 1e6, InspectionMin: 1, LongestLife: 1e9, MinDelivery: 1, OffersMax: 1e6, OffersMin: 1, RulingMax: 1e6, RulingMin: 1,
		})
		if err != nil {
			panic(err)
		}
		c.contracts = append(c.contracts, &deployed{address, model, map[escrow.ID]*escrow.Terms{}})
	}
	return c
}

func (c *chain) hash() (h [32]byte) {
	for i := 0; i < len(h); i += 8 {
		binary.LittleEndian.PutUint64(h[i:], c.rng.Uint64())
	}
	return h
}

func (c *chain) account() escrow.Address {
	return escrow.Address(stellar.Address{Key: c.hash()}.String())
}

// play closes n ledgers, each with what a few people do, and shows them.
func (c *chain) play(n int) *chain {
	for range n {
		c.mu.Lock()
		seq := uint32(len(c.ledgers) + 1)
		l := ledger{Ledger: rpc.Ledger{Sequence: seq, CloseTime: c.now}}
		c.mu.Unlock()
		for tx := range c.rng.IntN(4) {
			d := c.contracts[c.rng.IntN(len(c.contracts))]
			c.act(d, &l, tx)
		}
		var before stellar.Hash
		for _, d := range c.contracts {
			l.trades = append(l.trades, maps.Clone(d.model.Trades))
		}
		c.mu.Lock()
		if len(c.ledgers) > 0 {
			before = c.ledgers[len(c.ledgers)-1].hash
		}
		l.hash = sha256.Sum256(fmt.Append(before[:], seq, c.now, c.salt))
		c.ledgers = append(c.ledgers, l)
		c.shown = len(c.ledgers)
		c.mu.Unlock()
		c.pass()
	}
	return c
}

// pass lets time go by: mostly a little, at times up to a deadline, so that the clocks of trades run out.
func (c *chain) pass() {
	c.now += 1 + c.rng.Uint64N(5)
	if c.rng.IntN(6) > 0 {
		return
	}
	d := c.contracts[c.rng.IntN(len(c.contracts))]
	for id, t := range d.sorted() {
		if next := escrow.Deadlines(d.terms[id], &t, c.now); len(next) > 0 && c.rng.IntN(4) == 0 {
			c.now = max(c.now, next[0].At-c.rng.Uint64N(2))
			return
		}
	}
}

// sorted are the trades in an order that depends on nothing but the seed.
func (d *deployed) sorted() func(yield func(escrow.ID, escrow.Trade) bool) {
	return func(yield func(escrow.ID, escrow.Trade) bool) {
		ids := slices.SortedFunc(maps.Keys(d.model.Trades), func(a, b escrow.ID) int { return cmp.Compare(a.String(), b.String()) })
		for _, id := range ids {
			if !yield(id, d.model.Trades[id]) {
				return
			}
		}
	}
}

// act makes one transaction: a call that somebody may make, most of them about a trade.
func (c *chain) act(d *deployed, l *ledger, tx int) {
	env := escrow.Env{
		Now:    c.now,
		Signed: func(escrow.Address) bool { return true },
		ID:     func(t escrow.Terms) escrow.ID { return c.id(d, t) },
		Token:  moody{c.rng},
	}
	call := c.choose(d)
	result, err := d.model.Apply(env, call)
	if err != nil {
		return // refused: nothing of it is on the chain
	}
	if open, ok := call.(escrow.CallOpen); ok {
		d.terms[result.Trade] = &open.Terms
	}
	for _, p := range result.Payouts {
		if !p.Parked && result.Trade != (escrow.ID{}) {
			l.paid = append(l.paid, payment{eventID(l, tx, 0)[:19], result.Trade, string(p.Who), p.Amount})
		}
	}
	for i, e := range result.Events {
		event := stellar.Event{Event: e}
		switch e.(type) {
		case escrow.Collected:
			event.Asset = &result.Asset
		case escrow.FeeProposed, escrow.FeeCancelled, escrow.Paused, escrow.AdminProposed, escrow.AdminChanged, escrow.AnchorSet, escrow.Anchored:
		default:
			event.Trade = &result.Trade
		}
		c.publish(d, l, tx, i, event)
	}
}

func (c *chain) publish(d *deployed, l *ledger, tx, i int, event stellar.Event) {
	encoded, err := stellar.EncodeEvent(d.address, event)
	if err != nil {
		panic(err)
	}
	l.events = append(l.events, rpc.Event{
		ID:     eventID(l, tx, i),
		Ledger: l.Ledger, Tx: sha256.Sum256(fmt.Append(nil, l.Sequence, tx)), TxIndex: uint32(tx + 1), Contract: d.address, Event: encoded,
	})
}

func eventID(l *ledger, tx, i int) string {
	return fmt.Sprintf("%019d-%010d", int64(l.Sequence)<<32|int64(tx+1)<<12, i)
}

func (c *chain) id(d *deployed, t escrow.Terms) escrow.ID {
	id, err := stellar.TermsID(c.network, d.address, t)
	if err != nil {
		panic(err)
	}
	return id
}

func (c *chain) choose(d *deployed) escrow.Call {
	r := c.rng.IntN(100)
	switch {
	case len(d.model.Trades) == 0 || r < 4:
		return escrow.CallOpen{Terms: c.newTerms(d), By: escrow.Role(c.rng.IntN(2))}
	case r < 5:
		for _, t := range d.terms {
			return escrow.CallCollect{Asset: t.Asset} // all trades of a contract here are in one asset
		}
	case r < 6:
		return escrow.CallProposeFee{Bps: uint32(c.rng.IntN(101)), Receiver: c.account()}
	case r < 7:
		return escrow.CallSetAnchor{Key: c.account()}
	}
	// A trade that is not over, mostly; and somebody who can do something in it.
	var ids []escrow.ID
	for id, t := range d.sorted() {
		if t.Stage < escrow.StageEnded || len(t.Parked) > 0 || c.rng.IntN(10) == 0 {
			ids = append(ids, id)
		}
	}
	for range 60 {
		if len(ids) == 0 {
			break
		}
		id := ids[c.rng.IntN(len(ids))]
		t, trade := d.terms[id], d.model.Trades[id]
		role := escrow.Role(c.rng.IntN(int(t.Roles())))
		if c.rng.IntN(8) == 0 {
			role = escrow.Nobody
		}
		options := escrow.Next(t, &trade, false, c.now, role)
		if len(options) == 0 {
			continue
		}
		if o := options[c.rng.IntN(len(options))]; !c.shy(o.Call, &trade) {
			return c.vary(o)
		}
	}
	return escrow.CallOpen{Terms: c.newTerms(d), By: escrow.Role(c.rng.IntN(2))}
}

// shy is what people seldom do, so that trades get on and disputes are heard out.
func (c *chain) shy(call escrow.Call, t *escrow.Trade) bool {
	switch call := call.(type) {
	case escrow.CallCancel:
		return c.rng.IntN(10) > 0
	case escrow.CallRelease:
		return t.Milestones[call.Milestone].Dispute != nil && c.rng.IntN(20) > 0
	case escrow.CallRefund:
		return t.Milestones[call.Milestone].Dispute != nil && c.rng.IntN(20) > 0
	case escrow.CallAcceptOffer, escrow.CallEvidence:
		return c.rng.IntN(3) > 0
	case escrow.CallClaim:
		return c.rng.IntN(4) > 0
	}
	return false
}

// vary makes an option somebody's own.
func (c *chain) vary(o escrow.Option) escrow.Call {
	part := o.Max
	if most, err := o.Max.Minus(o.Min).Stroops(); err == nil && most > 0 && c.rng.IntN(2) == 0 {
		part = o.Min.Plus(amount.Int(c.rng.Int64N(int64(most) + 1)))
	}
	switch call := o.Call.(type) {
	case escrow.CallRelease:
		call.Amount = part
		return call
	case escrow.CallRefund:
		call.Amount = part
		return call
	case escrow.CallOffer:
		call.SellerAmount = part
		return call
	case escrow.CallClaim:
		call.Amount = part
		if c.rng.IntN(2) == 0 {
			call.To = c.account()
		}
		return call
	case escrow.CallRule:
		call.Rulings[0].SellerPpm = uint32(c.rng.IntN(1_000_001))
		call.Hash = c.hash()
		return call
	case escrow.CallDeliver:
		call.Proof = c.hash()
		return call
	case escrow.CallDispute:
		call.Reason = c.hash()
		return call
	case escrow.CallSettle:
		call.Push = c.rng.IntN(4) > 0
		return call
	case escrow.CallCancel:
		call.Push = c.rng.IntN(2) == 0
		return call
	}
	return o.Call
}

func (c *chain) newTerms(d *deployed) escrow.Terms {
	bond := c.rng.Int64N(2000)
	fee := int64(0)
	if bond > 0 {
		fee = c.rng.Int64N(bond + 1)
	}
	t := escrow.Terms{
		Asset: escrow.Address(stellar.Address{Contract: true, Key: sha256.Sum256(d.address.Key[:])}.String()), Buyer: c.account(), Seller: c.account(), Bond: amount.Int(bond), ArbitrationFee: amount.Int(fee), FallbackPpm: uint32(c.rng.IntN(1_000_001)),
		FeeBps: d.model.Config.At(c.now).FeeBps, FundBy: c.now + 20 + c.rng.Uint64N(200), Inspection: 10 + c.rng.Uint64N(100), Salt: c.hash(), TermsHash: c.hash(),
		Panel: c.panel([]int{0, 1, 3, 3, 5}), Windows: escrow.Windows{Offers: 5 + c.rng.Uint64N(60), Ruling: 5 + c.rng.Uint64N(60), Appeal: 5 + c.rng.Uint64N(60)},
		AppealPanel: escrow.Panel{Arbitrators: []escrow.Address{}},
	}
	if len(t.Panel.Arbitrators) > 0 {
		t.AppealPanel = c.panel([]int{0, 1, 3})
	}
	for range 1 + c.rng.IntN(4) {
		t.Milestones = append(t.Milestones, escrow.Milestone{Amount: amount.Int(1 + c.rng.Int64N(100_000)), DeliverBy: t.FundBy + 10 + c.rng.Uint64N(300), Description: c.hash()})
	}
	return t
}

func (c *chain) panel(sizes []int) escrow.Panel {
	p := escrow.Panel{Arbitrators: []escrow.Address{}}
	for range sizes[c.rng.IntN(len(sizes))] {
		p.Arbitrators = append(p.Arbitrators, c.account())
	}
	if n := len(p.Arbitrators); n > 0 {
		p.Quorum = uint32(n/2 + 1)
	}
	return p
}

// moody is a token that takes every deposit and fails one payout in five.
type moody struct{ rng *rand.Rand }

func (moody) Balance(escrow.Address) (amount.Int128, error) { return amount.MaxInt128(), nil }

func (moody) Deposit(_, _ escrow.Address, x amount.Int128) (amount.Int128, error) { return x, nil }

func (m moody) Pay(_, _ escrow.Address, _ amount.Int128) bool { return m.rng.IntN(5) > 0 }
