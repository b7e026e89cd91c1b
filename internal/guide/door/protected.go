package door

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/deployment"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/nginxconf"
)

// protected is the tree's column of N11: of the servers with TLS which protocols and suites, of those without that they serve nothing.
func protected(ctx context.Context, t *facts.Tree) guide.Result {
	r := judge(ctx, t, protocols, func(in *ingress) seen {
		all := protocolsOf(in)
		for _, w := range in.ways {
			all.add(in.sent(w))
		}
		return all
	})
	all, _, err := configs(ctx, t)
	if err != nil || slices.ContainsFunc(r.Findings(), func(f guide.Finding) bool { return f.Mode == noServer }) {
		return r // everything is in the clear then, which is said already
	}
	var clear seen
	for _, c := range all {
		for _, s := range c.Servers() {
			if !speaksTLS(s) && reached(s) {
				clear.add(inTheClear(s))
			}
		}
	}
	if r.Verdict() == guide.NotEvidenced && len(clear.findings) == 0 {
		return r
	}
	return guide.Judge(append(clear.subjects, r.Subjects()...), append(clear.findings, r.Findings()...))
}

func protocols(s nginxconf.Server) seen {
	at := func(directive string) guide.Place {
		if all := s.Effective(directive); len(all) > 0 {
			return place(all[len(all)-1].At)
		}
		return place(s.At)
	}
	allowed := s.Value("ssl_protocols")
	if allowed == nil {
		allowed = []string{"TLSv1", "TLSv1.1", "TLSv1.2"} // nginx's own before 1.23.4
	}
	out := allows("server "+s.At.String(), allowed, strings.Join(s.Value("ssl_ciphers"), ":"), at("ssl_protocols"), at("ssl_ciphers"))
	if s.Value("ssl_protocols") == nil { // one is enough to be told
		out.findings = slices.DeleteFunc(out.findings, func(f guide.Finding) bool { return f.Mode == "new-protocol-off" })
	}
	for _, l := range s.Listen {
		if !l.TLS && !l.Loopback {
			out.findings = append(out.findings, guide.Finding{Mode: "in-the-clear", Subject: "server " + s.At.String(), Detail: "listen " + l.Address + " is without TLS: write ssl behind it, or leave it out", At: place(l.At)})
		}
	}
	out.add(seen{findings: exchanges("server "+s.At.String(), strings.Join(s.Value("ssl_ecdh_curve"), ":"), at("ssl_ecdh_curve"))})
	out.subjects[0].At = place(s.At)
	return out
}

// exchanges is what is wrong with the groups in which keys may be exchanged; nothing said is OpenSSL's own choice.
func exchanges(name, list string, at guide.Place) (findings []guide.Finding) {
	for group := range strings.SplitSeq(list, ":") {
		if list != "" && !groups.MatchString(group) {
			findings = append(findings, guide.Finding{Mode: "weak-group", Subject: name, Detail: fmt.Sprintf("%q: name X25519, prime256v1 and secp384r1", group), At: at})
		}
	}
	return findings
}

// protocolsOf is of the ingress. What is allowed when nothing is said has changed with its versions.
func protocolsOf(in *ingress) seen {
	const name = "ingress-nginx, its settings"
	out := allows(name, strings.Fields(in.setting("ssl-protocols", "TLSv1.2 TLSv1.3")), in.setting("ssl-ciphers", ""), in.at, in.at)
	if _, ok := in.settings["ssl-protocols"]; !ok {
		out.findings = append(out.findings, guide.Finding{Mode: "old-protocol", Subject: name, Detail: "nothing is said: write ssl-protocols: TLSv1.2 TLSv1.3", At: in.at})
	}
	out.add(seen{findings: exchanges(name, in.setting("ssl-ecdh-curve", "auto"), in.at)})
	if in.setting("use-forwarded-headers", "false") != "false" {
		out.findings = append(out.findings, guide.Finding{Mode: "in-the-clear", Subject: name, Detail: `write use-forwarded-headers: "false": whoever says X-Forwarded-Proto: https is not sent to TLS`, At: in.at})
	}
	return out
}

// allows is what a door allows: protocols as OpenSSL calls them, and suites with colons.
func allows(name string, protocols []string, suites string, protocolsAt, suitesAt guide.Place) seen {
	var findings []guide.Finding
	for _, p := range protocols {
		if p != "TLSv1.2" && p != "TLSv1.3" {
			findings = append(findings, guide.Finding{Mode: "old-protocol", Subject: name, Detail: p + " is allowed: name TLSv1.2 and TLSv1.3", At: protocolsAt})
		}
	}
	for _, p := range []string{"TLSv1.2", "TLSv1.3"} {
		if !slices.Contains(protocols, p) {
			findings = append(findings, guide.Finding{Mode: "new-protocol-off", Subject: name, Detail: p + " is not allowed", At: protocolsAt})
		}
	}
	for suite := range strings.SplitSeq(suites, ":") {
		if !Strong(suite) {
			findings = append(findings, guide.Finding{Mode: "weak-suite", Subject: name, Detail: fmt.Sprintf("%q: name suites with ECDHE and GCM or CHACHA20", suite), At: suitesAt})
		}
	}
	return seen{[]guide.Subject{{Name: name, Evidence: strings.Join(protocols, ", ") + "; " + suites, At: protocolsAt}}, findings}
}

