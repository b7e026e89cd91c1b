package redisprobe

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"
)

// Probe says how servers are looked at. Now is needed, the rest has defaults.
type Probe struct {
	Now func() time.Time // certificates are good or expired by this clock
	// Dial connects, from another network namespace for one; nil is net.Dialer's.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	Wait time.Duration // bounds each connection; 0 stands for DefaultWait
}

const (
	DefaultWait = 4 * time.Second
	// MaxPasswords bounds how many are tried. Each is a connection and a line in the server's ACL LOG.
	MaxPasswords = 256
)

// Target is a Redis.
type Target struct {
	Address string         // host:port
	Name    string         // that its certificate must have; empty stands for the host of Address
	Roots   *x509.CertPool // that its certificate must come from; nil stands for the system's
	// Passwords are what everybody knows, tried for the default user one after the other until one lets us in. The empty one is tried
	// first and need not be among them.
	Passwords []string
}

// Facts are what a client that knows nothing gets.
type Facts struct {
	Clear Leg // in the clear
	TLS   Leg // by TLS; what it says is looked at only if the handshake succeeds
	// Trusted tells that the certificate is the target's and comes from its roots; Distrust says why not.
	Trusted  bool
	Distrust string
}

// Leg is what came back on one way to the server.
type Leg struct {
	Ping Answer // to PING, before anything else was said
	Info Answer // to INFO on the same connection
	// Version is what INFO told, if it did.
	Version string
	// Tried is how many passwords were; LetIn tells that one was accepted, Guess which of the target's (-1: the empty one). Nothing is
	// tried where PING was answered, since Redis then takes any password, nor where it refuses us for another reason.
	Tried int
	LetIn bool
	Guess int
}

// Answer is what a server does with a command.
type Answer string

const (
	Answered      Answer = "answered"
	NeedsPassword Answer = "needs a password" // NOAUTH
	Forbidden     Answer = "forbidden"        // NOPERM: the default user may not, but is let in
	Protected     Answer = "protected mode"   // refuses everybody but this machine as long as it has no password
	OtherError    Answer = "another error"    // loading, too many clients: it said so without asking for a password
	Closed        Answer = "closed"           // it ended the connection without a word
	Foreign       Answer = "another protocol" // what speaks here is no Redis; of a server that wants TLS, in the clear
	NotAsked      Answer = "not asked"        // what came before ended the conversation
)

// ErrSilent is wrapped where a server said nothing in time.
var ErrSilent = errors.New("no answer in time")

// Look asks in the clear and by TLS. It fails if a server cannot be reached or stalls: then nothing was seen.
func (p Probe) Look(ctx context.Context, t Target) (Facts, error) {
	host, _, err := net.SplitHostPort(t.Address)
	if err != nil {
		return Facts{}, fmt.Errorf("look at %q: %w; write it as host:port", t.Address, err)
	}
	if len(t.Passwords) > MaxPasswords {
		return Facts{}, fmt.Errorf("look at %s: %d passwords: at most %d are tried", t.Address, len(t.Passwords), MaxPasswords)
	}
	if t.Name == "" {
		t.Name = host
	}
	if p.Dial == nil {
		p.Dial = (&net.Dialer{}).DialContext
	}
	if p.Wait <= 0 {
		p.Wait = DefaultWait
	}
	l := look{p, t}
	var facts Facts
	clear := func(context.Context, net.Conn) (net.Conn, error) { return nil, nil }
	if facts.Clear, err = l.leg(ctx, clear); err != nil {
		return Facts{}, fmt.Errorf("look at %s in the clear: %w", t.Address, err)
	}
	encrypted := func(ctx context.Context, conn net.Conn) (net.Conn, error) {
		return l.encrypt(ctx, conn, &facts)
	}
	if facts.TLS, err = l.leg(ctx, encrypted); err != nil {
		return Facts{}, fmt.Errorf("look at %s by TLS: %w", t.Address, err)
	}
	return facts, nil
}

type look struct {
	Probe
	Target
}

// wrap makes of a connection what is spoken on; nil stands for the connection itself.
type wrap func(context.Context, net.Conn) (net.Conn, error)

// errRefused is what wrap returns if the server does not speak what is wanted.
var errRefused = errors.New("refused")

