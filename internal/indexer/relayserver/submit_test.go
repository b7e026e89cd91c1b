package relayserver_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

func TestSubmissions(t *testing.T) {
	w := newWorld(t, "buyer", "seller", "arbitrator")
	ready := func(change func(*stellar.Envelope)) (stellar.Transaction, string) {
		t.Helper()
		terms := w.terms(byte(w.now()))
		tree := w.tree(escrow.CallOpen{Terms: terms, By: escrow.Buyer})
		e := w.from("buyer")
		tx, err := stellar.Invoke(e, tree.Call)
		must(t, err)
		sim := w.simulate(tx)
		change(&e)
		tx, err = stellar.Invoke(e, tree.Call)
		must(t, err)
		tx, err = w.assemble(tx, sim, w.auth(sim)).Sign(w.network, w.people["buyer"])
		must(t, err)
		text, err := tx.Base64()
		must(t, err)
		return tx, text
	}
	submit := func(text string) relay.Submission {
		t.Helper()
		out, err := w.relay.Submit(t.Context(), text)
		must(t, err)
		return out
	}
	for _, c := range []struct {
		name   string
		change func(*stellar.Envelope)
		code   string
	}{
		{"a used sequence number", func(e *stellar.Envelope) { e.Sequence-- }, "tx_bad_seq"},
		{"too late", func(e *stellar.Envelope) { e.NotAfter = 1 }, "tx_too_late"},
		{"too early", func(e *stellar.Envelope) { e.NotBefore = e.NotAfter }, "tx_too_early"},
		{"an account that is not there", func(e *stellar.Envelope) { e.Source = stellar.Address{Key: [32]byte{1}} }, "tx_no_account"},
		{"signed by somebody else", func(e *stellar.Envelope) { e.Source = w.address("seller"); e.Sequence = w.from("seller").Sequence }, "tx_bad_auth"},
	} {
		tx, text := ready(c.change)
		if out := submit(text); out.State != relay.SubmissionRejected || out.Code != c.code {
			t.Errorf("%s: %+v, want %s", c.name, out, c.code)
		}
		if out, err := w.relay.Transaction(t.Context(), tx.Hash(w.network).String()); err != nil || out.State != relay.TransactionNotFound {
			t.Errorf("%s: %+v, %v", c.name, out, err)
		}
	}

	_, text := ready(func(*stellar.Envelope) {})
	first, second := submit(text), submit(text)
	if first.State != relay.SubmissionPending || second.State != relay.SubmissionDuplicate || first.Hash != second.Hash {
		t.Errorf("submitted twice: %+v and %+v", first, second)
	}
	if out := w.await(first.Hash); out.State != relay.TransactionIncluded {
		t.Errorf("%+v", out)
	}
	for _, bad := range []string{"", "AAAA", text[:len(text)-8], strings.Repeat("A", 100<<20)} {
		if out, err := w.relay.Submit(t.Context(), bad); !errors.Is(err, relay.ErrInvalid) {
			t.Errorf("%.20q: %+v, %v", bad, out, err)
		}
		if _, err := w.relay.Simulate(t.Context(), bad); !errors.Is(err, relay.ErrInvalid) {
			t.Errorf("simulate %.20q: %v", bad, err)
		}
		if _, err := w.relay.Read(t.Context(), bad); !errors.Is(err, relay.ErrInvalid) {
			t.Errorf("read %.20q: %v", bad, err)
		}
		if _, err := w.relay.Transaction(t.Context(), bad); !errors.Is(err, relay.ErrInvalid) {
			t.Errorf("transaction %.20q: %v", bad, err)
		}
	}
	unsigned, err := stellar.Invoke(w.from("buyer"), w.tree(escrow.CallSettle{Terms: w.terms(1)}).Call)
	must(t, err)
	text, err = unsigned.Base64()
	must(t, err)
	if _, err := w.relay.Submit(t.Context(), text); !errors.Is(err, relay.ErrInvalid) {
		t.Errorf("an unsigned transaction: %v", err)
	}
}

// signed is a transaction that needs no node to be made.
func signed(t *testing.T, w *world) string {
	t.Helper()
	tx, err := stellar.Invoke(stellar.Envelope{
		Source: w.address("buyer"), NotAfter: uint64(time.Now().Add(time.Hour).Unix()), InclusionFee: stellar.MinInclusionFee,
	}, invocation(w.contract, "config"))
	must(t, err)
	tx, err = tx.Sign(w.network, w.people["buyer"])
	must(t, err)
	text, err := tx.Base64()
	must(t, err)
	return text
}

// What was submitted is pending until a ledger has it or its time is over; then it can be said that it never will be included.
func TestPendingAndExpired(t *testing.T) {
	w := newWorld(t, "buyer")
	// It is remembered as submitted, but lost on the way.
	tx, err := stellar.Invoke(w.from("buyer"), invocation(w.contract, "config"))
	must(t, err)
	sim := w.simulate(tx)
	tx, err = w.assemble(tx, sim, nil).Sign(w.network, w.people["buyer"])
	must(t, err)
	server, db := w.server(w.node)
	must(t, db.AddTransaction(t.Context(), w.stored(tx)))
	state := func() relay.TransactionState {
		t.Helper()
		out, err := server.Transaction(t.Context(), tx.Hash(w.network).String())
		must(t, err)
		if out.Oldest.Sequence == 0 || out.Oldest.CloseTime == 0 || out.Oldest.CloseTime > out.Latest.CloseTime {
			t.Errorf("the node knows ledgers from %+v to %+v", out.Oldest, out.Latest)
		}
		return out.State
	}
	if got := state(); got != relay.TransactionPending || got.Final() {
		t.Errorf("submitted: %s", got)
	}
	w.advance(400)
	if got := state(); got != relay.TransactionExpired || !got.Final() {
		t.Errorf("its time is over: %s", got)
	}
	if out, err := w.relay.Transaction(t.Context(), tx.Hash(w.network).String()); err != nil || out.State != relay.TransactionNotFound {
		t.Errorf("asked of a relay that did not submit it: %+v, %v", out, err)
	}
}
