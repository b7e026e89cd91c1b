package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/Abdullahi130/StellarEscrow/internal/relay"
)

// problemPath is where each kind of problem is explained; a problem's type is a reference to it.
const problemPath = "/v1/problems/"

// kind is one sort of problem: what is the same each time it occurs. Codes are promises to clients: never renamed, never reused.
type kind struct {
	Code   string
	Status int
	Title  string
	Next   string
}

var (
	kindInternal    = kind{"internal", 500, "something broke on our side", "try again; if it stays, report the request id"}
	kindNoRoute     = kind{"no-such-route", 404, "there is nothing at this address", "read /openapi.json for what there is"}
	kindMethod      = kind{"method-not-allowed", 405, "this address takes another method", "use a method named in the Allow header"}
	kindUnknownKey  = kind{"unknown-key", 401, "this key is not known", "leave Authorization out, which nothing needs so far, or send Authorization: Bearer and a key that was not revoked"}
	kindKeyAddress  = kind{"key-not-from-here", 403, "this key may not be used from this address", "use it from an address that was named for it, or have this one named"}
	kindTooLarge    = kind{"body-too-large", 413, "the body is too large", fmt.Sprintf("send at most %d bytes", maxBodyBytes)}
	kindSlowBody    = kind{"body-too-slow", 408, "the body did not arrive in time", "send it again"}
	kindMediaType   = kind{"media-type", 415, "this kind of body is not understood", "send plain JSON in UTF-8, as application/json, neither compressed nor in another charset"}
	kindMalformed   = kind{"malformed-json", 400, "the body is not one JSON document", "send one JSON document in UTF-8, in which no field stands twice"}
	kindInvalid     = kind{"invalid-fields", 422, "some fields cannot be accepted", "correct the fields listed under errors; nothing was changed"}
	kindNoTrade     = kind{"no-such-trade", 404, "no trade has this id", "check the id; a trade opened moments ago is readable with ?min_ledger= of its ledger"}
	kindNoTx        = kind{"no-such-transaction", 404, "no transaction with this hash is known", "check the hash; what was never submitted here is known to the network only"}
	kindNoProblem   = kind{"no-such-problem", 404, "no kind of problem has this code", "read the code in the problem's type"}
	kindBehind      = kind{"not-yet-projected", 504, "the ledger asked for has not been read yet", "ask again with the same min_ledger, and a longer Prefer: wait="}
	kindRefused     = kind{"refused", 409, "the rules of the trade refuse this now", "choose one of the actions listed under possible"}
	kindSimulation  = kind{"simulation-failed", 409, "the network would not carry this transaction out", "read the detail: it is what the network says"}
	kindCannotPay   = kind{"cannot-pay", 409, "the deposit cannot be paid", "get the asset, a trustline or the issuer's permission, as the detail says, then prepare it again"}
	kindTree        = kind{"unexpected-authorisation", 409, "signing this would allow more than the action needs", "do not sign; trade in another asset: its contract asks for signatures it should not need"}
	kindTransaction = kind{"bad-transaction", 422, "this transaction cannot be submitted here", "prepare it anew with POST /v1/trades or /v1/trades/{id}/actions/{action} and sign exactly what was answered"}
	kindNotAccepted = kind{"not-accepted", 409, "the network did not accept the transaction", "read the detail: it is what the network says"}
	kindNoAccount   = kind{"no-such-account", 422, "the source account does not exist on this network", "create and fund the account, or name another source"}
	kindAsset       = kind{"not-an-asset", 422, "this is no asset contract", "name the contract (C…) of a token; for a classic asset that is its Stellar Asset Contract"}
	kindUpstream    = kind{"network-unavailable", 503, "the network cannot be asked at the moment", "try again in a few seconds; nothing was changed"}
	kindNotReady    = kind{"not-ready", 503, "this process does not answer reads now", "send the same request again in a few seconds; nothing was changed"}
	kindTimedOut    = kind{"timed-out", 504, "the answer did not come in time", "try again; a submitted transaction can be read by its hash"}
)

// kinds lists every kind that is not a refusal of the contract, for GET /v1/problems.
func kinds() []kind {
	return []kind{kindInternal, kindNoRoute, kindMethod, kindUnknownKey, kindKeyAddress, kindTooLarge, kindSlowBody, kindMediaType, kindMalformed, kindInvalid, kindNoTrade, kindNoTx, kindNoProblem,
		kindBehind, kindRefused, kindSimulation, kindCannotPay, kindTree, kindTransaction, kindNotAccepted, kindNoAccount, kindAsset, kindUpstream, kindNotReady, kindTimedOut}
}

