package door

import (
	"context"
	"fmt"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
)

func n13() guide.Control {
	all := []wanted{
		{"Content-Security-Policy", policy}, {"X-Frame-Options", exactly("DENY")}, {"X-Content-Type-Options", exactly("nosniff")}, {"Referrer-Policy", keepsToItself}, {"Permissions-Policy", allowsNothingToAll},
	}
	return guide.Control{
		ID:       "N13",
		Clause:   "CSP, `X-Frame-Options: DENY`, `X-Content-Type-Options: nosniff`, Referrer-Policy, Permissions-Policy",
		Question: "Is each of them on every answer of every location and status, once, at both doors, nginx and the ingress of a cluster, and does the CSP keep foreign and inline scripts out, and our pages out of frames? Running: on real answers with 200, 404, 405 and 413?",
		Modes:    headerModes(),
		Mutations: append(undoings("N13"),
			change("header-missing", "the Permissions-Policy is gone", headersFile, "add_header Permissions-Policy", "add_header X-Permissions-Policy"),
			change("another-value", "frames of the same origin are let in", headersFile, "add_header X-Frame-Options DENY always;", "add_header X-Frame-Options SAMEORIGIN always;"),
			change("another-value", "inline scripts are let in", headersFile, "script-src 'self';", "script-src 'self' 'unsafe-inline';"),
			change("another-value", "scripts are let in from anywhere", headersFile, "script-src 'self';", "script-src https:;"),
			change("another-value", "scripts of one host elsewhere are let in", headersFile, "script-src 'self';", "script-src 'self' https://scripts.example;"),
			change("another-value", "scripts may make code of text", headersFile, "script-src 'self';", "script-src 'self' 'unsafe-eval';"),
			change("another-value", "what is said twice holds as it is said first", headersFile, "script-src 'self';", "script-src *; script-src 'self';"),
			change("another-value", "nothing holds for what is not named", headersFile, "default-src 'none'; ", ""),
			change("another-value", "images may come from, and tell, anywhere", headersFile, "img-src 'self'", "img-src https://*"),
			change("another-value", "pages elsewhere may frame ours", headersFile, " frame-ancestors 'none';", ""),
			change("another-value", "any page may frame ours, as browsers that know the CSP have it", headersFile, "frame-ancestors 'none'", "frame-ancestors *"),
			change("another-value", "a page may be made to load its files from elsewhere", headersFile, " base-uri 'none';", ""),
			change("another-value", "forms may be sent anywhere", headersFile, " form-action 'none';", ""),
			change("another-value", "the microphone is not spoken of", headersFile, " microphone=(),", ""),
			change("another-value", "pages elsewhere are told the whole address", headersFile, "add_header Referrer-Policy no-referrer always;", "add_header Referrer-Policy unsafe-url always;"),
			change("another-value", "every page within may use the camera", headersFile, "camera=()", "camera=*"),
			change("header-twice", "nosniff is said twice", headersFile, "add_header X-Content-Type-Options nosniff always;\n", "add_header X-Content-Type-Options nosniff always;\nadd_header X-Content-Type-Options nosniff always;\n"),
			change("not-on-every-status", "error pages have no Referrer-Policy", headersFile, "add_header Referrer-Policy no-referrer always;", "add_header Referrer-Policy no-referrer;"),
			change("sent-twice-by-parts", "a location lets the client's CSP through again", configFile, "            client_max_body_size 10m;\n", "            client_max_body_size 10m;\n            proxy_pass_header Content-Security-Policy;\n"),
			change("sent-twice-by-parts", "the client's CSP comes through", "nginx/include/proxy.conf", "proxy_hide_header Content-Security-Policy;\n", ""),
			change("header-missing", "the ingress adds no headers", controllerFile, "  add-headers: ingress-nginx/security-headers\n", ""),
			change("header-missing", "the ingress is told of headers that there are not", controllerFile, "ingress-nginx/security-headers", "stellar-escrow/security-headers"),
			change("header-missing", "the ingress is one header short", controllerFile, "  Referrer-Policy: no-referrer\n", ""),
			change("another-value", "the ingress lets inline styles in", controllerFile, "style-src 'self'", "style-src 'self' 'unsafe-inline'"),
			change("another-value", "the ingress lets frames of the same origin in", controllerFile, "X-Frame-Options: DENY", "X-Frame-Options: SAMEORIGIN"),
			change("header-twice", "the ingress says nosniff twice", controllerFile, "  X-Content-Type-Options: nosniff\n", "  X-Content-Type-Options: nosniff\n  x-content-type-options: nosniff\n"),
			noServerMutation("N11/"+noServer, "N12/"+noServer, "N14/"+noServer),
		),
		Tree: func(ctx context.Context, t *facts.Tree) guide.Result {
			return judge(ctx, t, inLocations(all), func(in *ingress) seen { return added(in, all) })
		},
		Running: func(ctx context.Context, s *facts.System) guide.Result { return inAnswers(ctx, s, all) },
	}
}

// added are the headers that the ingress adds: to every answer, of whatever status, in the place of any that a part behind has sent (ingress-nginx writes them with more_set_headers).
func added(in *ingress, all []wanted) seen {
	const name = "ingress-nginx, every answer"
	var findings []guide.Finding
	add := func(mode, header, detail string, at guide.Place) {
		findings = append(findings, guide.Finding{Mode: mode, Subject: name, Detail: header + ": " + detail, At: at})
	}
	for _, w := range all {
		var values []string
		for header, value := range in.headers {
			if strings.EqualFold(header, w.name) {
				values = append(values, value)
			}
		}
		switch {
		case in.headers == nil:
			add("header-missing", w.name, "name a ConfigMap of "+controllerDir+" with it in add-headers", in.at)
		case len(values) == 0:
			add("header-missing", w.name, "add it", in.added)
		case len(values) > 1:
			add("header-twice", w.name, "its name is there twice", in.added)
		case w.fits(values[0]) != "":
			add("another-value", w.name, w.fits(values[0]), in.added)
		}
	}
	return seen{[]guide.Subject{{Name: name, Evidence: fmt.Sprintf("%d headers, each once", len(all)), At: in.added}}, findings}
}
