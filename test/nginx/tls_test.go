//go:build unix

package nginx_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// shake tries a handshake by one version, with one suite if one is named.
func (d *door) shake(version uint16, suites ...uint16) (tls.ConnectionState, error) {
	config := d.tls()
	config.MinVersion, config.MaxVersion, config.CipherSuites = version, version, suites
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: 5 * time.Second}, "tcp", d.https, config)
	if err != nil {
		return tls.ConnectionState{}, err
	}
	defer conn.Close()
	return conn.ConnectionState(), nil
}

// TestProtocolsAndSuites: docs/guide.md N11.
func TestProtocolsAndSuites(t *testing.T) {
	d := open(t, true)
	for version, good := range map[uint16]bool{tls.VersionTLS10: false, tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		state, err := d.shake(version)
		if (err == nil) != good || good && state.Version != version {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
		if !good && !strings.Contains(err.Error(), "protocol version") {
			t.Errorf("%s: refused for another reason: %v", tls.VersionName(version), err)
		}
	}
	strong := 0
	for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		if len(suite.SupportedVersions) == 1 && suite.SupportedVersions[0] == tls.VersionTLS13 {
			continue // Go does not choose among these
		}
		good := strings.HasPrefix(suite.Name, "TLS_ECDHE_ECDSA_") && (strings.Contains(suite.Name, "_GCM_") || strings.Contains(suite.Name, "CHACHA20"))
		if _, err := d.shake(tls.VersionTLS12, suite.ID); (err == nil) != good {
			t.Errorf("%s: %v", suite.Name, err)
		}
		if good {
			strong++
		}
	}
	if strong != 3 {
		t.Errorf("%d suites", strong)
	}
}

// TestOldProtocolsAreSeen is the same question to a front door that speaks them: refusals above are its own, and not this client's.
func TestOldProtocolsAreSeen(t *testing.T) {
	d := open(t, true, change{"include/tls.conf", "TLSv1.2 TLSv1.3", "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3", 1}, change{"include/tls.conf", ":ECDHE-RSA-CHACHA20-POLY1305;", ":ALL:@SECLEVEL=0;", 1})
	for _, version := range []uint16{tls.VersionTLS10, tls.VersionTLS11} {
		if _, err := d.shake(version); err != nil {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
	}
	if _, err := d.shake(tls.VersionTLS12, tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA); err != nil {
		t.Error(err)
	}
}

// TestHTTP2 is spoken to whoever asks for it, with the same headers and refusals.
func TestHTTP2(t *testing.T) {
	d := open(t, true)
	want := owned(t)
	c := d.client()
	transport := c.Transport.(*http.Transport)
	transport.ForceAttemptHTTP2, transport.TLSNextProto = true, nil
	for _, q := range []struct {
		method, path string
		status       int
	}{{"GET", "/", 200}, {"GET", "/v1/platform", 200}, {"TRACE", "/v1/platform", 405}, {"PROPFIND", "/", 405}, {"GET", "/nothing", 404}} {
		req, err := http.NewRequestWithContext(t.Context(), q.method, "https://"+name+q.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.ProtoMajor != 2 || res.StatusCode != q.status {
			t.Errorf("%s %s: %s %d, want %d", q.method, q.path, res.Proto, res.StatusCode, q.status)
		}
		checkHeaders(t, "HTTP/2 "+q.method+" "+q.path, res.Header, want)
	}
}

// serves is the serial number of the certificate that the front door shows, and whether it vouches for itself as the one of the start does.
func (d *door) serves(t *testing.T) (serial, subject string) {
	t.Helper()
	conn, err := tls.Dial("tcp", d.https, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // which certificate it is, is the question
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	cert := conn.ConnectionState().PeerCertificates[0]
	return cert.SerialNumber.String(), cert.Subject.CommonName
}

func (d *door) until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s does not come: %s", what, d.Log())
		}
	}
}

// TestAFreshMachine has no certificate: the challenge that brings one is answered, and when it is there it is taken over, and so is the next one.
func TestAFreshMachine(t *testing.T) {
	d := open(t, false)
	if _, subject := d.serves(t); subject != "localhost" {
		t.Errorf("it starts with a certificate of %q", subject)
	}
	res, body := d.ask(t, "GET", "http://"+name+"/.well-known/acme-challenge/token", nil)
	if res.StatusCode != 200 || body != "token.thumbprint" {
		t.Errorf("the challenge: %d %q", res.StatusCode, body)
	}
	if _, err := tls.Dial("tcp", d.https, d.tls()); err == nil {
		t.Error("somebody trusts the certificate of the start")
	}
	key, err := os.Stat(filepath.Join(d.Dir(), "run/tls/privkey.pem"))
	if err != nil || key.Mode().Perm() != 0o600 {
		t.Errorf("the key: %v %v", key, err)
	}

	first, firstKey, _ := certify(t, time.Now().Add(time.Hour))
	second, secondKey, _ := certify(t, time.Now().Add(2*time.Hour))
	one, two := serialOf(t, first), serialOf(t, second)
	shows := func(want string) func() bool {
		return func() bool { serial, _ := d.serves(t); return serial == want }
	}
	// Some more handshakes: workers of before and after a change take connections side by side for a moment.
	stays := func(want, why string) {
		t.Helper()
		for range 20 {
			if !shows(want)() {
				t.Fatal(why)
			}
		}
	}
	// Whoever reads the feed goes on reading.
	next := make(chan bool)
	d.api.answers(func(w http.ResponseWriter, r *http.Request) {
		for {
			fmt.Fprintln(w, "more")
			w.(http.Flusher).Flush()
			select {
			case <-next:
			case <-r.Context().Done():
				return
			}
		}
	})
	feed, err := tls.Dial("tcp", d.https, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // see serves
	if err != nil {
		t.Fatal(err)
	}
	defer feed.Close()
	if _, err := fmt.Fprint(feed, "GET /v1/feed HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	read := bufio.NewReader(feed)
	hears := func() {
		t.Helper()
		_ = feed.SetReadDeadline(time.Now().Add(10 * time.Second))
		for line, err := read.ReadString('\n'); line != "more\n"; line, err = read.ReadString('\n') {
			if err != nil {
				t.Fatalf("the feed was cut: %v", err)
			}
		}
	}
	hears()

	d.Put(t, map[string]string{"tls/fullchain.pem": first, "tls/privkey.pem": firstKey})
	d.until(t, "the first certificate", shows(one))

	// Between the two files of a renewal they do not fit: the one before stays in use.
	d.Put(t, map[string]string{"tls/fullchain.pem": second})
	d.until(t, "a word about it", func() bool { return strings.Contains(d.Log(), "do not belong together") })
	stays(one, "a certificate without its key is in use")
	d.Put(t, map[string]string{"tls/privkey.pem": secondKey})
	d.until(t, "the second certificate", shows(two))

	said := strings.Count(d.Log(), "do not belong together")
	d.Put(t, map[string]string{"tls/fullchain.pem": "no certificate", "tls/privkey.pem": "no key"})
	d.until(t, "another word", func() bool { return strings.Count(d.Log(), "do not belong together") > said })
	stays(two, "what is no certificate is in use")
	next <- true
	hears()
	feed.Close()

	// And a start finds what was there, or goes back to the beginning.
	d.Put(t, map[string]string{"tls/fullchain.pem": first, "tls/privkey.pem": firstKey})
	d.Up(t)
	stays(one, "started again, it has another certificate than the one that is there")
}

func serialOf(t *testing.T, certificate string) string {
	t.Helper()
	block, _ := pem.Decode([]byte(certificate))
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return cert.SerialNumber.String()
}
