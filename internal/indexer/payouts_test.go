package indexer

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// storedPayout is a payout and the event that opened its trade.
type storedPayout struct {
	Opened store.EventID
	store.Payout
}

// payouts are all that are stored.
func (s *site) payouts() (all []storedPayout) {
	s.t.Helper()
	if _, err := s.store.ReadState(s.t.Context(), func(*store.Trade) error { return nil }, func(opened store.EventID, p store.Payout) error {
		all = append(all, storedPayout{opened, p})
		return nil
	}); err != nil {
		s.t.Fatal(err)
	}
	return all
}

// checkPayouts compares what is listed, transaction by transaction, with what the contracts have moved.
func (s *site) checkPayouts(c *chain) {
	s.t.Helper()
	opened := map[store.EventID]escrow.ID{}
	for _, t := range s.everything().Trades {
		opened[t.Opened.Event] = t.ID
	}
	got := map[string]amount.Int128{}
	for _, p := range s.payouts() {
		key := fmt.Sprint(p.Event[:19], opened[p.Opened], p.Account)
		got[key] = got[key].Plus(p.Amount)
	}
	want := map[string]amount.Int128{}
	claims := 0
	for _, l := range c.ledgers[:c.shown] {
		for _, p := range l.paid {
			key := fmt.Sprint(p.tx, p.trade, p.account)
			want[key] = want[key].Plus(p.amount)
		}
		for _, e := range l.events {
			if kind(e) == "claimed" {
				claims++
			}
		}
	}
	if d := diff(want, got); d != "" {
		s.t.Errorf("what was paid (-by the contracts +as listed):\n%s", d)
	}
	if len(want) < 100 || claims < 5 {
		s.t.Errorf("only %d payments and %d claims: this shows nothing", len(want), claims)
	}
}

// refusing is a token that pays everybody but one, as long as it is told so.
type refusing struct {
	payer
	who escrow.Address
}

func (r *refusing) Pay(_, to escrow.Address, _ amount.Int128) bool { return to != r.who }

// TestSeveralCallsInOneTransaction has a contract of somebody's that calls ours several times in one transaction, with different ends: what a call
// parks is its own, wherever pages end.
func TestSeveralCallsInOneTransaction(t *testing.T) {
	c := newChain(41, 1)
	d := c.contracts[0]
	terms := c.newTerms(d)
	terms.Panel, terms.AppealPanel, terms.FeeBps = escrow.Panel{Arbitrators: []escrow.Address{}}, escrow.Panel{Arbitrators: []escrow.Address{}}, 0
	terms.Bond, terms.ArbitrationFee = amount.Int(7), amount.Int(0)
	terms.Milestones = []escrow.Milestone{{Amount: amount.Int(100), DeliverBy: terms.FundBy + 100}, {Amount: amount.Int(1000), DeliverBy: terms.FundBy + 100}}
	d.model.Config.FeeBps = 0
	token := &refusing{}
	apply := func(l *ledger, tx int, call escrow.Call) {
		t.Helper()
		result, err := d.model.Apply(escrow.Env{Now: c.now, Signed: func(escrow.Address) bool { return true }, ID: func(t escrow.Terms) escrow.ID { return c.id(d, t) }, Token: token}, call)
		if err != nil {
			t.Fatal(err)
		}
		from := 0
		for _, e := range l.events {
			if e.TxIndex == uint32(tx+1) {
				from++
			}
		}
		for i, e := range result.Events {
			c.publish(d, l, tx, from+i, stellar.Event{Event: e, Trade: &result.Trade})
		}
	}
	closed := func(do func(l *ledger)) {
		l := ledger{Ledger: rpc.Ledger{Sequence: uint32(len(c.ledgers) + 1), CloseTime: c.now}}
		do(&l)
		l.hash = [32]byte{byte(l.Sequence)}
		c.ledgers = append(c.ledgers, l)
		c.shown = len(c.ledgers)
		c.now += 5
	}
	seller, elsewhere := terms.Seller, c.account()
	closed(func(l *ledger) {
		apply(l, 0, escrow.CallOpen{Terms: terms, By: escrow.Seller})
		apply(l, 1, escrow.CallFund{Terms: terms})
		apply(l, 2, escrow.CallRelease{Terms: terms, Milestone: 0, Amount: amount.Int(10)})
	})
	closed(func(l *ledger) {
		release := func(milestone uint32, units int64) {
			apply(l, 0, escrow.CallRelease{Terms: terms, Milestone: milestone, Amount: amount.Int(units)})
		}
		release(0, 20)
		token.who = seller
		release(0, 10) // less than what was paid before it, so that sums alone would not tell
		token.who = ""
		apply(l, 0, escrow.CallClaim{Terms: terms, Role: escrow.Seller, To: elsewhere, Amount: amount.Int(4)})
		release(0, 5)
		token.who = seller
		release(0, 55)    // the first milestone ends
		release(1, 1_000) // and the trade: with the bonds
		apply(l, 1, escrow.CallClaim{Terms: terms, Role: escrow.Seller, To: elsewhere, Amount: amount.Int(1)})
	})
	want := []string{"seller 10", "seller 20", "elsewhere 4", "seller 5", "buyer 7", "elsewhere 1"}

	for _, perPage := range []int{100, 1, 2, 3, 4, 5, 6, 7} {
		c.perPage = perPage
		s := newSite(t, c, tempPath(t))
		s.mustCatchUp()
		var got []string
		for _, p := range s.payouts() {
			name := map[string]string{string(seller): "seller", string(terms.Buyer): "buyer", string(elsewhere): "elsewhere"}[p.Account]
			got = append(got, fmt.Sprint(name, " ", p.Amount.Units()))
		}
		if !slices.Equal(got, want) {
			t.Errorf("in pages of %d: paid %q, want %q", perPage, got, want)
		}
		if unread := s.x.Status().Unread; unread != 0 {
			t.Errorf("%d events had no effect", unread)
		}
		s.close()
	}
}

