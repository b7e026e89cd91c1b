package storetest

import (
	"encoding/json"
	"fmt"
	"iter"
	"math/rand/v2"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// Workload is a busy platform's life in batches, the same ones for the same numbers: rows as long and as varied as those of a real chain. It is
// for measuring and for filling a store; the rules of a trade are kept only as far as a store can see.
type Workload struct {
	Seed     uint64
	Trades   int // in all; some are disputed, and most end
	Together int // how many are under way at the same time
	Events   int // of a batch, at most
	// Brief tells each trade's life in one event: a store is full sooner, and its trades are in every stage.
	Brief bool
}

// Contract is the one contract that a workload is about; Start is its first ledger.
const (
	Contract = "CWORKLOADAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	Start    = 100
)

// Batches makes them, one ledger for each hundred events.
func (w Workload) Batches() iter.Seq[store.Batch] {
	return func(yield func(store.Batch) bool) {
		m := &maker{brief: w.Brief, rand: rand.New(rand.NewPCG(w.Seed, 0)), position: store.EndOfLedger(Start - 1), ledger: Start, left: w.Trades}
		for range min(w.Together, w.Trades) {
			m.start()
		}
		for len(m.lives) > 0 {
			m.batch, m.changed = store.Batch{}, map[escrow.ID]int{}
			for len(m.batch.Events) < w.Events && len(m.lives) > 0 {
				m.step(m.rand.IntN(len(m.lives)))
			}
			to := store.EndOfLedger(m.ledger)
			m.batch.Moves = []store.Move{{Contract: Contract, From: m.position, To: to, At: m.now()}}
			m.position, m.ledger, m.inLedger = to, m.ledger+1, 0
			if !yield(m.batch) {
				return
			}
		}
	}
}

const eventsPerLedger = 100

// maker is a workload under way.
type maker struct {
	brief    bool
	rand     *rand.Rand
	lives    []*life
	left     int // trades not begun yet
	n        int // trades begun
	position store.EventID
	ledger   uint32
	inLedger int
	head     feed.Head
	batch    store.Batch
	changed  map[escrow.ID]int // where a trade stands in the batch
	paid     []store.Payout    // by the present step
}

// life is a trade and what will happen to it.
type life struct {
	trade *store.Trade
	plan  []step
}

type step struct {
	kind string
	do   func(m *maker, t *store.Trade)
}

func (m *maker) now() uint64 { return uint64(m.ledger) * 5 }

func (m *maker) start() {
	if m.left == 0 {
		return
	}
	m.left--
	m.n++
	id := hashOf("workload", m.rand.Uint64(), m.n)
	account := func(what string, of int) escrow.Address {
		return escrow.Address(fmt.Sprintf("G%s%0*d", what, 55-len(what), m.rand.IntN(of)))
	}
	people := 10 + m.n/20
	terms := escrow.Terms{
		Buyer: account("BUYER", people), Seller: account("SELLER", people/4), Asset: escrow.Address(fmt.Sprintf("CASSET%050d", m.rand.IntN(4))),
		Bond: amount.Int(m.rand.Int64N(1e9)), ArbitrationFee: amount.Int(5_000_000), FundBy: 1 << 33, Inspection: 86_400, FallbackPpm: 500_000, FeeBps: 100,
		Panel:       escrow.Panel{Arbitrators: []escrow.Address{account("ARBITERX", 30), account("ARBITERY", 30), account("ARBITERZ", 30)}, Quorum: 2},
		AppealPanel: escrow.Panel{Arbitrators: []escrow.Address{}}, Windows: escrow.Windows{Offers: 86_400, Ruling: 86_400, Appeal: 86_400}, Salt: hash(id), TermsHash: hash(id),
	}
	for range 1 + m.rand.IntN(2) {
		terms.Milestones = append(terms.Milestones, escrow.Milestone{Amount: amount.Int(1 + m.rand.Int64N(1e12)), DeliverBy: 1 << 33, Description: hash(id)})
	}
	t := &store.Trade{ID: escrow.ID(id), Contract: Contract, Terms: terms, OpenedBy: escrow.Role(m.rand.IntN(2)),
		Milestones: make([]store.Milestone, len(terms.Milestones)), LastDeadline: terms.LastDeadline()}
	plan := m.plan(t)
	if m.brief {
		whole := plan[:1+m.rand.IntN(len(plan))]
		plan = []step{{"opened", func(m *maker, t *store.Trade) {
			for _, s := range whole {
				s.do(m, t)
			}
		}}}
	}
	m.lives = append(m.lives, &life{trade: t, plan: plan})
}

// plan is what happens: five events as a rule, more in one trade of thirty, which is disputed, and two in one of thirty, which is cancelled.
func (m *maker) plan(t *store.Trade) []step {
	stage := func(s escrow.Stage) func(*maker, *store.Trade) {
		return func(m *maker, t *store.Trade) { t.Stage = s }
	}
	end := func(by string) func(*maker, *store.Trade) {
		return func(m *maker, t *store.Trade) {
			toBuyer, toSeller := t.Bonds[escrow.Buyer], t.Bonds[escrow.Seller]
			t.Stage, t.EndedAt, t.Bonds = escrow.StageEnded, m.now(), [2]amount.Int128{}
			for i := range t.Milestones {
				ms := &t.Milestones[i]
				toSeller = toSeller.Plus(ms.Left)
				ms.ToSeller, ms.Fee, ms.Left, ms.EndedAt, ms.EndedBy, ms.Offers = ms.Left, amount.Int(100), amount.Int128{}, m.now(), by, [2]*escrow.Offer{}
			}
			m.pay(t, escrow.Buyer, toBuyer)
			m.pay(t, escrow.Seller, toSeller)
			if d := t.Milestones[0].Dispute; d != nil {
				for _, v := range d.Votes {
					m.pay(t, v.Role, amount.Int(1_600_000))
				}
			}
		}
	}
	plan := []step{{"opened", func(m *maker, t *store.Trade) {}}}
	switch m.rand.IntN(30) {
	case 0:
		return append(plan, step{"cancelled", stage(escrow.StageCancelled)})
	case 1:
		return append(plan,
			step{"agreed", stage(escrow.StageAgreed)}, step{"funded", fund},
			step{"disputed", func(m *maker, t *store.Trade) {
				t.Milestones[0].Dispute = &store.Dispute{By: escrow.Buyer, Reason: hash(hashOf(m.n)), Since: m.now(), Aside: [2]amount.Int128{amount.Int(5_000_000), amount.MaxInt128()}}
			}},
			step{"offered", func(m *maker, t *store.Trade) {
				t.Milestones[0].Offers[0] = &escrow.Offer{Of: t.Milestones[0].Left, Phase: escrow.PhaseOffers, SellerAmount: amount.Int(1)}
			}},
			step{"voted", vote(2)}, step{"voted", vote(3)},
			step{"settled", func(m *maker, t *store.Trade) {
				end("settled")(m, t)
				d := t.Milestones[0].Dispute
				d.Paid, d.Vote, d.Silent, t.Parked = d.Aside, amount.Int(1_600_000), []escrow.Role{4}, []escrow.Parcel{{Role: 1, Amount: amount.Int(7)}}
			}})
	case 2:
		return append(plan, step{"agreed", stage(escrow.StageAgreed)}, step{"funded", fund}) // goes on after the workload
	}
	return append(plan, step{"agreed", stage(escrow.StageAgreed)}, step{"funded", fund},
		step{"delivered", func(m *maker, t *store.Trade) {
			t.Milestones[0].DeliveredAt, t.Milestones[0].Proof = m.now(), hash(hashOf(m.n))
		}}, step{"released", end("released")})
}

func fund(m *maker, t *store.Trade) {
	t.Stage, t.Bonds = escrow.StageFunded, [2]amount.Int128{t.Terms.Bond, t.Terms.Bond}
	for i := range t.Milestones {
		t.Milestones[i].Left = t.Terms.Milestones[i].Amount
	}
}

func vote(by escrow.Role) func(m *maker, t *store.Trade) {
	return func(m *maker, t *store.Trade) {
		d := t.Milestones[0].Dispute
		d.Votes = append(d.Votes, store.Vote{Vote: escrow.Vote{Role: by, SellerPpm: uint32(m.rand.IntN(1_000_001))}, Hash: hash(hashOf(m.n, by)), At: m.now()})
	}
}

// step lets the next thing happen to one of those under way; when nothing is left to happen another trade takes its place.
func (m *maker) step(i int) {
	l := m.lives[i]
	s := l.plan[0]
	l.plan = l.plan[1:]
	if m.inLedger++; m.inLedger > eventsPerLedger {
		m.ledger, m.inLedger = m.ledger+1, 1
	}
	event := idAt(m.ledger, m.inLedger)
	at := store.Point{Event: event, At: m.now()}
	opens := l.trade.Opened.Event == ""
	t := l.trade.Clone()
	l.trade = t
	if t.Updated = at; opens {
		t.Opened = at
	}
	m.paid = nil
	s.do(m, t)

	change, known := m.changed[t.ID]
	if !known {
		change = len(m.batch.Trades)
		m.changed[t.ID] = change
		m.batch.Trades = append(m.batch.Trades, store.Change{})
	}
	c := store.Change{Trade: t}
	if s.kind != "agreed" && s.kind != "cancelled" {
		for i := range t.Milestones {
			c.Milestones = append(c.Milestones, i)
		}
	} else {
		c.Milestones = m.batch.Trades[change].Milestones
	}
	c.Payouts = append(m.batch.Trades[change].Payouts, m.paid...)
	m.batch.Trades[change] = c
	m.tell(s.kind, t)
	if len(l.plan) == 0 {
		m.lives[i] = m.lives[len(m.lives)-1]
		m.lives = m.lives[:len(m.lives)-1]
		m.start()
	}
}

// pay is what the present step pays.
func (m *maker) pay(t *store.Trade, to escrow.Role, sum amount.Int128) {
	if account, _ := t.Terms.AddressOf(to); sum.Sign() > 0 {
		m.paid = append(m.paid, store.Payout{Event: t.Updated.Event, Role: to, Account: string(account), Amount: sum})
	}
}

// tell adds the event and its entry in the feed.
func (m *maker) tell(kind string, t *store.Trade) {
	id, at := store.Hash(t.ID), t.Updated
	body := make([]byte, 220)
	if kind == "opened" {
		body = make([]byte, 1100) // it carries the terms
	}
	for i := range body {
		body[i] = byte(m.rand.Uint32())
	}
	e := store.Event{ID: at.Event, Contract: Contract, ClosedAt: at.At, Tx: hashOf("tx", at.Event), Kind: kind, Trade: &id, Body: body}
	m.batch.Events = append(m.batch.Events, e)
	data := map[string]string{"left": t.Milestones[0].Left.String(), "milestone": "0", "account": string(t.Terms.Buyer), "at": fmt.Sprint(at.At)}
	text, err := json.Marshal(data)
	if err != nil {
		panic(err) // a map of strings
	}
	entry, err := m.head.Next(feed.Note{Kind: kind, Contract: Contract, Trade: t.ID.String(), Event: string(at.Event), Ledger: m.ledger, ClosedAt: int64(at.At), Tx: fmt.Sprintf("%x", e.Tx), Data: text})
	if err != nil {
		panic(err) // Data is JSON
	}
	m.batch.Feed, m.head = append(m.batch.Feed, entry), entry.Head()
}
