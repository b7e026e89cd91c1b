package door

import (
	"slices"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/deployment"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/stackfile"
)

// What Compose says of nginx: how it is started, and what its configuration includes.
const (
	startedSo   = "    entrypoint: [/bin/sh, /etc/nginx/stellar-escrow/start.sh]\n"
	included    = "      - ./nginx/include:/etc/nginx/stellar-escrow/include:ro\n"
	startScript = "nginx/start.sh"
)

// undoings are mutations that undo every clause of the door at once. id is the clause that they are listed with.
func undoings(id string) []guide.Mutation {
	also := func(mode string) (all []string) {
		for _, other := range []string{"N11", "N12", "N13", "N14"} {
			if other != id {
				all = append(all, other+"/"+mode)
			}
		}
		return all
	}
	own, unjudged, another := also(ownConfiguration), also(unjudgedSetting), also(anotherFile)
	stack := func(what, old, new string, beside ...string) guide.Mutation {
		return stackfile.Change(anotherFile, what, old, new, slices.Concat(another, beside)...)
	}
	const fromTheMachine, unknownMount, leadsInside = "N10/shares-the-machine", "N10/unknown-mount", "N8/door-leads-inside"
	const one = "    nginx.ingress.kubernetes.io/proxy-body-size: 10m\n" // stands once: evidence is the one thing that may be larger
	switch id {
	case "N11":
		return []guide.Mutation{
			change(ownConfiguration, "snippets are allowed in the cluster", controllerFile, `allow-snippet-annotations: "false"`, `allow-snippet-annotations: "true"`, own...),
			change(ownConfiguration, "an Ingress has a piece of configuration for the whole server", waysFile, one, one+"    nginx.ingress.kubernetes.io/server-snippet: ssl_protocols TLSv1;\n", own...),
			change(unjudgedSetting, "an Ingress has suites of its own", waysFile, one, one+"    nginx.ingress.kubernetes.io/ssl-ciphers: DES-CBC3-SHA\n", unjudged...),
			change(unjudgedSetting, "nginx hands settings of its own to the TLS library", tlsFile, "ssl_buffer_size           4k;\n", "ssl_buffer_size           4k;\nssl_conf_command MinProtocol TLSv1;\n", unjudged...),
			change(unjudgedSetting, "what comes before the handshake has ended is answered", tlsFile, "ssl_buffer_size           4k;\n", "ssl_buffer_size           4k;\nssl_early_data on;\n", unjudged...),
			change(unjudgedSetting, "nginx serves something else than HTTP", configFile, "http {\n    include include/files.conf;\n", "stream {\n    server {\n        listen 6379;\n        proxy_pass redis:6379;\n    }\n}\nhttp {\n    include include/files.conf;\n", slices.Concat(unjudged, []string{leadsInside})...),
			stack("Compose starts nginx with the configuration of its image", startedSo, ""),
			change(anotherFile, "the script names the configuration of its image", startScript, "config=${NGINX_CONFIG:-/etc/nginx/stellar-escrow/nginx.conf}", "config=${NGINX_CONFIG:-/etc/nginx/nginx.conf}", another...),
			change(anotherFile, "the script has nginx take a setting beside its configuration", startScript, "-g 'daemon off;'", "-g 'daemon off; ssl_engine x;'", another...),
			stack("a file of the machine's stands in the place of the program", included, included+"      - /opt/nginx:/usr/sbin/nginx:ro\n", fromTheMachine, unknownMount),
			change(unjudgedSetting, "the client is served by another controller", waysFile, "  name: client\n  annotations:\n", "  name: client\n  annotations:\n    kubernetes.io/ingress.class: other\n", unjudged...),
			change(unjudgedSetting, "a part is spoken to by another protocol", waysFile, one, one+"    nginx.ingress.kubernetes.io/backend-protocol: GRPC\n", unjudged...),
		}
	case "N12":
		return []guide.Mutation{
			change(ownConfiguration, "annotations of every risk are taken", controllerFile, "annotations-risk-level: Medium", "annotations-risk-level: Critical", own...),
			change(ownConfiguration, "nothing says which annotations are taken", controllerFile, "  annotations-risk-level: Medium\n", "", own...),
			stack("a variable of Compose's names the configuration of its image", startedSo, startedSo+"    environment: {NGINX_CONFIG: /etc/nginx/nginx.conf}\n"),
			stack("nginx is started by hand, without its configuration", startedSo, "    command: [nginx, -g, daemon off;]\n"),
			change(anotherFile, "the script copies the configuration, and changes the copy", startScript, "watch &\n", "sed 's/always/ /' \"$config\" >\"$run/nginx.conf\" && config=$run/nginx.conf\nwatch &\n", another...),
			change(unjudgedSetting, "TLS is handed through to a part", waysFile, one, one+"    nginx.ingress.kubernetes.io/ssl-passthrough: \"true\"\n", unjudged...),
		}
	case "N13":
		return []guide.Mutation{
			change(ownConfiguration, "an Ingress takes headers away", waysFile, one, one+"    nginx.ingress.kubernetes.io/configuration-snippet: \"more_clear_headers Content-Security-Policy;\"\n", own...),
			stack("Compose has a configuration of the machine's", "./nginx/nginx.conf:/etc/nginx/stellar-escrow/nginx.conf:ro", "/etc/nginx.conf:/etc/nginx/stellar-escrow/nginx.conf:ro", fromTheMachine),
			guide.Mutation{Mode: anotherFile, What: "a file over Compose's starts nginx without its configuration", Also: another, Change: func(d *guide.Draft) error {
				return d.Write("docker-compose.prod.yml", []byte("services:\n  nginx:\n    entrypoint: [nginx, -g, daemon off;]\n"))
			}},
			change(unjudgedSetting, "nginx takes a header away", headersFile, "add_header X-Frame-Options DENY always;\n", "add_header X-Frame-Options DENY always;\nmore_clear_headers X-Frame-Options;\n", unjudged...),
			change(unjudgedSetting, "an Ingress has headers of its own", waysFile, one, one+"    nginx.ingress.kubernetes.io/custom-headers: stellar-escrow/none\n", unjudged...),
			deployment.Patch(unjudgedSetting, "staging alone opens the api to other pages", "staging", "{kind: Ingress, name: api}", `{op: add, path: /metadata/annotations/nginx.ingress.kubernetes.io~1enable-cors, value: "true"}`, unjudged...),
		}
	}
	return []guide.Mutation{
		stack("Compose has a folder of the machine's in the place of what the configuration includes", "./nginx/include:/etc/nginx/stellar-escrow/include:ro", "/etc/nginx/include:/etc/nginx/stellar-escrow/include:ro", fromTheMachine),
		change(ownConfiguration, "the controller's settings have a piece of configuration", controllerFile, "  enable-ocsp: \"true\"\n", "  enable-ocsp: \"true\"\n  http-snippet: ssl_stapling off;\n", own...),
		change(unjudgedSetting, "a setting that nobody has looked at", controllerFile, "  enable-ocsp: \"true\"\n", "  enable-ocsp: \"true\"\n  ssl-reject-handshake: \"true\"\n", unjudged...),
	}
}
