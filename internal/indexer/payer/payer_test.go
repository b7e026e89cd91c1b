package payer_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/payer"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/signer"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

var generous = store.Limits{Stroops: 1_000_000_000, AccountStroops: 1_000_000_000, AccountTransactions: 1000}

// settle is the keeper's payment for a due trade.
func (w *world) settle(terms escrow.Terms) payer.Payment {
	id := must(stellar.TermsID(w.node.Network(), w.contract, terms))
	trade := store.Hash(id)
	return payer.Payment{
		Source: w.signer("keeper", signer.Keeper), Tree: w.tree(escrow.CallSettle{Terms: terms, Milestones: []uint32{0}, Push: true}),
		Purpose: store.PurposeKeeper, Trade: &trade, Limits: generous, Ceiling: 50_000_000,
	}
}

// What is due is settled by the keeper's account: the day is charged what the ledger has charged, to the stroop.
func TestADueTradeIsSettled(t *testing.T) {
	w := newWorld(t, "buyer", "seller")
	terms := w.funded(1)
	pay := w.settle(terms)

	if _, err := w.payer.Pay(t.Context(), pay); !errors.Is(err, payer.ErrFails) {
		t.Errorf("before it is due: %v", err)
	} else if f := (&payer.FailedError{}); !errors.As(err, &f) || f.Failure.Kind != relay.FailedByContract || f.Failure.Code == 0 || f.Hash != "" {
		t.Errorf("before it is due: %+v", f)
	}
	if s := w.spent(); s != (store.Spent{}) {
		t.Errorf("a simulation has cost %+v", s)
	}
	w.advance(3000 * time.Second)
	dear := pay
	dear.Ceiling = 1000
	if _, err := w.payer.Pay(t.Context(), dear); !errors.Is(err, payer.ErrTooDear) {
		t.Errorf("at most 1000 stroops: %v", err)
	}
	little := pay
	little.Limits.Stroops = 1000
	if _, err := w.payer.Pay(t.Context(), little); !errors.Is(err, store.ErrSpent) {
		t.Errorf("1000 stroops a day: %v", err)
	}
	if s := w.spent(); s != (store.Spent{}) {
		t.Errorf("nothing was sent, and has cost %+v", s)
	}

	out, err := w.payer.Pay(t.Context(), pay)
	if err != nil || out.State != relay.TransactionIncluded || out.FeeCharged < 1000 {
		t.Fatalf("%+v, %v", out, err)
	}
	if s := w.spent(); s.Stroops != out.FeeCharged || s.Transactions != 1 {
		t.Errorf("the ledger charged %d, the day has %+v", out.FeeCharged, s)
	}
	kept := must(w.db.Transactions(t.Context(), store.TransactionFilter{Trade: pay.Trade, Limit: 10}))
	if len(kept) != 1 || kept[0].Action != "settle" || kept[0].Account != w.keys["keeper"].Address() || stellar.Hash(kept[0].Hash).String() != out.Hash {
		t.Errorf("stored: %+v", kept)
	}
	if _, err := w.payer.Pay(t.Context(), pay); !errors.Is(err, payer.ErrFails) {
		t.Errorf("settled twice: %v", err)
	}
}

// Payments from one account come one after the other, however many ask at once: each has a sequence number of its own.
func TestPaymentsFromOneAccountTakeTurns(t *testing.T) {
	w := newWorld(t, "buyer", "seller")
	const n = 6
	var all []escrow.Terms
	for salt := range byte(n) {
		all = append(all, w.funded(salt))
	}
	w.advance(3000 * time.Second)
	errs := make(chan error, n)
	for _, terms := range all {
		go func() {
			_, err := w.payer.Pay(t.Context(), w.settle(terms))
			errs <- err
		}()
	}
	for range n {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if s := w.spent(); s.Transactions != n {
		t.Errorf("%d were paid for: %+v", n, s)
	}
}

// An entry that is archived is restored by a transaction of its own before its life is extended; both are paid for, each within the limits.
func TestWhatIsArchivedIsRestoredFirst(t *testing.T) {
	w := newWorld(t, "buyer", "seller")
	terms := w.funded(1)
	id := must(stellar.TermsID(w.node.Network(), w.contract, terms))
	key := stellar.TradeKey(w.contract, id)
	live := func() uint32 {
		t.Helper()
		entries, latest, err := w.node.Entries(t.Context(), key)
		if err != nil || len(entries) != 1 {
			t.Fatalf("%+v, %v", entries, err)
		}
		return entries[0].LiveUntil - min(entries[0].LiveUntil, latest)
	}
	for range 20 {
		if live() == 0 {
			break
		}
		w.advance(30 * 24 * time.Hour)
	}
	if live() != 0 {
		t.Fatal("the trade is not archived after 600 days")
	}
	out, err := w.payer.Pay(t.Context(), payer.Payment{
		Source: w.signer("keeper", signer.Keeper), Purpose: store.PurposeKeeper, Action: "extend", Limits: generous, Ceiling: 50_000_000,
		Operation: func(e stellar.Envelope) (stellar.Transaction, error) {
			return stellar.ExtendTTL(e, []xdr.LedgerKey{key}, 1_000_000)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := live(); got < 900_000 {
		t.Errorf("it lives for %d ledgers more", got)
	}
	if s := w.spent(); s.Transactions != 2 || s.Stroops <= out.FeeCharged {
		t.Errorf("restoring and extending, of which the latter cost %d: %+v", out.FeeCharged, s)
	}
	kept := must(w.db.Transactions(t.Context(), store.TransactionFilter{Account: w.keys["keeper"].Address(), Limit: 10}))
	if len(kept) != 2 || kept[0].Action != "extend" && kept[1].Action != "extend" || kept[0].Action != "restore" && kept[1].Action != "restore" {
		t.Errorf("stored: %+v", kept)
	}
}
