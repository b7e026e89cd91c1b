package ledgers

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// Times in seconds.
const (
	started   = 1_790_000_000 // close time of ledger 0
	perLedger = 5
	day       = 86_400
)

// windows are those of a platform in a hurry: each stage of a dispute is just long enough for the calls that are to be made in it.
func (p Plan) windows() escrow.Windows {
	calls := func(n int) uint64 { return uint64(n*(p.Gap+2)) * perLedger }
	return escrow.Windows{Offers: calls(3), Ruling: calls(5), Appeal: calls(1)}
}

const inspection = 60

func limits() escrow.Limits {
	return escrow.Limits{
		MinDelivery: day, InspectionMin: 1, InspectionMax: 30 * day, OffersMin: 1, OffersMax: 14 * day, RulingMin: 1, RulingMax: 30 * day,
		AppealMin: 1, AppealMax: 14 * day, LongestLife: 180 * day, FeeDelay: 3 * day,
	}
}

// called is a call that a ledger includes, and what came of it.
type called struct {
	contract stellar.Address
	call     escrow.Call
	source   escrow.Address // who sends the transaction: the signer, or whoever cares where nobody signs
	result   escrow.Result
}

// life is a trade under way and what is still to happen to it.
type life struct {
	contract int
	id       escrow.ID
	terms    escrow.Terms
	plan     []move
}

// move is a call of a life's plan, made by whoever holds the role.
type move struct {
	by   escrow.Role
	call escrow.Call
	wait uint64 // at least so many seconds after the one before
}

// platform is what there is of people, contracts and trades while ledgers are made. It remembers trades under way only.
type platform struct {
	plan      Plan
	network   stellar.Network
	rand      *rand.Rand
	contracts []*escrow.Contract
	addresses []stellar.Address
	asset     escrow.Address
	opened    int
	due       map[uint32][]*life // by the ledger in which the next call is made
	waiting   int                // lives in due
}

func newPlatform(p Plan) (*platform, error) {
	network, err := stellar.NewNetwork(Passphrase)
	if err != nil {
		return nil, err
	}
	usdc, err := assetContract(network)
	if err != nil {
		return nil, err
	}
	w := &platform{plan: p, network: network, rand: rand.New(rand.NewPCG(p.Seed, version)), due: map[uint32][]*life{}, asset: escrow.Address(usdc.String())}
	for i := range p.Contracts {
		a := stellar.Address{Contract: true, Key: made("contract", uint64(i))}
		c, err := escrow.New(escrow.Address(a.String()), person("admin", 0), 100, person("fees", 0), limits())
		if err != nil {
			return nil, err
		}
		w.contracts, w.addresses = append(w.contracts, c), append(w.addresses, a)
	}
	return w, nil
}

// made is a hash of what it is for: keys, texts nobody has written.
func made(what string, n uint64) [32]byte {
	return sha256.Sum256(binary.BigEndian.AppendUint64([]byte(what), n))
}

func person(what string, n int) escrow.Address {
	return escrow.Address(stellar.Address{Key: made(what, uint64(n))}.String())
}

func closeTime(seq uint32) uint64 { return started + perLedger*uint64(seq) }

// next is all that happens in a ledger. It answers false when nothing is left to happen in this ledger or a later one.
func (w *platform) next(seq uint32) (calls []called, more bool, err error) {
	lives := w.due[seq]
	delete(w.due, seq)
	w.waiting -= len(lives)
	for range min(w.plan.Opened, w.plan.Trades-w.opened) {
		l, err := w.begin(closeTime(seq))
		if err != nil {
			return nil, false, err
		}
		lives = append(lives, l)
	}
	for _, l := range lives {
		c, err := w.step(l, seq)
		if err != nil {
			return nil, false, fmt.Errorf("trade %s in ledger %d: %w", l.id, seq, err)
		}
		calls = append(calls, c)
	}
	return calls, w.waiting > 0 || w.opened < w.plan.Trades, nil
}

// step makes the next call of a life, and decides when the one after it is made.
func (w *platform) step(l *life, seq uint32) (called, error) {
	m := l.plan[0]
	l.plan = l.plan[1:]
	c := w.contracts[l.contract]
	who, ok := l.terms.AddressOf(m.by)
	if !ok {
		return called{}, fmt.Errorf("%s by role %d, which nobody has", m.call.Function(), m.by)
	}
	result, err := c.Apply(escrow.Env{Now: closeTime(seq), Signed: escrow.SignedBy(who), ID: func(escrow.Terms) escrow.ID { return l.id }, Token: bank{}}, m.call)
	if err != nil {
		return called{}, fmt.Errorf("%s: %w", m.call.Function(), err)
	}
	if len(l.plan) == 0 {
		delete(c.Trades, l.id)
	} else {
		at := seq + 1 + uint32(w.rand.IntN(w.plan.Gap)) + uint32(l.plan[0].wait+perLedger-1)/perLedger
		w.due[at] = append(w.due[at], l)
		w.waiting++
	}
	return called{w.addresses[l.contract], m.call, who, result}, nil
}

// bank is an asset of which everybody has enough.
type bank struct{}

func (bank) Balance(escrow.Address) (amount.Int128, error) { return amount.MaxInt128(), nil }

func (bank) Deposit(_, _ escrow.Address, x amount.Int128) (amount.Int128, error) { return x, nil }

func (bank) Pay(_, _ escrow.Address, _ amount.Int128) bool { return true }

// begin makes up a trade: its people are fewer than trades, and some of them trade more than others.
func (w *platform) begin(now uint64) (*life, error) {
	n := w.opened
	w.opened++
	few := func(of int) int { return w.rand.IntN(1 + w.rand.IntN(of)) }
	seats := [3]int{w.rand.IntN(30), 30 + w.rand.IntN(30), 60 + w.rand.IntN(30)}
	hash := func(what string) escrow.Hash { return made(what, uint64(n)^w.plan.Seed<<32) }
	l := &life{contract: n % w.plan.Contracts, terms: escrow.Terms{
		Buyer: person("buyer", few(10+n/10)), Seller: person("seller", few(10+n/40)), Asset: w.asset,
		Bond: amount.Int(5_000_000 + w.rand.Int64N(1e8)), ArbitrationFee: amount.Int(5_000_000), FeeBps: 100, FallbackPpm: 500_000,
		FundBy: now + 2*day, Inspection: inspection, Windows: w.plan.windows(),
		Panel:       escrow.Panel{Arbitrators: []escrow.Address{person("judge", seats[0]), person("judge", seats[1]), person("judge", seats[2])}, Quorum: 2},
		AppealPanel: escrow.Panel{Arbitrators: []escrow.Address{}}, Salt: hash("salt"), TermsHash: hash("terms"),
	}}
	chance := w.rand.IntN(1000)
	for i := range 1 + w.milestones(chance) {
		l.terms.Milestones = append(l.terms.Milestones, escrow.Milestone{
			Amount: amount.Int(1_000_000 + w.rand.Int64N(1e12)), DeliverBy: now + 10*day + uint64(i)*day, Description: hash("deal"),
		})
	}
	var err error
	if l.id, err = stellar.TermsID(w.network, w.addresses[l.contract], l.terms); err != nil {
		return nil, err
	}
	l.plan = w.fate(l, chance, hash)
	return l, nil
}
