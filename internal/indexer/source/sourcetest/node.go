package sourcetest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"time"

	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// Node answers as a Stellar RPC server does about ledgers that it is given, or as one should not. It is an http.Handler, and also an
// http.RoundTripper that is its own network, for tests whose clock is not the real one.
type Node struct {
	Passphrase string
	// Fault says what becomes of the answer to a call; nil, and a zero Fault, change nothing.
	Fault func(method string) Fault

	mu      sync.Mutex
	ledgers []xdr.LedgerCloseMeta
	events  []rpc.Event
	oldest  uint32 // 0: all
	calls   map[string]int
}

// Fault is what goes wrong with one answer.
type Fault struct {
	Delay    time.Duration // before it
	Code     int           // of a JSON-RPC error instead of it
	Message  string
	Status   int // of HTTP
	Cut      int // bytes after which the connection ends; the whole was announced
	Truncate int // bytes of it, which are all that is announced
	// Gap makes getEvents answer 200 and an empty page to a cursor that is older than what is kept.
	Gap bool
	// Change is given the result to change it.
	Change func(result any) any
}

// Add closes ledgers.
func (n *Node) Add(metas ...xdr.LedgerCloseMeta) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, m := range metas {
		n.ledgers = append(n.ledgers, m)
		n.events = append(n.events, Reference(m)...)
	}
}

// Forget drops the ledgers before one.
func (n *Node) Forget(before uint32) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.oldest = before
}

// Replace gives the node another history, as a reset or a fork does.
func (n *Node) Replace(metas ...xdr.LedgerCloseMeta) {
	n.mu.Lock()
	n.ledgers, n.events = nil, nil
	n.mu.Unlock()
	n.Add(metas...)
}

// Calls is how often a method was called.
func (n *Node) Calls(method string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.calls[method]
}

// RoundTrip answers a request at once, in its caller's goroutine; a delay is a timer's.
func (n *Node) RoundTrip(req *http.Request) (*http.Response, error) {
	rec := httptest.NewRecorder()
	ended := make(chan any, 1)
	go func() {
		defer func() { ended <- recover() }()
		n.ServeHTTP(rec, req)
	}()
	select {
	case r := <-ended:
		if r != nil {
			return nil, io.ErrUnexpectedEOF // http.ErrAbortHandler
		}
		return rec.Result(), nil
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
}

// ServeHTTP answers one call of JSON-RPC.
func (n *Node) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var q struct {
		ID     json.RawMessage `json:"id"`
		Method string          `json:"method"`
		Params json.RawMessage `json:"params"`
	}
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(body, &q)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	n.mu.Lock()
	if n.calls == nil {
		n.calls = map[string]int{}
	}
	n.calls[q.Method]++
	n.mu.Unlock()
	var f Fault
	if n.Fault != nil {
		f = n.Fault(q.Method)
	}
	if f.Delay > 0 {
		select {
		case <-time.After(f.Delay):
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		}
	}
	if f.Status != 0 {
		http.Error(w, "as told", f.Status)
		return
	}
	answer := map[string]any{"jsonrpc": "2.0", "id": q.ID}
	result, refused := n.answer(q.Method, q.Params, f.Gap)
	if f.Code != 0 {
		refused = &refusal{f.Code, f.Message}
	}
	switch {
	case refused != nil:
		answer["error"] = refused
	case f.Change != nil:
		answer["result"] = f.Change(result)
	default:
		answer["result"] = result
	}
	text, err := json.Marshal(answer)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", fmt.Sprint(len(text)))
	switch {
	case f.Cut > 0:
		_, _ = w.Write(text[:min(f.Cut, len(text))])
		panic(http.ErrAbortHandler)
	case f.Truncate > 0:
		text = text[:min(f.Truncate, len(text))]
		w.Header().Set("Content-Length", fmt.Sprint(len(text)))
	}
	_, _ = io.Copy(w, bytes.NewReader(text)) // the test sees what came
}

// refusal is an error of JSON-RPC.
type refusal struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func invalid(code int, err error) *refusal { return &refusal{code, err.Error()} }

const (
	invalidRequest = -32600
	invalidParams  = -32602
	noSuchMethod   = -32601
	scanLedgers    = 10_000
)

// kept is what the node keeps.
func (n *Node) kept() (first, last xdr.LedgerCloseMeta, err error) {
	if len(n.ledgers) == 0 {
		return first, last, errors.New("data stores are not initialized: no ledgers")
	}
	first, last = n.ledgers[0], n.ledgers[len(n.ledgers)-1]
	for _, l := range n.ledgers {
		if l.LedgerSequence() == n.oldest {
			first = l
		}
	}
	return first, last, nil
}

