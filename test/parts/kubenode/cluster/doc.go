// Package cluster puts the programs of a Kubernetes node together: certificates, configuration, the order of the start, and ways in. It makes either an
// API server alone, on 127.0.0.1 (StartServer), or a whole node in a box of its own (StartNode).
//
// It knows nothing of tests; package kubenode hands it what it needs and ends it. How the box comes to be and ends is package keep's.
package cluster
