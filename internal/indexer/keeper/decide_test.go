package keeper

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/payer"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// till is a payer that answers what a test says, by whether payouts are made.
type till struct {
	push, quiet error
	asked       []string // "push 5", "quiet 100": with the ceiling
	limits      []int64
}

func (p *till) Pay(_ context.Context, pay payer.Payment) (relay.Transaction, error) {
	p.limits = append(p.limits, pay.Limits.Stroops)
	if pay.Purpose != store.PurposeKeeper || pay.Account != "" || len(pay.Auth) > 0 || pay.Tree.Signer != nil {
		return relay.Transaction{}, fmt.Errorf("not a payment of the keeper's: %+v", pay)
	}
	if pay.Operation != nil {
		p.asked = append(p.asked, fmt.Sprintf("extend %d", pay.Ceiling))
		return relay.Transaction{}, p.quiet
	}
	call, err := stellar.DecodeCall(stellar.Address{Contract: true, Key: [32]byte{1}}, pay.Tree.Call)
	if err != nil {
		return relay.Transaction{}, err
	}
	if call.(escrow.CallSettle).Push {
		p.asked = append(p.asked, fmt.Sprintf("push %d", pay.Ceiling))
		return relay.Transaction{}, p.push
	}
	p.asked = append(p.asked, fmt.Sprintf("quiet %d", pay.Ceiling))
	return relay.Transaction{}, p.quiet
}

func failed(kind relay.FailureKind, code escrow.Code, contract, hash string) error {
	return fmt.Errorf("pay: %w", &payer.FailedError{Failure: relay.Failure{Kind: kind, Code: uint32(code), Contract: contract}, Hash: hash})
}

// When payouts are withheld, and when a trade is just tried again, or left.
func TestWhatAFailureMeans(t *testing.T) {
	contract := stellar.Address{Contract: true, Key: [32]byte{1}}.String()
	rejected := func(code string) error { return fmt.Errorf("pay: %w", &payer.RejectedError{Code: code}) }
	for _, c := range []struct {
		name  string
		err   error
		why   Reason
		asked string
	}{
		{"nothing due", failed(relay.FailedByContract, escrow.ErrNotDue, contract, ""), ReasonNotDue, "push 5"},
		{"ended", failed(relay.FailedByContract, escrow.ErrWrongStage, contract, ""), ReasonNotDue, "push 5"},
		{"the same number of another contract", failed(relay.FailedByContract, escrow.ErrNotDue, "C…", ""), ReasonRefused, "push 5, quiet 5"},
		{"another refusal", failed(relay.FailedByContract, escrow.ErrBadAmount, contract, ""), ReasonRefused, "push 5, quiet 5"},
		{"budget", failed(relay.FailedByBudget, 0, "", ""), ReasonRefused, "push 5, quiet 5"},
		{"host", failed(relay.FailedByHost, 0, "", ""), ReasonRefused, "push 5, quiet 5"},
		{"footprint", failed(relay.FailedByArchive, 0, "", ""), ReasonRefused, "push 5, quiet 5"},
		{"a signature", fmt.Errorf("pay: %w", stellar.ErrTree), ReasonRefused, "push 5, quiet 5"},
		{"too dear", fmt.Errorf("pay: %w", payer.ErrTooDear), ReasonDear, "push 5, quiet 5"},
		{"in a ledger", failed(relay.FailedByHost, 0, "", "aa"), ReasonFailed, "push 5"},
		{"limit", fmt.Errorf("reserve: %w", store.ErrSpent), ReasonLimit, "push 5"},
		{"no node", fmt.Errorf("pay: %w", relay.ErrUnavailable), ReasonUnavailable, "push 5"},
		{"stopping", context.Canceled, ReasonUnavailable, "push 5"},
		{"overtaken", rejected("tx_bad_seq"), ReasonOvertaken, "push 5"},
		{"expired", payer.ErrExpired, ReasonOvertaken, "push 5"},
		{"poor", rejected("tx_insufficient_balance"), ReasonAccount, "push 5"},
		{"no account", payer.ErrNoAccount, ReasonAccount, "push 5"},
		{"anything else", errors.New("a store that is full"), ReasonOther, "push 5"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &till{push: c.err, quiet: c.err}
			k := &Keeper{c: Config{Payer: p, Limit: 100, Ceiling: 5}}
			s := &settlement{trade: dueTrade(), at: dusk}
			_, err := k.settle(t.Context(), nil, s)
			if why := reasonOf(err, contract); why != c.why || strings.Join(p.asked, ", ") != c.asked {
				t.Errorf("%s after %v, want %s after %s", why, p.asked, c.why, c.asked)
			}
			if !slices.Contains(reasons, c.why) {
				t.Errorf("%s is not among the reasons", c.why)
			}
		})
	}
}

