package tlsprobe

import (
	"crypto"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func lookAt(t *testing.T, config *tls.Config, target Target) Facts {
	t.Helper()
	target.Address = serve(t, config)
	facts, err := probe().Look(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	return facts
}

func TestWhatStandsInACertificate(t *testing.T) {
	authority := newCA(t, "ECDSA")
	own := authority.issue(t, leaf{key: "RSA", names: []string{"escrow.example", "www.escrow.example"}, responder: "http://127.0.0.1:1/ocsp", mustStaple: true})
	own.Certificate = append(own.Certificate, authority.cert.Raw)
	own.OCSPStaple = authority.response(t, own.Leaf, nil, nil) // without it the probe would wait for one
	before := time.Now()
	facts := lookAt(t, &tls.Config{Certificates: []tls.Certificate{own}}, Target{Name: "escrow.example", Roots: authority.roots()})
	sum := sha256.Sum256(own.Leaf.Raw)
	want := Certificate{
		Subject: "CN=escrow.example", Issuer: "CN=authority of a test", Names: []string{"escrow.example", "www.escrow.example", "127.0.0.1"},
		Serial: own.Leaf.SerialNumber.Text(16), NotBefore: own.Leaf.NotBefore, NotAfter: own.Leaf.NotAfter, Key: "RSA", Bits: 2048, Signature: "ECDSA-SHA256",
		Responders: []string{"http://127.0.0.1:1/ocsp"}, Revocations: []string{"http://crl.example/list"}, MustStaple: true, SHA256: hex.EncodeToString(sum[:]),
	}
	if len(facts.Chains) != 1 || len(facts.Chains[0].Certificates) != 2 {
		t.Fatalf("chains: %+v", facts.Chains)
	}
	chain := facts.Chains[0]
	if diff := cmp.Diff(want, chain.Certificates[0]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	root := chain.Certificates[1]
	if !root.SelfSigned || !root.CA || root.Key != "ECDSA" || root.Bits != 256 || root.MustStaple {
		t.Errorf("of its issuer: %+v", root)
	}
	if !chain.Trusted || !chain.NameMatches || chain.Distrust != "" || chain.Protocol != "TLS 1.3" || chain.Suite == "" {
		t.Errorf("the chain: %+v", chain)
	}
	if !chain.NotAfter().Equal(authority.cert.NotAfter) { // which ends before the certificate's 90 days
		t.Errorf("ends %s", chain.NotAfter())
	}
	if days := chain.Certificates[0].DaysLeft(before); days != 89 && days != 90 {
		t.Errorf("%d days left", days)
	}
}

func TestDaysLeft(t *testing.T) {
	now := time.Date(2026, 3, 27, 12, 0, 0, 0, time.UTC)
	const day = 24 * time.Hour
	for left, want := range map[time.Duration]int{0: 0, time.Second: 0, day - time.Second: 0, day: 1, 30 * day: 30, 30*day - 1: 29, -time.Second: -1, -day + time.Second: -1, -3*day - time.Hour: -4} {
		if got := (Certificate{NotAfter: now.Add(left)}).DaysLeft(now); got != want {
			t.Errorf("%s before its end: %d days, want %d", left, got, want)
		}
	}
}

func TestWhomAChainIsGoodFor(t *testing.T) {
	ours, other := newCA(t, "ECDSA"), newCA(t, "ECDSA")
	intermediate := ours.issue(t, leaf{authority: true})
	below := (&ca{intermediate.Leaf, intermediate.PrivateKey.(crypto.Signer)}).issue(t, leaf{})
	whole := below
	whole.Certificate = append(slices.Clone(below.Certificate), intermediate.Leaf.Raw)
	for name, c := range map[string]struct {
		cert           tls.Certificate
		target         Target
		trusted, forIt bool
		distrust       string
	}{
		"good":                       {ours.issue(t, leaf{}), Target{Name: "escrow.example", Roots: ours.roots()}, true, true, ""},
		"by its address":             {ours.issue(t, leaf{}), Target{Roots: ours.roots()}, true, true, ""},
		"by an intermediate":         {whole, Target{Name: "escrow.example.", Roots: ours.roots()}, true, true, ""},
		"the intermediate not shown": {below, Target{Name: "escrow.example", Roots: ours.roots()}, false, true, "unknown authority"},
		"of another authority":       {other.issue(t, leaf{}), Target{Name: "escrow.example", Roots: ours.roots()}, false, true, "unknown authority"},
		"expired":                    {ours.issue(t, leaf{from: -48 * time.Hour, to: -time.Hour}), Target{Name: "escrow.example", Roots: ours.roots()}, false, true, "expired"},
		"for another name":           {ours.issue(t, leaf{names: []string{"other.example"}}), Target{Name: "escrow.example", Roots: ours.roots()}, true, false, ""},
		"with Ed25519":               {ours.issue(t, leaf{key: "Ed25519"}), Target{Name: "escrow.example", Roots: ours.roots()}, true, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			facts := lookAt(t, &tls.Config{Certificates: []tls.Certificate{c.cert}}, c.target)
			if len(facts.Chains) != 1 {
				t.Fatalf("%d chains", len(facts.Chains))
			}
			got := facts.Chains[0]
			if got.Trusted != c.trusted || got.NameMatches != c.forIt || !strings.Contains(got.Distrust, c.distrust) || (got.Distrust == "") != c.trusted {
				t.Errorf("trusted %t, for the name %t, %q; want %t, %t, %q", got.Trusted, got.NameMatches, got.Distrust, c.trusted, c.forIt, c.distrust)
			}
		})
	}
}

func TestCertificatesEndByTheProbesClock(t *testing.T) {
	authority := newCA(t, "ECDSA") // good for 41 days
	address := serve(t, &tls.Config{Certificates: []tls.Certificate{authority.issue(t, leaf{})}})
	for days, trusted := range map[int]bool{-1: false, 0: true, 40: true, 42: false} {
		p := probe()
		p.Now = func() time.Time { return time.Now().AddDate(0, 0, days) }
		facts, err := p.Look(t.Context(), Target{Address: address, Name: "escrow.example", Roots: authority.roots()})
		if err != nil || facts.Chains[0].Trusted != trusted {
			t.Errorf("in %d days: trusted %t, %v", days, !trusted, err)
		}
	}
}

// A server with two certificates shows the one that the client's suites ask for: an expired one must not hide behind the other.
func TestBothCertificatesAreSeen(t *testing.T) {
	authority := newCA(t, "ECDSA")
	fresh, old := authority.issue(t, leaf{}), authority.issue(t, leaf{key: "RSA", from: -48 * time.Hour, to: -time.Hour})
	facts := lookAt(t, &tls.Config{Certificates: []tls.Certificate{fresh, old}}, Target{Name: "escrow.example", Roots: authority.roots()})
	var seen []string
	for _, c := range facts.Chains {
		seen = append(seen, c.Certificates[0].Key)
		if c.Trusted != (c.Certificates[0].Key == "ECDSA") {
			t.Errorf("%s: trusted %t", c.Certificates[0].Key, c.Trusted)
		}
	}
	slices.Sort(seen)
	if !slices.Equal(seen, []string{"ECDSA", "RSA"}) {
		t.Errorf("saw %v", seen)
	}
}

func TestProtocolsAndTickets(t *testing.T) {
	authority := newCA(t, "ECDSA")
	certs := []tls.Certificate{authority.issue(t, leaf{})}
	for name, c := range map[string]struct {
		config  *tls.Config
		alpn    []string
		tickets bool
	}{
		"both":                   {&tls.Config{NextProtos: []string{"h2", "http/1.1"}}, []string{"h2", "http/1.1"}, true},
		"one":                    {&tls.Config{NextProtos: []string{"http/1.1"}}, []string{"http/1.1"}, true},
		"another":                {&tls.Config{NextProtos: []string{"postgresql"}}, nil, true},
		"none":                   {&tls.Config{}, nil, true},
		"no tickets":             {&tls.Config{SessionTicketsDisabled: true}, nil, false},
		"a client's certificate": {&tls.Config{ClientAuth: tls.RequireAnyClientCert}, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			c.config.Certificates = certs
			facts := lookAt(t, c.config, Target{Name: "escrow.example", Roots: authority.roots()})
			if diff := cmp.Diff(c.alpn, facts.ALPN); diff != "" {
				t.Errorf("ALPN (-want +got):\n%s", diff)
			}
			if v, _ := facts.Version("TLS 1.3"); v.SessionTickets != c.tickets {
				t.Errorf("tickets in TLS 1.3: %t, want %t", v.SessionTickets, c.tickets)
			}
			if len(facts.Chains) != 1 {
				t.Errorf("%d chains", len(facts.Chains))
			}
		})
	}
}
