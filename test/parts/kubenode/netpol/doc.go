// Package netpol is a stand-in for a cluster's network plugin where NetworkPolicies are concerned: it watches the API and holds the pods of a node of
// test/parts/kubenode to their policies with nftables. It is our own reading of networking.k8s.io/v1 (one of three in this repository, the others being
// internal/guide/reach and test/reach, none of which uses another), and not what Calico or Cilium does: no engine can be built from a module proxy alone.
//
// All rules are one table, swapped at once. They stand in the forward and input hooks, where kube-proxy has turned a Service's address into a pod's
// already and nothing has replaced the source yet. What it holds to:
//
//   - It fails closed: an address of the pods' network that the API does not give to exactly one pod yet gets nothing and sends nothing.
//   - A packet is let through by the egress rules of who sends it and the ingress rules of who gets it, each asked if a policy of that type selects the pod.
//     Only answers pass unasked, so that a connection of before a policy is cut by it.
//   - podSelector, namespaceSelector, both together; ipBlock with except; ports by number, range and name, of TCP, UDP and SCTP; policyTypes and what they
//     are when left out.
//   - A pod reaches itself, and its node reaches it (which probes and port-forward need). The other way, from a pod to its node, the API leaves free and
//     this does not: most plugins hold it to the egress rules, as is done here.
//
// One node, IPv4; IPv6 is not forwarded at all. A pod on the host's network is its node, and no selector finds it.
package netpol
