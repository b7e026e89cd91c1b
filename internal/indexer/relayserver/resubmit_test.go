package relayserver_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/relayserver"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// refusing is the world's node as one that refuses every submission with a code.
type refusing struct {
	code    xdr.TransactionResultCode
	blind   bool   // it has not read the newest ledgers yet
	dead    bool   // it says nothing about transactions
	odd     string // it refuses questions about the transaction with this hash
	evicted bool   // it has put contracts away that were archived for long
	later   bool   // it takes no transaction now
	silent  bool   // it says nothing to a transaction
	fees    map[string]string
	through atomic.Bool // it takes every transaction
	node    http.Handler
}

// behind serves the world's network as the node tells it.
func (w *world) behind(node *refusing) *rpc.Client {
	w.t.Helper()
	target, err := url.Parse(w.url)
	must(w.t, err)
	node.node = httputil.NewSingleHostReverseProxy(target)
	front := httptest.NewServer(node)
	w.t.Cleanup(front.Close)
	client, err := rpc.New(rpc.Config{URL: front.URL, Network: w.network})
	must(w.t, err)
	return client
}

func (r *refusing) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var call struct {
		ID     json.RawMessage `json:"id"`
		Method string          `json:"method"`
		Params struct {
			Keys []string `json:"keys"`
			Hash string   `json:"hash"`
		} `json:"params"`
	}
	if err := json.Unmarshal(body, &call); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	answer := func(result map[string]any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"jsonrpc": "2.0", "id": call.ID, "result": result})
	}
	switch {
	case call.Method == "sendTransaction" && r.silent && !r.through.Load():
		http.Error(w, "out of order", http.StatusServiceUnavailable)
	case call.Method == "sendTransaction" && r.later && !r.through.Load():
		answer(map[string]any{"status": "TRY_AGAIN_LATER", "hash": "", "latestLedger": 7, "latestLedgerCloseTime": "7"})
	case call.Method == "sendTransaction" && !r.through.Load():
		text, err := xdr.MarshalBase64(xdr.TransactionResult{FeeCharged: 100, Result: xdr.TransactionResultResult{Code: r.code}})
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		answer(map[string]any{"status": "ERROR", "errorResultXdr": text, "hash": "", "latestLedger": 7, "latestLedgerCloseTime": "7"})
	case call.Method == "getFeeStats" && r.fees != nil:
		answer(map[string]any{"sorobanInclusionFee": r.fees, "inclusionFee": r.fees, "latestLedger": 7})
	case call.Method == "getTransaction" && r.odd != "" && call.Params.Hash == r.odd:
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"jsonrpc": "2.0", "id": call.ID, "error": map[string]any{"code": -32602, "message": "not here"}})
	case call.Method == "getTransaction" && r.dead:
		http.Error(w, "out of order", http.StatusServiceUnavailable)
	case call.Method == "getTransaction" && r.blind:
		answer(map[string]any{"status": "NOT_FOUND", "latestLedger": 7, "latestLedgerCloseTime": "7", "oldestLedger": 1, "oldestLedgerCloseTime": "1"})
	case call.Method == "getLedgerEntries" && r.evicted && instance(call.Params.Keys):
		answer(map[string]any{"entries": []any{}, "latestLedger": 7})
	default:
		req.Body = io.NopCloser(bytes.NewReader(body))
		r.node.ServeHTTP(w, req)
	}
}

func instance(keys []string) bool {
	var key xdr.LedgerKey
	return len(keys) == 1 && xdr.SafeUnmarshalBase64(keys[0], &key) == nil && key.ContractData != nil
}

// A node refuses what a ledger has already with tx_bad_seq. Who were told that it never will be included would pay a second time.
func TestWhatIsIncludedIsNotRejected(t *testing.T) {
	w := newWorld(t, "buyer", "seller", "arbitrator")
	tree := w.tree(escrow.CallOpen{Terms: w.terms(1), By: escrow.Buyer})
	tx, err := stellar.Invoke(w.from("buyer"), tree.Call)
	must(t, err)
	tx, err = w.complete(tx, tree, nil).Sign(w.network, w.people["buyer"])
	must(t, err)
	text, err := tx.Base64()
	must(t, err)
	hash := tx.Hash(w.network)

	node := &refusing{code: xdr.TransactionResultCodeTxBadSeq}
	client := w.behind(node)
	server, _ := w.server(client)
	submit := func(s *relayserver.Server) (relay.SubmissionState, string) {
		t.Helper()
		out, err := s.Submit(t.Context(), text)
		must(t, err)
		return out.State, out.Code
	}
	state := func(s *relayserver.Server) relay.TransactionState {
		t.Helper()
		out, err := s.Transaction(t.Context(), hash.String())
		must(t, err)
		return out.State
	}

	if got, code := submit(server); got != relay.SubmissionRejected || code != "tx_bad_seq" {
		t.Errorf("no ledger has it: %s %s", got, code)
	}
	if got := state(server); got != relay.TransactionNotFound {
		t.Errorf("rejected: %s", got)
	}

	sent, err := w.relay.Submit(t.Context(), text)
	must(t, err)
	if out := w.await(sent.Hash); out.State != relay.TransactionIncluded {
		t.Fatalf("%+v", out)
	}
	for _, code := range []xdr.TransactionResultCode{xdr.TransactionResultCodeTxBadSeq, xdr.TransactionResultCodeTxTooLate, xdr.TransactionResultCodeTxInsufficientFee} {
		node.code = code
		if got, code := submit(server); got != relay.SubmissionDuplicate || code != "" {
			t.Errorf("a ledger has it, and it is %s %s", got, code)
		}
	}
	if got := state(server); got != relay.TransactionIncluded {
		t.Errorf("after it was submitted again: %s", got)
	}

	node.dead = true
	if out, err := server.Submit(t.Context(), text); err == nil {
		t.Errorf("whether a ledger has it cannot be asked: %+v", out)
	}
	node.dead = false

	// The node judges by a ledger that it has not read yet: what was taken once is not given up.
	node.blind = true
	late, db := w.server(client)
	must(t, db.AddTransaction(t.Context(), w.stored(tx)))
	for _, c := range []struct {
		code xdr.TransactionResultCode
		want relay.SubmissionState
	}{
		{xdr.TransactionResultCodeTxBadSeq, relay.SubmissionDuplicate}, {xdr.TransactionResultCodeTxTooLate, relay.SubmissionDuplicate},
		{xdr.TransactionResultCodeTxInsufficientFee, relay.SubmissionRejected},
	} {
		node.code = c.code
		if got, code := submit(late); got != c.want {
			t.Errorf("taken before, refused with %s: %s %s", c.code, got, code)
		}
		if got := state(late); got != relay.TransactionPending {
			t.Errorf("taken before, refused with %s: then it is %s", c.code, got)
		}
	}
}
