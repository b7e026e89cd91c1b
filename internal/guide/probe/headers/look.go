package headers

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"os"
	"strings"
	"sync"
	"time"
)

// Probe says how servers are asked. Rand is needed, the rest has defaults.
type Probe struct {
	Rand io.Reader // of the marker that an echo is known by. Safe for concurrent use, as crypto/rand.Reader is
	// Dial connects, from another network namespace for one; nil is net.Dialer's.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	Wait time.Duration // bounds each request; 0 stands for DefaultWait
}

// The bounds of a look.
const (
	DefaultWait = 5 * time.Second
	MaxRoutes   = 256
	// MaxBody is how much of a body is kept and how much is read.
	MaxBody    = 64 << 10
	maxHeader  = 128 << 10 // status line and header, of all 1xx answers and the last together
	maxInterim = 8         // 1xx answers before the one that counts
	atOnce     = 4         // requests
)

// Answer is what came back for a route, or why nothing did.
type Answer struct {
	Route  Route
	Status int
	Proto  string // HTTP/1.1
	// Header has each field by its canonical name, with all its values in their order. A field that came twice has two.
	Header http.Header
	// Body is its beginning, at most MaxBody; Cut tells that there was more, or that it ended early.
	Body []byte
	Cut  bool
	// Echoed tells that the body holds a field of our request.
	Echoed bool
	// Err is why there is no answer: no connection, a certificate that the roots do not vouch for, no HTTP, no answer in time. All else is
	// then empty.
	Err error
}

// AsWanted tells that the route has the status that was counted on. What was wanted but did not come has not been looked at.
func (a Answer) AsWanted() bool {
	return a.Err == nil && (a.Route.Want == 0 || a.Status == a.Route.Want)
}

// ErrSilent is wrapped where no whole answer came in time.
var ErrSilent = errors.New("no answer in time")

// Look asks each route once, a few at a time, and returns the answers in the order of the routes. The error is of a target or a route that
// cannot be asked at all; then nothing was.
func (p Probe) Look(ctx context.Context, t Target, routes []Route) ([]Answer, error) {
	at, err := t.place()
	if err != nil {
		return nil, err
	}
	if len(routes) > MaxRoutes {
		return nil, fmt.Errorf("%d routes: at most %d are asked in one look", len(routes), MaxRoutes)
	}
	errs := make([]error, len(routes))
	for i, r := range routes {
		errs[i] = r.check()
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if p.Dial == nil {
		p.Dial = (&net.Dialer{}).DialContext
	}
	if p.Wait <= 0 {
		p.Wait = DefaultWait
	}
	answers := make([]Answer, len(routes))
	places := make(chan struct{}, atOnce)
	var all sync.WaitGroup
	for i, r := range routes {
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			answers[i] = p.ask(ctx, at, r)
		})
	}
	all.Wait()
	return answers, nil
}

// ask makes one request.
func (p Probe) ask(ctx context.Context, at place, r Route) Answer {
	wait, cancel := context.WithTimeout(ctx, p.Wait)
	defer cancel()
	answer, err := p.exchange(wait, at, r)
	if err == nil {
		return answer
	}
	if wait.Err() != nil && (errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)) {
		err = fmt.Errorf("%w: %s", ErrSilent, p.Wait)
	}
	return Answer{Route: r, Err: fmt.Errorf("%s at %s: %w", r, at.address, err)}
}

func (p Probe) exchange(ctx context.Context, at place, r Route) (Answer, error) {
	var random [16]byte
	if _, err := io.ReadFull(p.Rand, random[:]); err != nil {
		return Answer{}, fmt.Errorf("make a marker: %w", err)
	}
	marker := hex.EncodeToString(random[:])
	conn, err := p.Dial(ctx, "tcp", at.address)
	if err != nil {
		return Answer{}, err
	}
	defer conn.Close()
	raw, past := conn, time.Unix(1, 0)
	stop := context.AfterFunc(ctx, func() { _ = raw.SetDeadline(past) }) // fails only once it is closed
	defer stop()
	if at.tls {
		client := tls.Client(conn, &tls.Config{RootCAs: at.roots, ServerName: at.name, NextProtos: []string{"http/1.1"}, MinVersion: tls.VersionTLS12})
		if err := client.HandshakeContext(ctx); err != nil {
			return Answer{}, err
		}
		conn = client
	}
	if _, err := io.WriteString(conn, r.write(at.host, marker)); err != nil {
		return Answer{}, err
	}
	return read(conn, r, marker)
}

// read reads an answer. Of one to CONNECT that succeeds there is no body, only a tunnel.
func read(conn io.Reader, r Route, marker string) (Answer, error) {
	limited := &io.LimitedReader{R: conn, N: maxHeader}
	buffered := bufio.NewReader(limited)
	request := &http.Request{Method: r.Method}
	var response *http.Response
	for n := 0; response == nil || response.StatusCode < 200 && response.StatusCode != http.StatusSwitchingProtocols; n++ {
		if n > maxInterim {
			return Answer{}, fmt.Errorf("more than %d answers of 1xx", maxInterim)
		}
		var err error
		if response, err = http.ReadResponse(buffered, request); err != nil {
			if limited.N <= 0 {
				err = fmt.Errorf("a header larger than %d bytes", maxHeader)
			}
			return Answer{}, plain(err)
		}
	}
	a := Answer{Route: r, Status: response.StatusCode, Proto: response.Proto, Header: response.Header}
	for _, hidden := range response.TransferEncoding { // net/http takes it out of the header
		a.Header.Add("Transfer-Encoding", hidden)
	}
	tunnel := r.Method == http.MethodConnect && a.Status < 300 || a.Status == http.StatusSwitchingProtocols
	if tunnel {
		return a, nil
	}
	limited.N += MaxBody + maxHeader // chunks have headers of their own
	body, err := io.ReadAll(io.LimitReader(response.Body, MaxBody+1))
	a.Body, a.Cut = body[:min(len(body), MaxBody)], len(body) > MaxBody || err != nil
	a.Echoed = strings.Contains(string(a.Body), marker)
	return a, nil
}

// plain says what a textproto error means for the one who reads it.
func plain(err error) error {
	var protocol textproto.ProtocolError
	if errors.As(err, &protocol) {
		return fmt.Errorf("it does not speak HTTP: %w", err)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return errors.New("it closed the connection without an answer")
	}
	return err
}
