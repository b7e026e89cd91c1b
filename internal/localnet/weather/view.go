package weather

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/toid"
	"github.com/stellar/go-stellar-sdk/xdr"
)

// view is what a node that is not as it should be has of its ledgers, for one call: from oldest to newest, both included.
type view struct {
	w       *Weather
	r       *http.Request
	changed bool // otherwise the node answers for itself
	oldest  uint32
	newest  uint32
	fork    *fork // nil: it has the ledgers that the node has
}

// ledger is one and its close time.
type ledger struct {
	Sequence  uint32
	CloseTime int64
}

// viewOf works out what the node has for this call.
func (w *Weather) viewOf(r *http.Request, f *forecast) (*view, error) {
	v := &view{w: w, r: r}
	w.mu.Lock()
	due := w.forget || w.parts != nil
	v.fork = w.forked
	v.changed = due || f.behind > 0 || w.oldest > 0 || w.config.Keep > 0 || v.fork != nil
	w.mu.Unlock()
	if !v.changed {
		return v, nil
	}
	var health protocol.GetHealthResponse
	if err := w.ask(r, protocol.GetHealthMethodName, struct{}{}, &health); err != nil {
		return nil, err
	}
	v.know(health.OldestLedger, health.OldestLedgerCloseTime)
	v.know(health.LatestLedger, health.LatestLedgerCloseTime)
	behind := min(f.behind, health.LatestLedger-health.OldestLedger)
	v.oldest, v.newest = health.OldestLedger, health.LatestLedger-behind
	w.mu.Lock()
	defer w.mu.Unlock()
	if behind > 0 {
		w.seen[Behind]++
	}
	if w.forget {
		w.forget, w.oldest = false, v.newest
		w.seen[Forgotten]++
	}
	if p := w.parts; p != nil {
		if w.parts = nil; w.forked == nil {
			w.forked = newFork(p.seed, v.newest-min(p.ledgers, v.newest-health.OldestLedger))
			w.seen[Forked]++
		}
	}
	v.fork = w.forked
	if keep := w.config.Keep; keep > 0 && v.newest >= keep {
		v.oldest = max(v.oldest, v.newest-keep+1)
	}
	v.oldest = min(max(v.oldest, w.oldest), v.newest)
	return v, nil
}

// maxKnown is how many close times are remembered.
const maxKnown = 1 << 16

// know remembers when a ledger closed: that never changes.
func (v *view) know(seq uint32, closeTime int64) {
	v.w.mu.Lock()
	defer v.w.mu.Unlock()
	if len(v.w.times) >= maxKnown {
		clear(v.w.times)
	}
	v.w.times[seq] = closeTime
}

// find is a ledger of the node's.
func (v *view) find(seq uint32) (ledger, error) {
	v.w.mu.Lock()
	at, ok := v.w.times[seq]
	v.w.mu.Unlock()
	if ok {
		return ledger{seq, at}, nil
	}
	info, err := v.info(seq)
	if err != nil {
		return ledger{}, err
	}
	v.know(seq, info.LedgerCloseTime)
	return ledger{seq, info.LedgerCloseTime}, nil
}

// info is what the node says of one ledger.
func (v *view) info(seq uint32) (protocol.LedgerInfo, error) {
	var res protocol.GetLedgersResponse
	q := protocol.GetLedgersRequest{StartLedger: seq, Pagination: &protocol.LedgerPaginationOptions{Limit: 1}}
	if err := v.w.ask(v.r, protocol.GetLedgersMethodName, q, &res); err != nil {
		return protocol.LedgerInfo{}, err
	}
	if len(res.Ledgers) != 1 {
		return protocol.LedgerInfo{}, fmt.Errorf("the node does not give ledger %d, which it has", seq)
	}
	return res.Ledgers[0], nil
}

// ends are the oldest ledger and the newest.
func (v *view) ends() (oldest, newest ledger, err error) {
	if oldest, err = v.find(v.oldest); err == nil {
		newest, err = v.find(v.newest)
	}
	return oldest, newest, err
}

// latest is the newest ledger, whether the view is changed or not.
func (v *view) latest() (ledger, error) {
	if v.changed {
		return v.find(v.newest)
	}
	var health protocol.GetHealthResponse
	err := v.w.ask(v.r, protocol.GetHealthMethodName, struct{}{}, &health)
	return ledger{health.LatestLedger, health.LatestLedgerCloseTime}, err
}

