//go:build unix

package nginx_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"
)

// authority certifies, and says of each certificate that it is good.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	url  string // of its responder
	// by signs the answers; itself but where a test wants forged ones.
	by    *authority
	asked atomic.Int32
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{key: newKey(t)}
	a.by = a
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority of a test " + rand.Text()}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(raw); err != nil {
		t.Fatal(err)
	}
	responder := httptest.NewServer(a)
	t.Cleanup(responder.Close)
	a.url = responder.URL
	return a
}

// ServeHTTP answers as RFC 6960, A.1 has it: nginx asks by GET.
func (a *authority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.asked.Add(1)
	asked, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(r.URL.Path, "/"))
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	req, err := ocsp.ParseRequest(asked)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	says := ocsp.Response{Status: ocsp.Good, SerialNumber: req.SerialNumber, ThisUpdate: time.Now().Add(-time.Minute), NextUpdate: time.Now().Add(time.Hour)}
	if a.by != a {
		says.Certificate = a.by.cert // it brings its own certificate, as a responder may whom the authority has certified
	}
	answer, err := ocsp.CreateResponse(a.cert, a.by.cert, says, a.by.key)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/ocsp-response")
	_, _ = w.Write(answer) // nginx may be gone
}

// certify makes a certificate for the front door, with its chain, and its key.
func (a *authority) certify(t *testing.T, responders ...string) (chain, key string) {
	t.Helper()
	private := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, OCSPServer: responders,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, a.cert, private.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pemOf("CERTIFICATE", raw) + pemOf("CERTIFICATE", a.cert.Raw), pemOf("PRIVATE KEY", pkcs8)
}

func pemOf(kind string, raw []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: raw}))
}

// withAuthority opens the front door with a certificate of the authority, which it trusts.
func withAuthority(t *testing.T, a *authority, responders ...string) *door {
	t.Helper()
	d := openWith(t, false, map[string]string{"roots.pem": pemOf("CERTIFICATE", a.cert.Raw)}, change{"include/tls.conf", "/etc/ssl/certs/ca-certificates.crt", "roots.pem", 1})
	d.roots = x509.NewCertPool()
	d.roots.AddCert(a.cert)
	chain, key := a.certify(t, responders...)
	d.Put(t, map[string]string{"tls/fullchain.pem": chain, "tls/privkey.pem": key})
	// The workers of before go on for a moment beside the new ones: one handshake with the new certificate is no word about the next.
	d.until(t, "the certificate", func() bool {
		for range inARow {
			if _, subject := d.serves(t); subject != name {
				return false
			}
		}
		return true
	})
	return d
}

// inARow is how many handshakes must show a new certificate.
const inARow = 20

// stapled is the answer of the authority that came with a handshake; nil for none.
func (d *door) stapled(t *testing.T) []byte {
	t.Helper()
	conn, err := tls.Dial("tcp", d.https, d.tls())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.ConnectionState().OCSPResponse
}

// TestStapling: docs/guide.md N14. nginx asks when a first caller comes, so it is the second handshake that says something.
func TestStapling(t *testing.T) {
	a := newAuthority(t)
	d := withAuthority(t, a, a.url)
	d.until(t, "a stapled answer", func() bool { return len(d.stapled(t)) > 0 })
	answer, err := ocsp.ParseResponse(d.stapled(t), a.cert)
	if err != nil || answer.Status != ocsp.Good || answer.SerialNumber.Int64() != 2 {
		t.Errorf("%+v %v", answer, err)
	}
}

// TestNothingToStaple is a certificate that names no responder: nginx says so, and goes on.
func TestNothingToStaple(t *testing.T) {
	a := newAuthority(t)
	d := withAuthority(t, a)
	for range 5 {
		if got := d.stapled(t); len(got) > 0 {
			t.Errorf("stapled %x", got)
		}
	}
	d.until(t, "a word about it", func() bool { return strings.Contains(d.Log(), `"ssl_stapling" ignored, no OCSP responder URL`) })
}

// TestAForgedAnswerIsNotStapled: ssl_stapling_verify. The answer is signed by somebody whom our authority has not certified.
func TestAForgedAnswerIsNotStapled(t *testing.T) {
	a := newAuthority(t)
	a.by = newAuthority(t)
	d := withAuthority(t, a, a.url)
	d.until(t, "a question to the responder", func() bool { d.stapled(t); return a.asked.Load() > 0 })
	d.until(t, "a word about it", func() bool { d.stapled(t); return strings.Contains(d.Log(), "OCSP_basic_verify() failed") })
	if got := d.stapled(t); len(got) > 0 {
		t.Error("an answer that the authority did not sign is stapled")
	}
}
