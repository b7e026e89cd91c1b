package keeper

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/payer"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// desk is a store with a trade that is due, and transactions that are on their way.
type desk struct {
	leases
	sent  []store.Transaction
	asked int
}

func (d *desk) Due(context.Context, uint64, store.Due, int) ([]store.Due, error) {
	return []store.Due{{At: dusk, Trade: dueTrade().ID}}, nil
}

func (d *desk) TradesByID(context.Context, []escrow.ID) ([]store.Trade, error) {
	return []store.Trade{*dueTrade()}, nil
}

func (d *desk) Transactions(_ context.Context, f store.TransactionFilter) (out []store.Transaction, err error) {
	d.asked++
	for _, t := range d.sent {
		if f.State == t.State && f.Trade == nil && f.Account == "" && (f.After == nil || t.CreatedAt > f.After.CreatedAt) && len(out) < f.Limit {
			out = append(out, t)
		}
	}
	return out, nil
}

// shiftAt is a shift of one key whose turn has just begun.
func shiftAt(t *testing.T, d *desk, now func() time.Time) *shift {
	t.Helper()
	k := &Keeper{c: Config{
		Store: d, Payer: &till{}, Keys: []Signer{key{stellar.Address{Key: [32]byte{9}}}}, Limit: 100, Ceiling: 5, SweepEvery: time.Hour, Now: now, Rand: rand.Reader,
		Log: slog.New(slog.DiscardHandler),
	}, metrics: newMetrics()}
	turn, err := newTurn(k.c)
	if err != nil {
		t.Fatal(err)
	}
	if mine, err := turn.take(t.Context()); !mine || err != nil {
		t.Fatalf("%v, %v", mine, err)
	}
	s := newShift(k, turn)
	s.latest = rpc.Ledger{Sequence: latest, CloseTime: dusk}
	return s
}

// What a keeper that was killed has sent may come into a ledger after another has taken over. A trade that it was for is left alone until that
// is over: two accounts that settle it would both pay.
func TestWhoTakesOverLeavesAloneWhatIsOnItsWay(t *testing.T) {
	id := store.Hash(dueTrade().ID)
	ours := stellar.Address{Key: [32]byte{9}}.String()
	on := store.Transaction{State: store.TransactionSubmitted, Trade: &id, Account: ours, ValidUntil: dusk, CreatedAt: 1}
	with := func(change func(*store.Transaction)) store.Transaction {
		t := on
		change(&t)
		return t
	}
	many := make([]store.Transaction, store.MaxPage+1)
	for i := range many {
		many[i] = store.Transaction{State: store.TransactionSubmitted, Account: "somebody", ValidUntil: dusk, CreatedAt: uint64(i + 1)}
	}
	many[store.MaxPage] = with(func(t *store.Transaction) { t.CreatedAt = store.MaxPage + 1 })
	for name, c := range map[string]struct {
		sent    []store.Transaction
		later   time.Duration // how long the turn has lasted
		tried   bool          // by this keeper, before
		settles bool
	}{
		"nothing":                 {nil, 0, false, true},
		"on its way":              {[]store.Transaction{on}, 0, false, false},
		"on its way, minutes on":  {[]store.Transaction{on}, payer.Life, false, false},
		"behind many of traders'": {many, 0, false, false},
		"its time is over":        {[]store.Transaction{with(func(t *store.Transaction) { t.ValidUntil = dusk - 1 })}, 0, false, true},
		"a trader's":              {[]store.Transaction{with(func(t *store.Transaction) { t.Account = "somebody" })}, 0, false, true},
		"for another trade":       {[]store.Transaction{with(func(t *store.Transaction) { t.Trade = &store.Hash{5} })}, 0, false, true},
		"a keeper's of no trade":  {[]store.Transaction{with(func(t *store.Transaction) { t.Trade = nil })}, 0, false, true},
		"its own":                 {[]store.Transaction{on}, 0, true, true},
		"long after":              {[]store.Transaction{on}, takenOver, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			now := time.Unix(dusk, 0)
			d := &desk{sent: c.sent}
			s := shiftAt(t, d, func() time.Time { return now })
			if c.tried {
				s.trades.begin(store.Due{At: dusk, Trade: dueTrade().ID}).putOff(now.Add(-time.Hour), ReasonUnavailable, errors.New("no node"))
			}
			for end := now.Add(c.later); now.Before(end); { // the turn is taken on and on
				now = now.Add(time.Second)
				if mine, err := s.turn.take(t.Context()); !mine || err != nil {
					t.Fatalf("%v, %v", mine, err)
				}
			}
			if err := s.settle(t.Context(), now); err != nil {
				t.Fatal(err)
			}
			if got := len(s.busy) == 1; got != c.settles {
				t.Errorf("it is settled: %v, want %v", got, c.settles)
			}
			if c.later >= takenOver && d.asked > 0 {
				t.Errorf("asked %d times for what cannot be there", d.asked)
			}
		})
	}
}

