package rpc_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

const passphrase = "Test SDF Network ; September 2015"

// node is a small server in the place of a Stellar RPC node: it answers each method with what a test says. What a real one answers is
// tested against localnet, in internal/indexer/relayserver.
type node struct {
	answers map[string]func(params json.RawMessage) any
	asked   atomic.Int32
}

// refusal is an answer that is a JSON-RPC error.
type refusal struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (n *node) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n.asked.Add(1)
	var q struct {
		ID     json.RawMessage `json:"id"`
		Method string          `json:"method"`
		Params json.RawMessage `json:"params"`
	}
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	answer, known := n.answers[q.Method]
	if !known {
		http.Error(w, "unexpected "+q.Method, http.StatusInternalServerError)
		return
	}
	reply := map[string]any{"jsonrpc": "2.0", "id": q.ID}
	switch a := answer(q.Params).(type) {
	case refusal:
		reply["error"] = a
	default:
		reply["result"] = a
	}
	_ = json.NewEncoder(w).Encode(reply)
}

func health(oldest, latest int) func(json.RawMessage) any {
	return func(json.RawMessage) any {
		return map[string]any{
			"status": "healthy", "oldestLedger": oldest, "latestLedger": latest,
			"oldestLedgerCloseTime": fmt.Sprint(1000 + oldest), "latestLedgerCloseTime": fmt.Sprint(1000 + latest),
		}
	}
}

func client(t *testing.T, handler http.Handler, change func(*rpc.Config)) *rpc.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	network, err := stellar.NewNetwork(passphrase)
	if err != nil {
		t.Fatal(err)
	}
	config := rpc.Config{URL: server.URL + "/v1/secret-key", Network: network}
	if change != nil {
		change(&config)
	}
	c, err := rpc.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestConfigs(t *testing.T) {
	network, err := stellar.NewNetwork(passphrase)
	if err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{"", "localhost:8000", "ftp://host", "http://", "http://user:hunter2@host:port\x7f"} {
		if _, err := rpc.New(rpc.Config{URL: url, Network: network}); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("URL %q: %v", url, err)
		}
	}
	if _, err := rpc.New(rpc.Config{URL: "http://host"}); err == nil {
		t.Error("no network, and no error")
	}
}

func TestKindsOfErrors(t *testing.T) {
	status := func(code int) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", code) })
	}
	answer := func(a any) http.Handler {
		return &node{answers: map[string]func(json.RawMessage) any{"getHealth": func(json.RawMessage) any { return a }}}
	}
	hang := func(arrived func()) http.Handler {
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { // reads the body, so that the server sees the client leave
			_, _ = io.Copy(io.Discard, r.Body)
			arrived()
			<-r.Context().Done()
		})
	}
	gone := func(c *rpc.Config) { c.URL = "http://127.0.0.1:1/v1/secret-key" }
	impatient := func(c *rpc.Config) { c.Timeout = 50 * time.Millisecond }
	for _, c := range []struct {
		name    string
		handler http.Handler
		change  func(*rpc.Config)
		want    error
		says    string
	}{
		{"nobody there", status(500), gone, rpc.ErrUnavailable, "getHealth of 127.0.0.1:1: "},
		{"a proxy's error", status(502), nil, rpc.ErrUnavailable, "502"},
		{"a page instead of an answer", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }), nil, rpc.ErrUnavailable, ""},
		{"too much", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, strings.Repeat(" ", 2000)) }),
			func(c *rpc.Config) { c.MaxBody = 1000 }, rpc.ErrUnavailable, "larger than"},
		{"no answer", hang(func() {}), impatient, rpc.ErrUnavailable, "no answer in time"},
		{"an unhealthy node", answer(map[string]any{"status": "catching up"}), nil, rpc.ErrUnavailable, `"catching up"`},
		{"a node with an inner error", answer(refusal{-32603, "database is down"}), nil, rpc.ErrUnavailable, "database is down"},
		{"a refusal", answer(refusal{-32602, "no such parameter"}), nil, rpc.ErrRefused, "no such parameter"},
	} {
		_, err := client(t, c.handler, c.change).Range(t.Context())
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "secret-key") {
			t.Errorf("%s: %v, want %v with %q", c.name, err, c.want, c.says)
		}
	}
	// The caller's own end is not the node's fault.
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if _, err := client(t, hang(cancel), nil).Range(ctx); !errors.Is(err, context.Canceled) || errors.Is(err, rpc.ErrUnavailable) {
		t.Errorf("cancelled: %v", err)
	}
	ok := client(t, &node{answers: map[string]func(json.RawMessage) any{"getHealth": health(5, 9)}}, func(c *rpc.Config) { c.MaxBody = 1000 })
	if r, err := ok.Range(t.Context()); err != nil || r.Oldest != (rpc.Ledger{Sequence: 5, CloseTime: 1005}) || r.Latest != (rpc.Ledger{Sequence: 9, CloseTime: 1009}) {
		t.Errorf("%+v, %v", r, err)
	}
}

