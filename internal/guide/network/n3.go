package network

import (
	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/deployment"
)

func n3() guide.Control {
	return rowControl("N3", "`api`: from client, ingress-nginx; to postgres:5432, indexer:3000, DNS",
		"the guide lets the api accept from the client, which by its own row may send nothing, so that no such connection comes about: both rows stand, and browsers reach the api through "+
			"the ingress. Prometheus may read the api's metrics, which M1, M3 and M8 are made of and the guide's row leaves out",
		[]guide.Break{
			opened(api, "whoever calls itself grafana reaches the api", "ingress", "from", grafana, 4000),
			shut(api, "nobody reaches the api", "ingress"),
		},
		change(surplus, "the api may reach the database on every port",
			"  egress:\n    - to:\n        - podSelector:\n            matchLabels: {app.kubernetes.io/name: postgres}\n      ports:\n        - {protocol: TCP, port: 5432}\n    - to:\n        - podSelector:\n            matchLabels: {app.kubernetes.io/name: indexer}\n",
			"  egress:\n    - to:\n        - podSelector:\n            matchLabels: {app.kubernetes.io/name: postgres}\n    - to:\n        - podSelector:\n            matchLabels: {app.kubernetes.io/name: indexer}\n"),
		change(surplus, "every namespace with a controller of that name reaches the api",
			"            matchLabels: {app.kubernetes.io/name: client}\n        - namespaceSelector:\n            matchLabels: {kubernetes.io/metadata.name: ingress-nginx}\n",
			"            matchLabels: {app.kubernetes.io/name: client}\n        - namespaceSelector: {}\n"),
		change(missing, "the row that the guide has for the client is gone",
			"        - podSelector:\n            matchLabels: {app.kubernetes.io/name: client}\n        - namespaceSelector:", "        - namespaceSelector:"),
		deployment.Patch(surplus, "in staging alone, the api may go anywhere", "staging", "{kind: NetworkPolicy, name: api}", "{op: add, path: /spec/egress/-, value: {}}"),
		deployment.Patch(missing, "in dev alone, the ingress does not reach the api", "dev", "{kind: NetworkPolicy, name: api}", "{op: remove, path: /spec/ingress/0/from/1}"),
		gone(api, "S3/not-mounted"),
	)
}