// Whoever has lost its turn to another forgets what it has tried: when it has the turn again, what the other has sent counts.
func TestATurnThatWasLostBeginsAnew(t *testing.T) {
	now := time.Unix(dusk, 0)
	d := &desk{}
	s := shiftAt(t, d, func() time.Time { return now })
	began := s.turn.since
	s.trades.begin(store.Due{At: dusk, Trade: dueTrade().ID}).putOff(now, ReasonUnavailable, errors.New("no node"))
	now = now.Add(time.Hour)
	d.held = store.Lease{Name: turnName, Holder: "another", Until: uint64(now.Unix()) + 5}
	if err := s.work(t.Context(), now); err != nil || len(s.trades) != 0 {
		t.Errorf("%v, %d attempts are remembered", err, len(s.trades))
	}
	now = now.Add(10 * time.Second)
	if mine, err := s.turn.take(t.Context()); !mine || err != nil || !s.turn.since.After(began) {
		t.Errorf("%v, %v: the turn has lasted since %s", mine, err, s.turn.since)
	}
}

// A sweep that finds more than one sweep asks for is made again after a while, and not over and over while the limit lets nothing be extended.
func TestSweepsDoNotChaseEachOther(t *testing.T) {
	now := time.Unix(dusk, 0)
	s := shiftAt(t, &desk{}, func() time.Time { return now })
	one := extension{kind: KindTrade, keys: []xdr.LedgerKey{stellar.LifetimeSettingsKey()}}
	s.swept(swept{found: found{more: true, extensions: []extension{one}}})
	if got := s.nextSweep.Sub(now); got != sweepAgain {
		t.Errorf("with more to extend, the next one is in %s", got)
	}
	s.pauses.until[Extending] = now.Add(10 * time.Hour)
	s.extend(now)
	if got := s.nextSweep.Sub(now); got != time.Hour || len(s.extensions) != 0 || len(s.busy) != 0 {
		t.Errorf("while nothing can be paid, the next one is in %s; %d are left to extend, %d are busy", got, len(s.extensions), len(s.busy))
	}
}

// An extension that the day's limit has no room for is tried by halves before the work stops: less may do.
func TestTheLimitIsTriedByHalves(t *testing.T) {
	now := time.Unix(dusk, 0)
	s := shiftAt(t, &desk{}, func() time.Time { return now })
	two := extension{kind: KindTrade, keys: []xdr.LedgerKey{stellar.LifetimeSettingsKey(), stellar.CodeKey(stellar.Hash{1})}}
	spent := func(e extension) {
		s.extending++
		s.finish(result{extend: &e, err: store.ErrSpent})
	}
	spent(two)
	if stopped, _ := s.pauses.stopped(Extending, now); stopped || len(s.extensions) != 2 {
		t.Fatalf("after two together: stopped %v, %d extensions", stopped, len(s.extensions))
	}
	spent(s.extensions[0])
	if stopped, _ := s.pauses.stopped(Extending, now); !stopped {
		t.Error("after one alone it goes on")
	}
}