// A call that hangs or fails does not disturb the others.
func TestCallsAreApart(t *testing.T) {
	calm := &node{answers: map[string]func(json.RawMessage) any{"getHealth": health(1, 2)}}
	var count atomic.Int32
	hangs := make(chan struct{})
	c := client(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if count.Add(1) == 1 { // the first one never gets an answer
			_, _ = io.Copy(io.Discard, r.Body)
			close(hangs)
			<-r.Context().Done()
			return
		}
		calm.ServeHTTP(w, r)
	}), nil)
	ctx, cancel := context.WithCancel(t.Context())
	hung := make(chan error, 1)
	go func() { _, err := c.Range(ctx); hung <- err }()
	<-hangs
	for range 20 {
		if _, err := c.Range(t.Context()); err != nil {
			t.Fatalf("while another call hangs: %v", err)
		}
	}
	cancel()
	if err := <-hung; !errors.Is(err, context.Canceled) {
		t.Errorf("the hung call: %v", err)
	}
}

func TestNetworkIsChecked(t *testing.T) {
	serving := func(name string) *rpc.Client {
		return client(t, &node{answers: map[string]func(json.RawMessage) any{"getNetwork": func(json.RawMessage) any {
			return map[string]any{"passphrase": name, "protocolVersion": 27}
		}}}, nil)
	}
	if v, err := serving(passphrase).CheckNetwork(t.Context()); err != nil || v != 27 {
		t.Errorf("version %d, %v", v, err)
	}
	if _, err := serving("Public Global Stellar Network ; September 2015").CheckNetwork(t.Context()); !errors.Is(err, rpc.ErrWrongNetwork) {
		t.Errorf("another network: %v", err)
	}
}

var followed = stellar.Address{Contract: true, Key: [32]byte{7}}

// endOf is the cursor behind everything of a ledger.
func endOf(ledger int64) string {
	return fmt.Sprintf("%019d-%010d", ledger<<32|math.MaxUint32, uint32(math.MaxUint32))
}

