package door

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/deployment"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/probe/tlsprobe"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/stackfile"
)

// strong are suites of TLS 1.2 with forward secrecy and authenticated encryption, by OpenSSL's names. Words such as HIGH are none: what they mean changes
// with the library.
var strong = regexp.MustCompile(`^(ECDHE|DHE)-(ECDSA|RSA)-(AES(128|256)-(GCM-SHA(256|384)|CCM8?)|CHACHA20-POLY1305)$`)

// groups are those of 128 bits and more that OpenSSL has (RFC 8446, 4.2.7; RFC 9325, 4.5), by its names and those of the standards, and the word for its own choice.
var groups = regexp.MustCompile(`^(auto|X25519|X448|prime256v1|P-256|secp256r1|secp384r1|P-384|secp521r1|P-521|X25519MLKEM768|SecP256r1MLKEM768|SecP384r1MLKEM1024)$`)

// Strong tells whether a suite, by OpenSSL's name, may be allowed.
func Strong(suite string) bool { return strong.MatchString(suite) }

func n11() guide.Control {
	return guide.Control{
		ID:       "N11",
		Clause:   "TLS 1.2 and 1.3 only, weak ciphers off",
		Question: "Does every server of nginx with TLS, and the ingress of a cluster, allow 1.2 and 1.3 and nothing older, and of 1.2 only named suites with forward secrecy and authenticated encryption, in groups of 128 bits and more? Is whoever comes in the clear sent to TLS, and served nothing else? Running: does the door refuse every older version, and every weak suite, in real handshakes?",
		Modes: append(doorModes(), []guide.Mode{
			{Name: "old-protocol", What: "a version before TLS 1.2 is allowed"},
			{Name: "new-protocol-off", What: "TLS 1.2 or TLS 1.3 is not allowed"},
			{Name: "weak-suite", What: "a suite without forward secrecy or authenticated encryption is allowed, or named by a word whose meaning changes"},
			{Name: "weak-group", What: "keys may be exchanged in a group that is too small, or that is not known to be strong"},
			{Name: "in-the-clear", What: "the door serves somebody without TLS, instead of sending them there"},
			{Name: "old-protocol-accepted", What: "a handshake with a version before TLS 1.2 succeeds", Running: true},
			{Name: "new-protocol-refused", What: "a handshake with TLS 1.2 or 1.3 fails", Running: true},
			{Name: "weak-suite-accepted", What: "a handshake with a weak suite succeeds", Running: true},
		}...),
		Mutations: append(undoings("N11"),
			change("old-protocol", "TLS 1.1 is allowed", tlsFile, "TLSv1.2 TLSv1.3;", "TLSv1.1 TLSv1.2 TLSv1.3;"),
			change("old-protocol", "nothing is said, and nginx 1.22 allows TLS 1.0", tlsFile, "ssl_protocols             TLSv1.2 TLSv1.3;\n", ""),
			guide.Mutation{Mode: "old-protocol", What: "what Compose puts in the place of the settings of TLS allows SSLv3", Change: func(d *guide.Draft) error {
				text, err := d.Read(tlsFile)
				if err != nil {
					return err
				}
				if err := d.Write("nginx/tls-old.conf", bytes.Replace(text, []byte("TLSv1.2 TLSv1.3"), []byte("SSLv3 TLSv1.2 TLSv1.3"), 1)); err != nil {
					return err
				}
				return d.Replace(stackfile.Name, included, included+"      - ./nginx/tls-old.conf:/etc/nginx/stellar-escrow/include/tls.conf:ro\n")
			}},
			guide.Mutation{Mode: "old-protocol", What: "with a file over Compose's, nginx has another configuration, of the tree too", Change: func(d *guide.Draft) error {
				text, err := d.Read(configFile)
				if err != nil {
					return err
				}
				if err := d.Write("nginx/old.conf", bytes.Replace(text, []byte("        include include/tls.conf;\n"), []byte("        include include/tls.conf;\n        ssl_protocols TLSv1 TLSv1.2 TLSv1.3;\n"), 1)); err != nil {
					return err
				}
				return d.Write("docker-compose.prod.yml", []byte("services:\n  nginx:\n    volumes: [\"./nginx/old.conf:/etc/nginx/stellar-escrow/nginx.conf:ro\"]\n"))
			}},
			change("old-protocol", "the server has its own line, with SSLv3", configFile, "        include include/tls.conf;\n", "        include include/tls.conf;\n        ssl_protocols SSLv3 TLSv1.2 TLSv1.3;\n"),
			change("new-protocol-off", "TLS 1.3 is off", tlsFile, "TLSv1.2 TLSv1.3;", "TLSv1.2;"),
			change("weak-suite", "a suite with 3DES", tlsFile, "ECDHE-RSA-CHACHA20-POLY1305;", "ECDHE-RSA-CHACHA20-POLY1305:DES-CBC3-SHA;"),
			change("weak-suite", "a suite without forward secrecy", tlsFile, "ECDHE-RSA-CHACHA20-POLY1305;", "ECDHE-RSA-CHACHA20-POLY1305:AES128-GCM-SHA256;"),
			change("weak-suite", "a word for many suites", tlsFile, "ECDHE-RSA-CHACHA20-POLY1305;", "HIGH;"),
			change("old-protocol", "TLS 1.1 is allowed in the cluster", controllerFile, "TLSv1.2 TLSv1.3", "TLSv1.1 TLSv1.2 TLSv1.3"),
			change("old-protocol", "nothing is said in the cluster", controllerFile, "  ssl-protocols: TLSv1.2 TLSv1.3\n", ""),
			change("new-protocol-off", "TLS 1.3 is off in the cluster", controllerFile, "TLSv1.2 TLSv1.3", "TLSv1.2"),
			change("weak-suite", "a suite without forward secrecy in the cluster", controllerFile, "ssl-ciphers: ", "ssl-ciphers: AES128-GCM-SHA256:"),
			guide.Mutation{Mode: "weak-suite", What: "no suites are named in the cluster", Change: func(d *guide.Draft) error {
				return d.Replace(controllerFile, "  ssl-ciphers: ", "  use-http2: \"true\" # ")
			}},
			change("weak-group", "a curve of 96 bits", tlsFile, "X25519:prime256v1:secp384r1", "secp192r1"),
			change("weak-group", "a curve of 96 bits in the cluster", controllerFile, "X25519:prime256v1:secp384r1", "secp192r1"),
			change("in-the-clear", "the server with the platform's routes listens without TLS too", configFile, "        listen 8443 ssl http2 default_server;\n", "        listen 8443 ssl http2 default_server;\n        listen 8085;\n"),
			change("in-the-clear", "some are answered without TLS", configFile, "            return 301 https://$host$request_uri;\n", "            if ($http_user_agent ~ health) {\n                return 200 ok;\n            }\n            return 301 https://$host$request_uri;\n"),
			change("in-the-clear", "nginx serves the client without TLS", configFile, "return 301 https://$host$request_uri;", "proxy_pass http://client:3001;"),
			change("in-the-clear", "nginx sends who comes in the clear to the clear", configFile, "return 301 https://$host$request_uri;", "return 301 http://$host$request_uri;"),
			change("in-the-clear", "one path is served without TLS", configFile, "        location ^~ /.well-known/acme-challenge/ {\n", "        location /v1/ {\n            proxy_pass http://api:4000;\n        }\n        location ^~ /.well-known/acme-challenge/ {\n"),
			change("in-the-clear", "an Ingress has no certificate", waysFile, "      secretName: stellar-escrow-tls\n  rules:\n    - host: escrow.example.com\n      http:\n        paths:\n          - {path: /v1/evidence", "  rules:\n    - host: escrow.example.com\n      http:\n        paths:\n          - {path: /v1/evidence"),
			deployment.Patch("in-the-clear", "staging alone has an Ingress without TLS", "staging", "{kind: Ingress, name: client}", "{op: remove, path: /spec/tls}"),
			change("in-the-clear", "the ingress believes callers who say that they came by TLS", controllerFile, `use-forwarded-headers: "false"`, `use-forwarded-headers: "true"`),
			change("in-the-clear", "an Ingress sends nobody to TLS", waysFile, "force-ssl-redirect: \"true\"\n    nginx.ingress.kubernetes.io/proxy-body-size: 10m", "force-ssl-redirect: \"false\"\n    nginx.ingress.kubernetes.io/proxy-body-size: 10m"),
			change("in-the-clear", "an Ingress has it that nobody is sent to TLS", waysFile, "force-ssl-redirect: \"true\"\n    nginx.ingress.kubernetes.io/proxy-body-size: 10m", "ssl-redirect: \"false\"\n    nginx.ingress.kubernetes.io/proxy-body-size: 10m"),
			noServerMutation("N12/"+noServer, "N13/"+noServer, "N14/"+noServer),
		),
		OnlyRunning: true,
		Tree:        protected,
		Running: func(ctx context.Context, s *facts.System) guide.Result {
			seen, err := handshakes(ctx, s)
			return judgeHandshakes(seen, err)
		},
	}
}

