package door

import (
	"context"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
)

func n12() guide.Control {
	hsts := []wanted{{"Strict-Transport-Security", exactly("max-age=63072000; includeSubDomains; preload")}}
	return guide.Control{
		ID:       "N12",
		Clause:   "HSTS `max-age=63072000; includeSubDomains; preload`",
		Question: "Is the header, to the letter, on every answer of every location and status, once, at both doors, nginx and the ingress of a cluster? Running: on real answers with 200, 404, 405 and 413?",
		Modes:    headerModes(),
		Mutations: append(undoings("N12"),
			change("header-missing", "the server does not include it", configFile, "        include include/hsts.conf;\n", ""),
			change("header-missing", "a location has a header of its own, and with it none of its server's", configFile, "            client_max_body_size 10m;\n", "            client_max_body_size 10m;\n            add_header X-Of-Its-Own yes;\n", "N13/header-missing"),
			change("another-value", "a year is enough", hstsFile, "max-age=63072000; includeSubDomains; preload", "max-age=31536000; includeSubDomains; preload"),
			change("another-value", "subdomains are left out", hstsFile, "max-age=63072000; includeSubDomains; preload", "max-age=63072000; preload"),
			change("header-twice", "it is included twice", configFile, "        include include/hsts.conf;\n", "        include include/hsts.conf;\n        include include/hsts.conf;\n"),
			change("not-on-every-status", "error pages go without", hstsFile, `preload" always;`, `preload";`),
			change("sent-twice-by-parts", "what parts say of it comes through", "nginx/include/proxy.conf", "proxy_hide_header Strict-Transport-Security;\n", ""),
			change("header-missing", "the ingress sends none", controllerFile, `hsts: "true"`, `hsts: "false"`),
			change("another-value", "a year is enough at the ingress", controllerFile, "63072000", "31536000"),
			change("another-value", "the ingress is not told how long", controllerFile, "  hsts-max-age: \"63072000\"\n", ""),
			change("another-value", "the ingress leaves subdomains out", controllerFile, `hsts-include-subdomains: "true"`, `hsts-include-subdomains: "false"`),
			change("another-value", "the ingress does not ask to be preloaded", controllerFile, "  hsts-preload: \"true\"\n", ""),
			change("header-twice", "the ingress adds one of its own beside it", controllerFile, "  X-Frame-Options: DENY\n", "  X-Frame-Options: DENY\n  Strict-Transport-Security: max-age=0\n"),
			noServerMutation("N11/"+noServer, "N13/"+noServer, "N14/"+noServer),
		),
		Tree: func(ctx context.Context, t *facts.Tree) guide.Result {
			return judge(ctx, t, inLocations(hsts), func(in *ingress) seen { return hstsOf(in, hsts[0]) })
		},
		Running: func(ctx context.Context, s *facts.System) guide.Result { return inAnswers(ctx, s, hsts) },
	}
}

// hstsOf is the header that the ingress makes of four settings, with its own defaults for those that it is not told (ingress-nginx, internal/ingress/controller/config; it sends it on every answer
// by TLS, of whatever status, in the place of any that a part behind has sent).
func hstsOf(in *ingress, want wanted) seen {
	const name = "ingress-nginx, every answer"
	var findings []guide.Finding
	add := func(mode, detail string) {
		findings = append(findings, guide.Finding{Mode: mode, Subject: name, Detail: want.name + ": " + detail, At: in.at})
	}
	value := "max-age=" + in.setting("hsts-max-age", "31536000")
	for _, more := range []struct{ key, otherwise, text string }{{"hsts-include-subdomains", "true", "; includeSubDomains"}, {"hsts-preload", "false", "; preload"}} {
		switch in.setting(more.key, more.otherwise) {
		case "true":
			value += more.text
		case "false":
		default:
			add("another-value", more.key+" is neither true nor false")
		}
	}
	if in.setting("hsts", "true") != "true" {
		add("header-missing", `write hsts: "true"`)
	} else if wrong := want.fits(value); wrong != "" {
		add("another-value", wrong+", by hsts-max-age, hsts-include-subdomains and hsts-preload")
	}
	for header := range in.headers {
		if strings.EqualFold(header, want.name) {
			add("header-twice", "take it out of the headers that are added: the controller's hsts settings make it")
		}
	}
	return seen{[]guide.Subject{{Name: name, Evidence: value, At: in.at}}, findings}
}