// TestWhatIsParkedIsTakenBack has events that no contract would write: a list says less then, not more.
func TestWhatIsParkedIsTakenBack(t *testing.T) {
	id := func(tx, i int) store.EventID { return store.EventID(fmt.Sprintf("%019d-%010d", 7<<32|tx<<12, i)) }
	pay := func(tx, i int, r escrow.Role, units int64) store.Payout {
		return store.Payout{Event: id(tx, i), Role: r, Account: "G", Amount: amount.Int(units)}
	}
	all := []store.Payout{pay(1, 3, 1, 50), pay(2, 0, 0, 5), pay(2, 0, 1, 10), pay(2, 1, 1, 20), pay(2, 1, 2, 9)}
	for _, c := range []struct {
		name  string
		role  escrow.Role
		units int64
		left  []int
		rest  int64
	}{
		{"the last", 1, 20, []int{0, 1, 2, 4}, 0},
		{"two events'", 1, 30, []int{0, 1, 4}, 0},
		{"another role's", 0, 5, []int{0, 2, 3, 4}, 0},
		{"more than the transaction has paid", 1, 40, []int{0, 1, 4}, 10},
		{"a part of a payout", 1, 1, []int{0, 1, 2, 4}, 0},
		{"of a role that got nothing", 3, 2, []int{0, 1, 2, 3, 4}, 2},
		{"nothing", 1, 0, []int{0, 1, 2, 3, 4}, 0},
		{"less than nothing", 1, -3, []int{0, 1, 2, 3, 4}, 0},
	} {
		change := store.Change{Payouts: slices.Clone(all)}
		park(&change, id(2, 2), escrow.Parcel{Role: c.role, Amount: amount.Int(c.units)})
		var left []int
		for _, p := range change.Payouts {
			left = append(left, slices.Index(all, p))
		}
		var withheld []store.Withheld
		if c.rest > 0 {
			withheld = []store.Withheld{{Role: c.role, From: id(2, 0), Amount: amount.Int(c.rest)}}
		}
		if !slices.Equal(left, c.left) || !slices.Equal(change.Withheld, withheld) {
			t.Errorf("%s: %v are left and %v taken from what is stored, want %v and %v", c.name, left, change.Withheld, c.left, withheld)
		}
		if !slices.IsSortedFunc(change.Payouts, func(a, b store.Payout) int { return cmp.Compare(a.Event, b.Event) }) {
			t.Errorf("%s: out of order", c.name)
		}
	}
}
