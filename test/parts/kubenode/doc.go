// Package kubenode starts a real Kubernetes for a test: a whole node (Start), or an API server alone (APIServer).
//
// A node is etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kubelet, kube-proxy and CoreDNS, built from Go modules at pinned versions
// (programs), and Debian's containerd, runc and network plugins. It runs in namespaces and cgroups of its own, so that nothing of it is seen outside and
// nothing gets out: no image can be pulled, and the machine's settings stay as they are. What it does not have: a NetworkPolicy engine (netpol stands in for
// one), a driver of the secrets store (csifiles does), an ingress controller, a load balancer, IPv6, a second node.
//
// A node takes root, Linux, control groups of version 1 and the Debian packages that Start names; the API server alone takes none of these. Both take the
// built programs, which no test builds, because that takes 11 to 14 minutes:
//
//	go run ./test/parts/kubenode/cmd build          once; goes on where it was stopped
//	go run ./test/parts/kubenode/cmd up             a node for a human, until control-C
//	go run ./test/parts/kubenode/cmd in DIR kubectl get pods -A
//
// What is missing is a skip that names it, or a failure where parts are required (package parts). Both end with the test, or with its process when that is
// killed, and leave nothing behind (package keep).
package kubenode
