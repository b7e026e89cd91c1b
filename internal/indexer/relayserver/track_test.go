package relayserver_test

import (
	"context"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/relayserver"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
	"github.com/Abdullahi130/StellarEscrow/internal/store/sqlite"
)

// signedOpen is a transaction of the buyer's that opens a trade, ready to be submitted.
func (w *world) signedOpen(salt byte) (stellar.Transaction, string) {
	w.t.Helper()
	tree := w.tree(escrow.CallOpen{Terms: w.terms(salt), By: escrow.Buyer})
	tx, err := stellar.Invoke(w.from("buyer"), tree.Call)
	must(w.t, err)
	tx, err = w.complete(tx, tree, nil).Sign(w.network, w.people["buyer"])
	must(w.t, err)
	text, err := tx.Base64()
	must(w.t, err)
	return tx, text
}

// hashed is a transaction or a fee bump.
type hashed interface {
	Hash(stellar.Network) stellar.Hash
}

// tracked runs Track until the transaction is stored in a state, and returns it.
func (w *world) tracked(s *relayserver.Server, db *sqlite.Store, tx hashed, want store.TransactionState) store.Transaction {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 20*time.Second)
	defer cancel()
	done := make(chan struct{})
	go func() { defer close(done); s.Track(ctx) }()
	defer func() { cancel(); <-done }()
	for {
		t, err := db.Transaction(w.t.Context(), store.Hash(tx.Hash(w.network)))
		must(w.t, err)
		if t.State == want {
			return t
		}
		if ctx.Err() != nil {
			w.t.Fatalf("the transaction is %s, not %s: %s", t.State, want, t.Problem)
		}
		time.Sleep(20 * time.Millisecond) // the network is another program's; there is no clock to step
	}
}

// A process may die at any moment of a submission. Whatever was stored, the next one brings it to its end, and nothing is done twice.
func TestSubmissionsSurviveARestart(t *testing.T) {
	w := newWorld(t, "buyer", "seller", "arbitrator")
	for i, c := range []struct {
		name string
		sent bool // the envelope has left before the process died
		gone uint64
		want store.TransactionState
	}{
		{"stored, not sent", false, 0, store.TransactionIncluded},
		{"sent, the answer was lost", true, 0, store.TransactionIncluded},
		{"sent, and away until its time was over", true, 400, store.TransactionIncluded},
		{"not sent, and away until its time was over", false, 400, store.TransactionExpired},
	} {
		t.Run(c.name, func(t *testing.T) {
			tx, text := w.signedOpen(byte(i + 1))
			_, db := w.server(w.node)
			must(t, db.AddTransaction(t.Context(), w.stored(tx)))
			if c.sent {
				_, err := w.node.Send(t.Context(), text)
				must(t, err)
				w.await(tx.Hash(w.network).String())
			}
			if c.gone > 0 {
				w.advance(c.gone)
			}
			late := func() time.Time { return time.Now().Add(time.Minute) } // past the wait before it is sent again
			server := relayserver.New(relayserver.Config{Node: func() *rpc.Client { return w.node }, Transactions: db, Now: late})
			got := w.tracked(server, db, tx, c.want)
			if (got.Ledger > 0) != (c.want == store.TransactionIncluded) {
				t.Errorf("%+v", got)
			}
			if trade := w.trade(w.opened(tx)); (trade != nil) != (c.want == store.TransactionIncluded) {
				t.Errorf("the trade is %+v", trade)
			}
		})
	}
}

// opened are the terms that a transaction opens.
func (w *world) opened(tx stellar.Transaction) escrow.Terms {
	w.t.Helper()
	args, _ := tx.Call()
	call, err := stellar.DecodeCall(w.contract, args)
	must(w.t, err)
	terms, _ := escrow.TermsOf(call)
	return terms
}

// What the node does not take now is kept, and sent again until it does.
func TestWhatIsNotTakenNowIsSentAgain(t *testing.T) {
	w := newWorld(t, "buyer", "seller", "arbitrator")
	for name, node := range map[string]*refusing{
		"try again later": {later: true}, "no answer": {silent: true},
	} {
		t.Run(name, func(t *testing.T) {
			tx, text := w.signedOpen(byte(len(name)))
			server, db := w.server(w.behind(node))
			out, err := server.Submit(t.Context(), text)
			must(t, err)
			if out.State != relay.SubmissionPending {
				t.Fatalf("%+v", out)
			}
			if got, err := server.Transaction(t.Context(), out.Hash); err != nil || got.State != relay.TransactionPending {
				t.Fatalf("%+v %v", got, err)
			}
			node.through.Store(true)
			w.tracked(server, db, tx, store.TransactionIncluded)
		})
	}
}

// A transaction that fails in a ledger has failed for good; the same terms open once.
func TestFailuresAreFinal(t *testing.T) {
	w := newWorld(t, "buyer", "seller", "arbitrator")
	first, text := w.signedOpen(1)
	_, err := w.relay.Submit(t.Context(), text)
	must(t, err)
	// The other one is prepared before the first is included, so its simulation knows nothing of it.
	w.await(first.Hash(w.network).String())
	second := w.sameAgain(first)
	server, db := w.server(w.node)
	text, err = second.Base64()
	must(t, err)
	if out, err := server.Submit(t.Context(), text); err != nil || out.State != relay.SubmissionPending {
		t.Fatalf("%+v %v", out, err)
	}
	got := w.tracked(server, db, second, store.TransactionFailed)
	if got.Problem != "invoke_host_function_trapped" || got.Ledger == 0 {
		t.Errorf("%+v", got)
	}
	if out, err := server.Submit(t.Context(), text); err != nil || out.State != relay.SubmissionDuplicate {
		t.Errorf("submitted again: %+v %v", out, err)
	}
}

