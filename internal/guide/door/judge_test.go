package door

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
)

// A policy holds when it names what runs, and keeps all else out; each that only looks like one is told what to write.
func TestPolicies(t *testing.T) {
	const rest = "; base-uri 'self'; form-action 'none'; frame-ancestors 'none'"
	for value, holds := range map[string]bool{
		"default-src 'none'" + rest: true,
		"Default-Src 'self'; IMG-SRC 'self' https://images.example.com; report-to x" + rest: true,
		"default-src 'none'; script-src 'sha256-AbC=' 'self'" + rest:                        true,
		"default-src 'none'; connect-src wss://feed.example.com:443" + rest:                 true,
		"":                                    false,
		"default-src 'none'":                  false,
		"script-src 'self'" + rest:            false,
		"default-src 'none'; base-uri 'none'": false,
		"default-src *" + rest:                false,
		"default-src 'self' data:" + rest:     false,
		"default-src 'none'; script-src 'nonce-abc'" + rest:                               false,
		"default-src 'none'; script-src 'self' 'wasm-unsafe-eval'" + rest:                 false,
		"default-src 'none'; script-src-elem https://scripts.example.com" + rest:          false,
		"default-src 'none'; object-src https://a.example.com" + rest:                     false,
		"default-src 'none'; style-src 'unsafe-inline'" + rest:                            false,
		"default-src 'none'; img-src http://images.example.com" + rest:                    false,
		"default-src 'none'; img-src *.example.com" + rest:                                false,
		"default-src 'none'; script-src *; script-src 'none'" + rest:                      false,
		"default-src 'none', default-src *" + rest:                                        false,
		"default-src 'none'; base-uri 'none'; form-action *; frame-ancestors 'none'":      false,
		"default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'": false,
		"default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors":        false,
		"default-src $sources" + rest:                                                     false,
	} {
		if wrong := policy(value); (wrong == "") != holds {
			t.Errorf("%q: %q, want it to hold: %t", value, wrong, holds)
		}
	}
}

func TestPermissions(t *testing.T) {
	const all = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
	for value, holds := range map[string]bool{
		all: true, all + ", fullscreen=(self)": true, "": false, "camera=()": false, all + ", camera=*": false, all + ", camera=(self)": false, all + ", midi=(*)": false,
	} {
		if wrong := allowsNothingToAll(value); (wrong == "") != holds {
			t.Errorf("%q: %q, want it to hold: %t", value, wrong, holds)
		}
	}
}

func TestCovers(t *testing.T) {
	for _, c := range []struct {
		name, host string
		want       bool
	}{
		{"a.example.com", "a.example.com", true}, {"*.example.com", "a.example.com", true}, {"*.example.com", "a.b.example.com", false}, {"*.example.com", "example.com", false},
		{"b.example.com", "a.example.com", false}, {"", "a.example.com", false},
	} {
		if got := covers(c.name, c.host); got != c.want {
			t.Errorf("%s of %s: %t, want %t", c.name, c.host, got, c.want)
		}
	}
}

// Doors as others have them: a tree with nginx alone, with settings alone, with an Ingress of which no controller's settings are known, and with one that cannot be looked at.
func TestOthersDoors(t *testing.T) {
	const server = `events {}
http {
    resolver 127.0.0.1;
    server { listen 80; return 301 https://$host$request_uri; }
    server {
        listen 443 ssl;
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_ciphers ECDHE-RSA-AES128-GCM-SHA256;
        ssl_stapling on;
        ssl_stapling_verify on;
        ssl_trusted_certificate /etc/ssl/certs/ca-certificates.crt;
        add_header Strict-Transport-Security "max-age=63072000; includeSubDomains; preload" always;
    }
}
`
	const settings = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ingress-nginx-controller, namespace: ingress-nginx}\ndata: {allow-snippet-annotations: \"false\", annotations-risk-level: Low, " +
		"ssl-protocols: TLSv1.2 TLSv1.3, ssl-ciphers: ECDHE-RSA-AES128-GCM-SHA256}\n"
	const way = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: one, namespace: a}\nspec: {tls: [{hosts: [\"*.example.com\"], secretName: s}], rules: [{host: one.example.com}]}\n"
	overlay := func(objects string) map[string]string {
		return map[string]string{"k8s/overlays/production/kustomization.yaml": "resources: [one.yaml]\n", "k8s/overlays/production/one.yaml": objects}
	}
	controller := map[string]string{"k8s/ingress-nginx/kustomization.yaml": "resources: [one.yaml]\n", "k8s/ingress-nginx/one.yaml": settings}
	both := overlay(way)
	maps.Copy(both, controller)
	otherwise := overlay(strings.Replace(settings, "TLSv1.2", "TLSv1 TLSv1.2", 1))
	maps.Copy(otherwise, controller)
	for _, c := range []struct {
		name  string
		files map[string]string
		want  map[string]string // by clause: modes with blanks, or the verdict
	}{
		{"nginx alone", nil, map[string]string{"N12": "", "N14": ""}},
		{"Compose without nginx", map[string]string{"docker-compose.yml": "name: a\nservices: {caddy: {image: caddy}}\n"}, map[string]string{"N11": "another-file", "N14": "another-file"}},
		{"Compose with it", map[string]string{"docker-compose.yml": "name: a\nservices: {door: {image: \"nginx:1\", volumes: [\"./nginx:/etc/nginx:ro\"]}}\n"}, map[string]string{"N11": "", "N12": "", "N14": ""}},
		{"Compose with a file that is not there", map[string]string{"docker-compose.yml": "name: a\nservices: {door: {image: \"nginx:1\", volumes: [\"./conf:/etc/nginx:ro\"]}}\n"}, map[string]string{"N11": "another-file"}},
		{"an Ingress alone", overlay(way), map[string]string{
			"N11": "old-protocol own-configuration weak-suite", "N12": "another-value own-configuration", "N14": "own-configuration stapling-off",
		}},
		{"both", both, map[string]string{"N12": "another-value", "N14": "stapling-off"}},
		{"an overlay that has settings of its own for the controller", otherwise, map[string]string{"N12": "another-value unjudged-setting", "N14": "stapling-off unjudged-setting"}},
		{"an Ingress that is none", overlay("apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: one}\nspec: {tsl: []}\n"), map[string]string{
			"N11": "NOT EVIDENCED", "N12": "NOT EVIDENCED", "N14": "NOT EVIDENCED",
		}},
	} {
		files := fstest.MapFS{configFile: {Data: []byte(server)}}
		for name, text := range c.files {
			files[name] = &fstest.MapFile{Data: []byte(text)}
		}
		tree := facts.Open(files)
		for _, control := range Controls() {
			want, ok := c.want[control.ID]
			if !ok {
				continue
			}
			r := control.Tree(t.Context(), tree)
			found := map[string]bool{}
			for _, f := range r.Findings() {
				found[f.Mode] = true
			}
			got := strings.Join(slices.Sorted(maps.Keys(found)), " ")
			if r.Verdict() == guide.NotEvidenced {
				got = "NOT EVIDENCED"
			}
			if got != want {
				t.Errorf("%s, %s: %s [%s] %s, want [%s]", c.name, control.ID, r.Verdict(), got, r.Reason(), want)
			}
		}
	}
}
