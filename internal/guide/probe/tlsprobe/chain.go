package tlsprobe

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"net"
	"slices"
	"time"
)

// Chain is what a server shows to prove who it is. One with an RSA and an ECDSA certificate has two chains, told apart in TLS 1.2 by the
// suites that a client offers; of a server with TLS 1.3 only, the one that it prefers is seen.
type Chain struct {
	Certificates []Certificate // as shown, its own first, at most maxChain
	// Trusted tells that it leads to one of the roots, at the probe's time; Distrust says why not, in x509's words.
	Trusted  bool
	Distrust string
	// NameMatches tells that its own certificate is for the name that was asked for.
	NameMatches bool
	// Protocol and Suite are what this handshake came to.
	Protocol, Suite string
	Staple          Staple
}

// NotAfter is the end of the certificate that ends first: a chain is worth as much as its weakest part.
func (c Chain) NotAfter() time.Time {
	var first time.Time
	for _, cert := range c.Certificates {
		if first.IsZero() || cert.NotAfter.Before(first) {
			first = cert.NotAfter
		}
	}
	return first
}

// Certificate is what stands in a certificate.
type Certificate struct {
	Subject, Issuer     string
	Names               []string // DNS names and addresses that it is for
	Serial              string   // hexadecimal
	NotBefore, NotAfter time.Time
	Key                 string // RSA, ECDSA, Ed25519
	Bits                int    // of its key
	Signature           string // the algorithm its issuer signed with: SHA256-RSA
	SelfSigned          bool
	CA                  bool
	Responders          []string // OCSP; none: its issuer answers no such questions
	Revocations         []string // where its issuer's lists of revoked certificates are
	MustStaple          bool     // clients must refuse it without a stapled response (RFC 7633)
	SHA256              string   // of the whole
}

// DaysLeft are the whole days until the certificate ends; below zero once it has ended.
func (c Certificate) DaysLeft(now time.Time) int { return daysBetween(now, c.NotAfter) }

func daysBetween(now, end time.Time) int {
	const day = 24 * time.Hour
	days := end.Sub(now) / day
	if end.Before(now) {
		days--
	}
	return int(days)
}

const maxChain = 16 // certificates of a chain that are told

func certificate(c *x509.Certificate) Certificate {
	sum := sha256.Sum256(c.Raw)
	told := Certificate{
		Subject: c.Subject.String(), Issuer: c.Issuer.String(), Names: slices.Clone(c.DNSNames), Serial: c.SerialNumber.Text(16),
		NotBefore: c.NotBefore, NotAfter: c.NotAfter, Key: c.PublicKeyAlgorithm.String(), Signature: c.SignatureAlgorithm.String(),
		SelfSigned: c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil, CA: c.IsCA,
		Responders: c.OCSPServer, Revocations: c.CRLDistributionPoints, MustStaple: mustStaple(c), SHA256: hex.EncodeToString(sum[:]),
	}
	for _, ip := range c.IPAddresses {
		told.Names = append(told.Names, ip.String())
	}
	switch key := c.PublicKey.(type) {
	case *rsa.PublicKey:
		told.Bits = key.N.BitLen()
	case *ecdsa.PublicKey:
		told.Bits = key.Curve.Params().BitSize
	case ed25519.PublicKey:
		told.Bits = 8 * len(key)
	}
	return told
}

// mustStaple reads the TLS feature extension (RFC 7633): a list of TLS extensions that the server must answer.
func mustStaple(c *x509.Certificate) bool {
	const statusRequest = 5
	feature := asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24}
	for _, e := range c.Extensions {
		var features []int
		if e.Id.Equal(feature) {
			if _, err := asn1.Unmarshal(e.Value, &features); err == nil && slices.Contains(features, statusRequest) {
				return true
			}
		}
	}
	return false
}

// handshake makes one handshake and returns what the server showed, also when the handshake fails after that: a server that wants a
// certificate of the client has shown its own before. Of one that succeeds, then (may be nil) has the connection before it is closed.
func (l *look) handshake(ctx context.Context, config *tls.Config, then func(*tls.Conn)) (state tls.ConnectionState, err error) {
	shown := false
	config = config.Clone()
	config.ServerName = l.Name
	config.MinVersion = tls.VersionTLS10
	if config.CipherSuites == nil {
		config.CipherSuites = everySuite()
	}
	// A certificate that no client should accept is a fact to be told. It is judged in chain, against the target's roots.
	config.InsecureSkipVerify = true
	config.VerifyConnection = func(s tls.ConnectionState) error {
		state, shown = s, true
		return nil
	}
	err = l.connected(ctx, func(ctx context.Context, conn net.Conn) error {
		client := tls.Client(conn, config)
		if err := client.HandshakeContext(ctx); err != nil {
			return err
		}
		state = client.ConnectionState()
		if then != nil {
			then(client)
		}
		return nil
	})
	if shown && len(state.PeerCertificates) > 0 {
		return state, nil
	}
	if err == nil {
		err = errors.New("it showed no certificate")
	}
	return state, err
}

func (l *look) chain(state tls.ConnectionState) (c Chain, issuer *x509.Certificate) {
	own := state.PeerCertificates[0]
	c.Protocol, c.Suite = tls.VersionName(state.Version), tls.CipherSuiteName(state.CipherSuite)
	others := x509.NewCertPool()
	for _, cert := range state.PeerCertificates[:min(maxChain, len(state.PeerCertificates))] {
		c.Certificates = append(c.Certificates, certificate(cert))
		if cert != own {
			others.AddCert(cert)
		}
	}
	c.NameMatches = own.VerifyHostname(l.Name) == nil
	verified, err := own.Verify(x509.VerifyOptions{Roots: l.Roots, Intermediates: others, CurrentTime: l.Now()})
	if c.Trusted = err == nil; !c.Trusted {
		c.Distrust = err.Error()
	}
	if c.Trusted && len(verified[0]) > 1 {
		return c, verified[0][1]
	}
	for _, cert := range state.PeerCertificates[1:] {
		if own.CheckSignatureFrom(cert) == nil {
			return c, cert
		}
	}
	return c, nil
}
