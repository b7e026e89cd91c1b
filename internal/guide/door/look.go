package door

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"net"
	"net/url"
	"os"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/probe/headers"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/probe/tlsprobe"
)

// target is the door that the targets file names.
type target struct {
	base, address, name string
	roots               *x509.CertPool // nil: the system's
}

func targetOf(s *facts.System) (target, error) {
	t := target{base: s.Targets.Door}
	if t.base == "" {
		return t, fmt.Errorf("the targets file names no door")
	}
	u, err := url.Parse(t.base)
	if err != nil {
		return t, err
	}
	t.name, t.address = u.Hostname(), u.Host
	if s.Targets.Address != "" {
		t.address = s.Targets.Address
	} else if u.Port() == "" {
		t.address = net.JoinHostPort(u.Hostname(), "443")
	}
	if s.Targets.Roots == "" {
		return t, nil
	}
	text, err := os.ReadFile(s.Targets.Roots)
	if err != nil {
		return t, fmt.Errorf("read the roots: %w", err)
	}
	t.roots = x509.NewCertPool()
	if !t.roots.AppendCertsFromPEM(text) {
		return t, fmt.Errorf("%s holds no certificate in PEM", s.Targets.Roots)
	}
	return t, nil
}

// handshakes asks the door everything about its TLS. What could not be looked at is in the error, beside what could.
func handshakes(ctx context.Context, s *facts.System) (tlsprobe.Facts, error) {
	return facts.Look(ctx, s, "the door's TLS", func(ctx context.Context) (tlsprobe.Facts, error) {
		t, err := targetOf(s)
		if err != nil {
			return tlsprobe.Facts{}, err
		}
		return tlsprobe.Probe{Now: s.Now, Rand: rand.Reader}.Look(ctx, tlsprobe.Target{Address: t.address, Name: t.name, Roots: t.roots})
	})
}

// routes are one for each kind of answer that the door gives: what is there, what is not, a method and a size that it refuses itself.
func routes() []headers.Route {
	return []headers.Route{
		{Method: "GET", Path: "/", Want: 200},
		{Method: "HEAD", Path: "/", Want: 200},
		{Method: "GET", Path: "/v1/trades", Want: 200},
		{Method: "GET", Path: "/no-such-page", Want: 404},
		{Method: "GET", Path: "/v1/no-such-route", Want: 404},
		{Method: "TRACE", Path: "/", Want: 405},
		{Method: "POST", Path: "/v1/trades", Header: []headers.Field{{Name: "Content-Length", Value: "11000000"}, {Name: "Content-Type", Value: "application/json"}}, Want: 413},
	}
}

func answers(ctx context.Context, s *facts.System) ([]headers.Answer, error) {
	return facts.Look(ctx, s, "the door's answers", func(ctx context.Context) ([]headers.Answer, error) {
		t, err := targetOf(s)
		if err != nil {
			return nil, err
		}
		return headers.Probe{Rand: rand.Reader}.Look(ctx, headers.Target{Base: t.base, Address: t.address, Roots: t.roots}, routes())
	})
}
