package door

import (
	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/deployment"
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
	own, unjudged := also(ownConfiguration), also(unjudgedSetting)
	const one = "    nginx.ingress.kubernetes.io/proxy-body-size: 10m\n" // stands once: evidence is the one thing that may be larger
	switch id {
	case "N11":
		return []guide.Mutation{
			change(ownConfiguration, "snippets are allowed in the cluster", controllerFile, `allow-snippet-annotations: "false"`, `allow-snippet-annotations: "true"`, own...),
			change(ownConfiguration, "an Ingress has a piece of configuration for the whole server", waysFile, one, one+"    nginx.ingress.kubernetes.io/server-snippet: ssl_protocols TLSv1;\n", own...),
			change(unjudgedSetting, "an Ingress has suites of its own", waysFile, one, one+"    nginx.ingress.kubernetes.io/ssl-ciphers: DES-CBC3-SHA\n", unjudged...),
			change(unjudgedSetting, "nginx hands settings of its own to the TLS library", tlsFile, "ssl_buffer_size           4k;\n", "ssl_buffer_size           4k;\nssl_conf_command MinProtocol TLSv1;\n", unjudged...),
			change(unjudgedSetting, "the client is served by another controller", waysFile, "  name: client\n  annotations:\n", "  name: client\n  annotations:\n    kubernetes.io/ingress.class: other\n", unjudged...),
			change(unjudgedSetting, "a part is spoken to by another protocol", waysFile, one, one+"    nginx.ingress.kubernetes.io/backend-protocol: GRPC\n", unjudged...),
		}
	case "N12":
		return []guide.Mutation{
			change(ownConfiguration, "annotations of every risk are taken", controllerFile, "annotations-risk-level: Medium", "annotations-risk-level: Critical", own...),
			change(ownConfiguration, "nothing says which annotations are taken", controllerFile, "  annotations-risk-level: Medium\n", "", own...),
			change(unjudgedSetting, "TLS is handed through to a part", waysFile, one, one+"    nginx.ingress.kubernetes.io/ssl-passthrough: \"true\"\n", unjudged...),
		}
	case "N13":
		return []guide.Mutation{
			change(ownConfiguration, "an Ingress takes headers away", waysFile, one, one+"    nginx.ingress.kubernetes.io/configuration-snippet: \"more_clear_headers Content-Security-Policy;\"\n", own...),
			change(unjudgedSetting, "nginx takes a header away", headersFile, "add_header X-Frame-Options DENY always;\n", "add_header X-Frame-Options DENY always;\nmore_clear_headers X-Frame-Options;\n", unjudged...),
			change(unjudgedSetting, "an Ingress has headers of its own", waysFile, one, one+"    nginx.ingress.kubernetes.io/custom-headers: stellar-escrow/none\n", unjudged...),
			deployment.Patch(unjudgedSetting, "staging alone opens the api to other pages", "staging", "{kind: Ingress, name: api}", `{op: add, path: /metadata/annotations/nginx.ingress.kubernetes.io~1enable-cors, value: "true"}`, unjudged...),
		}
	}
	return []guide.Mutation{
		change(ownConfiguration, "the controller's settings have a piece of configuration", controllerFile, "  enable-ocsp: \"true\"\n", "  enable-ocsp: \"true\"\n  http-snippet: ssl_stapling off;\n", own...),
		change(unjudgedSetting, "a setting that nobody has looked at", controllerFile, "  enable-ocsp: \"true\"\n", "  enable-ocsp: \"true\"\n  ssl-reject-handshake: \"true\"\n", unjudged...),
	}
}
