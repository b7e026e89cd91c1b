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

	"github.com/creachadair/jrpc2"
	"github.com/creachadair/jrpc2/handler"
	"github.com/creachadair/jrpc2/jhttp"
	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"

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

// Server answers JSON-RPC calls about one network.
type Server struct {
	net    *node.Node
	log    *slog.Logger
	bridge jhttp.Bridge
}

// New returns a handler for one network. Its caller closes it. log takes what went wrong on our side.
func New(n *node.Node, log *slog.Logger) *Server {
	s := &Server{net: n, log: log}
	methods := handler.Map{
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
	s.bridge = jhttp.NewBridge(methods, &jhttp.BridgeOptions{Server: &jrpc2.ServerOptions{DisableBuiltin: true, Concurrency: maxCalls}, ParseRequest: parsed})
	return s
}

// networkRequest is that of getNetwork with the address that the client reached us by, which nobody sends: parse adds it.
type networkRequest struct {
	Host string `json:"host"`
}

// callsKey is where the calls of a request are in its context, between ServeHTTP and the bridge.
type callsKey struct{}

func parsed(r *http.Request) ([]*jrpc2.ParsedRequest, error) {
	return r.Context().Value(callsKey{}).([]*jrpc2.ParsedRequest), nil
}

func parse(body []byte, host string) ([]*jrpc2.ParsedRequest, error) {
	calls, err := jrpc2.ParseRequests(body)
	for _, c := range calls {
		if c.Method == protocol.GetNetworkMethodName {
			c.Params, _ = json.Marshal(networkRequest{host}) // a string always encodes
		}
	}
	return calls, err
}

// Close ends the calls under way.
func (s *Server) Close() error { return s.bridge.Close() }

// method makes a handler of a typed function. Parameters are an object, never a list. What is not a caller's fault is logged and
// answered as an internal error; a panic ends its own call.
func method[Q, A any](s *Server, f func(context.Context, Q) (A, error)) jrpc2.Handler {
	checked, err := handler.Check(func(ctx context.Context, q Q) (answer A, err error) {
		defer func() {
			if r := recover(); r != nil {
				err = fmt.Errorf("panic: %v", r)
			}
			if je := (*jrpc2.Error)(nil); err != nil && !errors.As(err, &je) {
				s.log.Error("a call failed", "method", jrpc2.InboundRequest(ctx).Method(), "err", err)
				err = &jrpc2.Error{Code: jrpc2.InternalError, Message: err.Error()}
			}
		}()
		return f(ctx, q)
	})
	if err != nil {
		panic(err) // the methods' own types
	}
	return checked.AllowArray(false).Wrap()
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
	s.bridge.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callsKey{}, calls)))
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
	if err := protocol.IsValidFormat(format); err != nil {
		return err
	}
	if format == protocol.FormatJSON {
		return errors.New("xdrFormat 'json' is not available on a local network: leave it out, or give 'base64'")
	}
	return nil
}
