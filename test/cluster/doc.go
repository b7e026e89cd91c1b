// Package cluster audits a real API server that has the production overlay, and breaks it in each way that the guide's clauses of a cluster name. There is no node: the pods
// are those that controllers and a kubelet would have made, written by the test.
package cluster
