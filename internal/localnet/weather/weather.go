package weather

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"

	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/rpc"
)

// Weather stands in front of a node. It is an http.Handler.
type Weather struct {
	node http.Handler

	mu     sync.Mutex
	config Config
	dice   map[string]*rand.Rand // by method
	spell  spell
	seen   map[string]int
	forget bool     // at the next ledger that is looked at, all before it are gone
	parts  *parting // at the next ledger that is looked at, the node parts from the others
	oldest uint32
	forked *fork
	reset  bool
	page   page             // the last one of events
	times  map[uint32]int64 // close times of ledgers, as far as they are known
}

// page is an answer to getEvents, and where it ends.
type page struct {
	cursor string
	text   json.RawMessage
}

// New puts weather in front of a node that answers as Stellar RPC does. It refuses a Config that Validate does.
func New(node http.Handler, c Config) (*Weather, error) {
	w := &Weather{node: node, seen: map[string]int{}, times: map[uint32]int64{}}
	return w, w.Set(c)
}

// Set changes the weather from now on. What has happened for good stays; the dice begin anew, with the new seed.
func (w *Weather) Set(c Config) error {
	if err := c.Validate(); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.config, w.dice, w.spell = c, map[string]*rand.Rand{}, spell{}
	return nil
}

// Clear makes the weather fair, and what had happened for good undone: the node is as it would be without.
func (w *Weather) Clear() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.config, w.spell, w.forget, w.parts, w.oldest, w.forked, w.reset = Config{}, spell{}, false, nil, 0, nil, false
	clear(w.times) // they may be those of the network after a reset
}

// Seen is how often each thing has happened, by its name, since New.
func (w *Weather) Seen() map[string]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.seen)
}

func (w *Weather) saw(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen[what]++
}

// methods are Stellar RPC's. Others have fair weather.
var methods = map[string]bool{
	protocol.GetHealthMethodName: true, protocol.GetNetworkMethodName: true, protocol.GetVersionInfoMethodName: true, protocol.GetLatestLedgerMethodName: true,
	protocol.GetLedgersMethodName: true, protocol.GetLedgerEntriesMethodName: true, protocol.GetTransactionMethodName: true,
	protocol.GetTransactionsMethodName: true, protocol.GetEventsMethodName: true, protocol.GetFeeStatsMethodName: true,
	protocol.SimulateTransactionMethodName: true, protocol.SendTransactionMethodName: true,
}

// call is a call of JSON-RPC.
type call struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id,omitempty"`
	Method  string          `json:"method"`
	Params  json.RawMessage `json:"params,omitempty"`
}

// answer is what comes back.
type answer struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   *failure        `json:"error,omitempty"`
}

// failure is an error of JSON-RPC.
type failure struct {
	Code    int             `json:"code"`
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data,omitempty"`
}

func (f *failure) Error() string { return f.Message }

// Codes of JSON-RPC, as nodes and those in front of them give them.
const (
	codeInvalidRequest = -32600
	codeServerError    = -32001
)

// ServeHTTP is part of http.Handler.
func (w *Weather) ServeHTTP(to http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || w.fair() {
		w.node.ServeHTTP(to, r)
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, rpc.MaxBodyBytes+1)) // one more: the node refuses what is too large
	if err != nil {
		http.Error(to, "the request could not be read", http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), r.Body))
	calls, batch := parse(body)
	if len(calls) == 0 {
		w.node.ServeHTTP(to, r)
		return
	}
	// What befalls the connection is what befalls the first call.
	w.mu.Lock()
	f := w.forecast(calls[0].Method)
	slowFor := w.config.SlowFor
	w.mu.Unlock()
	if f.slow {
		w.saw(Slow)
		if !wait(r, slowFor) {
			panic(http.ErrAbortHandler)
		}
	}
	switch {
	case f.busy:
		w.saw(Busy)
		to.Header().Set("Retry-After", "1")
		http.Error(to, "too many requests", http.StatusTooManyRequests)
		return
	case f.unavailable:
		w.saw(Unavailable)
		http.Error(to, "upstream connect error or disconnect/reset before headers", http.StatusServiceUnavailable)
		return
	}
	var answers []answer
	bytesLeft := rpc.MaxAnswerBytes
	for i, c := range calls {
		if i > 0 {
			w.mu.Lock()
			f = w.forecast(c.Method)
			w.mu.Unlock()
		}
		a, err := w.answer(r, c, &f)
		switch {
		case errors.Is(err, errLost):
			panic(http.ErrAbortHandler)
		case err != nil:
			http.Error(to, err.Error(), http.StatusBadGateway)
			return
		}
		if bytesLeft -= len(a.Result); bytesLeft < 0 { // each was asked alone, so the node has not counted
			too := rpc.TooMuch(rpc.MaxAnswerBytes)
			a = answer{Version: "2.0", ID: c.ID, Error: &failure{Code: int(too.Code), Message: too.Message}}
		}
		answers = append(answers, a)
	}
	var text []byte
	if batch {
		text, err = json.Marshal(answers)
	} else {
		text, err = json.Marshal(answers[0])
	}
	if err != nil {
		http.Error(to, err.Error(), http.StatusInternalServerError)
		return
	}
	w.send(to, text, &f)
}

// fair is whether nothing can befall a call, and nothing lasts that has: the node is then asked as if there were no weather, and sees and
// answers what it would without.
func (w *Weather) fair() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.config.fair() && w.spell.calls == 0 && !w.forget && w.parts == nil && w.oldest == 0 && w.forked == nil && !w.reset
}

// parse finds the calls in a body: none if one of them is not Stellar RPC's, or not to be answered, or if the node refuses them all.
func parse(body []byte) (calls []call, batch bool) {
	if batch = bytes.HasPrefix(bytes.TrimSpace(body), []byte("[")); batch {
		if json.Unmarshal(body, &calls) != nil {
			return nil, true
		}
	} else {
		var one call
		if json.Unmarshal(body, &one) != nil {
			return nil, false
		}
		calls = []call{one}
	}
	if len(calls) > rpc.MaxBatch {
		return nil, batch
	}
	for _, c := range calls {
		if !methods[c.Method] || len(c.ID) == 0 || string(c.ID) == "null" || c.Version != "2.0" {
			return nil, batch
		}
	}
	return calls, batch
}

// send writes an answer, or the beginning of one.
func (w *Weather) send(to http.ResponseWriter, text []byte, f *forecast) {
	to.Header().Set("Content-Type", "application/json")
	whole := len(text)
	if (f.cut || f.truncate) && whole > 1 {
		text = text[:1+f.dice.IntN(whole-1)]
	}
	if f.cut {
		w.saw(Cut)
		to.Header().Set("Content-Length", strconv.Itoa(whole))
		_, _ = to.Write(text) // the client may be gone
		_ = http.NewResponseController(to).Flush()
		panic(http.ErrAbortHandler)
	}
	if f.truncate {
		w.saw(Truncated)
	}
	to.Header().Set("Content-Length", strconv.Itoa(len(text)))
	_, _ = to.Write(text)
}

// wait lets time pass; it answers false if the client leaves before.
func wait(r *http.Request, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// recorder takes what the node answers.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(p []byte) (int, error) { return r.body.Write(p) }
