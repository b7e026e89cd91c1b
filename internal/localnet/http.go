package localnet

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/creachadair/jrpc2"
	"github.com/stellar/go-stellar-sdk/amount"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/node"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/rpc"
)

// maxBody bounds the body of a request to friendbot or to move the clock, in bytes.
const maxBody = 1 << 10

// usdcGift is what friendbot gives of test USDC when no amount is asked for.
const usdcGift = "1000"

// Handler serves the network to clients on any origin:
//
//	POST /            JSON-RPC as Stellar RPC, and the method "advance" {seconds} or {to}
//	GET  /friendbot   ?addr=G… makes and funds an account; with &asset=USDC[&amount=12.5] gives USDC to one with a trustline
//	POST /advance     {"seconds": 3600} or {"to": unix time} moves the network's clock
//
// It has no bounds on who may do that: it belongs on a loopback address.
func (n *Network) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/{$}", n.rpc)
	mux.Handle("/friendbot", allow(n.friendbot, http.MethodGet, http.MethodHead, http.MethodPost))
	mux.Handle("/advance", allow(n.advance, http.MethodPost))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		problem(w, http.StatusNotFound, fmt.Sprintf("nothing is at %.80q: there are / (JSON-RPC, by POST), /friendbot and /advance", r.URL.Path))
	})
	return anyOrigin(mux)
}

// allow refuses other methods with a problem, as all else that is wrong; the mux would answer in plain text.
func allow(next http.HandlerFunc, methods ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !slices.Contains(methods, r.Method) {
			w.Header().Set("Allow", strings.Join(methods, ", "))
			problem(w, http.StatusMethodNotAllowed, fmt.Sprintf("%s takes %s", r.URL.Path, strings.Join(methods, ", ")))
			return
		}
		next(w, r)
	})
}

// anyOrigin lets pages in browsers call.
func anyOrigin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		if r.Method == http.MethodOptions {
			w.Header().Set("Access-Control-Allow-Methods", "GET, POST, OPTIONS")
			w.Header().Set("Access-Control-Allow-Headers", "*")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// friendbot answers as the real one: the transaction's hash and result, or what is wrong.
func (n *Network) friendbot(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		status := http.StatusBadRequest
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			status = http.StatusRequestEntityTooLarge
		}
		problem(w, status, "the form cannot be read: "+err.Error())
		return
	}
	address := r.FormValue("addr")
	if address == "" {
		problem(w, http.StatusBadRequest, "addr is missing: /friendbot?addr=G…")
		return
	}
	var o node.Outcome
	var err error
	switch asset := r.FormValue("asset"); asset {
	case "", "native", "XLM":
		o, err = n.Fund(r.Context(), address)
	case "USDC":
		text := r.FormValue("amount")
		if text == "" {
			text = usdcGift
		}
		stroops, perr := amount.ParseInt64(text)
		if perr != nil {
			problem(w, http.StatusBadRequest, amountProblem(text))
			return
		}
		o, err = n.FundUSDC(r.Context(), address, stroops)
	default:
		problem(w, http.StatusBadRequest, fmt.Sprintf("asset %q is none that friendbot has: leave it out, or give USDC", asset))
		return
	}
	if err != nil {
		problem(w, http.StatusBadRequest, err.Error())
		return
	}
	result, err := xdr.MarshalBase64(o.Result)
	if err != nil {
		n.log.Error("friendbot's answer cannot be encoded", "err", err)
		problem(w, http.StatusInternalServerError, "the result cannot be encoded")
		return
	}
	answer(w, http.StatusOK, map[string]any{"successful": true, "hash": o.Hash.HexString(), "ledger": o.Ledger, "result_xdr": result})
}

// decimal is an amount as people write it.
var decimal = regexp.MustCompile(`^[+-]?[0-9]+(\.[0-9]{1,7})?$`)

// amountProblem says why a text is no amount.
func amountProblem(text string) string {
	if decimal.MatchString(text) {
		return fmt.Sprintf("amount %.40q is too large: an account holds at most %s", text, amount.StringFromInt64(math.MaxInt64))
	}
	return fmt.Sprintf("amount %.40q is no number with at most 7 decimals", text)
}

func (n *Network) advance(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		problem(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d bytes", maxBody))
		return
	}
	if err != nil {
		problem(w, http.StatusBadRequest, "the body could not be read")
		return
	}
	var q rpc.AdvanceRequest
	if err := json.Unmarshal(body, &q); err != nil {
		problem(w, http.StatusBadRequest, `the body is not {"seconds": N} or {"to": N}: `+err.Error())
		return
	}
	res, err := n.rpc.Advance(q)
	if err != nil {
		status, text := http.StatusInternalServerError, err.Error()
		if je := (*jrpc2.Error)(nil); errors.As(err, &je) {
			status, text = http.StatusBadRequest, je.Message
		} else if errors.Is(err, node.ErrClosed) {
			status = http.StatusServiceUnavailable
		}
		problem(w, status, text)
		return
	}
	answer(w, http.StatusOK, res)
}

// problem answers as Horizon and friendbot do (RFC 7807).
func problem(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	write(w, status, map[string]any{"type": "about:blank", "title": http.StatusText(status), "status": status, "detail": detail})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	write(w, status, body)
}

func write(w http.ResponseWriter, status int, body any) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the caller may be gone
}
