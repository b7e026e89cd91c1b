//go:build unix

package tlsprobe

import (
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/Abdullahi130/StellarEscrow/test/parts/nginx"
)

// nginxWith runs a real nginx, two workers of it, with a certificate and further directives of its server.
func nginxWith(t testing.TB, authority *ca, cert tls.Certificate, directives string) (address string) {
	t.Helper()
	address = nginx.FreeAddress(t)
	certFile, keyFile := writePEM(t, t.TempDir(), cert)
	read := func(name string) string {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	nginx.Start(t, nginx.Options{
		Listens: []string{address},
		Files: func(dir string) map[string]string {
			return map[string]string{
				"cert.pem": read(certFile), "key.pem": read(keyFile),
				"root.pem": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authority.cert.Raw})),
				"nginx.conf": fmt.Sprintf(`
worker_processes 2;
pid %[1]s/pid;
error_log stderr warn;
events { worker_connections 256; }
http {
	access_log off;
	client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
	server {
		listen %[2]s ssl http2;
		server_name escrow.example;
		ssl_certificate %[1]s/cert.pem;
		ssl_certificate_key %[1]s/key.pem;
		ssl_trusted_certificate %[1]s/root.pem;
		%[3]s
		location / { return 200 "there"; }
	}
}
`, dir, address, directives),
			}
		},
	})
	return address
}

func TestARealNginx(t *testing.T) {
	authority := newCA(t, "ECDSA")
	url := authority.responder(t)
	guide := "ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384; ssl_prefer_server_ciphers on; "
	modern := []string{"TLS 1.2: ECDHE_RSA_WITH_AES_128_GCM_SHA256 ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS 1.3: AES_256_GCM_SHA384 CHACHA20_POLY1305_SHA256 AES_128_GCM_SHA256"}
	for name, c := range map[string]struct {
		directives string
		want       []string // versions with their suites; of the weak one only the versions
		stapled    bool
		tickets    bool
	}{
		"as the guide wants it": {guide + "ssl_stapling on; ssl_stapling_verify on; ssl_session_tickets off;", modern, true, false},
		"without stapling":      {guide + "ssl_session_tickets on;", modern, false, true},
		"weak":                  {"ssl_protocols TLSv1 TLSv1.1 TLSv1.2; ssl_ciphers ALL:eNULL:@SECLEVEL=0;", []string{"TLS 1.0", "TLS 1.1", "TLS 1.2"}, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			own := leaf{key: "RSA"} // without a responder nothing is waited for
			if c.stapled {
				own.responder = url
			}
			cert := authority.issue(t, own)
			cert.Certificate = append(cert.Certificate, authority.cert.Raw) // nginx looks there for whom a response is from
			address := nginxWith(t, authority, cert, c.directives)
			facts, err := probe().Look(t.Context(), Target{Address: address, Name: "escrow.example", Roots: authority.roots()})
			if err != nil {
				t.Fatal(err)
			}
			got := accepted(facts)
			if name == "weak" {
				for i, v := range facts.Versions[2:5] { // TLS 1.0 to 1.2
					for _, trait := range []Trait{NoEncryption, Anonymous, CBC, NoForwardSecrecy} {
						if len(v.With(trait)) == 0 {
							t.Errorf("%s has no suite with %s: %v", v.Name, trait, v.Suites)
						}
					}
					got[i] = v.Name
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			v, _ := facts.Version("TLS 1.2")
			if !v.SecureRenegotiation || !v.ExtendedMasterSecret || v.Compression || v.SessionTickets != c.tickets || v.ServerOrder != (name != "weak") {
				t.Errorf("%s: renegotiation %t, extended master secret %t, compression %t, tickets %t, own order %t",
					v.Name, v.SecureRenegotiation, v.ExtendedMasterSecret, v.Compression, v.SessionTickets, v.ServerOrder)
			}
			if !slices.Equal(facts.ALPN, []string{"h2", "http/1.1"}) || len(facts.Chains) != 1 || !facts.Chains[0].Trusted {
				t.Errorf("ALPN %v, chains %+v", facts.ALPN, facts.Chains)
			}
			s := facts.Chains[0].Staple
			if s.Stapled != c.stapled || s.Problem != "" || c.stapled && (s.Status != Good || s.Handshakes < 2) || (len(s.Responders) == 1) != c.stapled {
				t.Errorf("stapling: %+v", s)
			}
			if facts.Connections > 200 || name != "weak" && facts.Connections > 40 {
				t.Errorf("%d connections", facts.Connections)
			}
		})
	}
}