func (n *Node) answer(method string, params json.RawMessage, gap bool) (any, *refusal) {
	n.mu.Lock()
	defer n.mu.Unlock()
	first, last, err := n.kept()
	if err != nil && method != protocol.GetNetworkMethodName {
		return nil, invalid(-32603, err)
	}
	switch method {
	case protocol.GetNetworkMethodName:
		res := protocol.GetNetworkResponse{Passphrase: n.Passphrase}
		if err == nil {
			res.ProtocolVersion = int(last.ProtocolVersion())
		}
		return res, nil
	case protocol.GetHealthMethodName:
		return protocol.GetHealthResponse{Status: "healthy", LatestLedger: last.LedgerSequence(), LatestLedgerCloseTime: last.LedgerCloseTime(),
			OldestLedger: first.LedgerSequence(), OldestLedgerCloseTime: first.LedgerCloseTime()}, nil
	case protocol.GetLatestLedgerMethodName:
		return protocol.GetLatestLedgerResponse{Hash: last.LedgerHash().HexString(), Sequence: last.LedgerSequence(), LedgerCloseTime: last.LedgerCloseTime()}, nil
	case protocol.GetLedgersMethodName:
		return n.getLedgers(params, first, last)
	case protocol.GetEventsMethodName:
		return n.getEvents(params, first, last, gap)
	}
	return nil, &refusal{noSuchMethod, "method not found"}
}

func (n *Node) getLedgers(params json.RawMessage, first, last xdr.LedgerCloseMeta) (any, *refusal) {
	var q protocol.GetLedgersRequest
	if err := json.Unmarshal(params, &q); err != nil {
		return nil, invalid(invalidParams, err)
	}
	kept := protocol.LedgerSeqRange{FirstLedger: first.LedgerSequence(), LastLedger: last.LedgerSequence()}
	if err := q.Validate(200, kept); err != nil {
		return nil, invalid(invalidRequest, err)
	}
	res := protocol.GetLedgersResponse{LatestLedger: kept.LastLedger, LatestLedgerCloseTime: last.LedgerCloseTime(), OldestLedger: kept.FirstLedger,
		OldestLedgerCloseTime: first.LedgerCloseTime()}
	for _, l := range n.ledgers {
		if l.LedgerSequence() >= q.StartLedger && len(res.Ledgers) < int(q.Pagination.Limit) {
			raw, err := xdr.MarshalBase64(l)
			if err != nil {
				return nil, invalid(-32603, err)
			}
			res.Ledgers = append(res.Ledgers, protocol.LedgerInfo{Hash: l.LedgerHash().HexString(), Sequence: l.LedgerSequence(),
				LedgerCloseTime: l.LedgerCloseTime(), LedgerMetadata: raw})
		}
	}
	return res, nil
}

func (n *Node) getEvents(params json.RawMessage, first, last xdr.LedgerCloseMeta, gap bool) (any, *refusal) {
	var q protocol.GetEventsRequest
	if err := json.Unmarshal(params, &q); err != nil {
		return nil, invalid(invalidParams, err)
	}
	if err := q.Valid(10_000); err != nil {
		return nil, invalid(invalidParams, err)
	}
	start := protocol.Cursor{Ledger: q.StartLedger}
	if q.Pagination.Cursor != nil {
		start = *q.Pagination.Cursor
		start.Event++
	}
	res := protocol.GetEventsResponse{Events: []protocol.EventInfo{}, LatestLedger: last.LedgerSequence(), LatestLedgerCloseTime: last.LedgerCloseTime(),
		OldestLedger: first.LedgerSequence(), OldestLedgerCloseTime: first.LedgerCloseTime()}
	end := min(start.Ledger+scanLedgers, res.LatestLedger+1)
	switch {
	case start.Ledger < res.OldestLedger && gap:
		res.Cursor = endOf(res.LatestLedger)
		return res, nil
	case start.Ledger < res.OldestLedger || start.Ledger > res.LatestLedger:
		return nil, invalid(invalidRequest, fmt.Errorf("startLedger must be within the ledger range: %d - %d", res.OldestLedger, res.LatestLedger))
	}
	i, _ := slices.BinarySearchFunc(n.events, start.String(), func(e rpc.Event, at string) int { return strings.Compare(e.ID, at) })
	for _, e := range n.events[i:] {
		if e.Ledger.Sequence >= end {
			break
		}
		if !q.Matches(xdr.DiagnosticEvent{Event: e.Event}) {
			continue
		}
		info, err := eventInfo(e)
		if err != nil {
			return nil, invalid(-32603, err)
		}
		if res.Events = append(res.Events, info); len(res.Events) == int(q.Pagination.Limit) {
			res.Cursor = e.ID
			return res, nil
		}
	}
	res.Cursor = endOf(end - 1)
	return res, nil
}

func endOf(ledger uint32) string {
	c := protocol.MaxCursor
	c.Ledger = ledger
	return c.String()
}

func eventInfo(e rpc.Event) (protocol.EventInfo, error) {
	info := protocol.EventInfo{EventType: protocol.EventTypeContract, Ledger: int32(e.Ledger.Sequence), ID: e.ID, ContractID: e.Contract.String(),
		LedgerClosedAt: time.Unix(int64(e.Ledger.CloseTime), 0).UTC().Format(time.RFC3339), OpIndex: e.OpIndex, TxIndex: e.TxIndex, TransactionHash: e.Tx.String()}
	for _, topic := range e.Event.Body.V0.Topics {
		text, err := xdr.MarshalBase64(topic)
		if err != nil {
			return info, err
		}
		info.TopicXDR = append(info.TopicXDR, text)
	}
	var err error
	info.ValueXDR, err = xdr.MarshalBase64(e.Event.Body.V0.Data)
	return info, err
}
