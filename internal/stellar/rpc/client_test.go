package rpc_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

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
		{"a node that is busy", answer(refusal{-32001, "too many requests"}), nil, rpc.ErrUnavailable, "too many requests"},
		{"a question that makes no sense", answer(refusal{-32600, "startLedger must be positive"}), nil, rpc.ErrRefused, "must be positive"},
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