func TestEventPages(t *testing.T) {
	number := xdr.Uint32(5)
	value, err := stellar.Encode(xdr.ScVal{Type: xdr.ScValTypeScvU32, U32: &number})
	if err != nil {
		t.Fatal(err)
	}
	event := map[string]any{
		"type": "contract", "ledger": 8, "ledgerClosedAt": "2026-01-01T00:00:05Z", "contractId": followed.String(),
		"id": "0000000034359742464-0000000000", "operationIndex": 0, "transactionIndex": 1, "txHash": strings.Repeat("ab", 32),
		"topic": []string{value}, "value": value,
	}
	var asked []string
	page := func(params json.RawMessage) any {
		asked = append(asked, string(params))
		var q struct {
			StartLedger uint32
			Pagination  struct{ Cursor string }
		}
		if err := json.Unmarshal(params, &q); err != nil {
			return refusal{-32602, err.Error()}
		}
		// As the real node: the number of the ledger decides, however far into it a cursor is.
		if q.StartLedger == 5 || q.StartLedger == 4 || q.StartLedger == 12 || q.Pagination.Cursor == endOf(5) || q.Pagination.Cursor == endOf(4) {
			return refusal{-32600, "startLedger must be within the ledger range: 6 - 9"}
		}
		return map[string]any{
			"events": []any{event}, "cursor": endOf(9), "latestLedger": 9, "oldestLedger": 6,
			"latestLedgerCloseTime": "1009", "oldestLedgerCloseTime": "1006",
		}
	}
	c := client(t, &node{answers: map[string]func(json.RawMessage) any{"getEvents": page, "getHealth": health(6, 9)}}, nil)
	kept := rpc.Range{Oldest: rpc.Ledger{Sequence: 6, CloseTime: 1006}, Latest: rpc.Ledger{Sequence: 9, CloseTime: 1009}}
	contracts := []stellar.Address{followed}

	for name, from := range map[string]rpc.From{
		"from a ledger": {Ledger: 6}, "from a cursor": {Cursor: endOf(7)}, "from the end of the ledger before the oldest": {Cursor: endOf(5)},
	} {
		p, err := c.Events(t.Context(), from, contracts, 100)
		if err != nil || len(p.Events) != 1 || p.Cursor != endOf(9) || p.Kept != kept {
			t.Fatalf("%s: %+v, %v", name, p, err)
		}
		e := p.Events[0]
		if e.ID != event["id"] || e.Ledger != (rpc.Ledger{Sequence: 8, CloseTime: 1_767_225_605}) || e.Contract != followed || e.TxIndex != 1 ||
			e.Tx.String() != event["txHash"] || len(e.Event.Body.V0.Topics) != 1 || *e.Event.Body.V0.Data.U32 != 5 {
			t.Errorf("%s: %+v", name, e)
		}
	}
	for name, from := range map[string]rpc.From{"a ledger": {Ledger: 4}, "a ledger just gone": {Ledger: 5}, "a cursor": {Cursor: endOf(4)}} {
		var gap *rpc.GapError
		if p, err := c.Events(t.Context(), from, contracts, 100); !errors.As(err, &gap) || gap.Kept != kept || gap.Asked > 5 {
			t.Errorf("%s that is no longer kept: %+v, %v", name, p, err)
		}
	}
	if p, err := c.Events(t.Context(), rpc.From{Ledger: 12}, contracts, 100); err != nil || len(p.Events) != 0 || p.Cursor != "" || p.Kept != kept {
		t.Errorf("the future: %+v, %v", p, err)
	}

	// Twenty-five contracts are five filters of five; one more is refused here, as the node would.
	many := make([]stellar.Address, rpc.MaxContracts)
	for i := range many {
		many[i] = stellar.Address{Contract: true, Key: [32]byte{byte(i)}}
	}
	if _, err := c.Events(t.Context(), rpc.From{Ledger: 6}, many, 1); err != nil {
		t.Error(err)
	}
	if last := asked[len(asked)-1]; strings.Count(last, `"contractIds"`) != 5 || strings.Count(last, `"C`) != 25 || strings.Count(last, `"type":"contract"`) != 5 {
		t.Errorf("asked %s", last)
	}
	before := len(asked)
	for name, ask := range map[string]func() (rpc.EventPage, error){
		"too many contracts": func() (rpc.EventPage, error) {
			return c.Events(t.Context(), rpc.From{Ledger: 6}, append(many, followed), 1)
		},
		"no contract":      func() (rpc.EventPage, error) { return c.Events(t.Context(), rpc.From{Ledger: 6}, nil, 1) },
		"pages of nothing": func() (rpc.EventPage, error) { return c.Events(t.Context(), rpc.From{Ledger: 6}, contracts, 0) },
		"no cursor": func() (rpc.EventPage, error) {
			return c.Events(t.Context(), rpc.From{Cursor: "tomorrow"}, contracts, 1)
		},
	} {
		if p, err := ask(); !errors.Is(err, rpc.ErrRefused) {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
	if len(asked) != before {
		t.Error("the node was asked what it cannot answer")
	}
}

// An answer that is not what the protocol says is an error that names the part, never half a page.
func TestBrokenAnswers(t *testing.T) {
	good := func() map[string]any {
		return map[string]any{
			"type": "contract", "ledger": 8, "ledgerClosedAt": "2026-01-01T00:00:05Z", "contractId": followed.String(), "id": "x",
			"txHash": strings.Repeat("ab", 32), "topic": []string{}, "value": "AAAAAQ==",
		}
	}
	for name, value := range map[string]any{
		"ledgerClosedAt": "yesterday", "contractId": "M", "txHash": "ab", "value": "!!", "topic": []string{"AAAA"}, "ledger": -1,
	} {
		event := good()
		event[name] = value
		c := client(t, &node{answers: map[string]func(json.RawMessage) any{"getEvents": func(json.RawMessage) any {
			return map[string]any{"events": []any{good(), event}, "latestLedgerCloseTime": "0", "oldestLedgerCloseTime": "0"}
		}}}, nil)
		if p, err := c.Events(t.Context(), rpc.From{Ledger: 1}, []stellar.Address{followed}, 1); !errors.Is(err, rpc.ErrAnswer) || len(p.Events) != 0 {
			t.Errorf("%s = %v: %+v, %v", name, value, p, err)
		}
	}
	bad := client(t, &node{answers: map[string]func(json.RawMessage) any{
		"getLatestLedger": func(json.RawMessage) any { return map[string]any{"id": "no hash", "closeTime": "0"} },
		"getLedgerEntries": func(json.RawMessage) any {
			return map[string]any{"entries": []any{map[string]any{"key": "AAAA", "xdr": "AAAA"}}}
		},
	}}, nil)
	if _, _, err := bad.LatestHash(t.Context()); !errors.Is(err, rpc.ErrAnswer) {
		t.Errorf("latest ledger: %v", err)
	}
	if _, _, err := bad.Entries(t.Context(), stellar.InstanceKey(followed)); !errors.Is(err, rpc.ErrAnswer) {
		t.Errorf("entries: %v", err)
	}
}

func TestAwait(t *testing.T) {
	answers := func(list ...any) (*rpc.Client, *node) {
		n := &node{}
		n.answers = map[string]func(json.RawMessage) any{"getTransaction": func(json.RawMessage) any {
			i := min(int(n.asked.Load())-1, len(list)-1)
			return list[i]
		}}
		return client(t, n, nil), n
	}
	tx := func(status string, now int) any {
		return map[string]any{"status": status, "latestLedgerCloseTime": fmt.Sprint(now), "oldestLedgerCloseTime": "0", "createdAt": "0"}
	}
	const notAfter = 100
	c, n := answers(tx("NOT_FOUND", 99), refusal{-32603, "busy"}, tx("NOT_FOUND", 100), tx("SUCCESS", 101))
	if a, err := c.Await(t.Context(), stellar.Hash{1}, notAfter); err != nil || a.Status != "SUCCESS" || n.asked.Load() != 4 {
		t.Errorf("%s after %d questions, %v", a.Status, n.asked.Load(), err)
	}
	c, n = answers(tx("NOT_FOUND", 100), tx("NOT_FOUND", 101))
	if _, err := c.Await(t.Context(), stellar.Hash{1}, notAfter); !errors.Is(err, rpc.ErrExpired) || n.asked.Load() != 2 {
		t.Errorf("its time is over: %v after %d questions", err, n.asked.Load())
	}
	c, _ = answers(refusal{-32602, "not a hash"})
	if _, err := c.Await(t.Context(), stellar.Hash{1}, notAfter); !errors.Is(err, rpc.ErrRefused) {
		t.Errorf("refused: %v", err)
	}
	c, _ = answers(tx("NOT_FOUND", 1))
	ctx, cancel := context.WithTimeout(t.Context(), 80*time.Millisecond)
	defer cancel()
	if _, err := c.Await(ctx, stellar.Hash{1}, notAfter); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the caller's time is over: %v", err)
	}
}

// transport is a node without a network, for tests whose time is not the real one.
type transport func(method string) (any, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) {
	var q struct {
		ID     json.RawMessage `json:"id"`
		Method string          `json:"method"`
	}
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
		return nil, err
	}
	result, err := f(q.Method)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": q.ID, "result": result})
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: http.StatusOK, Request: r, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(bytes.NewReader(text))}, nil
}

