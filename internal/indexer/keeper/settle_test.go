package keeper_test

import (
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
)

// A trade that is due at a time is in the ledger after the first one that closes at that time or later, and not before.
func TestATradeIsSettledInTheNextLedger(t *testing.T) {
	w := newWorld(t, localnet.Options{}, 1, "buyer", "seller")
	defer w.stop()
	due := uint64(w.now().Unix()) + 3_000
	trade := w.funded(1, due)[0]
	k := w.keep()
	w.reach(due - 10)
	w.until("it has looked at the ledger before", func() bool { return k.Status().Ledger == w.latest() })
	if ledger, _ := w.settledIn(trade); ledger != 0 {
		t.Fatalf("settled in ledger %d, before it was due", ledger)
	}
	if s := k.Status(); s.Due != 0 || s.OldestDue != 0 {
		t.Errorf("nothing is due yet: %+v", s)
	}
	first := w.reach(due)
	w.until("it is settled", func() bool { ledger, _ := w.settledIn(trade); return ledger != 0 })
	if ledger, times := w.settledIn(trade); ledger != first+1 || times != 1 {
		t.Errorf("settled in ledger %d, %d times; it was due at the close of %d", ledger, times, first)
	}
	w.until("nothing is due any more, and the day says what was charged", func() bool {
		s, charged := k.Status(), w.charged("keeper 0")
		return s.Due == 0 && charged > 0 && s.Spent == charged && s.Balances[w.address("keeper 0").String()] == localnet.FriendbotLumens*xlm-charged
	})
	if s := k.Status(); s.PutOffAll != 0 || s.Err != "" {
		t.Errorf("%+v", s)
	}
}

// Thirty trades that become due together are all in the next ledger, if there are as many accounts.
func TestThirtyTradesAreSettledInTheNextLedger(t *testing.T) {
	const n = 30
	w := newWorld(t, localnet.Options{}, n, "buyer", "seller")
	defer w.stop()
	due := uint64(w.now().Unix()) + 3_000
	trades := w.funded(n, due)
	k := w.keep(func(c *config) { c.Poll = time.Hour }) // only the ledger wakes it
	w.until("it keeps", func() bool { return k.Status().Ledger != 0 })
	before := w.latest()
	first := w.reach(due)
	w.hold(3 * time.Second)
	k.wake <- struct{}{}
	for _, id := range trades {
		w.until("all are settled", func() bool { ledger, _ := w.settledIn(id); return ledger != 0 })
		if ledger, times := w.settledIn(id); ledger != first+1 || times != 1 {
			t.Errorf("trade %s was settled in ledger %d, %d times; it was due at the close of %d", id, ledger, times, first)
		}
	}
	if ok, failed, wasted := w.sent(before); ok != n || failed != 0 {
		t.Errorf("%d transactions, and %d that failed for %d stroops", ok, failed, wasted)
	}
}

// Where more trades are due than there are accounts, they go on ledger by ledger, the earliest first.
func TestMoreTradesThanAccountsGoOnLedgerByLedger(t *testing.T) {
	const each, accounts = 3, 4
	w := newWorld(t, localnet.Options{}, accounts, "buyer", "seller")
	defer w.stop()
	due := uint64(w.now().Unix()) + 3_000
	var order []escrow.ID
	for i := range accounts {
		order = append(order, w.funded(each, due+uint64(i))...)
	}
	w.reach(due + accounts)
	w.projected()
	from := w.latest()
	w.keep()
	place := map[escrow.ID]uint32{}
	for _, id := range order {
		w.until("all are settled", func() bool { ledger, _ := w.settledIn(id); return ledger != 0 })
		place[id], _ = w.settledIn(id)
	}
	for i, id := range order[:len(order)-accounts] {
		if later := order[i+accounts]; place[id] > place[later] {
			t.Errorf("the trade due as number %d was settled in ledger %d, number %d in %d", i, place[id], i+accounts, place[later])
		}
	}
	if ok, failed, _ := w.sent(from); ok != len(order) || failed != 0 {
		t.Errorf("%d transactions for %d trades, %d failed", ok, len(order), failed)
	}
}
