package tlsprobe

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// Probe says how servers are looked at: Now and Rand are needed, the rest has defaults. It holds nothing of a look and may be used by several
// at once.
type Probe struct {
	Now  func() time.Time // certificates and responses are good or expired by this clock
	Rand io.Reader        // of the hellos; no secret hangs on it. Safe for concurrent use, as crypto/rand.Reader is
	// Dial connects, from another network namespace for one; nil is net.Dialer's.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	Wait time.Duration // bounds each connection; 0 stands for DefaultWait
	Most time.Duration // bounds the whole look; 0 stands for DefaultMost
}

const (
	DefaultWait = 4 * time.Second
	DefaultMost = 30 * time.Second
)

// Target is a server.
type Target struct {
	Address string         // host:port to connect to
	Name    string         // that it is asked for (SNI) and its certificate must have; empty stands for the host of Address
	Roots   *x509.CertPool // that its certificates may come from; nil stands for the system's
}

// Facts are what a look has found. What could not be looked at is missing there, and named by the error that comes with it.
type Facts struct {
	Target   string    // address and name
	Versions []Version // SSLv2, SSLv3, TLS 1.0 … 1.3: always all six
	Chains   []Chain   // one for each certificate of its own that the server shows; see Chain
	ALPN     []string  // of http/1.1 and h2, those that it agreed to
	// Connections is how many were made.
	Connections int
}

// Version returns the facts of a protocol by its name: "TLS 1.2".
func (f Facts) Version(name string) (Version, bool) {
	for _, v := range f.Versions {
		if v.Name == name {
			return v, true
		}
	}
	return Version{}, false
}

// Unseen is an error about a part of a server that could not be looked at. Nothing follows from it for that part.
type Unseen struct {
	Target, Part string // the part: a version's name, "certificate", "stapling"
	Err          error
}

func (u *Unseen) Error() string { return fmt.Sprintf("look at %s of %s: %v", u.Part, u.Target, u.Err) }
func (u *Unseen) Unwrap() error { return u.Err }

// ErrSilent is wrapped where a server did not say anything to a question in time.
var ErrSilent = errors.New("no answer in time")

// ErrNoTLS is wrapped where what answers does not speak TLS.
var ErrNoTLS = errors.New("it does not speak TLS")

// Look asks a server everything. Facts are good for what they say even if there is an error, which joins an *Unseen for each part that
// could not be looked at; a server that takes no handshake of any kind is an error too, since of a server that is broken everything looks
// refused.
func (p Probe) Look(ctx context.Context, t Target) (Facts, error) {
	l, err := p.begin(t)
	if err != nil {
		return Facts{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, orElse(p.Most, DefaultMost))
	defer cancel()
	facts := Facts{Target: l.String()}
	facts.Versions, err = l.versions(ctx)
	if err == nil {
		facts.Chains, facts.ALPN, err = l.chains(ctx, facts.Versions)
	}
	errs := []error{err}
	for _, v := range facts.Versions {
		if v.Err != nil {
			errs = append(errs, &Unseen{l.String(), v.Name, v.Err})
		}
	}
	facts.Connections = int(l.connections.Load())
	return facts, errors.Join(errs...)
}

// look is one look at one server.
type look struct {
	Probe
	Target
	connections atomic.Int64
}

const maxName = 253 // of the DNS

func (p Probe) begin(t Target) (*look, error) {
	host, _, err := net.SplitHostPort(t.Address)
	if err != nil {
		return nil, fmt.Errorf("look at %q: %w; write it as host:port", t.Address, err)
	}
	if t.Name == "" {
		t.Name = host
	}
	t.Name = strings.TrimSuffix(t.Name, ".")
	if len(t.Name) > maxName {
		return nil, fmt.Errorf("look at %s: a server name of %d bytes: a name has at most %d", t.Address, len(t.Name), maxName)
	}
	if p.Dial == nil {
		p.Dial = (&net.Dialer{}).DialContext
	}
	p.Wait = orElse(p.Wait, DefaultWait)
	return &look{Probe: p, Target: t}, nil
}

func orElse(d, instead time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return instead
}

func (l *look) String() string { return fmt.Sprintf("%s (%s)", l.Address, l.Name) }

// connected calls use with a connection that fails when Wait is over. An error of use that comes from there wraps ErrSilent.
func (l *look) connected(ctx context.Context, use func(context.Context, net.Conn) error) error {
	wait, cancel := context.WithTimeout(ctx, l.Wait)
	defer cancel()
	l.connections.Add(1)
	conn, err := l.Dial(wait, "tcp", l.Address)
	if err != nil {
		return l.late(ctx, wait, err)
	}
	defer conn.Close()
	past := time.Unix(1, 0)
	stop := context.AfterFunc(wait, func() { _ = conn.SetDeadline(past) }) // fails only once it is closed
	defer stop()
	return l.late(ctx, wait, use(wait, conn))
}

func (l *look) late(ctx, wait context.Context, err error) error {
	switch {
	case err == nil || wait.Err() == nil:
		return err
	case ctx.Err() != nil:
		return fmt.Errorf("%w: %w", ErrSilent, ctx.Err())
	case errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w: %s", ErrSilent, l.Wait)
	}
	return err
}

// ask says a hello and reads the answer.
func (l *look) ask(ctx context.Context, hello []byte, read func(io.Reader) (answer, error)) (a answer, err error) {
	err = l.connected(ctx, func(_ context.Context, conn net.Conn) error {
		if _, err := conn.Write(hello); err != nil {
			a, err = ended(err)
			return err
		}
		a, err = read(conn)
		return err
	})
	return a, err
}