// dueTrade is funded, and its milestone is due at dusk.
func dueTrade() *store.Trade {
	terms := escrow.Terms{Milestones: []escrow.Milestone{{Amount: amount.Int(5), DeliverBy: dusk}}}
	for i, role := range []*escrow.Address{&terms.Buyer, &terms.Seller, &terms.Asset} {
		*role = escrow.Address(stellar.Address{Contract: true, Key: [32]byte{byte(10 + i)}}.String())
	}
	return &store.Trade{
		ID: escrow.ID{1}, Contract: stellar.Address{Contract: true, Key: [32]byte{1}}.String(), Stage: escrow.StageFunded, Terms: terms,
		Milestones: []store.Milestone{{Left: amount.Int(5)}},
	}
}

// A second before it is due nothing is asked of anybody.
func TestWhatIsNotDueIsNotPaidFor(t *testing.T) {
	p := &till{}
	k := &Keeper{c: Config{Payer: p, Limit: 100, Ceiling: 5}}
	if _, err := k.settle(t.Context(), nil, &settlement{trade: dueTrade(), at: dusk - 1}); !errors.Is(err, errNothingDue) || len(p.asked) > 0 {
		t.Errorf("%v, asked %v", err, p.asked)
	}
	if _, err := k.settle(t.Context(), nil, &settlement{trade: dueTrade(), at: dusk}); err != nil || len(p.asked) != 1 {
		t.Errorf("%v, asked %v", err, p.asked)
	}
}

// What is spent on is bounded: a push by the ceiling, no payouts by the ceiling and at last by the day's limit, lives by half of that.
func TestWhatPaymentsMayCost(t *testing.T) {
	p := &till{}
	k := &Keeper{c: Config{Payer: p, Limit: 100, Ceiling: 5}}
	dear := fmt.Errorf("pay: %w", payer.ErrTooDear)
	for _, do := range []func(){
		func() { _, _ = k.settle(t.Context(), nil, &settlement{trade: dueTrade(), at: dusk}) },
		func() { _, _ = k.settle(t.Context(), nil, &settlement{trade: dueTrade(), at: dusk, noPush: true}) },
		func() {
			_, _ = k.settle(t.Context(), nil, &settlement{trade: dueTrade(), at: dusk, noPush: true, costly: true})
		},
		func() {
			p.push = dear
			_, _ = k.settle(t.Context(), nil, &settlement{trade: dueTrade(), at: dusk, patient: true})
		},
		func() { _, _ = k.extend(t.Context(), nil, extension{ledgers: 1}) },
		func() { _, _ = k.extend(t.Context(), nil, extension{ledgers: 1, restores: true}) },
	} {
		do()
	}
	if want := []string{"push 5", "quiet 5", "quiet 100", "push 5", "extend 50", "extend 100"}; !slices.Equal(p.asked, want) {
		t.Errorf("%v, want %v", p.asked, want)
	}
	if want := []int64{100, 100, 100, 100, 50, 100}; !slices.Equal(p.limits, want) {
		t.Errorf("of the day: %v, want %v", p.limits, want)
	}
}

// What failed in a ledger with payouts, and was paid for, is not tried with payouts again; where somebody was just quicker, payouts did no harm.
func TestPayoutsThatFailedInALedgerAreNotMadeAgain(t *testing.T) {
	contract := dueTrade().Contract
	for _, c := range []struct {
		err    error
		noPush bool
	}{
		{failed(relay.FailedByBudget, 0, "", "aa"), true},
		{failed(relay.FailedByContract, escrow.ErrBadAmount, contract, "aa"), true},
		{failed(relay.FailedByContract, escrow.ErrWrongStage, contract, "aa"), false},
		{failed(relay.FailedByHost, 0, "", ""), false},
	} {
		k := &Keeper{c: Config{Now: func() time.Time { return time.Unix(dusk, 0) }, Log: slog.New(slog.DiscardHandler), Keys: []Signer{key{}}}, metrics: newMetrics()}
		s := newShift(k, nil)
		trade := dueTrade()
		known := s.trades.begin(store.Due{At: dusk, Trade: trade.ID})
		s.finish(result{settle: &settlement{trade: trade}, err: c.err})
		if known.noPush != c.noPush || known.busy || known.tries != 1 {
			t.Errorf("%v: %+v", c.err, known)
		}
	}
}

