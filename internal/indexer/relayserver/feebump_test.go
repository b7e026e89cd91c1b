package relayserver_test

import (
	"errors"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// bumped is the transaction of a call that its sender has signed and the operator pays for.
func (w *world) bumped(sender string, tx stellar.Transaction) stellar.FeeBump {
	w.t.Helper()
	tx, err := tx.Sign(w.network, w.people[sender])
	must(w.t, err)
	return w.bumpOf(tx)
}

func (w *world) bumpOf(tx stellar.Transaction) stellar.FeeBump {
	w.t.Helper()
	bump, err := stellar.Bump(tx, w.address("operator"), stellar.BumpFee(tx))
	must(w.t, err)
	return bump
}

func (w *world) text(bump stellar.FeeBump) string {
	w.t.Helper()
	text, err := bump.Base64()
	must(w.t, err)
	return text
}

// A fee bump is submitted and found by its own hash; who sent the transaction inside pays nothing. Why that one failed is told as if it had come
// alone.
func TestFeeBumps(t *testing.T) {
	w := newWorld(t, "buyer", "seller", "arbitrator")
	balance := func(name string) int64 {
		t.Helper()
		account, err := w.relay.Account(t.Context(), w.people[name].Address())
		must(t, err)
		return account.Balance
	}
	tree := w.tree(escrow.CallOpen{Terms: w.terms(1), By: escrow.Buyer})
	tx, err := stellar.Invoke(w.from("buyer"), tree.Call)
	must(t, err)
	tx = w.complete(tx, tree, nil)
	bump := w.bumped("buyer", tx)
	if _, err := w.relay.Submit(t.Context(), w.text(bump)); !errors.Is(err, relay.ErrInvalid) {
		t.Errorf("a bump that its payer has not signed: %v", err)
	}
	if bump, err = bump.Sign(w.network, w.people["operator"]); err != nil {
		t.Fatal(err)
	}
	buyer, operator := balance("buyer"), balance("operator")
	sent, err := w.relay.Submit(t.Context(), w.text(bump))
	must(t, err)
	if sent.State != relay.SubmissionPending || sent.Hash != bump.Hash(w.network).String() {
		t.Fatalf("submitted: %+v", sent)
	}
	out := w.await(sent.Hash)
	if out.State != relay.TransactionIncluded || out.FeeCharged <= 0 || out.Value == "" || len(w.events(out)) != 1 {
		t.Errorf("%+v", out)
	}
	if got, paid := balance("buyer"), operator-balance("operator"); got != buyer || paid != out.FeeCharged {
		t.Errorf("the buyer's balance went from %d to %d, the operator paid %d of a fee of %d", buyer, got, paid, out.FeeCharged)
	}
	if again, err := w.relay.Submit(t.Context(), w.text(bump)); err != nil || again.State != relay.SubmissionDuplicate {
		t.Errorf("submitted twice: %+v, %v", again, err)
	}

	// What is open cannot be opened again, and with the number that is used it is not even tried. It is followed as every transaction is.
	again := w.sameAgain(tx)
	used, err := w.bumpOf(again).Sign(w.network, w.people["operator"])
	must(t, err)
	server, db := w.server(w.node)
	if sent, err := server.Submit(t.Context(), w.text(used)); err != nil || sent.State != relay.SubmissionPending {
		t.Fatalf("%+v, %v", sent, err)
	}
	if got := w.tracked(server, db, used, store.TransactionFailed); got.Problem != "invoke_host_function_trapped" || got.Account != w.people["buyer"].Address() || got.Action != "open" {
		t.Errorf("%+v", got)
	}
	if out, err := server.Transaction(t.Context(), used.Hash(w.network).String()); err != nil || out.State != relay.TransactionFailed || out.FeeCharged <= 0 || out.Failure == nil {
		t.Errorf("%+v, %v", out, err)
	}
	other, err := stellar.Bump(again, w.address("operator"), stellar.BumpFee(again)+1)
	must(t, err)
	if other, err = other.Sign(w.network, w.people["operator"]); err != nil {
		t.Fatal(err)
	}
	if sent, err := server.Submit(t.Context(), w.text(other)); err != nil || sent.State != relay.SubmissionRejected || sent.Code != "tx_bad_seq" {
		t.Errorf("a used sequence number: %+v, %v", sent, err)
	}
}

// Bids are told as the node tells them; one that nobody can make is the highest that somebody can.
func TestFeeStatistics(t *testing.T) {
	w := newWorld(t)
	if out, err := w.relay.Sponsor(t.Context(), relay.SponsorRequest{Call: "AAAA"}); !errors.Is(err, relay.ErrNotOffered) {
		t.Errorf("a server without an account that pays: %+v, %v", out, err)
	}
	fees, err := w.relay.FeeStats(t.Context())
	if want := (relay.FeeStats{Min: 100, P50: 100, P90: 100, P95: 100, P99: 100, Max: 100, Ledger: fees.Ledger}); err != nil || fees != want || fees.Ledger.Sequence != w.latest() || fees.Ledger.CloseTime == 0 {
		t.Errorf("of a network that nobody outbids anybody on: %+v, %v", fees, err)
	}
	busy, _ := w.server(w.behind(&refusing{fees: map[string]string{
		"min": "101", "mode": "7", "p10": "7", "p20": "7", "p30": "7", "p40": "7", "p50": "102", "p60": "7", "p70": "7", "p80": "7", "p90": "103", "p95": "104", "p99": "105",
		"max": "18446744073709551615", "transactionCount": "9",
	}}))
	fees, err = busy.FeeStats(t.Context())
	if want := (relay.FeeStats{Min: 101, P50: 102, P90: 103, P95: 104, P99: 105, Max: 4_294_967_295, Ledger: fees.Ledger}); err != nil || fees != want {
		t.Errorf("of a busy one: %+v, %v", fees, err)
	}
}
