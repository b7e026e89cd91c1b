package reach_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/reach"
)

// shop is the world of the rules below: two pods and one on its node's network in namespace shop, one pod in ops, and what is outside.
func shop(list []reach.Policy) reach.Cluster {
	return reach.Cluster{
		Namespaces: []reach.Namespace{{Name: "shop", Labels: map[string]string{"team": "shop"}}, {Name: "ops", Labels: map[string]string{"team": "ops"}}},
		Endpoints: []reach.Endpoint{
			{Name: "web", Namespace: "shop", Labels: map[string]string{"app": "web"}, Ports: []corev1.ContainerPort{
				{Name: "main", ContainerPort: 8080}, {Name: "names", ContainerPort: 53, Protocol: corev1.ProtocolUDP}}},
			{Name: "db", Namespace: "shop", Labels: map[string]string{"app": "db", "tier": "store"}, Ports: []corev1.ContainerPort{{Name: "main", ContainerPort: 5432, Protocol: corev1.ProtocolTCP}}},
			{Name: "watcher", Namespace: "ops", Labels: map[string]string{"app": "watcher"}},
			{Name: "agent", Namespace: "shop", Labels: map[string]string{"app": "agent"}, HostNetwork: true, Addresses: addrs("172.20.0.7"), Ports: []corev1.ContainerPort{{Name: "main", ContainerPort: 9100}}},
		},
		Ranges:     []reach.Range{reach.Internet(), reach.Private(), reach.Metadata(), {Name: "node", Prefixes: nets("172.20.0.0/24")}},
		PodRanges:  nets("10.244.0.0/16"),
		NodeRanges: nets("172.20.0.0/24"),
		Policies:   list,
	}
}

