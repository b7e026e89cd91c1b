package network

import (
	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/deployment"
)

func n2() guide.Control {
	return rowControl("N2", "`client`: from ingress-nginx; egress to nothing", "",
		[]guide.Break{
			opened(client, "the client may reach the api, as one would guess", "egress", "to", api, 4000),
			shut(client, "the ingress reaches the client no more", "ingress"),
		},
		change(surplus, "the client may reach the api, as one would guess", "port: 3001}\n  egress: []\n",
			"port: 3001}\n  egress:\n    - to: [{podSelector: {matchLabels: {app.kubernetes.io/name: api}}}]\n      ports: [{protocol: TCP, port: 4000}]\n"),
		change(missing, "the ingress reaches another port", "port: 3001}\n  egress: []\n", "port: 3000}\n  egress: []\n", "N2/"+surplus),
		deployment.Patch(surplus, "in dev alone, the client may go anywhere", "dev", "{kind: NetworkPolicy, name: client}", "{op: add, path: /spec/egress/-, value: {}}"),
		gone(client),
	)
}
