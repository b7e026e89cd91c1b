package rpc_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"
	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/toid"
)

// Who asks behind the newest transaction while no ledger has come after it is sent back to the beginning of its ledger, as by the real server
// (stellar-rpc, processTransactionsInLedger), and gets it again.
func TestCursorBehindTheNewestTransaction(t *testing.T) {
	n, s := serve(t)
	ask := func(params string) (r protocol.GetTransactionsResponse) {
		t.Helper()
		var a answered
		if err := json.Unmarshal(post(t, s, `{"jsonrpc":"2.0","id":1,"method":"getTransactions","params":`+params+`}`).Body.Bytes(), &a); err != nil || a.Error != nil {
			t.Fatalf("getTransactions %s: %v %+v", params, err, a.Error)
		}
		if err := json.Unmarshal(a.Result, &r); err != nil {
			t.Fatal(err)
		}
		return r
	}
	after := func(cursor string) protocol.GetTransactionsResponse {
		return ask(`{"pagination":{"cursor":"` + cursor + `"}}`)
	}
	for range 5 { // unless a ledger closes meanwhile
		if _, err := n.Fund(t.Context(), keypair.MustRandom().Address()); err != nil {
			t.Fatal(err)
		}
		last, err := n.Last()
		if err != nil {
			t.Fatal(err)
		}
		seq := last.Sequence()
		first := ask(fmt.Sprintf(`{"startLedger":%d}`, seq))
		second := after(first.Cursor)
		third := after(second.Cursor)
		if third.LatestLedger != seq {
			continue
		}
		if want := toid.New(int32(seq), 1, 1).String(); len(first.Transactions) != 1 || first.Cursor != want {
			t.Errorf("the newest ledger: %d transactions, cursor %s, want 1 and %s", len(first.Transactions), first.Cursor, want)
		}
		if want := toid.New(int32(seq), 0, 1).String(); len(second.Transactions) != 0 || second.Cursor != want {
			t.Errorf("behind its transaction: %d transactions, cursor %s, want 0 and %s", len(second.Transactions), second.Cursor, want)
		}
		if len(third.Transactions) != 1 || third.Cursor != first.Cursor {
			t.Errorf("on from there: %d transactions, cursor %s, want 1 and %s", len(third.Transactions), third.Cursor, first.Cursor)
		}
		return
	}
	t.Error("each time a ledger closed meanwhile: nothing was seen")
}
