package relay

import (
	"bytes"
	"context"
	"crypto/hmac"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// Path is below which the relay is served: POST /relay/v1/{call}.
const Path = "/relay/v1/"

// The bounds of a call. A transaction has at most 132 kB on the main network.
const (
	maxCall   = 1 << 20
	maxAnswer = 16 << 20
	// DefaultTimeout is for a call whose context has no earlier end. It is longer than what the indexer waits for a node.
	DefaultTimeout = 45 * time.Second
)

// call is what travels to the relay; each call uses the fields it needs.
type call struct {
	Envelope string `json:"envelope,omitempty"`
	Call     string `json:"call,omitempty"`
	Hash     string `json:"hash,omitempty"`
	Address  string `json:"address,omitempty"`
	Asset    string `json:"asset,omitempty"`

	Sponsor *SponsorRequest `json:"sponsor,omitempty"`
}

// calls are the relay's calls by their names on the wire.
var calls = map[string]func(context.Context, Relay, call) (any, error){
	"network":       func(ctx context.Context, r Relay, _ call) (any, error) { return r.Network(ctx) },
	"latest-ledger": func(ctx context.Context, r Relay, _ call) (any, error) { return r.LatestLedger(ctx) },
	"simulate":      func(ctx context.Context, r Relay, c call) (any, error) { return r.Simulate(ctx, c.Envelope) },
	"read":          func(ctx context.Context, r Relay, c call) (any, error) { return r.Read(ctx, c.Call) },
	"submit":        func(ctx context.Context, r Relay, c call) (any, error) { return r.Submit(ctx, c.Envelope) },
	"fee-stats":     func(ctx context.Context, r Relay, _ call) (any, error) { return r.FeeStats(ctx) },
	"sponsor":       sponsor,
	"transaction":   func(ctx context.Context, r Relay, c call) (any, error) { return r.Transaction(ctx, c.Hash) },
	"account":       func(ctx context.Context, r Relay, c call) (any, error) { return r.Account(ctx, c.Address) },
	"holding":       func(ctx context.Context, r Relay, c call) (any, error) { return r.Holding(ctx, c.Asset, c.Address) },
	"asset":         func(ctx context.Context, r Relay, c call) (any, error) { return r.Asset(ctx, c.Asset) },
}

func sponsor(ctx context.Context, r Relay, c call) (any, error) {
	if c.Sponsor == nil {
		return nil, fmt.Errorf("sponsor: nothing to pay for: %w", ErrInvalid)
	}
	return r.Sponsor(ctx, *c.Sponsor)
}

// failure is the answer to a call that could not be answered. Kind is one of kinds, or "" for a fault of the indexer.
type failure struct {
	Kind   string `json:"kind"`
	Detail string `json:"detail"`
}

var kinds = []struct {
	name   string
	err    error
	status int
}{
	{"invalid", ErrInvalid, http.StatusUnprocessableEntity},
	{"unavailable", ErrUnavailable, http.StatusServiceUnavailable},
	{"wrong-network", ErrWrongNetwork, http.StatusBadGateway},
	{"not-offered", ErrNotOffered, http.StatusForbidden},
	{"spent", ErrSpent, http.StatusTooManyRequests},
	{"busy", ErrBusy, http.StatusServiceUnavailable},
}

// Handler serves a relay to whoever knows the keys. What else a server offers stands beside it, under other paths.
func Handler(r Relay, keys Keys, now func() time.Time, log *slog.Logger) http.Handler {
	remembered := &seen{}
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxCall))
		if err != nil {
			http.Error(w, "the call could not be read", http.StatusBadRequest)
			return
		}
		key, err := remembered.verify(req, keys.known(), now(), body)
		if err != nil {
			log.Warn("a call to the relay was refused", "from", req.RemoteAddr, "err", err)
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		status, answer := answer(req, r, body, log)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set(headerSignature, answerSignature(key, req.Header.Get(headerNonce), status, answer))
		w.WriteHeader(status)
		_, _ = w.Write(answer) // the caller may be gone
	})
}