// sameAgain is the call of a transaction once more, with the next sequence number and what the first one declared.
func (w *world) sameAgain(first stellar.Transaction) stellar.Transaction {
	w.t.Helper()
	args, _ := first.Call()
	tx, err := stellar.Invoke(w.from("buyer"), args)
	must(w.t, err)
	tx, err = tx.Assemble(*first.Data(), first.ResourceFee(), first.Auth())
	must(w.t, err)
	tx, err = tx.Sign(w.network, w.people["buyer"])
	must(w.t, err)
	return tx
}

// Refused by the first node that sees it, a transaction is as it was: prepared, if it was prepared here, and it can be submitted again.
func TestARefusedOneCanBeSubmittedAgain(t *testing.T) {
	w := newWorld(t, "buyer", "seller", "arbitrator")
	tx, text := w.signedOpen(1)
	node := &refusing{code: xdr.TransactionResultCodeTxInsufficientFee}
	server, db := w.server(w.behind(node))
	prepared := w.stored(tx)
	trade := store.Hash{9}
	prepared.State, prepared.Trade, prepared.Action = store.TransactionPrepared, &trade, "open"
	must(t, db.AddTransaction(t.Context(), prepared))
	if out, err := server.Submit(t.Context(), text); err != nil || out.State != relay.SubmissionRejected {
		t.Fatalf("%+v %v", out, err)
	}
	got, err := db.Transaction(t.Context(), prepared.Hash)
	must(t, err)
	if got.State != store.TransactionPrepared || got.Problem != "tx_insufficient_fee" || got.Trade == nil || got.Action != "open" {
		t.Errorf("refused: %+v", got)
	}
	node.through.Store(true)
	if out, err := server.Submit(t.Context(), text); err != nil || out.State != relay.SubmissionPending {
		t.Fatalf("%+v %v", out, err)
	}
	if got = w.tracked(server, db, tx, store.TransactionIncluded); got.Problem != "" || got.Trade == nil {
		t.Errorf("in the end: %+v", got)
	}
}

// One that the node will say nothing about keeps no other from its end.
func TestOneThatCannotBeFollowedHoldsNoOtherUp(t *testing.T) {
	w := newWorld(t, "buyer", "seller", "arbitrator")
	_, db := w.server(w.node)
	tx, _ := w.signedOpen(1)
	good := w.stored(tx)
	odd := good
	odd.Hash, odd.CreatedAt = store.Hash{1}, good.CreatedAt-10 // the older one is looked at first
	must(t, db.AddTransaction(t.Context(), odd))
	must(t, db.AddTransaction(t.Context(), good))
	node := &refusing{odd: stellar.Hash(odd.Hash).String()}
	node.through.Store(true)
	client := w.behind(node)
	late := func() time.Time { return time.Now().Add(time.Minute) } // past the wait before it is sent again
	server := relayserver.New(relayserver.Config{Node: func() *rpc.Client { return client }, Transactions: db, Now: late})
	w.tracked(server, db, tx, store.TransactionIncluded)
	if got, err := db.Transaction(t.Context(), odd.Hash); err != nil || got.State != store.TransactionSubmitted {
		t.Errorf("the odd one: %+v, %v", got, err)
	}
}

// A fee bump whose inner transaction has come into a ledger by another way, alone or in another bump, is followed until its time is over: no
// ledger can have it any more, and nobody pays for it.
func TestABumpWhoseTransactionWentAnotherWayExpires(t *testing.T) {
	w := newWorld(t, "buyer", "seller", "arbitrator")
	tx, text := w.signedOpen(1)
	bump, err := w.bumpOf(tx).Sign(w.network, w.people["operator"])
	must(t, err)
	server, db := w.server(w.behind(&refusing{later: true}))
	if out, err := server.Submit(t.Context(), w.text(bump)); err != nil || out.State != relay.SubmissionPending {
		t.Fatalf("%+v, %v", out, err)
	}
	if out, err := w.relay.Submit(t.Context(), text); err != nil || w.await(out.Hash).State != relay.TransactionIncluded {
		t.Fatalf("the transaction alone: %+v, %v", out, err)
	}
	late := func() time.Time { return time.Now().Add(time.Minute) }
	server = relayserver.New(relayserver.Config{Node: func() *rpc.Client { return w.node }, Transactions: db, Now: late})
	state := func() relay.TransactionState {
		out, err := server.Transaction(t.Context(), bump.Hash(w.network).String())
		must(t, err)
		return out.State
	}
	if got := state(); got != relay.TransactionPending {
		t.Errorf("within its time it is %s", got)
	}
	paid, err := w.relay.Account(t.Context(), w.people["operator"].Address())
	must(t, err)
	w.advance(400)
	w.tracked(server, db, bump, store.TransactionExpired)
	if got := state(); got != relay.TransactionExpired {
		t.Errorf("afterwards it is %s", got)
	}
	if now, err := w.relay.Account(t.Context(), paid.Address); err != nil || now.Balance != paid.Balance {
		t.Errorf("who would have paid had %d stroops, and has %d; %v", paid.Balance, now.Balance, err)
	}
}
