package network

import "github.com/Abdullahi130/StellarEscrow/internal/guide/reach"

// The parties of the table. Parts are named as their label app.kubernetes.io/name has them.
const (
	client       = "client"
	api          = "api"
	indexer      = "indexer"
	postgres     = "postgres"
	redis        = "redis"
	prometheus   = "prometheus"
	alertmanager = "alertmanager"
	grafana      = "grafana"
	loki         = "loki"
	backup       = "backup"

	ingress  = "ingress-nginx"
	dns      = "cluster DNS"
	agent    = "log agent"
	internet = "internet"
	six      = "internet (IPv6)"
)

// row is what the guide, or an addition of ours, says of one part: who comes in, and where it may go.
type row struct {
	clause  string
	part    string
	in, out []reach.Row
}

func from(part string, ports reach.Ports, why string) reach.Row {
	return reach.Row{From: part, Ports: ports, Reason: why}
}

func to(part string, ports reach.Ports, why string) reach.Row {
	return reach.Row{To: part, Ports: ports, Reason: why}
}

func toDNS() reach.Row { return to(dns, reach.UDP(53).Union(reach.TCP(53)), "names") }

// guideRows is the guide's table (N2 to N7), side by side as it is written: a connection that one part accepts need not be one that another may make.
func guideRows() []row {
	return []row{
		{"N2", client, []reach.Row{from(ingress, reach.TCP(3001), "")}, nil},
		{"N3", api, []reach.Row{from(client, reach.TCP(4000), ""), from(ingress, reach.TCP(4000), "")},
			[]reach.Row{to(postgres, reach.TCP(5432), ""), to(indexer, reach.TCP(3000), ""), toDNS()}},
		{"N4", indexer, []reach.Row{from(api, reach.TCP(3000), ""), from(prometheus, reach.TCP(3000), "")},
			[]reach.Row{to(postgres, reach.TCP(5432), ""), to(redis, reach.TCP(6379), ""), to(internet, reach.TCP(443), ""), to(six, reach.TCP(443), ""), toDNS()}},
		{"N5", postgres, []reach.Row{from(api, reach.TCP(5432), ""), from(indexer, reach.TCP(5432), ""), from(backup, reach.TCP(5432), "")}, nil},
		{"N6", redis, []reach.Row{from(indexer, reach.TCP(6379), "")}, nil},
		{"N7", prometheus, nil, []reach.Row{to(indexer, reach.TCP(3000), ""), toDNS()}},
	}
}

// additions are what the guide's table leaves out and the platform needs. Those of a clause of N2 to N7 are of that part; N1 has the parts that the table
// does not name.
func additions() []row {
	const outside = "the same public addresses as the indexer's, no others"
	return []row{
		{"N3", api, []reach.Row{from(prometheus, reach.TCP(4001), "M1, M3 and M8 are made of the api's metrics, which have a port of their own")}, nil},
		{"N7", prometheus, []reach.Row{from(grafana, reach.TCP(9090), "Grafana shows what Prometheus has stored")}, []reach.Row{
			to(api, reach.TCP(4001), "M1, M3 and M8 are made of the api's metrics"),
			to(ingress, reach.TCP(10254), "M4 to M7 are made of the front door's metrics"),
			to(alertmanager, reach.TCP(9093), "M11: every alert reaches Alertmanager"),
		}},
		{"N1", alertmanager, []reach.Row{from(prometheus, reach.TCP(9093), "M11: alerts come from Prometheus")},
			[]reach.Row{to(internet, reach.TCP(443), "M11: receivers; "+outside), to(six, reach.TCP(443), "M11: receivers; "+outside), toDNS()}},
		{"N1", grafana, nil, []reach.Row{to(prometheus, reach.TCP(9090), "what it shows"), to(loki, reach.TCP(3100), "what it shows"), toDNS()}},
		{"N1", loki, []reach.Row{from(grafana, reach.TCP(3100), "its reader"), from(agent, reach.TCP(3100), "A2: the cluster's log agent writes what is kept")}, nil},
		{"N1", backup, nil, []reach.Row{to(postgres, reach.TCP(5432), "N5 lets it in"), to(internet, reach.TCP(443), "the object store; "+outside),
			to(six, reach.TCP(443), "the object store; "+outside), toDNS()}},
	}
}
