package tlsprobe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
)

// Version is what a server does when it is asked for one protocol version and nothing else.
type Version struct {
	Name     string // SSLv2, SSLv3, TLS 1.0, TLS 1.1, TLS 1.2, TLS 1.3
	Accepted bool
	// Refusal is how it said no, in words: an alert, a closed connection, or that it chose another version.
	Refusal string
	// Suites are those that it accepts, in the order in which it chose them.
	Suites []Suite
	// ServerOrder tells that it chooses by its own order and not the client's. Of a server with one suite it is false.
	ServerOrder bool
	// What it agreed to: by its ServerHello, which in SSLv3 tells of Compression only; in TLS 1.3 there are SessionTickets only, and it was
	// seen to send one.
	Compression, SecureRenegotiation, ExtendedMasterSecret, SessionTickets bool
	// Err is why it could not be looked at, or, with Accepted, why the suites may be more than these.
	Err error
}

// With are the accepted suites that have a trait.
func (v Version) With(t Trait) (suites []Suite) {
	for _, s := range v.Suites {
		if slices.Contains(s.Traits(), t) {
			suites = append(suites, s)
		}
	}
	return suites
}

// versions asks for all six at once. It fails if the server took none of them.
func (l *look) versions(ctx context.Context) ([]Version, error) {
	asked := []version{sslv2, sslv3, tls10, tls11, tls12, tls13}
	found := make([]Version, len(asked))
	var all sync.WaitGroup
	for i, v := range asked {
		all.Go(func() {
			found[i].Name = v.String()
			if v == sslv2 {
				l.ancient(ctx, &found[i])
			} else {
				l.version(ctx, v, &found[i])
			}
		})
	}
	all.Wait()
	if slices.ContainsFunc(found, func(v Version) bool { return v.Accepted }) {
		return found, nil
	}
	// Of a server that is broken everything looks refused: then nothing was seen.
	var why error
	for i := range found {
		if found[i].Err == nil {
			found[i].Err = fmt.Errorf("it took no handshake of any kind: %s", found[i].Refusal)
		}
		if why == nil || found[i].Name != sslv2.String() { // what is said to that is the least of it
			why = found[i].Err
		}
	}
	return found, &Unseen{l.String(), "any handshake", why}
}

// version fills in one version from SSLv3 on.
func (l *look) version(ctx context.Context, v version, found *Version) {
	suites := legacySuites()
	if v == tls13 {
		suites = modernSuites()
	}
	var first answer
	found.Suites, first, found.Err = l.accepted(ctx, v, suites)
	if found.Accepted = len(found.Suites) > 0; !found.Accepted {
		if found.Err == nil {
			found.Refusal = first.String()
		}
		return
	}
	if found.Err != nil {
		return
	}
	// The same suites the other way round, and compression, which TLS 1.3 forbids to offer.
	turned := slices.Clone(found.Suites)
	slices.Reverse(turned)
	a, err := l.offer(ctx, offer{version: v, suites: turned, name: l.Name, compress: v < tls13})
	if err == nil && (a.kind != hello || a.version != v) {
		err = fmt.Errorf("it %s, which took the same suites before", a)
	}
	if err != nil {
		found.Err = fmt.Errorf("ask for its order and for compression: %w", err)
		return
	}
	found.ServerOrder = len(turned) > 1 && a.suite == found.Suites[0].ID
	if v < tls13 {
		found.Compression, found.SecureRenegotiation = a.compressed, a.has(extRenegotiation)
		found.ExtendedMasterSecret, found.SessionTickets = a.has(extMasterSecret), a.has(extTicket)
	}
}

// fewSuites is how many every server takes in one hello: a list that it closed the connection on is halved down to this.
const fewSuites = 32

// accepted are the suites of the list that the server accepts in this version, and what it said to the whole list.
func (l *look) accepted(ctx context.Context, v version, suites []Suite) (chosen []Suite, first answer, err error) {
	suites = slices.Clone(suites)
	for len(suites) > 0 { // each round takes one out, or is the last
		a, err := l.offer(ctx, offer{version: v, suites: suites, name: l.Name})
		if len(chosen) == 0 {
			first = a
		}
		switch {
		case err != nil:
			return chosen, first, err
		case a.kind == nonsense:
			return chosen, first, fmt.Errorf("%w: its answer %s", ErrNoTLS, a.problem)
		case a.kind == hello && a.version != v || a.refuses():
			return chosen, first, nil
		case a.kind != hello && len(suites) > fewSuites:
			half := len(suites) / 2
			low, _, errLow := l.accepted(ctx, v, suites[:half])
			high, _, errHigh := l.accepted(ctx, v, suites[half:])
			return slices.Concat(chosen, low, high), first, errors.Join(errLow, errHigh)
		case a.kind != hello:
			return chosen, first, nil
		}
		i := slices.IndexFunc(suites, func(s Suite) bool { return s.ID == a.suite })
		if i < 0 {
			return chosen, first, fmt.Errorf("it chose a suite that was not offered: 0x%04X", a.suite)
		}
		chosen = append(chosen, suites[i])
		suites = slices.Delete(suites, i, i+1)
	}
	return chosen, first, nil
}

func (l *look) offer(ctx context.Context, o offer) (answer, error) {
	message, err := o.write(l.Rand)
	if err != nil {
		return answer{}, err
	}
	return l.ask(ctx, message, readAnswer)
}

// ancient asks for SSLv2. To a server of our day its hello is the begin of a long record, and it waits for the rest; so it is told that
// nothing comes any more.
func (l *look) ancient(ctx context.Context, found *Version) {
	message, err := ancientHello(l.Rand)
	if err != nil {
		found.Err = err
		return
	}
	var a answer
	found.Err = l.connected(ctx, func(_ context.Context, conn net.Conn) (err error) {
		if _, err = conn.Write(message); err == nil {
			if half, ok := conn.(interface{ CloseWrite() error }); ok {
				err = half.CloseWrite()
			}
		}
		if err != nil {
			a, err = ended(err)
			return err
		}
		a, err = readAncient(conn)
		return err
	})
	if found.Err != nil {
		return
	}
	if found.Accepted = a.kind == hello; !found.Accepted {
		found.Refusal = a.String()
		return
	}
	for _, id := range a.kinds {
		found.Suites = append(found.Suites, named(id, ancientSuites()))
	}
}