func TestRules(t *testing.T) {
	for _, test := range []struct{ name, policies, want string }{
		{"pods that no policy selects are open", ``, `
			web > db: everything
			watcher > db: everything
			internet > db: everything
			db > internet: everything`},
		{"an empty podSelector holds each pod of its namespace and no other", `
spec: {podSelector: {}}`, `
			web > db: nothing
			db > web: nothing
			internet > web: nothing
			web > watcher: everything
			web > internet: everything`},
		{"a policy of another namespace holds nobody here", `
metadata: {namespace: ops}
spec: {podSelector: {matchLabels: {app: db}}}`, `
			web > db: everything`},
		{"matchLabels must all match", `
spec: {podSelector: {matchLabels: {app: db, tier: cache}}}
---
spec: {podSelector: {matchLabels: {app: web}}}`, `
			web > db: everything
			db > web: nothing`},
		{"In selects one of the values", `
spec: {podSelector: {matchExpressions: [{key: app, operator: In, values: [db, queue]}]}}`, `
			web > db: nothing
			db > web: everything`},
		{"NotIn selects what has no such label", `
spec: {podSelector: {matchExpressions: [{key: tier, operator: NotIn, values: [store]}]}}`, `
			web > db: everything
			db > web: nothing`},
		{"Exists", `
spec: {podSelector: {matchExpressions: [{key: tier, operator: Exists}]}}`, `
			web > db: nothing
			db > web: everything`},
		{"DoesNotExist", `
spec: {podSelector: {matchExpressions: [{key: tier, operator: DoesNotExist}]}}`, `
			web > db: everything
			db > web: nothing`},
		{"labels and expressions must all match", `
spec: {podSelector: {matchLabels: {app: db}, matchExpressions: [{key: tier, operator: DoesNotExist}]}}`, `
			web > db: everything`},
		{"a podSelector finds pods of the policy's own namespace", `
spec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {}}]}]}`, `
			web > db: everything
			watcher > db: nothing
			internet > db: nothing`},
		{"a namespaceSelector finds all pods there, and not those of its own namespace", `
spec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: ops}}}]}]}`, `
			web > db: nothing
			watcher > db: everything`},
		{"each namespace has its name as a label", `
spec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ops}}}]}]}`, `
			web > db: nothing
			watcher > db: everything`},
		{"two selectors in one peer must both match", `
spec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: ops}}, podSelector: {matchLabels: {app: web}}}]}]}`, `
			web > db: nothing
			watcher > db: nothing`},
		{"two selectors in two peers may each match", `
spec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: ops}}}, {podSelector: {matchLabels: {app: web}}}]}]}`, `
			web > db: everything
			watcher > db: everything`},
		{"an empty namespaceSelector is all namespaces, and nobody outside", `
spec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [{namespaceSelector: {}}]}]}`, `
			web > db: everything
			watcher > db: everything
			internet > db: nothing
			node > db: nothing`},
		{"a rule without from, or with an empty one, is for everybody", `
spec: {podSelector: {matchLabels: {app: db}}, ingress: [{ports: [{port: 1}]}, {from: [], ports: [{port: 3}]}]}`, `
			watcher > db: 1/TCP, 3/TCP
			internet > db: 1/TCP, 3/TCP`},
		{"an empty rule lets everything through, an empty list of rules nothing", `
spec: {podSelector: {matchLabels: {app: db}}, ingress: [{}]}
---
spec: {podSelector: {matchLabels: {app: web}}, ingress: []}`, `
			internet > db: everything
			internet > web: nothing`},
		{"an ipBlock is for addresses, without its exceptions", `
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
    - to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8, 100.64.0.0/10, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16]}}]
      ports: [{port: 443}]`, `
			web > internet: 443/TCP
			web > private addresses: nothing
			web > metadata service: nothing for certain, 443/TCP for some addresses
			web > node: nothing
			web > db: nothing
			web > watcher: nothing`},
		{"a block that holds a part of a range is open for some addresses", `
spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 8.8.8.0/24}}], ports: [{port: 53, protocol: UDP}]}]}`, `
			web > internet: nothing for certain, 53/UDP for some addresses
			web > db: nothing`},
		{"blocks that hold a range together are certain", `
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress: [{to: [{ipBlock: {cidr: 172.20.0.0/25}}], ports: [{port: 1, endPort: 9}]}, {to: [{ipBlock: {cidr: 172.20.0.128/25}}], ports: [{port: 5, endPort: 20}]}]`, `
			web > node: 5-9/TCP for certain, 1-4/TCP, 10-20/TCP for some addresses`},
		{"a block may hold pods, for certain if it holds all their addresses", `
spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.244.0.0/24}}], ports: [{port: 1}]}, {to: [{ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: 3}]}]}`, `
			web > db: 3/TCP for certain, 1/TCP for some addresses`},
		{"IPv4 blocks hold no IPv6 address", `
spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}`, `
			web > internet: everything
			web > private addresses: nothing for certain, everything for some addresses`},
		{"a named port is the one of the pod connected to, into it", `
spec: {podSelector: {}, ingress: [{ports: [{port: main}]}]}`, `
			web > db: 5432/TCP
			db > web: 8080/TCP`},
		{"and out of it; nobody outside has named ports", `
spec: {podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: main}]}]}`, `
			web > db: 5432/TCP
			db > web: 8080/TCP
			web > watcher: nothing
			web > internet: nothing`},
		{"a named port has a protocol", `
spec: {podSelector: {}, ingress: [{ports: [{port: names}, {port: main, protocol: UDP}, {port: names, protocol: UDP}]}]}`, `
			web > db: nothing
			db > web: 53/UDP`},
		{"a name stands for numbers beside numbers", `
spec: {podSelector: {}, ingress: [{ports: [{port: main}, {port: 8081}]}]}`, `
			db > web: 8080-8081/TCP`},
		{"endPort is included", `
spec: {podSelector: {}, ingress: [{ports: [{port: 100, endPort: 200}, {port: 201, endPort: 201}, {port: 65000, endPort: 65535, protocol: SCTP}]}]}`, `
			web > db: 100-201/TCP, 65000-65535/SCTP`},
		{"a port without protocol is TCP, a protocol without port is all its ports", `
spec: {podSelector: {}, ingress: [{ports: [{port: 80}, {protocol: UDP}]}]}`, `
			web > db: 80/TCP, all UDP`},
		{"a port of nothing is all TCP", `
spec: {podSelector: {}, ingress: [{ports: [{}]}]}`, `
			web > db: all TCP`},
		{"empty ports are all ports", `
spec: {podSelector: {}, ingress: [{ports: []}]}`, `
			web > db: everything`},
		{"without policyTypes a policy is for ingress", `
spec: {podSelector: {}, egress: []}`, `
			web > internet: everything
			internet > web: nothing`},
		{"and for egress if it has rules of it", `
spec: {podSelector: {}, egress: [{ports: [{port: 53}]}]}`, `
			web > internet: 53/TCP
			internet > web: nothing`},
		{"rules of a direction that policyTypes leaves out are no rules", `
spec: {podSelector: {}, policyTypes: [Egress], ingress: [], egress: [{ports: [{port: 53}]}]}
---
spec: {podSelector: {}, policyTypes: [Ingress], ingress: [{ports: [{port: 80}]}], egress: [{}]}`, `
			web > internet: 53/TCP
			internet > web: 80/TCP`},
		{"both sides must let a connection through", `
spec: {podSelector: {matchLabels: {app: db}}, ingress: [{ports: [{port: 1, endPort: 10}]}]}
---
spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: db}}}], ports: [{port: 5, endPort: 20}]}]}`, `
			web > db: 5-10/TCP
			watcher > db: 1-10/TCP
			web > watcher: nothing`},
		{"what is asked for may be answered: db sends nothing, and web still reaches it", `
spec: {podSelector: {matchLabels: {app: db}}, policyTypes: [Egress]}`, `
			web > db: everything
			db > web: nothing`},
		{"policies add up", `
spec: {podSelector: {}}
---
spec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 1}]}]}
---
spec: {podSelector: {matchLabels: {tier: store}}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 2, endPort: 4}]}]}`, `
			web > db: 1-4/TCP
			db > web: nothing`},
		{"another pod of the same workload is held like any other", `
spec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]}`, `
			db > db: nothing
			web > web: everything`},
		{"no policy holds a pod on its node's network, and no selector finds it", `
spec: {podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{from: [{podSelector: {}}]}]}`, `
			agent > internet: everything
			internet > agent: everything
			agent > db: nothing for certain, everything for some addresses
			db > agent: nothing for certain, everything for some addresses
			node > db: nothing`},
		{"a block of the nodes' addresses does", `
spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 172.20.0.7/32}}], ports: [{port: 80}]}]}`, `
			agent > db: 80/TCP for certain, 1-79/TCP, 81-65535/TCP, all UDP, all SCTP for some addresses
			node > db: nothing for certain, 80/TCP for some addresses`},
	} {
		t.Run(test.name, func(t *testing.T) { says(t, newGraph(t, shop(policies(t, "shop", test.policies))), test.want) })
	}
}

