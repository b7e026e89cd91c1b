package tlsprobe

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"
)

// ca is an authority with an OCSP responder.
type ca struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// leaf is what a certificate is to be like; the zero leaf is a good one for escrow.example, with a key of ECDSA.
type leaf struct {
	key        string
	names      []string
	from, to   time.Duration // relative to now
	responder  string
	mustStaple bool
	ocsp       bool // may sign for the responder
	authority  bool
}

func newKey(t testing.TB, kind string) (key crypto.Signer) {
	t.Helper()
	var err error
	switch kind {
	case "RSA":
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	case "Ed25519":
		_, key, err = ed25519.GenerateKey(rand.Reader)
	default:
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newCA(t testing.TB, kind string) *ca {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "authority of a test"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(1000 * time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	c := &ca{key: newKey(t, kind)}
	c.cert = sign(t, template, template, c.key.Public(), c.key)
	return c
}

func sign(t testing.TB, template, parent *x509.Certificate, public crypto.PublicKey, key crypto.Signer) *x509.Certificate {
	t.Helper()
	raw, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func (c *ca) issue(t testing.TB, l leaf) tls.Certificate {
	t.Helper()
	if l.from == 0 && l.to == 0 {
		l.from, l.to = -time.Hour, 90*24*time.Hour
	}
	if l.names == nil {
		l.names = []string{"escrow.example"}
	}
	key := newKey(t, l.key)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: l.names[0]}, DNSNames: l.names,
		NotBefore: time.Now().Add(l.from), NotAfter: time.Now().Add(l.to), KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		CRLDistributionPoints: []string{"http://crl.example/list"},
	}
	if l.key == "RSA" {
		template.KeyUsage |= x509.KeyUsageKeyEncipherment // for the suites that exchange no keys
	}
	if l.responder != "" {
		template.OCSPServer = []string{l.responder}
	}
	if l.ocsp {
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning}
	}
	if l.authority {
		template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	}
	if l.mustStaple {
		template.ExtraExtensions = []pkix.Extension{{Id: []int{1, 3, 6, 1, 5, 5, 7, 1, 24}, Value: []byte{0x30, 3, 2, 1, 5}}}
	}
	cert := sign(t, template, c.cert, key.Public(), c.key)
	return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert}
}

func (c *ca) roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(c.cert)
	return pool
}

// response is one about a certificate, from now on for an hour, changed by change, signed by the authority or, if signer is not nil, by that.
func (c *ca) response(t testing.TB, about *x509.Certificate, signer *tls.Certificate, change func(*ocsp.Response)) []byte {
	t.Helper()
	template := ocsp.Response{Status: ocsp.Good, SerialNumber: about.SerialNumber, ThisUpdate: time.Now().Add(-time.Minute), NextUpdate: time.Now().Add(time.Hour)}
	responder, key := c.cert, c.key
	if signer != nil {
		responder, key = signer.Leaf, signer.PrivateKey.(crypto.Signer)
		template.Certificate = signer.Leaf
	}
	if change != nil {
		change(&template)
	}
	raw, err := ocsp.CreateResponse(c.cert, responder, template, key)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// responder is a real OCSP responder: it answers requests by POST and GET (RFC 6960 A.1; nginx uses GET) about any certificate of the
// authority.
func (c *ca) responder(t testing.TB) (url string) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<10))
		if r.Method == http.MethodGet {
			body, err = base64.StdEncoding.DecodeString(strings.TrimPrefix(r.URL.Path, "/"))
		}
		if err != nil {
			return
		}
		request, err := ocsp.ParseRequest(body)
		if err != nil {
			w.Write(ocsp.MalformedRequestErrorResponse)
			return
		}
		w.Header().Set("Content-Type", "application/ocsp-response")
		w.Write(c.response(t, &x509.Certificate{SerialNumber: request.SerialNumber}, nil, nil))
	}))
	t.Cleanup(server.Close)
	return server.URL
}