// Problem is the one form in which this API says no (RFC 9457).
type Problem struct {
	Type     string            `json:"type" format:"uri-reference" doc:"Which kind of problem, as a stable reference that explains it"`
	Title    string            `json:"title" doc:"The kind in words; the same each time"`
	Status   int               `json:"status"`
	Code     string            `json:"code" doc:"The kind, stable: the last part of type"`
	Detail   string            `json:"detail,omitempty" doc:"This occurrence in words"`
	NextStep string            `json:"next_step" doc:"What to do about it"`
	Instance string            `json:"instance,omitempty" doc:"The request's id, also in X-Request-Id"`
	Errors   []FieldError      `json:"errors,omitempty" doc:"Each field that cannot be accepted"`
	Contract *ContractError    `json:"contract_error,omitempty" doc:"The contract's own refusal"`
	Phase    string            `json:"phase,omitempty" doc:"The present stage of the trade, or phase of the milestone"`
	Possible []PossibleAction  `json:"possible,omitempty" doc:"What can be done instead, by whom"`
	Retry    *bool             `json:"retry_safe,omitempty" doc:"Whether the very same request can be sent again without doing anything twice"`
	Ledger   *Ledger           `json:"ledger,omitempty" doc:"The ledger this speaks for"`
	headers  map[string]string // of the answer
}

// FieldError names one field that cannot be accepted.
type FieldError struct {
	Location string `json:"location" doc:"Where, as body.terms.milestones[0].amount"`
	Message  string `json:"message" doc:"What is wrong with it, and what would be right"`
	Code     string `json:"code,omitempty" doc:"The contract's name for this refusal, where it would refuse it too"`
	Value    string `json:"value,omitempty" doc:"What was sent, shortened"`
}

// ContractError is a refusal of the contract, by the number and name of docs/contract.md.
type ContractError struct {
	Code uint32 `json:"code"`
	Name string `json:"name"`
}

// Error is the detail, or the title where there is none.
func (p *Problem) Error() string {
	if p.Detail != "" {
		return p.Detail
	}
	return p.Title
}

// GetStatus is huma's way to ask for the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is huma's way to ask for the media type.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// GetHeaders is huma's way to ask for headers of an error.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	for k, v := range p.headers {
		h.Set(k, v)
	}
	return h
}

func problemOf(ctx context.Context, k kind) *Problem {
	p := &Problem{Type: problemPath + k.Code, Title: k.Title, Status: k.Status, Code: k.Code, NextStep: k.Next, Instance: requestID(ctx)}
	if k.Status == http.StatusServiceUnavailable {
		p.headers = map[string]string{"Retry-After": "3"}
	}
	if k.Status == http.StatusUnauthorized {
		p.headers = map[string]string{"WWW-Authenticate": "Bearer"} // RFC 9110, 11.6.1
	}
	return p
}

// problemf is an error a handler returns: a kind and what it means this time.
func problemf(k kind, format string, args ...any) *kindError {
	return &kindError{kind: k, detail: fmt.Sprintf(format, args...)}
}

// kindError is a problem before it is written: the request is not known yet.
type kindError struct {
	kind   kind
	detail string
	fields []FieldError
	add    func(*Problem)
	err    error
}

func (e *kindError) Error() string { return e.kind.Code + ": " + e.detail }
func (e *kindError) Unwrap() error { return e.err }

// invalid is the error for fields that cannot be accepted; nil if there are none.
func invalid(fields []FieldError) error {
	if len(fields) == 0 {
		return nil
	}
	detail := fields[0].Location + ": " + fields[0].Message
	if n := len(fields); n > 1 {
		detail = fmt.Sprintf("%s, and %d more", detail, n-1)
	}
	return &kindError{kind: kindInvalid, detail: detail, fields: fields[:min(len(fields), maxFieldErrors)]}
}