func judgeHandshakes(seen tlsprobe.Facts, unseen error) guide.Result {
	if len(seen.Versions) == 0 {
		return guide.NoEvidence("%v", unseen)
	}
	var findings []guide.Finding
	var subjects []guide.Subject
	for _, v := range seen.Versions {
		wanted := v.Name == "TLS 1.2" || v.Name == "TLS 1.3"
		switch {
		case v.Err != nil:
			return guide.NoEvidence("%s: %v", v.Name, v.Err)
		case v.Accepted && !wanted:
			findings = append(findings, guide.Finding{Mode: "old-protocol-accepted", Subject: seen.Target, Detail: fmt.Sprintf("%s with %d suites", v.Name, len(v.Suites))})
		case !v.Accepted && wanted:
			findings = append(findings, guide.Finding{Mode: "new-protocol-refused", Subject: seen.Target, Detail: v.Name + ": " + v.Refusal})
		}
		for _, suite := range v.Suites {
			if traits := suite.Traits(); len(traits) > 0 && wanted {
				findings = append(findings, guide.Finding{Mode: "weak-suite-accepted", Subject: seen.Target, Detail: fmt.Sprintf("%s with %s: %v", v.Name, suite, traits)})
			}
		}
		evidence := "refused: " + v.Refusal
		if v.Accepted {
			var names []string
			for _, suite := range v.Suites {
				names = append(names, suite.Name)
			}
			evidence = "accepted: " + strings.Join(names, ", ")
		}
		subjects = append(subjects, guide.Subject{Name: seen.Target + " " + v.Name, Evidence: evidence})
	}
	return guide.Judge(subjects, findings)
}