func (l look) encrypt(ctx context.Context, conn net.Conn, facts *Facts) (net.Conn, error) {
	client := tls.Client(conn, &tls.Config{
		ServerName: l.Name, MinVersion: tls.VersionTLS12,
		InsecureSkipVerify: true, // what it says is looked at whoever vouches for it; that is told as a fact below
		VerifyConnection: func(s tls.ConnectionState) error {
			others := x509.NewCertPool()
			for _, c := range s.PeerCertificates[1:] {
				others.AddCert(c)
			}
			_, err := s.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: l.Roots, Intermediates: others, DNSName: l.Name, CurrentTime: l.Now()})
			if facts.Trusted = err == nil; !facts.Trusted {
				facts.Distrust = err.Error()
			}
			return nil
		},
	})
	if err := client.HandshakeContext(ctx); err != nil {
		// To a Redis that speaks in the clear, a ClientHello is the begin of a line, and it waits for the rest.
		redis := facts.Clear.Ping != Closed && facts.Clear.Ping != Foreign
		if silent(err) && !redis {
			return nil, err
		}
		return nil, errRefused
	}
	return client, nil
}

// leg asks on one way: without a password, then, where one is wanted, with each that everybody knows.
func (l look) leg(ctx context.Context, w wrap) (leg Leg, err error) {
	leg = Leg{Ping: NotAsked, Info: NotAsked, Guess: -1}
	err = l.connected(ctx, w, func(c conversation) (err error) {
		if leg.Ping, _, err = c.say("PING"); err != nil || leg.Ping == Closed || leg.Ping == Foreign || leg.Ping == Protected {
			return err
		}
		var info string
		if leg.Info, info, err = c.say("INFO", "server"); leg.Info == Answered {
			leg.Version = field(info, "redis_version")
		}
		return err
	})
	if errors.Is(err, errRefused) {
		leg.Ping, err = Foreign, nil
	}
	if err != nil || leg.Ping != NeedsPassword {
		return leg, err
	}
	for i := -1; i < len(l.Passwords); i++ {
		password := ""
		if i >= 0 {
			password = l.Passwords[i]
		}
		in, err := l.try(ctx, w, password)
		leg.Tried++
		switch {
		case err == nil && in == Answered:
			leg.LetIn, leg.Guess = true, i
			return leg, nil
		case err == nil && in != NeedsPassword:
			err = fmt.Errorf("it said: %s", in)
		}
		if err != nil {
			return leg, fmt.Errorf("try password %d of %d: %w", leg.Tried, len(l.Passwords)+1, err)
		}
	}
	return leg, nil
}

// try offers one password for the default user.
func (l look) try(ctx context.Context, w wrap, password string) (in Answer, err error) {
	err = l.connected(ctx, w, func(c conversation) (err error) {
		var text string
		in, text, err = c.say("AUTH", "default", password)
		if in == OtherError && strings.Contains(text, "wrong number of arguments") { // before Redis 6 there was one user without a name
			in, text, err = c.say("AUTH", password)
		}
		if in == OtherError && strings.Contains(text, "invalid password") {
			in = NeedsPassword
		}
		return err
	})
	return in, err
}

func (l look) connected(ctx context.Context, w wrap, use func(conversation) error) error {
	wait, cancel := context.WithTimeout(ctx, l.Wait)
	defer cancel()
	err := func() error {
		conn, err := l.Dial(wait, "tcp", l.Address)
		if err != nil {
			return err
		}
		defer conn.Close()
		past := time.Unix(1, 0)
		stop := context.AfterFunc(wait, func() { _ = conn.SetDeadline(past) }) // fails only once it is closed
		defer stop()
		spoken, err := w(wait, conn)
		if err != nil {
			return err
		}
		if spoken == nil {
			spoken = conn
		}
		return use(conversation{spoken, bufio.NewReader(spoken)})
	}()
	if err != nil && wait.Err() != nil && silent(err) {
		return fmt.Errorf("%w: %s", ErrSilent, l.Wait)
	}
	return err
}

func silent(err error) bool {
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// conversation is one connection.
type conversation struct {
	conn net.Conn
	in   *bufio.Reader
}

// say says a command and tells what came back. The error is that nothing did.
func (c conversation) say(words ...string) (Answer, string, error) {
	_, err := c.conn.Write(command(words...))
	var r reply
	if err == nil || ended(err) { // protected mode says why before it has read anything, and closes
		r, err = readReply(c.in)
	}
	switch {
	case errors.Is(err, errNoRedis):
		return Foreign, "", nil
	case ended(err):
		return Closed, "", nil
	case err != nil:
		return "", "", err
	case r.kind != '-':
		return Answered, r.text, nil
	}
	word, _, _ := strings.Cut(r.text, " ")
	switch word {
	case "NOAUTH", "WRONGPASS":
		return NeedsPassword, r.text, nil
	case "NOPERM":
		return Forbidden, r.text, nil
	case "DENIED":
		return Protected, r.text, nil
	}
	return OtherError, r.text, nil
}

func ended(err error) bool {
	for _, end := range []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, end) {
			return true
		}
	}
	return false
}

// field is a line of INFO.
func field(info, name string) string {
	for line := range strings.Lines(info) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
