//go:build linux

package outside

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/crypto/ocsp"
)

// Authority certifies names, and answers who asks whether a certificate of its is still good (all are).
type Authority struct {
	cert      *x509.Certificate
	key       *ecdsa.PrivateKey
	responder string
}

// season is how long a certificate lasts, as long as those of the best-known authority.
const season = 90 * 24 * time.Hour

func newAuthority(now time.Time, responder string) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make an authority: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority of a test"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(2 * season),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("make an authority: %w", err)
	}
	cert, err := x509.ParseCertificate(raw)
	return &Authority{cert, key, responder}, err
}

// Issue certifies names: the chain, with the authority's own at its end, and the key, both PEM.
func (a *Authority) Issue(names ...string) (chain, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: names[0]}, DNSNames: names, NotBefore: a.cert.NotBefore, NotAfter: a.cert.NotBefore.Add(season),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, OCSPServer: []string{a.responder},
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, a.cert, private.Public(), a.key)
	if err != nil {
		return nil, nil, fmt.Errorf("certify %v: %w", names, err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, nil, err
	}
	return append(certificatePEM(raw), certificatePEM(a.cert.Raw)...), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), nil
}

func (a *Authority) pair(names ...string) (tls.Certificate, error) {
	chain, key, err := a.Issue(names...)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.X509KeyPair(chain, key)
}

// PEM is the authority's own certificate.
func (a *Authority) PEM() []byte { return certificatePEM(a.cert.Raw) }

// Roots hold it.
func (a *Authority) Roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

func certificatePEM(raw []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw})
}

// maxQuestion bounds a question to the responder, in bytes.
const maxQuestion = 4 << 10

// ServeHTTP is the responder (RFC 6960, appendix A): a question comes in the path of a GET or in the body of a POST.
func (a *Authority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	asked, err := io.ReadAll(io.LimitReader(r.Body, maxQuestion))
	if err == nil && r.Method == http.MethodGet {
		var text string
		if text, err = url.PathUnescape(strings.TrimPrefix(r.URL.EscapedPath(), "/")); err == nil {
			asked, err = base64.StdEncoding.DecodeString(text)
		}
	}
	var question *ocsp.Request
	if err == nil {
		question, err = ocsp.ParseRequest(asked)
	}
	if err != nil {
		http.Error(w, "not a question for this responder: "+err.Error(), http.StatusBadRequest)
		return
	}
	now := time.Now()
	answer, err := ocsp.CreateResponse(a.cert, a.cert, ocsp.Response{Status: ocsp.Good, SerialNumber: question.SerialNumber, ThisUpdate: now.Add(-time.Minute), NextUpdate: now.Add(time.Hour)}, a.key)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/ocsp-response")
	_, _ = w.Write(answer)
}