// answer makes a call that has proven itself.
func answer(req *http.Request, r Relay, body []byte, log *slog.Logger) (status int, answer []byte) {
	name := strings.TrimPrefix(req.URL.Path, Path)
	out, err := func() (any, error) {
		do := calls[name]
		if do == nil || req.Method != http.MethodPost {
			return nil, fmt.Errorf("%s %.40q: no call of the relay: %w", req.Method, name, ErrInvalid)
		}
		var c call
		dec := json.NewDecoder(bytes.NewReader(body))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&c); err != nil {
			return nil, fmt.Errorf("%s: %w: %w", name, ErrInvalid, err)
		}
		if dec.More() {
			return nil, fmt.Errorf("%s: more than one object: %w", name, ErrInvalid)
		}
		return do(req.Context(), r, c)
	}()
	status = http.StatusOK
	if err != nil {
		f := failure{Detail: "the indexer has made a mistake; its log says more"}
		status = http.StatusInternalServerError
		for _, k := range kinds {
			if errors.Is(err, k.err) {
				f, status = failure{Kind: k.name, Detail: err.Error()}, k.status
			}
		}
		if f.Kind == "" && req.Context().Err() == nil {
			log.Error("a call to the relay has failed", "call", name, "err", err)
		}
		out = f
	}
	answer, err = json.Marshal(out)
	if err != nil {
		log.Error("an answer of the relay cannot be written", "call", name, "err", err)
		return http.StatusInternalServerError, []byte("{}")
	}
	return status, answer
}

// Client is a relay in another process. It is safe for concurrent use.
type Client struct {
	base string
	keys Keys
	now  func() time.Time
	rand io.Reader
	http *http.Client
}

var _ Relay = (*Client)(nil)

// NewClient makes a client of the relay at base, an http URL without a path; it asks nothing yet. rand gives each call its
// nonce: it must never repeat itself, and is safe for concurrent use, as crypto/rand's Reader. transport nil stands for one of its own.
func NewClient(base string, keys Keys, now func() time.Time, rand io.Reader, transport http.RoundTripper) *Client {
	if transport == nil {
		transport = &http.Transport{MaxIdleConnsPerHost: 64, IdleConnTimeout: time.Minute}
	}
	return &Client{base: strings.TrimSuffix(base, "/"), keys: keys, now: now, rand: rand, http: &http.Client{
		Transport: transport, Timeout: DefaultTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // the relay sends nobody elsewhere
	}}
}

// Network implements Relay.
func (c *Client) Network(ctx context.Context) (Network, error) {
	return ask[Network](ctx, c, "network", call{})
}

// LatestLedger implements Relay.
func (c *Client) LatestLedger(ctx context.Context) (Ledger, error) {
	return ask[Ledger](ctx, c, "latest-ledger", call{})
}

// Simulate implements Relay.
func (c *Client) Simulate(ctx context.Context, envelope string) (Simulation, error) {
	return ask[Simulation](ctx, c, "simulate", call{Envelope: envelope})
}

// Read implements Relay.
func (c *Client) Read(ctx context.Context, args string) (Reading, error) {
	return ask[Reading](ctx, c, "read", call{Call: args})
}

// Submit implements Relay.
func (c *Client) Submit(ctx context.Context, envelope string) (Submission, error) {
	return ask[Submission](ctx, c, "submit", call{Envelope: envelope})
}

// Sponsor implements Relay.
func (c *Client) Sponsor(ctx context.Context, r SponsorRequest) (Sponsorship, error) {
	return ask[Sponsorship](ctx, c, "sponsor", call{Sponsor: &r})
}

// FeeStats implements Relay.
func (c *Client) FeeStats(ctx context.Context) (FeeStats, error) {
	return ask[FeeStats](ctx, c, "fee-stats", call{})
}

// Transaction implements Relay.
func (c *Client) Transaction(ctx context.Context, hash string) (Transaction, error) {
	return ask[Transaction](ctx, c, "transaction", call{Hash: hash})
}

