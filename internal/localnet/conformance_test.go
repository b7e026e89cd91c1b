package localnet_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/strkey"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
)

func post(t *testing.T, url string, body []byte) (int, []byte) {
	t.Helper()
	res, err := http.Post(url, "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, answer
}

// A stranger with the SDK's client moves USDC by the asset contract: as the transaction's source, and by an authorisation entry that
// somebody else's transaction carries.
func TestTransferByRPCClient(t *testing.T) {
	n := open(t, localnet.Options{})
	s := newStranger(t, n)
	_, _, contract := n.USDC()
	usdc := scval.MustContract(contract)
	buyer, seller, other := s.holder(n, "100"), s.holder(n, ""), s.account()

	_, first := s.call(buyer, scval.Call(usdc, "transfer", scval.Address(accountAddress(buyer)), scval.Address(accountAddress(seller)), scval.I128(30_0000000)))
	_, second := s.call(other, scval.Call(usdc, "transfer", scval.Address(accountAddress(buyer)), scval.Address(accountAddress(seller)), scval.I128(12_0000000)), buyer)
	if b, sl := s.usdcBalance(n, buyer), s.usdcBalance(n, seller); b != 58_0000000 || sl != 42_0000000 {
		t.Errorf("balances of buyer and seller: got %d and %d, want 580000000 and 420000000", b, sl)
	}

	// The same entry cannot be used again, and nobody else can sign for the buyer.
	sim := s.simulate(other, scval.Call(usdc, "transfer", scval.Address(accountAddress(buyer)), scval.Address(accountAddress(seller)), scval.I128(1)))
	if sim.Error != "" || len(*sim.Results[0].AuthXDR) != 1 {
		t.Fatalf("simulate: %q, %v", sim.Error, sim.Results)
	}
	stolen := s.send(s.prepare(other, scval.Call(usdc, "transfer", scval.Address(accountAddress(buyer)), scval.Address(accountAddress(seller)), scval.I128(1))))
	if stolen.Status != protocol.TransactionStatusFailed {
		t.Errorf("a transfer that the buyer did not sign ended %s", stolen.Status)
	}

	// Both transfers are events, and paging one at a time finds the same.
	topic := []protocol.SegmentFilter{{ScVal: ptr(scval.Symbol("transfer"))}, {Wildcard: ptr("**")}}
	filters := []protocol.EventFilter{{ContractIDs: []string{contract}, Topics: []protocol.TopicFilter{topic}}}
	all, err := s.c.GetEvents(t.Context(), protocol.GetEventsRequest{StartLedger: 2, Filters: filters})
	if err != nil {
		t.Fatal(err)
	}
	var ids, txs []string
	for _, e := range all.Events {
		ids, txs = append(ids, e.ID), append(txs, e.TransactionHash)
	}
	if want := []string{first.TransactionHash, second.TransactionHash}; !slices.Equal(txs, want) {
		t.Errorf("transactions with transfer events: got %v, want %v", txs, want)
	}
	if !slices.Equal(ids, s.pages(filters)) {
		t.Errorf("paging one by one gave other events than %v", ids)
	}
}

// pages lists event ids one a page.
func (s *stranger) pages(filters []protocol.EventFilter) (ids []string) {
	s.t.Helper()
	q := protocol.GetEventsRequest{StartLedger: 2, Filters: filters, Pagination: &protocol.PaginationOptions{Limit: 1}}
	for range 50 {
		page, err := s.c.GetEvents(s.t.Context(), q)
		if err != nil {
			s.t.Fatal(err)
		}
		if len(page.Events) == 0 {
			return ids
		}
		ids = append(ids, page.Events[0].ID)
		cursor, err := protocol.ParseCursor(page.Cursor)
		if err != nil {
			s.t.Fatal(err)
		}
		q.StartLedger, q.Pagination.Cursor = 0, &cursor
	}
	s.t.Fatal("paging does not end")
	return nil
}

func ptr[T any](v T) *T { return &v }

// The host's test contract, through every way a call can end.
func TestContractByRPCClient(t *testing.T) {
	n := open(t, localnet.Options{})
	s := newStranger(t, n)
	owner := s.account()
	probe := s.probe(owner)

	if v, _ := s.call(owner, scval.Call(probe, "count", scval.Address(accountAddress(owner)))); v.U32 == nil || *v.U32 != 41 {
		t.Errorf("count: got %v, want 41", v)
	}
	for _, c := range []struct {
		name, want string
		fn         xdr.HostFunction
	}{
		{"refuses", "HostError: Error(Contract, #7)\n\nEvent log (newest first):\n   0: [Diagnostic Event] ", scval.Call(probe, "refuse")},
		{"panics", "HostError: Error(WasmVm, InvalidAction)\n", scval.Call(probe, "panics")},
		{"loops", "HostError: Error(Budget, ExceededLimit)\n", scval.Call(probe, "spin", scval.U32(1<<31))},
		{"eats memory", "HostError: Error(Budget, ExceededLimit)\n", scval.Call(probe, "hoard", scval.U32(30))},
		{"is not there", "HostError: Error(Storage, MissingValue)\n", scval.Call(scval.MustContract(strkey.MustEncode(strkey.VersionByteContract, make([]byte, 32))), "x")},
	} {
		t.Run(c.name, func(t *testing.T) {
			sim := s.simulate(owner, c.fn)
			if !strings.HasPrefix(sim.Error, c.want) {
				t.Errorf("simulate: got %q, want prefix %q", sim.Error, c.want)
			}
			// A spent budget leaves nothing for diagnostics.
			spent := strings.Contains(c.want, "Budget")
			if (len(sim.EventsXDR) == 0) != spent || sim.TransactionDataXDR != "" || sim.MinResourceFee != 0 {
				t.Errorf("a failed simulation has %d events, data %q, fee %d", len(sim.EventsXDR), sim.TransactionDataXDR, sim.MinResourceFee)
			}
		})
	}
	if v, _ := s.call(owner, scval.Call(probe, "count", scval.Address(accountAddress(owner)))); *v.U32 != 42 {
		t.Errorf("count after all that: got %v, want 42", v)
	}
}

// All ledgers, empty ones too, hang together by their hashes, and hold the sets and results that their headers name.
func TestLedgersAreAChain(t *testing.T) {
	n := open(t, localnet.Options{})
	s := newStranger(t, n)
	s.account()
	if _, err := n.Advance(11 * time.Minute); err != nil {
		t.Fatal(err)
	}
	s.account()
	latest, err := s.c.GetLatestLedger(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var previous *xdr.LedgerHeaderHistoryEntry
	next, count := &protocol.LedgerPaginationOptions{Limit: 7}, 0
	start := uint32(2)
	for {
		page, err := s.c.GetLedgers(t.Context(), protocol.GetLedgersRequest{StartLedger: start, Pagination: next})
		if err != nil {
			t.Fatal(err)
		}
		for _, info := range page.Ledgers {
			var meta xdr.LedgerCloseMeta
			if err := xdr.SafeUnmarshalBase64(info.LedgerMetadata, &meta); err != nil {
				t.Fatal(err)
			}
			checkLedger(t, previous, meta, info)
			h := meta.LedgerHeaderHistoryEntry()
			previous = &h
			count++
		}
		if previous.Header.LedgerSeq >= xdr.Uint32(latest.Sequence) {
			break
		}
		start, next = 0, &protocol.LedgerPaginationOptions{Limit: 7, Cursor: page.Cursor}
	}
	if count != int(latest.Sequence)-1 || count < 11*60/5 {
		t.Errorf("read %d ledgers up to %d", count, latest.Sequence)
	}
	if previous.Hash.HexString() != latest.Hash {
		t.Errorf("the last ledger's hash: got %s, want %s", previous.Hash.HexString(), latest.Hash)
	}
}

func checkLedger(t *testing.T, previous *xdr.LedgerHeaderHistoryEntry, meta xdr.LedgerCloseMeta, info protocol.LedgerInfo) {
	t.Helper()
	h := meta.LedgerHeaderHistoryEntry()
	seq := h.Header.LedgerSeq
	var listed xdr.LedgerHeaderHistoryEntry
	if err := xdr.SafeUnmarshalBase64(info.LedgerHeader, &listed); err != nil || listed.Hash != h.Hash {
		t.Errorf("ledger %d: the listed header has hash %x, want %x: %v", seq, listed.Hash, h.Hash, err)
	}
	if info.Hash != h.Hash.HexString() {
		t.Errorf("ledger %d: hash %x, listed as %s", seq, h.Hash, info.Hash)
	}
	checkHashes(t, meta)
	if previous == nil {
		return
	}
	if h.Header.PreviousLedgerHash != previous.Hash || seq != previous.Header.LedgerSeq+1 {
		t.Errorf("ledger %d does not follow %d", seq, previous.Header.LedgerSeq)
	}
	if h.Header.ScpValue.CloseTime <= previous.Header.ScpValue.CloseTime {
		t.Errorf("ledger %d closed at %d, the one before at %d", seq, h.Header.ScpValue.CloseTime, previous.Header.ScpValue.CloseTime)
	}
}

// Requests that no client should send get an answer that names what is wrong, and do no harm.
func TestBadRequests(t *testing.T) {
	n := open(t, localnet.Options{})
	s := newStranger(t, n)
	call := func(method string, params any) []byte {
		body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
		if err != nil {
			t.Fatal(err)
		}
		return body
	}
	for _, c := range []struct {
		name   string
		body   []byte
		status int
		want   string
	}{
		{"unknown method", call("getMoney", nil), 200, `"code":-32601`},
		{"parameters as a list", call("getTransaction", []string{"x"}), 200, `"code":-32602`},
		{"no XDR", call("sendTransaction", map[string]string{"transaction": "AAAA"}), 200, `"message":"invalid_xdr"`},
		{"format", call("sendTransaction", map[string]string{"transaction": "AAAA", "xdrFormat": "json"}), 200, "xdrFormat 'json' is not available"},
		{"unknown format", call("getTransaction", map[string]string{"hash": "00", "xdrFormat": "yaml"}), 200, "expected base64, json for optional 'xdrFormat'"},
		{"short hash", call("getTransaction", map[string]string{"hash": "00"}), 200, "unexpected hash length (2)"},
		{"ledger of the future", call("getEvents", map[string]any{"startLedger": 1000000}), 200, "startLedger must be within the ledger range: 2 - "},
		{"ledger 1", call("getLedgers", map[string]any{"startLedger": 1}), 200, "start ledger (1) must be between the oldest ledger: 2 and the latest ledger"},
		{"format once", call("getLedgers", map[string]any{"startLedger": 2, "xdrFormat": "xml"}), 200, `"message":"got 'xml': expected base64, json for optional 'xdrFormat'"`},
		{"format of a list", call("getTransactions", map[string]any{"startLedger": 2, "xdrFormat": "json"}), 200, "xdrFormat 'json' is not available"},
		{"transactions before the first ledger", call("getTransactions", map[string]any{"pagination": map[string]any{"cursor": "0"}}), 200,
			`"code":-32602,"message":"database does not contain metadata for ledger: 0"`},
		{"transactions of the future", call("getTransactions", map[string]any{"pagination": map[string]any{"cursor": "4294967296000000"}}), 200, `"transactions":[],`},
		{"transactions of the future, and on", call("getTransactions", map[string]any{"pagination": map[string]any{"cursor": "4294967296000000"}}), 200, `"cursor":"0"`},
		{"too many events", call("getEvents", map[string]any{"startLedger": 2, "pagination": map[string]any{"limit": 10001}}), 200, "limit must not exceed 10000"},
		{"cursor", call("getEvents", map[string]any{"pagination": map[string]any{"cursor": "1"}}), 200, "invalid event id 1"},
		{"no key", call("getLedgerEntries", map[string]any{"keys": []string{"AAAA"}}), 200, "cannot unmarshal key value AAAA at index 0"},
		{"too many keys", call("getLedgerEntries", map[string]any{"keys": make([]string, 201)}), 200, "key count (201) exceeds maximum supported (200)"},
		{"backwards", call("advance", map[string]any{"seconds": -1}), 200, "the clock does not go back"},
		{"too far", call("advance", map[string]any{"seconds": int64(1) << 62}), 200, "seconds must be between"},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, answer := s.post(c.body)
			if status != c.status || !strings.Contains(string(answer), c.want) {
				t.Errorf("got %d %s, want %d with %q", status, answer, c.status, c.want)
			}
		})
	}
	if _, err := s.c.GetHealth(t.Context()); err != nil {
		t.Errorf("health after all that: %v", err)
	}
}