// How long a trade is left alone, and what ends that.
func TestAttempts(t *testing.T) {
	now := time.Unix(dusk, 0)
	a := attempts{}
	d := store.Due{At: 5, Trade: escrow.ID{1}}
	if !a.ready(d, now) {
		t.Error("one that was never tried is not ready")
	}
	known := a.begin(d)
	if a.ready(d, now) {
		t.Error("one that is being settled is ready")
	}
	wait := laterFirst
	for try := range 12 {
		known.putOff(now, ReasonRefused, errors.New("so"))
		if a.ready(d, now.Add(wait-time.Second)) || !a.ready(d, now.Add(wait)) {
			t.Errorf("try %d: not put off by %s, but until %s", try, wait, known.until.Sub(now))
		}
		a.begin(d)
		wait = min(2*wait, laterMost)
	}
	known.putOff(now, ReasonUnavailable, errors.New("no node"))
	if !a.ready(d, now.Add(laterAgain)) || known.tries != 12 {
		t.Errorf("where nothing is wrong with it: %+v", known)
	}
	a.begin(d).done(now)
	if a.ready(d, now.Add(laterSettled-time.Second)) || !a.ready(d, now.Add(laterSettled)) {
		t.Errorf("settled: %+v", a[d.Trade])
	}
	d.At = 6
	if !a.ready(d, now) {
		t.Error("due for the second time, and not ready")
	}
	a.begin(d)
	a.forget(nil)
	if a[d.Trade] == nil {
		t.Error("one that is being settled was forgotten")
	}
	a[d.Trade].done(now)
	a.forget(map[escrow.ID]bool{d.Trade: true})
	if a[d.Trade] == nil {
		t.Error("one that is still listed was forgotten")
	}
	a.forget(nil)
	if len(a) != 0 {
		t.Error("one that is not due any more was kept")
	}
}

// Every mistake in a configuration is named at once.
func TestAConfigurationSaysAllThatIsWrong(t *testing.T) {
	key := key{stellar.Address{Key: [32]byte{1}}}
	err := Config{Keys: []Signer{key, key}, Poll: -1}.Validate()
	for _, want := range []string{"Node", "Store", "Payer", "Note", "Now", "Rand", "no contract", "given twice", "a limit of 0", "-1ns"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is not named: %v", want, err)
		}
	}
	good := Config{
		Contracts: make([]stellar.Address, 1), Node: func() Node { return nil }, Store: newGround(), Payer: &till{}, Keys: []Signer{key}, Limit: 1,
		Note: func(context.Context, feed.Note) error { return nil }, Now: time.Now, Rand: rand.Reader,
	}
	if _, err := New(good); err != nil {
		t.Error(err)
	}
	good.Keys = nil
	if _, err := New(good); err == nil {
		t.Error("a keeper without a key")
	}
}

type key struct{ account stellar.Address }

func (k key) Account() stellar.Address { return k.account }

func (k key) Sign(stellar.Transaction, stellar.Tree) (stellar.Transaction, error) {
	return stellar.Transaction{}, errors.New("signs nothing")
}

// leases is the part of a store that turns are made of.
type leases struct {
	Store
	held store.Lease
	err  error
}

func (l *leases) Lease(_ context.Context, names []string, holder string, now, until uint64) (store.Lease, error) {
	switch {
	case l.err != nil:
		return store.Lease{}, l.err
	case store.CheckLease(names, holder, now, until) != nil:
		return store.Lease{}, store.CheckLease(names, holder, now, until)
	case l.held.Until > now:
		return store.Lease{}, store.ErrNoneFree
	}
	l.held = store.Lease{Name: names[0], Holder: holder, Until: until}
	return l.held, nil
}

func (l *leases) EndLease(_ context.Context, e store.Lease) error {
	if e.Holder == l.held.Holder {
		l.held.Until = 0
	}
	return l.err
}

// Of two keepers one acts; the other takes over when the first gives back its turn, or is gone, and not before.
func TestTurns(t *testing.T) {
	now := time.Unix(dusk, 0)
	db := &leases{}
	newOne := func() *turn {
		one, err := newTurn(Config{Store: db, Now: func() time.Time { return now }, Rand: rand.Reader})
		if err != nil {
			t.Fatal(err)
		}
		return one
	}
	a, b := newOne(), newOne()
	takes := func(what string, who *turn, want bool) {
		t.Helper()
		mine, err := who.take(t.Context())
		if mine != want || err != nil || mine && !who.lasts() {
			t.Errorf("%s: %v, %v", what, mine, err)
		}
	}
	takes("the first", a, true)
	takes("the second", b, false)
	for range 10 {
		now = now.Add(3 * time.Second)
		takes("the first goes on", a, true)
		takes("the second waits", b, false)
	}
	now = now.Add(turnFor * time.Second)
	if a.lasts() {
		t.Error("a turn that is over lasts")
	}
	takes("the first was away, and nobody came", a, true)
	now = now.Add(turnFor * time.Second)
	takes("the first was away, and the second came", b, true)
	takes("it comes back", a, false)
	if err := b.end(t.Context()); err != nil {
		t.Error(err)
	}
	takes("the second has ended", a, true)
	db.err = errors.New("no store")
	if mine, err := a.take(t.Context()); !mine || err != nil {
		t.Errorf("within its turn it needs no store: %v, %v", mine, err)
	}
	now = now.Add(5 * time.Second)
	if mine, err := a.take(t.Context()); !mine || err == nil {
		t.Errorf("its turn lasts yet: %v, %v", mine, err)
	}
	now = now.Add(turnFor * time.Second)
	if mine, err := a.take(t.Context()); mine || err == nil {
		t.Errorf("without a store no turn is taken: %v, %v", mine, err)
	}
}
