package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"sync"

	"github.com/creachadair/jrpc2"
	"github.com/creachadair/jrpc2/handler"
	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/node"
)

// Limits, as the real server's defaults.
const (
	MaxBodyBytes = 512 << 10

	maxEvents, defaultEvents             = 10_000, 100
	maxTransactions, defaultTransactions = 200, 50
	maxLedgers, defaultLedgers           = 200, 50
	maxEntryKeys                         = 200
	maxKeyBytes                          = 16 << 10 // decoded
	eventScanLedgers                     = 10_000   // of one getEvents
	retentionLedgers                     = 120_960  // said in getHealth: seven days
	maxCalls                             = 64       // at once; more wait
)

// What one request may ask for, and its answers be. The real server counts entries only; on this one a page may end earlier, with a
// cursor that goes on from there.
const (
	MaxBatch       = 100      // calls
	MaxAnswerBytes = 64 << 20 // of results, besides small ones

	inFlight  = 4       // calls of one batch at once
	pageBytes = 8 << 20 // of XDR as text in one list
	maxLists  = 4       // calls at once, of all clients, whose answer is a list
)

// lists are the methods whose answers can be long.
var lists = map[string]bool{protocol.GetLedgersMethodName: true, protocol.GetTransactionsMethodName: true, protocol.GetEventsMethodName: true,
	protocol.GetLedgerEntriesMethodName: true}

// limits are those that tests make smaller.
type limits struct{ answerBytes, pageBytes int }

// Server answers JSON-RPC calls about one network.
type Server struct {
	net     *node.Node
	log     *slog.Logger
	methods map[string]call
	limits  limits
	places  chan struct{} // a token for each call under way, of those that are no list
	lists   chan struct{} // and for each that is

	firstTime func() (int64, error) // when the first ledger closed, Unix seconds

	mu    sync.Mutex
	ended chan struct{} // closed by Close
	calls sync.WaitGroup
}

// New returns a handler for one network. Its caller closes it. log takes what went wrong on our side.
func New(n *node.Node, log *slog.Logger) *Server {
	s := &Server{net: n, log: log, limits: limits{MaxAnswerBytes, pageBytes}, places: make(chan struct{}, maxCalls), lists: make(chan struct{}, maxLists),
		ended: make(chan struct{}), firstTime: sync.OnceValues(func() (int64, error) {
			first, _, err := n.Chain().Ledger(ledger.FirstLedger)
			return first.LedgerCloseTime(), err
		})}
	s.methods = map[string]call{
		protocol.GetHealthMethodName:           method(s, s.getHealth),
		protocol.GetNetworkMethodName:          method(s, s.getNetwork),
		protocol.GetVersionInfoMethodName:      method(s, s.getVersionInfo),
		protocol.GetLatestLedgerMethodName:     method(s, s.getLatestLedger),
		protocol.GetLedgersMethodName:          method(s, s.getLedgers),
		protocol.GetLedgerEntriesMethodName:    method(s, s.getLedgerEntries),
		protocol.GetTransactionMethodName:      method(s, s.getTransaction),
		protocol.GetTransactionsMethodName:     method(s, s.getTransactions),
		protocol.GetEventsMethodName:           method(s, s.getEvents),
		protocol.GetFeeStatsMethodName:         method(s, s.getFeeStats),
		protocol.SimulateTransactionMethodName: method(s, s.simulateTransaction),
		protocol.SendTransactionMethodName:     method(s, s.sendTransaction),
		advanceMethodName:                      method(s, s.advance),
	}
	return s
}

// enter begins a request; its context ends with Close too. It answers false once that was called.
func (s *Server) enter(ctx context.Context) (_ context.Context, leave func(), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.ended:
		return nil, nil, false
	default:
	}
	s.calls.Add(1)
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-s.ended:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(); s.calls.Done() }, true
}

// Close ends the calls under way and waits for them.
func (s *Server) Close() error {
	s.mu.Lock()
	select {
	case <-s.ended:
	default:
		close(s.ended)
	}
	s.mu.Unlock()
	s.calls.Wait()
	return nil
}

// method makes a call of a typed function. Parameters are an object, never a list. What is not a caller's fault is logged and
// answered as an internal error; a panic ends its own call.
func method[Q, A any](s *Server, f func(context.Context, Q) (A, error)) call {
	checked, err := handler.Check(f)
	if err != nil {
		panic(err) // the methods' own types
	}
	typed := checked.AllowArray(false).Wrap()
	return func(ctx context.Context, r *jrpc2.Request) (result json.RawMessage, err error) {
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("panic: %v", p)
			}
			if je := (*jrpc2.Error)(nil); err != nil && !errors.As(err, &je) {
				s.log.Error("a call failed", "method", r.Method(), "err", err)
			}
		}()
		answer, err := typed(ctx, r)
		if err != nil {
			return nil, err
		}
		return json.Marshal(answer)
	}
}

// ServeHTTP is part of http.Handler. What is no call yet is refused with the real server's status and text, in a JSON-RPC error: that
// one answers in plain text, and what is no JSON or too large with 500.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Accept-Post", "application/json")
	if r.Method != http.MethodPost {
		refuse(w, http.StatusMethodNotAllowed, jrpc2.InvalidRequest, "JSON-RPC takes POST")
		return
	}
	kind, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "application/json" {
		refuse(w, http.StatusUnsupportedMediaType, jrpc2.InvalidRequest, "content-type must be application/json")
		return
	}
	if charset, ok := params["charset"]; ok && charset != "utf-8" && charset != "utf8" {
		refuse(w, http.StatusUnsupportedMediaType, jrpc2.InvalidRequest, "invalid content-type charset")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBodyBytes))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		refuse(w, http.StatusRequestEntityTooLarge, jrpc2.InvalidRequest, fmt.Sprintf("the request is larger than %d bytes", MaxBodyBytes))
		return
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, jrpc2.InvalidRequest, "the request could not be read")
		return
	}
	calls, err := parse(body, r.Host)
	if err != nil { // 200, as for every call that fails, and for JSON that is no call
		refuse(w, http.StatusOK, jrpc2.ParseError, "invalid request value")
		return
	}
	if len(calls) > MaxBatch {
		refuse(w, http.StatusOK, jrpc2.InvalidRequest, fmt.Sprintf("a batch has at most %d calls, and this one has %d: send several", MaxBatch, len(calls)))
		return
	}
	s.answer(w, r, calls)
}

// refuse answers a request that is no call yet.
func refuse(w http.ResponseWriter, status int, code jrpc2.Code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"jsonrpc": "2.0", "id": nil, // the caller may be gone
		"error": map[string]any{"code": int(code), "message": message}})
}

func invalidParams(err error) error {
	return &jrpc2.Error{Code: jrpc2.InvalidParams, Message: err.Error()}
}

func invalidRequest(err error) error {
	return &jrpc2.Error{Code: jrpc2.InvalidRequest, Message: err.Error()}
}

// checkFormat refuses what this server cannot write.
func checkFormat(format string) error {
	return errors.Join(protocol.IsValidFormat(format), noJSON(format))
}

// noJSON refuses the one format that the real server has and this one has not.
func noJSON(format string) error {
	if format == protocol.FormatJSON {
		return errors.New("xdrFormat 'json' is not available on a local network: leave it out, or give 'base64'")
	}
	return nil
}
