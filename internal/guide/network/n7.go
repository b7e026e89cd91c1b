package network

import (
	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/deployment"
)

func n7() guide.Control {
	return rowControl("N7", "`prometheus`: from nothing; to indexer:3000, DNS",
		"with the guide's row alone no alert could be made of the api's metrics (M1, M3, M8) or the front door's (M4 to M7), and none would arrive (M11): these connections, and Grafana's "+
			"questions, are added, each with its reason, and nothing else",
		[]guide.Break{
			opened(prometheus, "the api may ask Prometheus", "ingress", "from", api, 9090),
			shut(prometheus, "Prometheus reaches nobody", "egress"),
		},
		change(surplus, "Prometheus accepts from the whole namespace", "    matchLabels: {app.kubernetes.io/name: prometheus}\n  policyTypes: [Ingress, Egress]\n  ingress: []\n",
			"    matchLabels: {app.kubernetes.io/name: prometheus}\n  policyTypes: [Ingress, Egress]\n  ingress: [{from: [{podSelector: {}}]}]\n"),
		guide.Mutation{Mode: missing, What: "alerts do not reach Alertmanager", Change: func(d *guide.Draft) error {
			return d.Replace(addedFile, "            matchLabels: {app.kubernetes.io/name: alertmanager}\n      ports:\n        - {protocol: TCP, port: 9093}\n",
				"            matchLabels: {app.kubernetes.io/name: alertmanager}\n      ports:\n        - {protocol: TCP, port: 9094}\n")
		}, Also: []string{"N7/" + surplus}},
		deployment.Patch(surplus, "with managed stores alone, Prometheus may be asked by the whole namespace", managedStores, "{kind: NetworkPolicy, name: prometheus}", "{op: add, path: /spec/ingress/-, value: {from: [{podSelector: {}}]}}"),
		gone(prometheus, "A2/not-deployed", "M11/not-deployed"),
	)
}
