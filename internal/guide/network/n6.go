package network

import (
	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/deployment"
)

func n6() guide.Control {
	return rowControl("N6", "`redis`: from indexer only; egress to nothing", "",
		[]guide.Break{
			opened(redis, "the api reaches redis too", "ingress", "from", api, 6379),
			shut(redis, "nobody reaches redis", "ingress"),
		},
		change(surplus, "the api reaches redis too", "            matchLabels: {app.kubernetes.io/name: indexer}\n      ports:\n        - {protocol: TCP, port: 6379}\n",
			"            matchExpressions: [{key: app.kubernetes.io/name, operator: In, values: [indexer, api]}]\n      ports:\n        - {protocol: TCP, port: 6379}\n"),
		change(surplus, "a range of ports is open", "            matchLabels: {app.kubernetes.io/name: indexer}\n      ports:\n        - {protocol: TCP, port: 6379}\n",
			"            matchLabels: {app.kubernetes.io/name: indexer}\n      ports:\n        - {protocol: TCP, port: 6379, endPort: 16379}\n"),
		change(missing, "redis is open by UDP", "            matchLabels: {app.kubernetes.io/name: indexer}\n      ports:\n        - {protocol: TCP, port: 6379}\n",
			"            matchLabels: {app.kubernetes.io/name: indexer}\n      ports:\n        - {protocol: UDP, port: 6379}\n", "N6/"+surplus),
		change(surplus, "a pod that somebody could start here reaches redis", "        - podSelector:\n            matchLabels: {app.kubernetes.io/name: indexer}\n      ports:\n        - {protocol: TCP, port: 6379}\n",
			"        - podSelector:\n            matchLabels: {app.kubernetes.io/name: indexer}\n        - podSelector:\n            matchLabels: {debug: \"true\"}\n      ports:\n        - {protocol: TCP, port: 6379}\n"),
		deployment.Patch(surplus, "in dev alone, everybody in the namespace reaches redis", "dev", "{kind: NetworkPolicy, name: redis}", "{op: add, path: /spec/ingress/0/from/-, value: {podSelector: {}}}"),
		deployment.Beside(surplus, "what is applied beside every overlay lets everybody in the namespace reach redis", "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: more, namespace: stellar-escrow}\n"+
			"spec: {podSelector: {matchLabels: {app.kubernetes.io/name: redis}}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {}}]}]}\n"),
		gone(redis),
	)
}