// An object without a namespace is in default, as everywhere in Kubernetes.
func TestWithoutNamespaceIsDefault(t *testing.T) {
	g := newGraph(t, reach.Cluster{
		Endpoints: []reach.Endpoint{{Name: "a"}, {Name: "b", Namespace: "default"}, {Name: "c", Namespace: "other"}},
		Policies:  policies(t, "", `spec: {podSelector: {}, ingress: [{from: [{podSelector: {}}]}]}`),
	})
	says(t, g, `
		a > b: everything
		c > b: nothing
		c > a: nothing
		a > c: everything`)
}

// Pods whose addresses nobody gave are somewhere in the private ranges.
func TestUnknownAddresses(t *testing.T) {
	c := shop(policies(t, "shop", `
spec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [{ipBlock: {cidr: 192.168.0.0/16}}], ports: [{port: 1}]}, {from: [{ipBlock: {cidr: 8.0.0.0/8}}], ports: [{port: 3}]}]}`))
	c.PodRanges, c.NodeRanges = nil, nil
	c.Endpoints[3].Addresses = nil
	says(t, newGraph(t, c), `
		web > db: nothing for certain, 1/TCP for some addresses
		agent > db: nothing for certain, everything for some addresses`)
}

// The last IPv4 address is followed by none of IPv6's, and a set of all addresses has both.
func TestWhereTheFamiliesMeet(t *testing.T) {
	for cidrs, want := range map[string]string{
		"[{ipBlock: {cidr: 0.0.0.0/0}}]":                              "nothing for certain, 1/TCP for some addresses",
		"[{ipBlock: {cidr: '::/0'}}]":                                 "nothing for certain, 1/TCP for some addresses",
		"[{ipBlock: {cidr: 0.0.0.0/0}}, {ipBlock: {cidr: '::/0'}}]":   "1/TCP",
		"[{ipBlock: {cidr: 255.0.0.0/8}}, {ipBlock: {cidr: '::/8'}}]": "nothing for certain, 1/TCP for some addresses",
	} {
		c := shop(policies(t, "shop", "spec: {podSelector: {}, ingress: [{from: "+cidrs+", ports: [{port: 1}]}]}"))
		c.Ranges = []reach.Range{{Name: "anywhere", Prefixes: nets("::/0", "0.0.0.0/0")}, {Name: "around", Prefixes: nets("255.255.255.254/31", "::/127")}}
		says(t, newGraph(t, c), "anywhere > db: "+want)
		if cidrs == "[{ipBlock: {cidr: 255.0.0.0/8}}, {ipBlock: {cidr: '::/8'}}]" {
			want = "1/TCP"
		}
		says(t, newGraph(t, c), "around > db: "+want)
	}
}