// Account implements Relay.
func (c *Client) Account(ctx context.Context, address string) (Account, error) {
	return ask[Account](ctx, c, "account", call{Address: address})
}

// Holding implements Relay.
func (c *Client) Holding(ctx context.Context, asset, holder string) (Holding, error) {
	return ask[Holding](ctx, c, "holding", call{Asset: asset, Address: holder})
}

// Asset implements Relay.
func (c *Client) Asset(ctx context.Context, asset string) (Asset, error) {
	return ask[Asset](ctx, c, "asset", call{Asset: asset})
}

// A call is made several times when the connection fails or the other end has another secret: an indexer that restarts, a file that has changed
// at one end. Each call may be made again: a transaction is included once, however often it is submitted, and what is being sponsored is
// not sponsored a second time.
const (
	tries = 4
	pause = 100 * time.Millisecond // before the third, doubled each time; the second comes at once, on a new connection or with the other key
)

func ask[Answer any](ctx context.Context, c *Client, name string, args call) (Answer, error) {
	var out, none Answer
	body, err := json.Marshal(args)
	if err != nil {
		return none, fmt.Errorf("relay %s: %w", name, err)
	}
	if len(body) > maxCall {
		return none, fmt.Errorf("relay %s: a call of %d bytes, at most %d are taken: %w", name, len(body), maxCall, ErrInvalid)
	}
	var last error
	for n := range tries {
		raw, status, err := c.once(ctx, name, body, n)
		switch {
		case err == nil && status == http.StatusOK:
			if err := json.Unmarshal(raw, &out); err != nil {
				return none, fmt.Errorf("relay %s: answer: %w", name, err)
			}
			return out, nil
		case err == nil:
			return none, refusal(name, raw)
		case ctx.Err() != nil:
			return none, fmt.Errorf("relay %s: %w", name, ctx.Err())
		}
		last = err
		if n > 0 && n < tries-1 {
			wait(ctx, pause<<(n-1))
		}
	}
	return none, fmt.Errorf("relay %s: %w: %w", name, ErrUnavailable, last)
}

// wait ends with the time or the context.
func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// once makes one call. An error means that no answer came that can be believed.
func (c *Client) once(ctx context.Context, name string, body []byte, n int) (raw []byte, status int, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+Path+name, bytes.NewReader(body))
	if err != nil {
		return nil, 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	keys := c.keys.known()
	if len(keys) == 0 {
		return nil, 0, errors.New("there is no secret to sign with")
	}
	key := keys[n%len(keys)]
	nonce, err := sign(req, key, c.now(), c.rand, body)
	if err != nil {
		return nil, 0, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, 0, err
	}
	defer resp.Body.Close()
	if raw, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1)); err != nil {
		return nil, 0, err
	}
	if len(raw) > maxAnswer {
		return nil, 0, fmt.Errorf("the answer has more than %d bytes", maxAnswer)
	}
	if !hmac.Equal([]byte(resp.Header.Get(headerSignature)), []byte(answerSignature(key, nonce, resp.StatusCode, raw))) {
		return nil, 0, fmt.Errorf("status %d: the answer is %w", resp.StatusCode, errUnproven)
	}
	return raw, resp.StatusCode, nil
}

func refusal(name string, raw []byte) error {
	var f failure
	if err := json.Unmarshal(raw, &f); err != nil {
		return fmt.Errorf("relay %s: answer: %w", name, err)
	}
	for _, k := range kinds {
		if k.name == f.Kind {
			return &refused{name, f.Detail, k.err}
		}
	}
	return fmt.Errorf("relay %s: %s", name, f.Detail)
}

// refused is an error as the other end has worded it; its text has its kind's in it already.
type refused struct {
	call, detail string
	kind         error
}

func (r *refused) Error() string { return "relay " + r.call + ": " + r.detail }
func (r *refused) Unwrap() error { return r.kind }
