package rpc_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// A node that keeps ledgers from 46 on answers to a cursor of ledger 45 with an empty page and its newest cursor. Where the cursor is at the
// end of that ledger nothing is missing yet: believing the page would lose ledgers 46 to 50.
func TestExpiredCursorAtTheBoundary(t *testing.T) {
	const end45, end46, end50 = "0000000197568495615-4294967295", "0000000201863462911-4294967295", "0000000219043332095-4294967295"
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		events, what := "", "cursor"
		if strings.Contains(string(body), `"startLedger":46`) {
			what = "startLedger"
			events = `{"type":"contract","ledger":46,"ledgerClosedAt":"2026-01-01T00:00:00Z","contractId":"CAAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQC526",` +
				`"id":"0000000197568499712-0000000000","txHash":"` + strings.Repeat("0", 64) + `","topic":["AAAAAQ=="],"value":"AAAAAQ=="}`
		}
		asked = append(asked, what)
		_, _ = fmt.Fprintf(w, `{"jsonrpc":"2.0","id":1,"result":{"events":[%s],"latestLedger":50,"oldestLedger":46,"cursor":"%s"}}`, events, end50)
	}))
	defer server.Close()
	network, err := stellar.NewNetwork("Test of cursors ; 2026")
	if err != nil {
		t.Fatal(err)
	}
	client, err := rpc.New(rpc.Config{URL: server.URL, Network: network})
	if err != nil {
		t.Fatal(err)
	}
	contracts := []stellar.Address{{Contract: true}}
	page, err := client.Events(t.Context(), rpc.From{Cursor: end45}, contracts, 10)
	if err != nil || len(page.Events) != 1 || page.Cursor != end50 || strings.Join(asked, " ") != "cursor startLedger" {
		t.Errorf("asked by %v: %+v, %v", asked, page, err)
	}
	// Elsewhere an empty page is one.
	for _, cursor := range []string{"0000000197568499712-0000000000", end46} {
		asked = nil
		if page, err := client.Events(t.Context(), rpc.From{Cursor: cursor}, contracts, 10); err != nil || len(page.Events) != 0 || len(asked) != 1 {
			t.Errorf("after %s asked by %v: %+v, %v", cursor, asked, page, err)
		}
	}
	if client.Host() != strings.TrimPrefix(server.URL, "http://") {
		t.Errorf("host %s", client.Host())
	}
}
