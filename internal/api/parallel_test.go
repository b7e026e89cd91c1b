package api_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/api"
)

// TestParallelOpensOfOneAccount: prepared at the same moment, all have the same sequence number. The network includes one; the others are told so, and can be
// prepared anew without doing anything twice.
func TestParallelOpensOfOneAccount(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a whole platform")
	}
	p := startPlatform(t)
	const many = 6
	var opens [many]api.OpenOut
	for i := range opens {
		opens[i] = ok[api.OpenOut](p, http.MethodPost, "/v1/trades", api.OpenIn{Terms: p.terms(), By: "buyer"})
		if opens[i].Prepared.Sequence != opens[0].Prepared.Sequence {
			t.Fatal("the sequence numbers differ: this test is about equal ones")
		}
	}
	type answer struct {
		status int
		tx     api.TransactionOut
		code   string
		detail string
		next   string
	}
	var answers [many]answer
	var all sync.WaitGroup
	for i, o := range opens {
		signed := api.SubmitIn{Transaction: o.Prepared.Transaction, Signatures: []api.SignatureIn{{Signer: p.address("buyer"), Signature: p.sign("buyer", o.Prepared.Hash)}}}
		all.Go(func() {
			status, got := call[struct {
				api.TransactionOut
				Code     string `json:"code"`
				Detail   string `json:"detail"`
				NextStep string `json:"next_step"`
			}](p, http.MethodPost, "/v1/transactions?wait=20", signed)
			answers[i] = answer{status, got.TransactionOut, got.Code, got.Detail, got.NextStep}
		})
	}
	all.Wait()
	projected := 0
	for i, a := range answers {
		switch {
		case a.status == http.StatusOK && a.tx.State == "projected":
			projected++
		case a.status == http.StatusOK && a.tx.State == "expired":
			if !a.tx.RetrySafe || a.tx.Error == nil || a.tx.Error.Code != "tx_bad_seq" || !strings.Contains(a.tx.Error.NextStep, "prepare the action again") {
				t.Errorf("%d: %+v, error %+v", i, a.tx, a.tx.Error)
			}
		case a.status == http.StatusConflict && a.code == "not-accepted":
			if !strings.Contains(a.detail, "tx_bad_seq") || !strings.Contains(a.next, "prepare it again") {
				t.Errorf("%d: %+v", i, a)
			}
		default:
			t.Errorf("%d: %+v", i, a)
		}
	}
	if projected != 1 {
		t.Errorf("%d of %d are projected", projected, many)
	}
	if trades := ok[api.TradesOut](p, http.MethodGet, "/v1/trades", nil).Trades; len(trades) != 1 {
		t.Errorf("%d trades are open", len(trades))
	}
}
