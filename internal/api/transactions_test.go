package api

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
)

// prepared is a release of the buyer's, ready to be signed.
func (c *client) prepared(id string) PreparedOut {
	c.t.Helper()
	return want[PreparedOut](c, http.StatusOK, http.MethodPost, "/v1/trades/"+id+"/actions/release", ActionIn{Milestone: index(0), Amount: "1"})
}

func signedBy(p PreparedOut, k *keypair.Full) SubmitIn {
	return SubmitIn{Transaction: p.Transaction, Signatures: []SignatureIn{{k.Address(), sign(k, p.Hash)}}}
}

func TestStatesOfATransaction(t *testing.T) {
	n := newModelNet()
	c := newClient(t, n)
	id := c.funded()
	state := func(hash string) TransactionOut {
		t.Helper()
		return want[TransactionOut](c, http.StatusOK, http.MethodGet, "/v1/transactions/"+hash, nil)
	}
	p := c.prepared(id)
	if got := state(p.Hash); got.State != statePrepared || !got.RetrySafe || got.Action != "release" || got.Trade != id || got.NextActions[0].Action != "sign" {
		t.Errorf("prepared: %+v", got)
	}
	n.lag = 1 // the projection is a ledger behind
	got := want[TransactionOut](c, http.StatusAccepted, http.MethodPost, "/v1/transactions", signedBy(p, key("buyer")))
	if got.State != stateIncluded || got.RetrySafe || got.Ledger == nil || got.FeeCharged != "43210" || got.FeeXLM != "0.0043210" || got.NextActions[0].Action != "wait" {
		t.Errorf("included: %+v", got)
	}
	n.lag = 0
	got = state(p.Hash)
	if got.State != stateProjected || got.RetrySafe || !strings.HasPrefix(got.NextActions[0].Path, "/v1/trades/"+id+"?min_ledger=") {
		t.Errorf("projected: %+v", got)
	}
	// The very same transaction again: nothing is done twice.
	changes := n.changes
	if again := want[TransactionOut](c, http.StatusOK, http.MethodPost, "/v1/transactions", signedBy(p, key("buyer"))); again.State != stateProjected || n.changes != changes {
		t.Errorf("submitted again: %+v", again)
	}

	failing := c.prepared(id)
	n.mu.Lock()
	tr := n.c.Trades[mustID(id)]
	tr.Stage = escrow.StageEnded // the trade ends in between, by a ghost
	n.c.Trades[mustID(id)] = tr
	n.mu.Unlock()
	got = want[TransactionOut](c, http.StatusOK, http.MethodPost, "/v1/transactions", signedBy(failing, key("buyer")))
	if got.State != stateFailed || !got.RetrySafe || got.Error == nil || got.Error.Contract == nil || got.Error.Contract.Name != "WrongStage" || got.Error.NextStep == "" {
		t.Errorf("failed: %+v", got)
	}
	n.mu.Lock()
	tr.Stage = escrow.StageFunded
	n.c.Trades[mustID(id)] = tr
	n.mu.Unlock()

	late := c.prepared(id)
	n.advance(601)
	if got := state(late.Hash); got.State != stateExpired || !got.RetrySafe || got.NextActions[1].Path != "/v1/trades/"+id+"/actions/release" {
		t.Errorf("expired: %+v", got)
	}
	if p := c.problem(http.StatusConflict, http.MethodPost, "/v1/transactions", signedBy(late, key("buyer"))); p.Code != "not-accepted" || !strings.Contains(p.Detail, "tx_too_late") || !strings.Contains(p.NextStep, "prepare it again") {
		t.Errorf("submitted late: %+v", p)
	}

	first, second := c.prepared(id), want[PreparedOut](c, http.StatusOK, http.MethodPost, "/v1/trades/"+id+"/actions/release", ActionIn{Milestone: index(0), Amount: "2"})
	c.finish(first, everybody())
	if p := c.problem(http.StatusConflict, http.MethodPost, "/v1/transactions", signedBy(second, key("buyer"))); !strings.Contains(p.Detail, "tx_bad_seq") || !strings.Contains(p.NextStep, "prepare it again") {
		t.Errorf("with a used sequence number: %+v", p)
	}
}

func mustID(text string) (id escrow.ID) {
	if err := id.UnmarshalText([]byte(text)); err != nil {
		panic(err)
	}
	return id
}

func TestSubmittingWithoutAnAnswer(t *testing.T) {
	n := newModelNet()
	c := newClient(t, n)
	p := c.prepared(c.funded())
	n.down = relay.ErrUnavailable
	got := c.problem(http.StatusServiceUnavailable, http.MethodPost, "/v1/transactions", signedBy(p, key("buyer")))
	if got.Retry == nil || !*got.Retry || !strings.Contains(got.Detail, p.Hash) || !strings.Contains(got.NextStep, "very same") {
		t.Errorf("%+v", got)
	}
}

// TestTwoTransactionsOfOneSequenceNumber: what waits for another one that uses its number can never be included, and is not said to be on its way.
func TestTwoTransactionsOfOneSequenceNumber(t *testing.T) {
	n := newModelNet()
	c := newClient(t, n)
	id := c.funded()
	first, second := c.prepared(id), want[PreparedOut](c, http.StatusOK, http.MethodPost, "/v1/trades/"+id+"/actions/release", ActionIn{Milestone: index(0), Amount: "2"})
	if first.Sequence != second.Sequence || first.Hash == second.Hash {
		t.Fatalf("sequence numbers %s and %s", first.Sequence, second.Sequence)
	}
	n.waits = true
	if out := want[TransactionOut](c, http.StatusAccepted, http.MethodPost, "/v1/transactions", signedBy(second, key("buyer"))); out.State != stateSubmitted || out.RetrySafe {
		t.Errorf("waits: %+v", out)
	}
	n.waits = false
	c.finish(first, everybody())
	out := want[TransactionOut](c, http.StatusOK, http.MethodGet, "/v1/transactions/"+second.Hash, nil)
	if out.State != stateExpired || !out.RetrySafe || out.Error == nil || out.Error.Code != "tx_bad_seq" || !strings.Contains(out.Error.Detail, second.Sequence) || out.NextActions[1].Action != "prepare" {
		t.Errorf("overtaken: %+v, %+v", out, out.Error)
	}
}

func TestMemoryForgetsTheOldest(t *testing.T) {
	m := NewMemory(2)
	for _, hash := range []string{"a", "b", "a", "c"} {
		if err := m.Put(t.Context(), Transaction{Hash: hash}); err != nil {
			t.Fatal(err)
		}
	}
	for hash, want := range map[string]bool{"a": false, "b": true, "c": true} {
		if _, ok, err := m.Get(t.Context(), hash); ok != want || err != nil {
			t.Errorf("%s is known: %v, %v", hash, ok, err)
		}
	}
}