func (v *view) kept() protocol.LedgerSeqRange {
	return protocol.LedgerSeqRange{FirstLedger: v.oldest, LastLedger: v.newest}
}

func (v *view) has(seq uint32) bool { return seq >= v.oldest && seq <= v.newest }

func (v *view) getHealth(c call) (json.RawMessage, error) {
	var res protocol.GetHealthResponse
	if err := v.w.ask(v.r, c.Method, struct{}{}, &res); err != nil {
		return nil, err
	}
	oldest, newest, err := v.ends()
	res.OldestLedger, res.OldestLedgerCloseTime = oldest.Sequence, oldest.CloseTime
	res.LatestLedger, res.LatestLedgerCloseTime = newest.Sequence, newest.CloseTime
	return encode(res, err)
}

func (v *view) getLatestLedger() (json.RawMessage, error) {
	info, err := v.info(v.newest)
	if err != nil {
		return nil, err
	}
	if err := v.fork.rewrite(v, &info); err != nil {
		return nil, err
	}
	var entry xdr.LedgerHeaderHistoryEntry
	if err := xdr.SafeUnmarshalBase64(info.LedgerHeader, &entry); err != nil {
		return nil, err
	}
	header, err := xdr.MarshalBase64(entry.Header)
	return encode(protocol.GetLatestLedgerResponse{
		Hash: info.Hash, ProtocolVersion: uint32(entry.Header.LedgerVersion), Sequence: info.Sequence, LedgerCloseTime: info.LedgerCloseTime, LedgerHeader: header, LedgerMetadata: info.LedgerMetadata,
	}, err)
}

// The bounds that a node checks before it looks for anything.
const maxLedgers, maxTransactions = 200, 200

func (v *view) getLedgers(c call) (json.RawMessage, error) {
	var q protocol.GetLedgersRequest
	if err := json.Unmarshal(c.Params, &q); err != nil {
		return nil, invalid(err)
	}
	err := q.Validate(maxLedgers, v.kept())
	if q.Pagination != nil && q.Pagination.Cursor != "" {
		after, perr := strconv.ParseUint(q.Pagination.Cursor, 10, 32)
		if perr == nil && !v.has(uint32(after)+1) {
			err = fmt.Errorf("cursor ('%s') must be between the oldest ledger: %d and the latest ledger: %d for this rpc instance", q.Pagination.Cursor, v.oldest, v.newest)
		}
	}
	if err != nil {
		return nil, invalid(err)
	}
	var res protocol.GetLedgersResponse
	if err := v.w.ask(v.r, c.Method, c.Params, &res); err != nil {
		return nil, err
	}
	list := []protocol.LedgerInfo{}
	for _, info := range res.Ledgers {
		if !v.has(info.Sequence) {
			continue
		}
		if err := v.fork.rewrite(v, &info); err != nil {
			return nil, err
		}
		list, res.Cursor = append(list, info), strconv.FormatUint(uint64(info.Sequence), 10)
	}
	res.Ledgers = list
	oldest, newest, err := v.ends()
	res.OldestLedger, res.OldestLedgerCloseTime = oldest.Sequence, oldest.CloseTime
	res.LatestLedger, res.LatestLedgerCloseTime = newest.Sequence, newest.CloseTime
	return encode(res, err)
}

func (v *view) getTransaction(c call) (json.RawMessage, error) {
	var res protocol.GetTransactionResponse
	if err := v.w.ask(v.r, c.Method, c.Params, &res); err != nil {
		return nil, err
	}
	if res.Status != protocol.TransactionStatusNotFound && !v.has(res.Ledger) {
		res.TransactionDetails = protocol.TransactionDetails{Status: protocol.TransactionStatusNotFound, TransactionHash: res.TransactionHash}
		res.LedgerCloseTime = 0
	}
	oldest, newest, err := v.ends()
	res.OldestLedger, res.OldestLedgerCloseTime = oldest.Sequence, oldest.CloseTime
	res.LatestLedger, res.LatestLedgerCloseTime = newest.Sequence, newest.CloseTime
	return encode(res, err)
}

