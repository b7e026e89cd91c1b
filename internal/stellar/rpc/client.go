package rpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/creachadair/jrpc2"
	"github.com/stellar/go-stellar-sdk/clients/rpcclient"

	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// Config says which node to ask, and how patiently.
type Config struct {
	URL     string          // http or https
	Network stellar.Network // the one that the node must serve
	// Timeout bounds each call, MaxBody each answer in bytes. 0 stands for DefaultTimeout and DefaultMaxBody.
	Timeout time.Duration
	MaxBody int64
	// HTTP carries the calls; nil stands for http.DefaultTransport.
	HTTP http.RoundTripper
}

// What Config's zeros stand for. A page of the main network's ledgers is a few megabytes each.
const (
	DefaultTimeout = 20 * time.Second
	DefaultMaxBody = 64 << 20
)

// Client asks one node. It is safe for concurrent use and needs no closing.
type Client struct{ config Config }

// Kinds of error. Every error of this package is one of them, or the context's own.
var (
	// ErrUnavailable: the node could not be reached, did not answer in time, answered too much, or is not healthy. Asking again may help.
	ErrUnavailable = errors.New("node not available")
	// ErrRefused: the node understood the question and refused it. Asking again is pointless.
	ErrRefused = errors.New("refused by the node")
	// ErrAnswer: the node's answer is not what the protocol says.
	ErrAnswer = errors.New("answer not understood")
	// ErrTooLarge is an ErrUnavailable: the answer is larger than Config.MaxBody. Asking for less helps.
	ErrTooLarge = errors.New("its answer is larger than what is read of one")
	// ErrWrongNetwork: the node serves another network.
	ErrWrongNetwork = errors.New("node of another network")
)

// New makes a client; it asks nothing yet.
func New(c Config) (*Client, error) {
	u, err := url.Parse(c.URL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, fmt.Errorf("node %q: not an http or https URL", redacted(c.URL))
	}
	if c.Network.Passphrase() == "" {
		return nil, fmt.Errorf("node %s: no network is named that it should serve", u.Redacted())
	}
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	if c.MaxBody == 0 {
		c.MaxBody = DefaultMaxBody
	}
	if c.HTTP == nil {
		c.HTTP = http.DefaultTransport
	}
	return &Client{c}, nil
}

// redacted hides what a URL may hold of secrets, even where it cannot be parsed.
func redacted(raw string) string {
	if u, err := url.Parse(raw); err == nil {
		return u.Redacted()
	}
	return "(unreadable)"
}

// Network is the network that the node must serve.
func (c *Client) Network() stellar.Network { return c.config.Network }

// call makes one call by a client of its own. One shared client would close itself under the calls of others after each error, and
// could not end an HTTP request with the context of its call.
func call[Answer any](ctx context.Context, c *Client, method string, ask func(context.Context, *rpcclient.Client) (Answer, error)) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	door := &bounded{base: c.config.HTTP, ctx: ctx, max: c.config.MaxBody}
	client := rpcclient.NewClient(c.config.URL, &http.Client{Transport: door})
	// Closing waits for the request; with the context it is over at once.
	defer func() { cancel(); _ = client.Close() }()
	answer, err := ask(ctx, client)
	if err == nil {
		return answer, nil
	}
	var none Answer
	return none, c.explain(ctx, method, err, door.failure())
}

// refusals are the codes of JSON-RPC that blame the question (https://www.jsonrpc.org/specification#error_object). All others are about the node: it,
// or what stands before it, is busy, or something in it is broken.
var refusals = []jrpc2.Code{jrpc2.ParseError, jrpc2.InvalidRequest, jrpc2.MethodNotFound, jrpc2.InvalidParams}

// explain gives an error its kind and says who was asked what. The URL may carry a provider's key in its path, so only its host is named.
// broken is what went wrong on the way: the SDK's client makes text of it, with the URL inside, and a code as if the node had answered.
func (c *Client) explain(ctx context.Context, method string, err, broken error) error {
	host := "?"
	if u, parseErr := url.Parse(c.config.URL); parseErr == nil {
		host = u.Host
	}
	var answered *jrpc2.Error
	switch {
	case errors.Is(context.Cause(ctx), context.Canceled):
		return fmt.Errorf("%s of %s: %w", method, host, context.Canceled)
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("%s of %s: no answer in time: %w: %w", method, host, ErrUnavailable, context.DeadlineExceeded)
	case errors.Is(broken, ErrTooLarge):
		return fmt.Errorf("%s of %s: %w: %w", method, host, ErrUnavailable, ErrTooLarge)
	case broken != nil:
		return fmt.Errorf("%s of %s: %w: %s", method, host, ErrUnavailable, clip(broken.Error()))
	case errors.As(err, &answered) && slices.Contains(refusals, answered.Code):
		return fmt.Errorf("%s of %s: %w: %s", method, host, ErrRefused, clip(answered.Message))
	}
	return fmt.Errorf("%s of %s: %w: %s", method, host, ErrUnavailable, clip(err.Error()))
}

// clip keeps a stranger's text short.
func clip(s string) string {
	const most = 500
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}

// bounded is one call's way to the node: it ends with the call's context, reads no more than max bytes of an answer, and keeps what
// went wrong.
type bounded struct {
	base http.RoundTripper
	ctx  context.Context // of this one call; the SDK's client makes its HTTP requests without
	max  int64

	mu     sync.Mutex
	broken error // the first thing
}

func (b *bounded) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := b.base.RoundTrip(req.WithContext(b.ctx))
	if err != nil {
		return nil, b.fail(err)
	}
	if resp.StatusCode != http.StatusOK {
		_ = b.fail(fmt.Errorf("it answered with status %d", resp.StatusCode))
	}
	resp.Body = &limitedBody{resp.Body, b.max, b.fail}
	return resp, nil
}

func (b *bounded) fail(err error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.broken == nil {
		b.broken = err
	}
	return err
}

func (b *bounded) failure() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.broken
}

// A limitedBody fails, rather than ends, when more than left bytes come.
type limitedBody struct {
	io.ReadCloser
	left int64
	fail func(error) error
}

func (b *limitedBody) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if int64(n) > b.left {
		return int(b.left), b.fail(ErrTooLarge)
	}
	b.left -= int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		err = b.fail(err)
	}
	return n, err
}
