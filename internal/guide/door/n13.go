package door

import (
	"context"

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
		Question: "Is each of them on every answer of every location and status, once, and does the CSP keep foreign and inline scripts out? Running: on real answers with 200, 404, 405 and 413?",
		Modes:    headerModes(),
		Mutations: []guide.Mutation{
			change("header-missing", "the Permissions-Policy is gone", headersFile, "add_header Permissions-Policy", "add_header X-Permissions-Policy"),
			change("another-value", "frames of the same origin are let in", headersFile, "add_header X-Frame-Options DENY always;", "add_header X-Frame-Options SAMEORIGIN always;"),
			change("another-value", "inline scripts are let in", headersFile, "script-src 'self';", "script-src 'self' 'unsafe-inline';"),
			change("another-value", "scripts are let in from anywhere", headersFile, "script-src 'self';", "script-src https:;"),
			change("another-value", "pages elsewhere are told the whole address", headersFile, "add_header Referrer-Policy no-referrer always;", "add_header Referrer-Policy unsafe-url always;"),
			change("another-value", "every page within may use the camera", headersFile, "camera=()", "camera=*"),
			change("header-twice", "nosniff is said twice", headersFile, "add_header X-Content-Type-Options nosniff always;\n", "add_header X-Content-Type-Options nosniff always;\nadd_header X-Content-Type-Options nosniff always;\n"),
			change("not-on-every-status", "error pages have no Referrer-Policy", headersFile, "add_header Referrer-Policy no-referrer always;", "add_header Referrer-Policy no-referrer;"),
			change("sent-twice-by-parts", "the client's CSP comes through", "nginx/include/proxy.conf", "proxy_hide_header Content-Security-Policy;\n", ""),
			noServerMutation("N11/"+noServer, "N12/"+noServer, "N14/"+noServer),
		},
		Tree:    func(_ context.Context, t *facts.Tree) guide.Result { return inFiles(t, all) },
		Running: func(ctx context.Context, s *facts.System) guide.Result { return inAnswers(ctx, s, all) },
	}
}