// A node that is gone for good ends the wait, one that comes back in time does not.
func TestAwaitWithoutTheNode(t *testing.T) {
	network, err := stellar.NewNetwork(passphrase)
	if err != nil {
		t.Fatal(err)
	}
	await := func(answers func(after time.Duration) any) (took time.Duration, err error) {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			c, nerr := rpc.New(rpc.Config{URL: "http://node.invalid", Network: network, HTTP: transport(func(string) (any, error) {
				if a := answers(time.Since(start)); a != nil {
					return a, nil
				}
				return nil, errors.New("connection refused")
			})})
			if nerr != nil {
				t.Fatal(nerr)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			_, err = c.Await(ctx, stellar.Hash{0xfe}, 1<<40)
			took = time.Since(start)
		})
		return took, err
	}
	status := func(s string) any {
		return map[string]any{"status": s, "latestLedgerCloseTime": "100", "oldestLedgerCloseTime": "0", "createdAt": "0"}
	}
	const slack = 5 * time.Second // a pause between two questions, and some

	took, err := await(func(time.Duration) any { return nil })
	if !errors.Is(err, rpc.ErrUnavailable) || !strings.Contains(err.Error(), stellar.Hash{0xfe}.String()) || took < rpc.Unanswered || took > rpc.Unanswered+slack {
		t.Errorf("never there: %v after %s", err, took)
	}
	// Silence counts from the last answer.
	const last = 10 * time.Minute
	took, err = await(func(after time.Duration) any {
		if after > last {
			return nil
		}
		return status("NOT_FOUND")
	})
	if !errors.Is(err, rpc.ErrUnavailable) || took < last+rpc.Unanswered-slack || took > last+rpc.Unanswered+slack {
		t.Errorf("gone later: %v after %s", err, took)
	}
	took, err = await(func(after time.Duration) any {
		if after < rpc.Unanswered-slack {
			return nil
		}
		return status("SUCCESS")
	})
	if err != nil {
		t.Errorf("back in time: %v after %s", err, took)
	}
}
