package tlsprobe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"slices"
	"time"
)

// chains makes a handshake as most clients would, one more for each other kind of certificate that the suites say the server has, and
// those that stapling, ALPN and tickets need.
func (l *look) chains(ctx context.Context, versions []Version) (chains []Chain, protocols []string, err error) {
	var errs []error
	seen := map[string]bool{} // by kind of key
	add := func(config *tls.Config) {
		chain, err := l.shown(ctx, config)
		if err != nil {
			errs = append(errs, err)
		}
		if len(chain.Certificates) == 0 || slices.ContainsFunc(chains, func(c Chain) bool { return c.Certificates[0].SHA256 == chain.Certificates[0].SHA256 }) {
			return
		}
		seen[chain.Certificates[0].Key] = true
		chains = append(chains, chain)
	}
	add(&tls.Config{MaxVersion: tls.VersionTLS13})
	for _, key := range []string{"RSA", "ECDSA"} {
		if suites := suitesFor(key, versions); len(suites) > 0 && !seen[key] {
			add(&tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: suites})
		}
	}
	if len(chains) == 0 { // the rest would fail alike
		return nil, nil, errors.Join(errs...)
	}
	protocols, err = l.protocols(ctx)
	errs = append(errs, err, l.tickets(ctx, versions))
	return chains, protocols, errors.Join(errs...)
}

// everySuite are all that crypto/tls can do, the broken ones included: a certificate behind a weak suite is to be seen too.
func everySuite() (ids []uint16) {
	for _, s := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
		ids = append(ids, s.ID)
	}
	return ids
}

// suitesFor are the accepted suites below TLS 1.3 that show a certificate with this kind of key, and that crypto/tls can do.
func suitesFor(key string, versions []Version) (ids []uint16) {
	every := everySuite()
	for _, v := range versions {
		for _, s := range v.Suites {
			if id := uint16(s.ID); s.ID <= 0xffff && s.signer() == key && slices.Contains(every, id) && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// A server fetches the response after a client has asked for it (nginx), each of its processes for itself: the first handshakes go without.
// The pauses between them grow from firstPause to twice the one before, which is three seconds in all.
const (
	stapleTries = 7
	firstPause  = 50 * time.Millisecond
	// Where the certificate names no responder there is nothing to wait for; a file with a response may be stapled all the same.
	stapleTriesUnnamed = 2
)

// shown is the chain of one configuration, and what is stapled to it. Its error is an *Unseen; the chain may be there even so.
func (l *look) shown(ctx context.Context, config *tls.Config) (Chain, error) {
	var chain Chain
	for n, pause := 1, firstPause; ; n, pause = n+1, 2*pause {
		state, err := l.handshake(ctx, config, nil)
		if err != nil && n == 1 {
			return Chain{}, &Unseen{l.String(), "certificate", err}
		}
		if err != nil {
			return chain, &Unseen{l.String(), "stapling", err}
		}
		own := state.PeerCertificates[0]
		var issuer *x509.Certificate
		chain, issuer = l.chain(state)
		chain.Staple = staple(state.OCSPResponse, own, issuer, l.Now())
		chain.Staple.Handshakes = n
		if chain.Staple.Stapled || n == stapleTries || len(own.OCSPServer) == 0 && n == stapleTriesUnnamed {
			return chain, nil
		}
		if err := sleep(ctx, pause); err != nil {
			return chain, &Unseen{l.String(), "stapling", err}
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// protocols are those that the server agrees to when it is offered nothing else. One that refuses the handshake for it does not.
func (l *look) protocols(ctx context.Context) (agreed []string, err error) {
	for _, p := range []string{"h2", "http/1.1"} {
		state, err := l.handshake(ctx, &tls.Config{NextProtos: []string{p}}, nil)
		if errors.Is(err, ErrSilent) {
			return agreed, &Unseen{l.String(), "ALPN", err}
		}
		if err == nil && state.NegotiatedProtocol == p {
			agreed = append(agreed, p)
		}
	}
	return agreed, nil
}

// ticketWait is how long a server has to send a ticket of TLS 1.3. It does so at the end of the handshake, or not at all.
const ticketWait = 150 * time.Millisecond

// tickets finds out whether the server sends tickets in TLS 1.3. Before that, its ServerHello says so.
func (l *look) tickets(ctx context.Context, versions []Version) error {
	i := slices.IndexFunc(versions, func(v Version) bool { return v.Name == tls13.String() && v.Accepted })
	if i < 0 {
		return nil
	}
	cache := &ticketWatch{}
	_, err := l.handshake(ctx, &tls.Config{MinVersion: tls.VersionTLS13, ClientSessionCache: cache}, func(conn *tls.Conn) {
		cache.seen = func() { _ = conn.SetReadDeadline(time.Unix(1, 0)) } // ends the read below; fails only once it is closed
		wait := time.AfterFunc(ticketWait, cache.seen)
		defer wait.Stop()
		_, _ = conn.Read(make([]byte, 1)) // reads the tickets on its way; the server waits for us to speak, and we do not
	})
	if err != nil {
		return &Unseen{l.String(), "tickets", err}
	}
	versions[i].SessionTickets = cache.got
	return nil
}

// ticketWatch is a cache that keeps nothing. All its calls come from the read that seen ends.
type ticketWatch struct {
	seen func()
	got  bool
}

func (w *ticketWatch) Get(string) (*tls.ClientSessionState, bool) { return nil, false }

func (w *ticketWatch) Put(_ string, s *tls.ClientSessionState) {
	if s != nil {
		w.got = true
		if w.seen != nil {
			w.seen()
		}
	}
}
