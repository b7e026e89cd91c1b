package controller_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"maps"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/kube"
	"github.com/Abdullahi130/StellarEscrow/test/parts/nginx"
	"github.com/Abdullahi130/StellarEscrow/test/stack/kube/controller"
)

// platform is the production overlay and the controller's settings, as they are rendered.
func platform(t *testing.T) controller.Cluster {
	t.Helper()
	var c controller.Cluster
	set, err := kube.Render(os.DirFS("../../../.."), "k8s/overlays/production")
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range set.Ingresses() {
		c.Ingresses = append(c.Ingresses, *i.Value)
	}
	for _, s := range set.Services() {
		c.Services = append(c.Services, *s.Value)
	}
	if set, err = kube.Render(os.DirFS("../../../.."), "k8s/ingress-nginx"); err != nil {
		t.Fatal(err)
	}
	for _, m := range set.ConfigMaps() {
		switch m.Value.Name {
		case "ingress-nginx-controller":
			c.Settings = m.Value.Data
		case "security-headers":
			c.Headers = m.Value.Data
		}
	}
	if len(c.Ingresses) == 0 || len(c.Services) == 0 || len(c.Settings) == 0 || len(c.Headers) == 0 {
		t.Fatalf("the overlay has %d Ingresses, %d Services, %d settings and %d headers", len(c.Ingresses), len(c.Services), len(c.Settings), len(c.Headers))
	}
	return c
}

func place(run string) controller.Place {
	return controller.Place{HTTP: "8080", HTTPS: "8443", Resolver: "127.0.0.1:1", Run: run, Certificate: func(namespace, name string) string { return "/c/" + namespace + "/" + name }}
}

// block is what stands in the braces after a text.
func block(t *testing.T, config, after string) string {
	t.Helper()
	_, rest, ok := strings.Cut(config, after+" {\n")
	if !ok {
		t.Fatalf("there is no %q in\n%s", after, config)
	}
	body, _, _ := strings.Cut(rest, "}\n")
	return body
}

func TestOurPaths(t *testing.T) {
	config, err := controller.Config(platform(t), place("/run/nginx"))
	if err != nil {
		t.Fatal(err)
	}
	for match, want := range map[string][]string{
		"location /":               {"set $target client.stellar-escrow.svc.cluster.local:3001;", "client_max_body_size 1m;", "limit_req zone=stellar-escrow_client_rps burst=60 nodelay;"},
		"location /v1/":            {"set $target api.stellar-escrow.svc.cluster.local:4000;", "proxy_read_timeout 130s;", "limit_conn stellar-escrow_api_conn 100;"},
		"location = /v1":           {"set $target api.stellar-escrow.svc.cluster.local:4000;"},
		"location /v1/feed/":       {"proxy_buffering off;", "proxy_read_timeout 3600s;"},
		"location /v1/evidence/":   {"client_max_body_size 10m;"},
		"location = /openapi.json": {"set $target api.stellar-escrow.svc.cluster.local:4000;"},
	} {
		for _, line := range want {
			if body := block(t, config, match); !strings.Contains(body, " "+line+"\n") {
				t.Errorf("%s has no %q:\n%s", match, line, body)
			}
		}
	}
	for _, none := range []string{"location = /openapi.json/", "location /healthz", "location = /healthz", "location = /readyz", "location = /metrics"} {
		if strings.Contains(config, none) {
			t.Errorf("there is %s", none)
		}
	}
	if !strings.Contains(config, "ssl_certificate /c/stellar-escrow/stellar-escrow-tls/tls.crt;") || !strings.Contains(config, "limit_req_zone $binary_remote_addr zone=stellar-escrow_api_rps:5m rate=20r/s;") {
		t.Errorf("no certificate, or no zone:\n%s", config)
	}
}

