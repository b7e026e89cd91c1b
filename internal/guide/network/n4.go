package network

import (
	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/breaks"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/deployment"
)

func n4() guide.Control {
	return rowControl("N4", "`indexer`: from api, prometheus; to postgres:5432, redis:6379, outside :443 (Stellar), DNS", "",
		[]guide.Break{
			breaks.Change(surplus, "the metadata service and private addresses can be asked", policy(indexer), everywhere, differs),
			shut(indexer, "nobody reaches the indexer", "ingress"),
		},
		change(surplus, "the metadata service can be asked for the node's credentials",
			"              - 169.254.0.0/16\n", "              - 169.254.0.0/17\n"),
		change(surplus, "private addresses count as outside", "              - 10.0.0.0/8\n", ""),
		change(surplus, "a private address inside an IPv6 one (6to4) counts as outside", "              - 2002::/16\n", ""),
		change(surplus, "addresses for future use, which clouds give to pods, count as outside", "              - 224.0.0.0/4\n              - 240.0.0.0/4\n        - ipBlock:\n            cidr: 2000::/3\n",
			"              - 224.0.0.0/4\n        - ipBlock:\n            cidr: 2000::/3\n"),
		change(surplus, "so do those for benchmarks", "              - 198.18.0.0/15\n", ""),
		change(surplus, "so does the host that is meant by no address", "              - 0.0.0.0/8\n", ""),
		change(surplus, "so does multicast by IPv6", "        - ipBlock:\n            cidr: 2000::/3\n", "        - ipBlock:\n            cidr: ff00::/8\n        - ipBlock:\n            cidr: 2000::/3\n"),
		change(surplus, "outside is every port", "              - 2002::/16\n      ports:\n        - {protocol: TCP, port: 443}\n", "              - 2002::/16\n"),
		change(surplus, "all of IPv6 is outside", "cidr: 2000::/3\n            except:\n              - 2001::/32\n              - 2002::/16\n", "cidr: ::/0\n"),
		change(missing, "Stellar is asked on another port", "              - 2002::/16\n      ports:\n        - {protocol: TCP, port: 443}\n",
			"              - 2002::/16\n      ports:\n        - {protocol: TCP, port: 8443}\n", "N4/"+surplus),
		change(missing, "prometheus does not reach the metrics", "        - podSelector:\n            matchLabels: {app.kubernetes.io/name: prometheus}\n      ports:\n        - {protocol: TCP, port: 3000}\n",
			"      ports:\n        - {protocol: TCP, port: 3000}\n"),
		deployment.Patch(surplus, "with managed stores, one more port of Redis' subnets is open", managedStores, "{kind: NetworkPolicy, name: managed-redis}", "{op: add, path: /spec/egress/0/ports/-, value: {protocol: TCP, port: 22}}"),
		deployment.Patch(surplus, "with managed stores, every private address counts as Redis'", managedStores, "{kind: NetworkPolicy, name: managed-redis}", "{op: replace, path: /spec/egress/0/to/0/ipBlock/cidr, value: 10.0.0.0/8}"),
		deployment.Patch(surplus, "with managed stores, nobody says why Redis is outside", managedStores, "{kind: NetworkPolicy, name: managed-redis}", "{op: remove, path: /metadata/annotations/stellar-escrow~1reason}"),
		deployment.Patch(missing, "with managed stores, the indexer does not reach the database", managedStores, "{kind: NetworkPolicy, name: managed-postgres}",
			"{op: replace, path: /spec/podSelector/matchExpressions/0/values, value: [api, backup]}"),
		gone(indexer, "S3/not-mounted"),
	)
}
