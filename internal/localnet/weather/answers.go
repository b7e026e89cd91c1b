package weather

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
)

// errLost is about an answer that the client must not get.
var errLost = errors.New("the answer is lost")

// answer makes one call of the node, in the weather of the forecast.
func (w *Weather) answer(r *http.Request, c call, f *forecast) (answer, error) {
	refuse := func(what string, code int, message string) (answer, error) {
		w.saw(what)
		return answer{Version: "2.0", ID: c.ID, Error: &failure{Code: code, Message: message}}, nil
	}
	switch {
	case f.invalidRequest:
		return refuse(InvalidRequest, codeInvalidRequest, "invalid request")
	case f.serverError:
		return refuse(ServerError, codeServerError, "request failed to process due to an internal issue")
	}
	v, err := w.viewOf(r, f)
	if err != nil {
		return answer{}, err
	}
	result, err := w.result(v, c, f)
	if failed := (*failure)(nil); errors.As(err, &failed) {
		return answer{Version: "2.0", ID: c.ID, Error: failed}, nil
	}
	return answer{Version: "2.0", ID: c.ID, Result: result}, err
}

// ask puts a question to the node and reads its result into one. Its error is a *failure if the node refuses.
func (w *Weather) ask(r *http.Request, method string, params, into any) error {
	text, err := json.Marshal(params)
	if err != nil {
		return err
	}
	raw, err := w.raw(r, method, text)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, into)
}

func (w *Weather) raw(r *http.Request, method string, params json.RawMessage) (json.RawMessage, error) {
	body, err := json.Marshal(call{Version: "2.0", ID: json.RawMessage("1"), Method: method, Params: params})
	if err != nil {
		return nil, err
	}
	node := w.node
	w.mu.Lock()
	if w.reset {
		node = w.config.Other
	}
	w.mu.Unlock()
	q := r.Clone(r.Context())
	q.Body, q.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	got := &recorder{header: http.Header{}}
	node.ServeHTTP(got, q)
	var a answer
	if err := json.Unmarshal(got.body.Bytes(), &a); err != nil {
		return nil, fmt.Errorf("the node answered %s with %d: %w", method, got.status, err)
	}
	if a.Error != nil {
		return nil, a.Error
	}
	return a.Result, nil
}

// result is what the node says to a call, changed by the weather.
func (w *Weather) result(v *view, c call, f *forecast) (json.RawMessage, error) {
	switch c.Method {
	case protocol.SendTransactionMethodName:
		return w.sendTransaction(v, c, f)
	case protocol.GetNetworkMethodName:
		return w.getNetwork(v, c)
	case protocol.GetEventsMethodName:
		return w.getEvents(v, c, f)
	}
	if !v.changed {
		return w.raw(v.r, c.Method, c.Params)
	}
	switch c.Method {
	case protocol.GetHealthMethodName:
		return v.getHealth(c)
	case protocol.GetLatestLedgerMethodName:
		return v.getLatestLedger()
	case protocol.GetLedgersMethodName:
		return v.getLedgers(c)
	case protocol.GetTransactionMethodName:
		return v.getTransaction(c)
	case protocol.GetTransactionsMethodName:
		return v.getTransactions(c)
	}
	return v.tellsLatest(w.raw(v.r, c.Method, c.Params))
}

func (w *Weather) sendTransaction(v *view, c call, f *forecast) (json.RawMessage, error) {
	if f.tryAgainLater {
		w.saw(TryAgainLater)
		latest, err := v.latest()
		if err != nil {
			return nil, err
		}
		return json.Marshal(protocol.SendTransactionResponse{Status: "TRY_AGAIN_LATER", LatestLedger: latest.Sequence, LatestLedgerCloseTime: latest.CloseTime})
	}
	result, err := v.tellsLatest(w.raw(v.r, c.Method, c.Params))
	if err == nil && f.lostAnswer {
		w.saw(LostAnswer)
		return nil, errLost
	}
	return result, err
}

func (w *Weather) getNetwork(v *view, c call) (json.RawMessage, error) {
	w.mu.Lock()
	name := w.config.Passphrase
	w.mu.Unlock()
	if name == "" {
		return w.raw(v.r, c.Method, c.Params)
	}
	var res protocol.GetNetworkResponse
	if err := w.ask(v.r, c.Method, struct{}{}, &res); err != nil {
		return nil, err
	}
	res.Passphrase = name
	return json.Marshal(res)
}

func (w *Weather) getEvents(v *view, c call, f *forecast) (json.RawMessage, error) {
	var q protocol.GetEventsRequest
	_ = json.Unmarshal(c.Params, &q) // the node refuses what is none
	w.mu.Lock()
	before, keeps := w.page, w.config.Stale > 0
	w.mu.Unlock()
	if !v.changed && !f.duplicate && !f.disorder && !keeps {
		return w.raw(v.r, c.Method, c.Params)
	}
	if f.stale && before.cursor != "" && q.Pagination != nil && q.Pagination.Cursor != nil && before.cursor <= q.Pagination.Cursor.String() {
		w.saw(Stale)
		return before.text, nil
	}
	res, err := v.getEvents(c, f.emptyPage)
	if err != nil {
		return nil, err
	}
	n := len(res.Events)
	if f.duplicate && n > 0 { // one of them, or some in a row
		w.saw(Duplicate)
		i := f.dice.IntN(n)
		j := i + 1
		if f.dice.IntN(2) == 0 {
			j += f.dice.IntN(n - i)
		}
		res.Events = slices.Insert(res.Events, j, slices.Clone(res.Events[i:j])...)
	}
	if f.disorder && n > 1 {
		w.saw(Disorder)
		i := f.dice.IntN(n - 1)
		res.Events[i], res.Events[i+1] = res.Events[i+1], res.Events[i]
	}
	text, err := json.Marshal(res)
	w.mu.Lock()
	w.page = page{res.Cursor, text}
	w.mu.Unlock()
	return text, err
}
