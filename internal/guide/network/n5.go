package network

import (
	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/deployment"
)

func n5() guide.Control {
	return rowControl("N5", "`postgres`: from api, indexer, backup; egress to nothing", "",
		[]guide.Break{
			opened(postgres, "redis reaches the database", "ingress", "from", redis, 5432),
			shut(postgres, "nobody reaches the database", "ingress"),
		},
		change(surplus, "whoever is in the namespace reaches the database", "        - podSelector:\n            matchLabels: {app.kubernetes.io/name: backup}\n", "        - podSelector: {}\n"),
		change(surplus, "the database may reach others", "        - {protocol: TCP, port: 5432}\n  egress: []\n", "        - {protocol: TCP, port: 5432}\n  egress: [{}]\n"),
		change(missing, "backups do not reach the database", "        - podSelector:\n            matchLabels: {app.kubernetes.io/name: backup}\n", ""),
		deployment.Patch(surplus, "in staging alone, everybody in the namespace reaches the database", "staging", "{kind: NetworkPolicy, name: postgres}", "{op: add, path: /spec/ingress/0/from/-, value: {podSelector: {}}}"),
		gone(postgres, "S3/not-mounted"),
	)
}