func (v *view) getTransactions(c call) (json.RawMessage, error) {
	var q protocol.GetTransactionsRequest
	if err := json.Unmarshal(c.Params, &q); err != nil {
		return nil, invalid(err)
	}
	if err := q.IsValid(maxTransactions, v.kept()); err != nil {
		return nil, invalid(err)
	}
	var res protocol.GetTransactionsResponse
	if err := v.w.ask(v.r, c.Method, c.Params, &res); err != nil {
		return nil, err
	}
	list := []protocol.TransactionInfo{}
	for _, t := range res.Transactions {
		if v.has(t.Ledger) {
			list = append(list, t)
		}
	}
	res.Transactions = list
	if at, err := strconv.ParseInt(res.Cursor, 10, 64); err == nil && uint32(toid.Parse(at).LedgerSequence) > v.newest {
		// All up to the newest has been looked at.
		res.Cursor = toid.New(int32(v.newest), toid.TransactionMask, 1).String()
	}
	oldest, newest, err := v.ends()
	res.OldestLedger, res.OldestLedgerCloseTime = oldest.Sequence, oldest.CloseTime
	res.LatestLedger, res.LatestLedgerCloseTime = newest.Sequence, newest.CloseTime
	return encode(res, err)
}

// getEvents is a page of what the view has. emptyPage is a node that does not refuse a cursor which it no longer keeps.
func (v *view) getEvents(c call, emptyPage bool) (res protocol.GetEventsResponse, err error) {
	if !v.changed {
		return res, v.w.ask(v.r, c.Method, c.Params, &res)
	}
	var q protocol.GetEventsRequest
	if err := json.Unmarshal(c.Params, &q); err != nil {
		return res, invalid(err)
	}
	start, byCursor := q.StartLedger, false
	if q.Pagination != nil && q.Pagination.Cursor != nil {
		start, byCursor = q.Pagination.Cursor.Ledger, true
	}
	oldest, newest, err := v.ends()
	if err != nil {
		return res, err
	}
	end := protocol.MaxCursor
	end.Ledger = v.newest
	switch {
	case start < v.oldest && byCursor && emptyPage:
		v.w.saw(EmptyPage)
		res = protocol.GetEventsResponse{Events: []protocol.EventInfo{}, Cursor: end.String()}
	case !v.has(start):
		return res, invalid(fmt.Errorf("startLedger must be within the ledger range: %d - %d", v.oldest, v.newest))
	default:
		if err := v.w.ask(v.r, c.Method, c.Params, &res); err != nil {
			return res, err
		}
		list := []protocol.EventInfo{}
		for _, e := range res.Events {
			if uint32(e.Ledger) <= v.newest {
				list = append(list, e)
			}
		}
		res.Events = list
		if at, err := protocol.ParseCursor(res.Cursor); err == nil && at.Ledger > v.newest {
			res.Cursor = end.String()
		}
	}
	res.OldestLedger, res.OldestLedgerCloseTime = oldest.Sequence, oldest.CloseTime
	res.LatestLedger, res.LatestLedgerCloseTime = newest.Sequence, newest.CloseTime
	return res, nil
}

// tellsLatest names the view's newest ledger in an answer that is not about ledgers.
func (v *view) tellsLatest(raw json.RawMessage, err error) (json.RawMessage, error) {
	if err != nil || !v.changed {
		return raw, err
	}
	var res map[string]json.RawMessage
	if err := json.Unmarshal(raw, &res); err != nil {
		return nil, err
	}
	newest, err := v.find(v.newest)
	if err != nil {
		return nil, err
	}
	if _, ok := res["latestLedger"]; ok {
		res["latestLedger"] = json.RawMessage(strconv.FormatUint(uint64(newest.Sequence), 10))
	}
	if _, ok := res["latestLedgerCloseTime"]; ok {
		res["latestLedgerCloseTime"] = json.RawMessage(strconv.Quote(strconv.FormatInt(newest.CloseTime, 10)))
	}
	return json.Marshal(res)
}

func encode(v any, err error) (json.RawMessage, error) {
	if err != nil {
		return nil, err
	}
	return json.Marshal(v)
}

func invalid(err error) error { return &failure{Code: codeInvalidRequest, Message: err.Error()} }