// problem translates what a handler returned. It is the only place where an error becomes an answer; what it does not know is our fault,
// so it says nothing but the request's id and logs the rest.
func (s *server) problem(ctx context.Context, err error) *Problem {
	var ready *Problem
	if errors.As(err, &ready) {
		return ready
	}
	var ke *kindError
	switch {
	case errors.As(err, &ke):
		p := problemOf(ctx, ke.kind)
		p.Detail, p.Errors = ke.detail, ke.fields
		if ke.add != nil {
			ke.add(p)
		}
		return p
	case errors.Is(err, ErrNoTrade):
		return problemOf(ctx, kindNoTrade)
	case errors.Is(err, ErrUnavailable):
		s.Log.WarnContext(ctx, "what is stored cannot be read", "request", requestID(ctx), "err", err)
		p := problemOf(ctx, kindNotReady)
		p.Detail = "the database does not answer at the moment"
		return p
	case errors.Is(err, relay.ErrUnavailable), errors.Is(err, relay.ErrWrongNetwork):
		s.Log.WarnContext(ctx, "the network cannot be asked", "request", requestID(ctx), "err", err)
		return problemOf(ctx, kindUpstream)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled), ctx.Err() != nil: // a store that is interrupted says so in its own words
		return problemOf(ctx, kindTimedOut)
	}
	s.Log.ErrorContext(ctx, "unexpected error", "request", requestID(ctx), "err", err)
	return problemOf(ctx, kindInternal)
}

// ownProblems turns the problems that huma writes itself (a body it cannot read, a field its schema refuses) into ours.
func ownProblems(ctx huma.Context, _ string, v any) (any, error) {
	m, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	k := kindInternal
	switch m.Status {
	case http.StatusBadRequest:
		k = kindMalformed
	case http.StatusRequestTimeout:
		k = kindSlowBody
	case http.StatusRequestEntityTooLarge:
		k = kindTooLarge
	case http.StatusUnsupportedMediaType:
		k = kindMediaType
	case http.StatusUnprocessableEntity:
		k = kindInvalid
	}
	p := problemOf(ctx.Context(), k)
	p.Status = m.Status // the header has been decided
	if k == kindMalformed {
		p.NextStep = nextOfMalformed(m)
	}
	if k == kindInternal {
		return p, nil
	}
	for _, d := range m.Errors[:min(len(m.Errors), maxFieldErrors)] {
		if k == kindInvalid {
			p.Errors = append(p.Errors, wrongField(d))
		} else { // the value is the whole body
			p.Errors = append(p.Errors, FieldError{Location: d.Location, Message: d.Message})
		}
	}
	if p.Detail = m.Detail; len(p.Errors) > 0 {
		p.Detail = p.Errors[0].Location + ": " + p.Errors[0].Message
	}
	return p, nil
}

// nextOfMalformed is what to do about a body that could not be read; huma keeps only the text of strictUnmarshal's errors.
func nextOfMalformed(m *huma.ErrorModel) string {
	if len(m.Errors) == 0 { // a body is required
		return "send JSON: {} where no field has to be given"
	}
	for _, one := range []struct {
		err  error
		next string
	}{
		{errDuplicate, "leave one of them out: each reader might take another"},
		{errName, "write the names of fields as they stand in /openapi.json"},
		{errEncoding, "send it in UTF-8"},
	} {
		if strings.HasPrefix(m.Errors[0].Message, one.err.Error()) {
			return one.next
		}
	}
	return kindMalformed.Next
}

// secretKey is the form of an account's secret key.
var secretKey = regexp.MustCompile(`S[A-Z2-7]{55}`)

// echo is a bad value as it is repeated to whoever sent it: shortened, and never a secret key, which is not to stand in anybody's logs.
func echo(s string) string {
	if secretKey.MatchString(s) {
		return ""
	}
	return clip(s)
}

// problemResponses documents what a route may answer besides success.
func problemResponses(api huma.API, r route) map[string]*huma.Response {
	schema := api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "Problem")
	content := map[string]*huma.MediaType{"application/problem+json": {Schema: schema}}
	codes := map[int][]string{}
	for _, k := range r.problems {
		codes[k.Status] = append(codes[k.Status], k.Code)
	}
	all := map[string]*huma.Response{"default": {Description: "A problem (RFC 9457); GET /v1/problems lists all kinds", Content: content}}
	for status, list := range codes {
		all[strconv.Itoa(status)] = &huma.Response{Description: strings.Join(list, ", "), Content: content}
	}
	return all
}

func writeProblem(w http.ResponseWriter, p *Problem) {
	for k, v := range p.headers {
		w.Header().Set(k, v)
	}
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the client has gone if this fails
}
