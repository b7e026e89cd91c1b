package door

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/nginxconf"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/probe/tlsprobe"
)

// strong are suites of TLS 1.2 with forward secrecy and authenticated encryption, by OpenSSL's names. Words such as HIGH are none: what they mean changes
// with the library.
var strong = regexp.MustCompile(`^(ECDHE|DHE)-(ECDSA|RSA)-(AES(128|256)-(GCM-SHA(256|384)|CCM8?)|CHACHA20-POLY1305)$`)

// Strong tells whether a suite, by OpenSSL's name, may be allowed.
func Strong(suite string) bool { return strong.MatchString(suite) }

func n11() guide.Control {
	return guide.Control{
		ID:       "N11",
		Clause:   "TLS 1.2 and 1.3 only, weak ciphers off",
		Question: "Does every server with TLS allow 1.2 and 1.3 and nothing older, and of 1.2 only named suites with forward secrecy and authenticated encryption? Running: does the door refuse every older version, and every weak suite, in real handshakes?",
		Modes: []guide.Mode{
			{Name: "old-protocol", What: "a version before TLS 1.2 is allowed"},
			{Name: "new-protocol-off", What: "TLS 1.2 or TLS 1.3 is not allowed"},
			{Name: "weak-suite", What: "a suite without forward secrecy or authenticated encryption is allowed, or named by a word whose meaning changes"},
			noServerMode(),
			{Name: "old-protocol-accepted", What: "a handshake with a version before TLS 1.2 succeeds", Running: true},
			{Name: "new-protocol-refused", What: "a handshake with TLS 1.2 or 1.3 fails", Running: true},
			{Name: "weak-suite-accepted", What: "a handshake with a weak suite succeeds", Running: true},
		},
		Mutations: []guide.Mutation{
			change("old-protocol", "TLS 1.1 is allowed", tlsFile, "TLSv1.2 TLSv1.3;", "TLSv1.1 TLSv1.2 TLSv1.3;"),
			change("old-protocol", "nothing is said, and nginx 1.22 allows TLS 1.0", tlsFile, "ssl_protocols             TLSv1.2 TLSv1.3;\n", ""),
			change("old-protocol", "the server has its own line, with SSLv3", configFile, "        include include/tls.conf;\n", "        include include/tls.conf;\n        ssl_protocols SSLv3 TLSv1.2 TLSv1.3;\n"),
			change("new-protocol-off", "TLS 1.3 is off", tlsFile, "TLSv1.2 TLSv1.3;", "TLSv1.2;"),
			change("weak-suite", "a suite with 3DES", tlsFile, "ECDHE-RSA-CHACHA20-POLY1305;", "ECDHE-RSA-CHACHA20-POLY1305:DES-CBC3-SHA;"),
			change("weak-suite", "a suite without forward secrecy", tlsFile, "ECDHE-RSA-CHACHA20-POLY1305;", "ECDHE-RSA-CHACHA20-POLY1305:AES128-GCM-SHA256;"),
			change("weak-suite", "a word for many suites", tlsFile, "ECDHE-RSA-CHACHA20-POLY1305;", "HIGH;"),
			noServerMutation("N12/"+noServer, "N13/"+noServer, "N14/"+noServer),
		},
		OnlyRunning: true,
		Tree:        func(_ context.Context, t *facts.Tree) guide.Result { return judge(t, true, protocols) },
		Running: func(ctx context.Context, s *facts.System) guide.Result {
			seen, err := handshakes(ctx, s)
			return judgeHandshakes(seen, err)
		},
	}
}

func protocols(s nginxconf.Server) (subjects []guide.Subject, findings []guide.Finding) {
	name := "server " + s.At.String()
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
	for _, p := range allowed {
		if p != "TLSv1.2" && p != "TLSv1.3" {
			findings = append(findings, guide.Finding{Mode: "old-protocol", Subject: name, Detail: p + " is allowed: write ssl_protocols TLSv1.2 TLSv1.3", At: at("ssl_protocols")})
		}
	}
	if s.Value("ssl_protocols") != nil {
		for _, p := range []string{"TLSv1.2", "TLSv1.3"} {
			if !slices.Contains(allowed, p) {
				findings = append(findings, guide.Finding{Mode: "new-protocol-off", Subject: name, Detail: p + " is not allowed", At: at("ssl_protocols")})
			}
		}
	}
	suites := strings.Join(s.Value("ssl_ciphers"), ":")
	for _, suite := range strings.Split(suites, ":") {
		if !Strong(suite) {
			findings = append(findings, guide.Finding{Mode: "weak-suite", Subject: name, Detail: fmt.Sprintf("%q: name suites with ECDHE and GCM or CHACHA20", suite), At: at("ssl_ciphers")})
		}
	}
	return []guide.Subject{{Name: name, Evidence: strings.Join(allowed, ", ") + "; " + suites, At: place(s.At)}}, findings
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