// sent is whether everybody who comes by an Ingress has TLS, or is sent there.
func (in *ingress) sent(w way) seen {
	at := deployment.At(w.Object)
	var findings []guide.Finding
	add := func(format string, args ...any) {
		findings = append(findings, guide.Finding{Mode: "in-the-clear", Subject: w.name(), Detail: fmt.Sprintf(format, args...), At: at})
	}
	var hosts []string
	for _, r := range w.Value.Spec.Rules {
		hosts = append(hosts, r.Host)
		certified := false
		for _, c := range w.Value.Spec.TLS {
			certified = certified || c.SecretName != "" && r.Host != "" && slices.ContainsFunc(c.Hosts, func(of string) bool { return covers(of, r.Host) })
		}
		if !certified {
			add("host %q has no certificate: name it, and its Secret, in tls", r.Host)
		}
	}
	if w.Value.Spec.DefaultBackend != nil {
		add("what no rule names is served by its default backend: take it away")
	}
	for _, key := range []string{"ssl-redirect", "force-ssl-redirect"} {
		v, ok := w.Value.Annotations[annotated+key]
		if !ok {
			v, ok = in.settings[key]
		}
		if ok && v != "true" {
			add(`write %s: "true": who comes by HTTP stays there`, key)
		}
	}
	return seen{[]guide.Subject{{Name: w.name(), Evidence: "a certificate for " + strings.Join(hosts, ", ") + ", and the way to it", At: at}}, findings}
}

// covers tells whether a name of a certificate is a host's: * stands for one label.
func covers(name, host string) bool {
	if rest, wild := strings.CutPrefix(name, "*."); wild {
		_, parent, _ := strings.Cut(host, ".")
		return rest == parent
	}
	return name == host
}

// Directives of nginx that answer with something of a part's or of the disk; challenge is what an authority must find on plain HTTP (RFC 8555, 8.3).
var (
	answering = regexp.MustCompile(`^([a-z]+_pass|root|alias|try_files|rewrite)$`)
	challenge = "/.well-known/acme-challenge/"
	elsewhere = regexp.MustCompile(`^30[12378]$`)
	refusal   = regexp.MustCompile(`^[45][0-9]{2}$`)
)

// refuses tells whether a return sends to TLS, or refuses; what a refusal says stands in a location with a name, which nobody can ask for.
func refuses(at *nginxconf.Scope, d nginxconf.Directive) bool {
	switch {
	case len(d.Args) == 2 && elsewhere.MatchString(d.Args[0]):
		return strings.HasPrefix(d.Args[1], "https://")
	case len(d.Args) == 1 && strings.HasPrefix(d.Args[0], "https://"):
		return true
	case at.Kind == "location" && len(at.Args) == 1 && strings.HasPrefix(at.Args[0], "@"):
		return true
	}
	return len(d.Args) > 0 && refusal.MatchString(d.Args[0])
}

// inTheClear is a server of nginx without TLS: it sends everybody to one with, and serves an authority's challenges.
func inTheClear(s nginxconf.Server) seen {
	name := "server " + s.At.String()
	var findings []guide.Finding
	sends := false
	for _, at := range s.Locations() {
		path := ""
		if at.Kind == "location" && len(at.Args) > 0 {
			path = at.Args[len(at.Args)-1]
		}
		for _, d := range at.Directives {
			switch {
			case answering.MatchString(d.Name) && path != challenge:
				findings = append(findings, guide.Finding{Mode: "in-the-clear", Subject: name, Detail: at.String() + " serves by " + d.Name + ": return 301 https://$host$request_uri", At: place(d.At)})
			case d.Name == "return" && len(d.Args) == 2 && elsewhere.MatchString(d.Args[0]) && (path == "/" || at == s.Scope):
				sends = sends || strings.HasPrefix(d.Args[1], "https://")
			}
			if d.Name == "return" && !refuses(at, d) {
				findings = append(findings, guide.Finding{Mode: "in-the-clear", Subject: name, Detail: at.String() + " answers by return " + strings.Join(d.Args, " ") + ": return 301 https://$host$request_uri", At: place(d.At)})
			}
		}
	}
	if !sends && len(findings) == 0 {
		findings = append(findings, guide.Finding{Mode: "in-the-clear", Subject: name, Detail: "it sends nobody to TLS: return 301 https://$host$request_uri", At: place(s.At)})
	}
	return seen{[]guide.Subject{{Name: name, Evidence: "sends everybody to TLS", At: place(s.At)}}, findings}
}
