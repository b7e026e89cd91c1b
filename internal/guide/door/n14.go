package door

import (
	"context"
	"fmt"
	"slices"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/nginxconf"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/probe/tlsprobe"
)

// noResponder is why the clause cannot hold everywhere.
const noResponder = "the certificate names no responder, as those of the best-known free authority have not since 2025: nothing can be stapled. Stapling stays on for authorities that answer; " +
	"a certificate that lives for weeks and is renewed takes its place"

func n14() guide.Control {
	return guide.Control{
		ID:       "N14",
		Clause:   "OCSP stapling on",
		Question: "Is stapling on, and are stapled responses verified, in every server of nginx with TLS, by authorities that are named, and can nginx look up the responder that the certificate names? Is it on in the ingress of a cluster, which staples none unverified? Running: does a handshake bring a response that is signed for the issuer, about this certificate, and current?",
		Modes: append(doorModes(), []guide.Mode{
			{Name: "stapling-off", What: "no response is stapled"},
			{Name: "stapling-unverified", What: "a response is stapled without being verified"},
			{Name: "no-authorities", What: "responses are verified, and no authority is named by which that could be done, so that none is ever stapled"},
			{Name: "another-responder", What: "what is stapled is a file's, which nobody renews, or comes from somebody else than the certificate names"},
			{Name: "no-resolver", What: "nginx cannot find the responder: it has no resolver"},
			{Name: "not-stapled", What: "the certificate names a responder, and no handshake brings a response", Running: true},
			{Name: "bad-staple", What: "what is stapled is worth nothing, or says that the certificate is revoked", Running: true},
		}...),
		Mutations: append(undoings("N14"),
			change("stapling-off", "it is off", tlsFile, "ssl_stapling              on;", "ssl_stapling              off;"),
			change("stapling-off", "nothing is said of it", tlsFile, "ssl_stapling              on;\n", ""),
			change("stapling-unverified", "responses are not verified", tlsFile, "ssl_stapling_verify       on;", "ssl_stapling_verify       off;"),
			change("no-authorities", "no authorities are named", tlsFile, "ssl_trusted_certificate   /etc/ssl/certs/ca-certificates.crt;\n", ""),
			change("another-responder", "a file is stapled", tlsFile, "ssl_stapling_verify       on;\n", "ssl_stapling_verify       on;\nssl_stapling_file         /run/nginx/response.der;\n"),
			change("another-responder", "the machine itself is asked", tlsFile, "ssl_stapling_verify       on;\n", "ssl_stapling_verify       on;\nssl_stapling_responder    http://127.0.0.1/;\n"),
			change("no-resolver", "no resolver is named", configFile, "    resolver         127.0.0.11 valid=10s ipv6=off;\n", ""),
			change("stapling-off", "it is off in the cluster", controllerFile, "enable-ocsp: \"true\"", "enable-ocsp: \"false\""),
			change("stapling-off", "nothing is said of it in the cluster", controllerFile, "  enable-ocsp: \"true\"\n", ""),
			noServerMutation("N11/"+noServer, "N12/"+noServer, "N13/"+noServer),
		),
		Tree: func(ctx context.Context, t *facts.Tree) guide.Result {
			return judge(ctx, t, stapling, staplingOfIngress)
		},
		Running: func(ctx context.Context, s *facts.System) guide.Result {
			seen, err := handshakes(ctx, s)
			return judgeStaples(seen, err)
		},
	}
}

func stapling(s nginxconf.Server) seen {
	var findings []guide.Finding
	name := "server " + s.At.String()
	for _, want := range []struct{ directive, mode string }{{"ssl_stapling", "stapling-off"}, {"ssl_stapling_verify", "stapling-unverified"}} {
		if !slices.Equal(s.Value(want.directive), []string{"on"}) {
			findings = append(findings, guide.Finding{Mode: want.mode, Subject: name, Detail: "write " + want.directive + " on", At: place(s.At)})
		}
	}
	if s.Value("ssl_trusted_certificate") == nil && s.Value("ssl_client_certificate") == nil {
		findings = append(findings, guide.Finding{Mode: "no-authorities", Subject: name, Detail: "name them: ssl_trusted_certificate /etc/ssl/certs/ca-certificates.crt", At: place(s.At)})
	}
	for _, directive := range []string{"ssl_stapling_file", "ssl_stapling_responder"} {
		for _, d := range s.Effective(directive) {
			findings = append(findings, guide.Finding{Mode: "another-responder", Subject: name, Detail: "take " + directive + " away: the certificate names its responder", At: place(d.At)})
		}
	}
	if s.Value("resolver") == nil {
		findings = append(findings, guide.Finding{Mode: "no-resolver", Subject: name, Detail: "name a resolver", At: place(s.At)})
	}
	return seen{[]guide.Subject{{Name: name, Evidence: "stapling on and verified", At: place(s.At)}}, findings}
}

// staplingOfIngress: it asks the responder in Lua, and hands on no response that it has not verified (ingress-nginx, rootfs/etc/nginx/lua/certificate.lua).
func staplingOfIngress(in *ingress) seen {
	const name = "ingress-nginx, its settings"
	if v := in.setting("enable-ocsp", "nothing"); v != "true" {
		return seen{findings: []guide.Finding{{Mode: "stapling-off", Subject: name, Detail: "it says " + v + `: write enable-ocsp: "true"`, At: in.at}}}
	}
	return seen{subjects: []guide.Subject{{Name: name, Evidence: "enable-ocsp: true", At: in.at}}}
}

func judgeStaples(seen tlsprobe.Facts, unseen error) guide.Result {
	if len(seen.Chains) == 0 {
		return guide.NoEvidence("no certificate was seen: %v", unseen)
	}
	var findings []guide.Finding
	var subjects []guide.Subject
	without := false
	for _, c := range seen.Chains {
		name, s := seen.Target+" "+c.Suite, c.Staple
		switch {
		case len(s.Responders) == 0 && !s.Stapled:
			without = true
			subjects = append(subjects, guide.Subject{Name: name, Evidence: "its certificate names no responder"})
			continue
		case !s.Stapled:
			findings = append(findings, guide.Finding{Mode: "not-stapled", Subject: name, Detail: fmt.Sprintf("no response in %d handshakes, though its certificate names %v", s.Handshakes, s.Responders)})
		case s.Problem != "" || s.Status != tlsprobe.Good:
			findings = append(findings, guide.Finding{Mode: "bad-staple", Subject: name, Detail: fmt.Sprintf("%s %s, status %s", s.Problem, s.Detail, s.Status)})
		}
		subjects = append(subjects, guide.Subject{Name: name, Evidence: fmt.Sprintf("stapled in handshake %d, %s until %s", s.Handshakes, s.Status, s.NextUpdate.UTC().Format("2006-01-02 15:04"))})
	}
	r := guide.Judge(subjects, findings)
	if !without {
		return r
	}
	return guide.Defect(noResponder, r)
}
