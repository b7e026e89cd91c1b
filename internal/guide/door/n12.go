package door

import (
	"context"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
)

func n12() guide.Control {
	hsts := []wanted{{"Strict-Transport-Security", exactly("max-age=63072000; includeSubDomains; preload")}}
	return guide.Control{
		ID:       "N12",
		Clause:   "HSTS `max-age=63072000; includeSubDomains; preload`",
		Question: "Is the header, to the letter, on every answer of every location and status, once? Running: on real answers with 200, 404, 405 and 413?",
		Modes:    headerModes(),
		Mutations: []guide.Mutation{
			change("header-missing", "the server does not include it", configFile, "        include include/hsts.conf;\n", ""),
			change("header-missing", "a location has a header of its own, and with it none of its server's", configFile, "            client_max_body_size 10m;\n", "            client_max_body_size 10m;\n            add_header X-Of-Its-Own yes;\n", "N13/header-missing"),
			change("another-value", "a year is enough", hstsFile, "max-age=63072000; includeSubDomains; preload", "max-age=31536000; includeSubDomains; preload"),
			change("another-value", "subdomains are left out", hstsFile, "max-age=63072000; includeSubDomains; preload", "max-age=63072000; preload"),
			change("header-twice", "it is included twice", configFile, "        include include/hsts.conf;\n", "        include include/hsts.conf;\n        include include/hsts.conf;\n"),
			change("not-on-every-status", "error pages go without", hstsFile, `preload" always;`, `preload";`),
			change("sent-twice-by-parts", "what parts say of it comes through", "nginx/include/proxy.conf", "proxy_hide_header Strict-Transport-Security;\n", ""),
			noServerMutation("N11/"+noServer, "N13/"+noServer, "N14/"+noServer),
		},
		Tree:    func(_ context.Context, t *facts.Tree) guide.Result { return inFiles(t, hsts) },
		Running: func(ctx context.Context, s *facts.System) guide.Result { return inAnswers(ctx, s, hsts) },
	}
}
