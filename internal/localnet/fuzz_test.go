package localnet_test

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/localnettest"
)

// Whatever is posted gets an answer in JSON, or none if it only tells; and the network stays healthy.
func FuzzJSONRPC(f *testing.F) {
	n := localnettest.Open(f, localnet.Options{})
	for _, call := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"getHealth"}`,
		`{"jsonrpc":"2.0","id":1,"method":"getNetwork","params":{}}`,
		`{"jsonrpc":"2.0","id":"a","method":"getEvents","params":{"startLedger":2,"filters":[{"type":"contract","topics":[["*","**"]]}],"pagination":{"limit":2}}}`,
		`{"jsonrpc":"2.0","id":1,"method":"getEvents","params":{"pagination":{"cursor":"0000000017179869184-0000000000"}}}`,
		`{"jsonrpc":"2.0","id":1,"method":"getLedgers","params":{"pagination":{"cursor":"3","limit":2}}}`,
		`{"jsonrpc":"2.0","id":1,"method":"getTransactions","params":{"pagination":{"cursor":"12884905984","limit":2}}}`,
		`{"jsonrpc":"2.0","id":1,"method":"getTransactions","params":{"startLedger":2}}`,
		`{"jsonrpc":"2.0","id":1,"method":"getTransaction","params":{"hash":"0000000000000000000000000000000000000000000000000000000000000000"}}`,
		`{"jsonrpc":"2.0","id":1,"method":"getLedgerEntries","params":{"keys":["AAAACAAAAAA="]}}`,
		`{"jsonrpc":"2.0","id":1,"method":"simulateTransaction","params":{"transaction":"AAAA","authMode":"record","resourceConfig":{"instructionLeeway":1}}}`,
		`{"jsonrpc":"2.0","id":1,"method":"advance","params":{"seconds":1}}`,
		`[{"jsonrpc":"2.0","id":1,"method":"getFeeStats"},{"jsonrpc":"2.0","id":2,"method":"getVersionInfo"}]`,
	} {
		f.Add([]byte(call))
	}
	handler := n.Handler()
	post := func(body []byte) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("POST", "/", bytes.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		handler.ServeHTTP(w, r)
		return w
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if w := post(body); w.Code == 500 || w.Code != 204 && !json.Valid(w.Body.Bytes()) {
			t.Errorf("%q was answered %d %q", body, w.Code, w.Body)
		} else if bytes.Contains(w.Body.Bytes(), []byte("panic")) {
			t.Errorf("%q: %s", body, w.Body)
		}
		if w := post([]byte(`{"jsonrpc":"2.0","id":1,"method":"getHealth"}`)); !bytes.Contains(w.Body.Bytes(), []byte(`"healthy"`)) {
			t.Errorf("after %q: %s", body, w.Body)
		}
	})
}