// TestWhatIsNotStoodInForIsRefused: passed over, it would seem to hold.
func TestWhatIsNotStoodInForIsRefused(t *testing.T) {
	for says, change := range map[string]func(c *controller.Cluster){
		"whitelist-source-range is not stood in for": func(c *controller.Cluster) {
			c.Ingresses[0].Annotations["nginx.ingress.kubernetes.io/whitelist-source-range"] = "10.0.0.0/8"
		},
		"ssl-dh-param is not stood in for":      func(c *controller.Cluster) { c.Settings["ssl-dh-param"] = "a/b" },
		`enable-ocsp: "false": only "true"`:     func(c *controller.Cluster) { c.Settings["enable-ocsp"] = "false" },
		"ssl-protocols: it has characters":      func(c *controller.Cluster) { c.Settings["ssl-protocols"] = "TLSv1.2; ssl_protocols SSLv3" },
		"header X-Evil":                         func(c *controller.Cluster) { c.Headers["X-Evil"] = "a\"; add_header b c" },
		"there is no Service stellar-escrow/no": func(c *controller.Cluster) { c.Ingresses[0].Spec.Rules[0].HTTP.Paths[0].Backend.Service.Name = "no" },
		"another Ingress has it too":            func(c *controller.Cluster) { c.Ingresses = append(c.Ingresses, c.Ingresses[0]) },
		"host \"\" is not stood in for":         func(c *controller.Cluster) { c.Ingresses[0].Spec.Rules[0].Host = "" },
		"no Ingress of class nginx":             func(c *controller.Cluster) { c.Ingresses = nil },
		"type ImplementationSpecific": func(c *controller.Cluster) {
			kind := networkingv1.PathTypeImplementationSpecific
			c.Ingresses[0].Spec.Rules[0].HTTP.Paths[0].PathType = &kind
		},
	} {
		c := platform(t)
		c.Settings, c.Headers = maps.Clone(c.Settings), maps.Clone(c.Headers)
		change(&c)
		if _, err := controller.Config(c, place("/run/nginx")); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want an error that says %q", err, says)
		}
	}
}

// TestARealNginx runs it: redirect, TLS, and every header on an answer of nginx's own, since nobody is behind it.
func TestARealNginx(t *testing.T) {
	http8080, https8443 := nginx.FreeAddress(t), nginx.FreeAddress(t)
	certificate, key, roots := certify(t, "escrow.example.com")
	c := platform(t)
	var failed error
	nginx.Start(t, nginx.Options{
		Files: func(dir string) map[string]string {
			config, err := controller.Config(c, controller.Place{
				HTTP: http8080, HTTPS: https8443, Resolver: "127.0.0.1:1", Run: dir, Certificate: func(_, name string) string { return filepath.Join(dir, name) },
			})
			failed = err
			return map[string]string{"nginx.conf": config, "stellar-escrow-tls/tls.crt": certificate, "stellar-escrow-tls/tls.key": key}
		},
		Listens: []string{http8080, https8443},
	})
	if failed != nil {
		t.Fatal(failed)
	}
	client := &http.Client{
		Timeout:       20 * time.Second,
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "escrow.example.com"}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	get := func(url string) *http.Response {
		t.Helper()
		q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		q.Host = "escrow.example.com"
		res, err := client.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res
	}
	if res := get("http://" + http8080 + "/x?y=1"); res.StatusCode != http.StatusPermanentRedirect || res.Header.Get("Location") != "https://escrow.example.com/x?y=1" || res.Header.Get("Strict-Transport-Security") != "" {
		t.Errorf("plain HTTP answers %s %v", res.Status, res.Header)
	}
	res := get("https://" + https8443 + "/v1/trades")
	if res.StatusCode != http.StatusBadGateway || res.TLS.Version != tls.VersionTLS13 {
		t.Errorf("with nobody behind it answers %s, TLS %x", res.Status, res.TLS.Version)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Headers)) {
		if got := res.Header.Values(name); len(got) != 1 || got[0] != c.Headers[name] {
			t.Errorf("%s is %q, want %q once", name, got, c.Headers[name])
		}
	}
	if got := res.Header.Get("Strict-Transport-Security"); got != "max-age=63072000; includeSubDomains; preload" {
		t.Errorf("HSTS is %q", got)
	}
}

// certify makes a certificate that vouches for itself.
func certify(t *testing.T, name string) (certificate, key string, roots *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	certificate = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}))
	roots = x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(certificate))
	return certificate, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})), roots
}
