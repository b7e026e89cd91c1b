// Package reach computes from Kubernetes manifests who may talk to whom, on which ports, and by which rule: the network clauses of the guide
// (N1 to N7) are judged on its answers. It reads no files, knows no clause and opens no connection; callers hand in a Cluster and get a Graph.
//
// The answers are exact for the NetworkPolicy API (networking.k8s.io/v1) over TCP, UDP and SCTP: ports and addresses are reasoned on as sets,
// so that "everything" and "nothing" are statements about all 65,535 ports and about every address, not about samples. What decides is the
// pod at each end, as policies see it: a connection through a Service counts as one to the pods behind it.
//
// Where an address decides and is not known, an answer has two parts: what is certain, open whatever addresses the two have, and what is
// possible, open for some of them. What must be open is held against the first, what must not be against the second.
//
// What no policy decides, by the API's own words, and what is therefore not in the answers: a pod reaches itself, and its own node reaches it
// and is reached by it. Protocols without ports, such as ICMP, are left to the network plugin. A pod on the host's network is its node, as
// most plugins have it: no policy holds it, no selector finds it, rules see it as an address of a node; since it may run on the node of any
// other pod, everything between the two is possible.
package reach
