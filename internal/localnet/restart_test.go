package localnet_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"
	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/xdr"
)

// lastRun is how many days pass after the last transaction.
const lastRun = 41

// A killed network that is started again gives the answers of before to the byte, about ledgers that were filled, about those that
// nobody had ever asked for, and wherever in a run of months they are; and they hang together.
func TestRestartChangesNoAnswer(t *testing.T) {
	dir := t.TempDir()
	kill, url := start(t, dir)
	for _, days := range []int{0, 30, 0, lastRun} {
		res, err := http.Get(url + "/friendbot?addr=" + keypair.MustRandom().Address())
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatal(res, err)
		}
		_ = res.Body.Close()
		advanceDays(t, url, days)
	}
	before := look(t, url)
	kill()
	_, url = start(t, dir)
	after := look(t, url)
	for what, want := range before {
		if got := after[what]; got != want {
			t.Errorf("%s: got %.300s, want %.300s", what, got, want)
		}
	}
	if len(after) != len(before) || len(before) < 20 {
		t.Errorf("%d answers, %d before", len(after), len(before))
	}
}

func advanceDays(t *testing.T, url string, days int) {
	t.Helper()
	status, answer := post(t, url+"/advance", fmt.Appendf(nil, `{"seconds":%d}`, days*86400))
	if status != http.StatusOK {
		t.Fatalf("advance: %d %s", status, answer)
	}
}

// look asks for all events and transactions, and for ledgers in many places.
func look(t *testing.T, url string) map[string]string {
	t.Helper()
	answers := map[string]string{}
	ask := func(method, params, list string, into any) (cursor string) {
		t.Helper()
		_, raw := post(t, url, fmt.Appendf(nil, `{"jsonrpc":"2.0","id":1,"method":%q,"params":%s}`, method, params))
		var answer struct{ Result map[string]json.RawMessage }
		if err := json.Unmarshal(raw, &answer); err != nil || answer.Result[list] == nil {
			t.Fatalf("%s %s: %s", method, params, raw)
		}
		answers[method+params] = string(answer.Result[list])
		if err := json.Unmarshal(answer.Result[list], into); err != nil {
			t.Fatal(err)
		}
		return strings.Trim(string(answer.Result["cursor"]), `"`)
	}

	var txs []protocol.TransactionInfo
	ask("getTransactions", `{"startLedger":2}`, "transactions", &txs)
	places := []uint32{2}
	for _, tx := range txs {
		places = append(places, tx.Ledger-1)
	}
	for n := uint32(1); n < 100; n *= 3 {
		places = append(places, n*4096-3, 30*24*720+n*4096)
	}
	for _, at := range places {
		var ledgers []protocol.LedgerInfo
		ask("getLedgers", fmt.Sprintf(`{"startLedger":%d,"pagination":{"limit":12}}`, max(at, 2)), "ledgers", &ledgers)
		var previous *xdr.LedgerHeaderHistoryEntry
		for _, info := range ledgers {
			var meta xdr.LedgerCloseMeta
			if err := xdr.SafeUnmarshalBase64(info.LedgerMetadata, &meta); err != nil {
				t.Fatal(err)
			}
			checkLedger(t, previous, meta, info)
			h := meta.LedgerHeaderHistoryEntry()
			previous = &h
		}
	}
	if len(txs) == 0 {
		t.Fatal("there are no transactions")
	}
	// Up to a page, of 10,000 ledgers, before the newest: the cursor behind that depends on when it is asked.
	end := txs[len(txs)-1].Ledger + lastRun*24*720 - 10_000
	count := 0
	params := `{"startLedger":2}`
	for range 200 {
		var events []protocol.EventInfo
		cursor := ask("getEvents", params, "events", &events)
		count += len(events)
		if at, err := protocol.ParseCursor(cursor); err != nil {
			t.Fatalf("getEvents %s: the cursor: %v", params, err)
		} else if at.Ledger >= end {
			break
		}
		params = fmt.Sprintf(`{"pagination":{"cursor":%q}}`, cursor)
	}
	if count < len(txs) || len(txs) < 6 {
		t.Errorf("%d events of %d transactions", count, len(txs))
	}
	return answers
}
