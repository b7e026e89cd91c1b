//go:build unix

package nginx_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/client"
	"github.com/Abdullahi130/StellarEscrow/test/parts/nginx"
)

const name = "escrow.example" // what the front door's certificate is for

// door is the front door with stand-ins for the parts behind it.
type door struct {
	*nginx.Server
	http, https, alive string
	roots              *x509.CertPool // that its certificate comes from
	api                *part
	refusals           net.PacketConn // what nginx tells of refusals comes here
}

// part is a part behind the door, which keeps what it was asked.
type part struct {
	server *httptest.Server
	mu     sync.Mutex
	asked  []*http.Request
	answer http.HandlerFunc
}

func (p *part) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.asked = append(p.asked, r)
	answer := p.answer
	p.mu.Unlock()
	if answer != nil {
		answer(w, r)
	}
}

func (p *part) answers(h http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer, p.asked = h, nil
}

func (p *part) last(t *testing.T) *http.Request {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.asked) == 0 {
		t.Fatal("nothing came to the api")
	}
	return p.asked[len(p.asked)-1]
}

func (p *part) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.asked)
}

// change is one replacement in a committed file, which must be there as often as it says.
type change struct {
	file, from, to string
	times          int
}

// open starts the front door. certificate is whether it finds one; more are further changes.
func open(t *testing.T, certificate bool, more ...change) *door {
	t.Helper()
	return openWith(t, certificate, nil, more...)
}

// openWith is open with further files.
func openWith(t *testing.T, certificate bool, extra map[string]string, more ...change) *door {
	t.Helper()
	d := &door{http: nginx.FreeAddress(t), https: nginx.FreeAddress(t), alive: nginx.FreeAddress(t), api: &part{}}
	d.api.server = httptest.NewServer(d.api)
	t.Cleanup(d.api.server.Close)
	page, err := client.New()
	if err != nil {
		t.Fatal(err)
	}
	pages := httptest.NewServer(page)
	t.Cleanup(pages.Close)
	if d.refusals, err = net.ListenPacket("udp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.refusals.Close() })

	d.Server = nginx.Start(t, nginx.Options{
		Files: func(dir string) map[string]string {
			files := committed(t, append([]change{
				{"nginx.conf", "pid              /run/nginx/", "pid              " + dir + "/run/", 1},
				{"nginx.conf", "/run/nginx/tls/", dir + "/run/tls/", 2},
				{"nginx.conf", "listen 8080 ", "listen " + d.http + " ", 1},
				{"nginx.conf", "listen 8443 ", "listen " + d.https + " ", 1},
				{"nginx.conf", "listen 127.0.0.1:8081;", "listen " + d.alive + ";", 1},
				{"nginx.conf", "api:4000", d.api.server.Listener.Addr().String(), 1},
				{"nginx.conf", "client:3001", pages.Listener.Addr().String(), 1},
				{"nginx.conf", "/var/lib/acme", dir + "/acme", 1},
				{"include/files.conf", "/run/nginx/", dir + "/run/", 5},
				{"include/logs.conf", "127.0.0.1:5140", d.refusals.LocalAddr().String(), 1},
			}, more...))
			if certificate {
				var cert, key string
				cert, key, d.roots = certify(t, time.Now().Add(24*time.Hour))
				files["tls/fullchain.pem"], files["tls/privkey.pem"] = cert, key
			}
			maps.Copy(files, extra)
			files["acme/.well-known/acme-challenge/token"] = "token.thumbprint"
			return files
		},
		Command: []string{"/bin/sh", "start.sh"},
		Env:     []string{"CERTIFICATE_DIR=%s/tls", "RUN_DIR=%s/run", "NGINX_CONFIG=%s/nginx.conf", "CERTIFICATE_CHECK_SECONDS=0.1"},
		Listens: []string{d.http, d.https, d.alive},
	})
	return d
}

// committed reads nginx/ and makes the changes. One that finds nothing to change is a failure: the test would be of something else.
func committed(t *testing.T, changes []change) map[string]string {
	t.Helper()
	files := map[string]string{}
	root := "../../nginx"
	for _, pattern := range []string{"nginx.conf", "start.sh", "include/*.conf"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %v %v", pattern, found, err)
		}
		for _, path := range found {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			files[strings.TrimPrefix(path, root+"/")] = string(text)
		}
	}
	for _, c := range changes {
		if n := strings.Count(files[c.file], c.from); n != c.times {
			t.Fatalf("%s has %q %d times, want %d", c.file, c.from, n, c.times)
		}
		files[c.file] = strings.ReplaceAll(files[c.file], c.from, c.to)
	}
	return files
}

// certify makes a certificate for name that vouches for itself, and its key.
func certify(t *testing.T, until time.Time) (cert, key string, roots *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	began := until.Add(-48 * time.Hour)
	if now := time.Now(); began.After(now) {
		began = now.Add(-time.Hour)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, NotBefore: began, NotAfter: until,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}))
	roots = x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(cert))
	return cert, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})), roots
}

// tls is how a client of today connects.
func (d *door) tls() *tls.Config { return &tls.Config{RootCAs: d.roots, ServerName: name} }

// client asks the front door under its name, each time by a new connection, and follows nobody elsewhere.
func (d *door) client() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			TLSClientConfig: d.tls(), DisableKeepAlives: true, ForceAttemptHTTP2: false, TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{},
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				to := d.https
				if strings.HasSuffix(address, ":80") {
					to = d.http
				}
				return (&net.Dialer{}).DialContext(ctx, network, to)
			},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       10 * time.Second,
	}
}

// ask is one request, with its answer's body read.
func (d *door) ask(t *testing.T, method, url string, body io.Reader, header ...string) (*http.Response, string) {
	t.Helper()
	if strings.HasPrefix(url, "/") {
		url = "https://" + name + url
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	res, err := d.client().Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	return res, string(text)
}

// raw sends bytes by TLS and reads one answer. It does not wait for the end: nginx reads on for a while, so that who still writes gets to read its answer.
func (d *door) raw(t *testing.T, text string) (*http.Response, string) {
	t.Helper()
	conn, err := tls.Dial("tcp", d.https, d.tls())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := fmt.Fprint(conn, text); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("%.60q: %v", text, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%.60q: %v", text, err)
	}
	return res, string(body)
}
