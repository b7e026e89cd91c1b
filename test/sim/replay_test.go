package sim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sort"
	"strconv"
	"sync/atomic"

	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
)

// replay is a node that has a chain up to a ledger, the tip, which others move. It answers what an indexer asks, as Stellar RPC does.
type replay struct {
	chain   *chain
	perPage int // events, at most: nodes end a page where they like
	tip     atomic.Uint32
	step    uint32 // by so many ledgers the tip moves each time that somebody has read up to it
}

// grow moves the tip.
func (n *replay) grow(ledgers uint32) {
	n.tip.Store(min(n.tip.Load()+ledgers, n.chain.newest()))
}

// newReplay shows the whole chain.
func newReplay(c *chain, perPage int) *replay {
	n := &replay{chain: c, perPage: perPage}
	n.tip.Store(c.newest())
	return n
}

type refusal struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (n *replay) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var q struct {
		ID     json.RawMessage `json:"id"`
		Method string          `json:"method"`
		Params json.RawMessage `json:"params"`
	}
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	answer := map[string]any{"jsonrpc": "2.0", "id": q.ID}
	if result, refused := n.answer(q.Method, q.Params); refused != nil {
		answer["error"] = refused
	} else {
		answer["result"] = result
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer) // the test sees what came
}

func (n *replay) answer(method string, params json.RawMessage) (any, *refusal) {
	oldest, newest := n.chain.at(firstLedger), n.chain.at(n.tip.Load())
	switch method {
	case protocol.GetNetworkMethodName:
		return protocol.GetNetworkResponse{Passphrase: passphrase, ProtocolVersion: 27}, nil
	case protocol.GetHealthMethodName:
		return protocol.GetHealthResponse{Status: "healthy", LatestLedger: newest.info.Sequence, LatestLedgerCloseTime: newest.info.LedgerCloseTime,
			OldestLedger: oldest.info.Sequence, OldestLedgerCloseTime: oldest.info.LedgerCloseTime}, nil
	case protocol.GetLatestLedgerMethodName:
		return newest.latest, nil
	case protocol.GetLedgersMethodName:
		return n.getLedgers(params, oldest, newest)
	case protocol.GetEventsMethodName:
		return n.getEvents(params, oldest, newest)
	}
	return nil, &refusal{-32601, "method not found"}
}

func (n *replay) getLedgers(params json.RawMessage, oldest, newest *recorded) (any, *refusal) {
	var q protocol.GetLedgersRequest
	if err := json.Unmarshal(params, &q); err != nil {
		return nil, &refusal{-32602, err.Error()}
	}
	if err := q.Validate(200, protocol.LedgerSeqRange{FirstLedger: firstLedger, LastLedger: newest.info.Sequence}); err != nil {
		return nil, &refusal{-32600, err.Error()}
	}
	res := protocol.GetLedgersResponse{LatestLedger: newest.info.Sequence, LatestLedgerCloseTime: newest.info.LedgerCloseTime, OldestLedger: oldest.info.Sequence,
		OldestLedgerCloseTime: oldest.info.LedgerCloseTime}
	for seq := q.StartLedger; seq <= newest.info.Sequence && len(res.Ledgers) < int(q.Pagination.Limit); seq++ {
		res.Ledgers = append(res.Ledgers, n.chain.at(seq).info)
		res.Cursor = strconv.FormatUint(uint64(seq), 10)
	}
	return res, nil
}

// page is protocol.GetEventsResponse with events that are written already.
type page struct {
	Events                []json.RawMessage `json:"events"`
	Cursor                string            `json:"cursor"`
	LatestLedger          uint32            `json:"latestLedger"`
	OldestLedger          uint32            `json:"oldestLedger"`
	LatestLedgerCloseTime int64             `json:"latestLedgerCloseTime,string"`
	OldestLedgerCloseTime int64             `json:"oldestLedgerCloseTime,string"`
}

func (n *replay) getEvents(params json.RawMessage, oldest, newest *recorded) (any, *refusal) {
	var q protocol.GetEventsRequest
	if err := json.Unmarshal(params, &q); err != nil {
		return nil, &refusal{-32602, err.Error()}
	}
	if err := q.Valid(10_000); err != nil {
		return nil, &refusal{-32602, err.Error()}
	}
	start := protocol.Cursor{Ledger: q.StartLedger}
	if q.Pagination.Cursor != nil {
		start = *q.Pagination.Cursor
		start.Event++
	}
	last := newest.info.Sequence
	if start.Ledger < firstLedger || start.Ledger > last {
		return nil, &refusal{-32600, fmt.Sprintf("startLedger must be within the ledger range: %d - %d", firstLedger, last)}
	}
	var contracts []string
	for _, f := range q.Filters {
		contracts = append(contracts, f.ContractIDs...)
	}
	res := page{Events: []json.RawMessage{}, LatestLedger: last, LatestLedgerCloseTime: newest.info.LedgerCloseTime, OldestLedger: firstLedger, OldestLedgerCloseTime: oldest.info.LedgerCloseTime}
	most := min(n.perPage, int(q.Pagination.Limit))
	for seq := start.Ledger; seq <= last; seq++ {
		events := n.chain.at(seq).events
		i := sort.Search(len(events), func(i int) bool { return events[i].id.Cmp(start) >= 0 })
		for _, e := range events[i:] {
			if !slices.Contains(contracts, e.contract) {
				continue
			}
			if res.Events = append(res.Events, e.text); len(res.Events) == most {
				res.Cursor = e.id.String()
				return res, nil
			}
		}
	}
	end := protocol.MaxCursor
	end.Ledger = last
	res.Cursor = end.String()
	if n.step > 0 && len(res.Events) == 0 && q.Pagination.Cursor != nil && *q.Pagination.Cursor == end {
		n.grow(n.step)
	}
	return res, nil
}

// wire carries a client's calls to a handler in this process, at no time at all: worlds have a clock of their own.
type wire struct{ handler http.Handler }

// RoundTrip is part of http.RoundTripper. A handler that aborts cuts its body short.
func (w wire) RoundTrip(r *http.Request) (*http.Response, error) {
	rec := httptest.NewRecorder()
	ended := make(chan any, 1)
	go func() {
		defer func() { ended <- recover() }()
		w.handler.ServeHTTP(rec, r)
	}()
	select {
	case aborted := <-ended:
		if aborted == nil {
			return rec.Result(), nil
		}
		if aborted != http.ErrAbortHandler {
			panic(aborted)
		}
		if rec.Body.Len() == 0 {
			return nil, io.ErrUnexpectedEOF
		}
		res := rec.Result()
		res.Body = io.NopCloser(io.MultiReader(bytes.NewReader(rec.Body.Bytes()), broken{}))
		return res, nil
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
