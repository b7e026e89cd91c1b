// Package netns makes a small network on this machine for one test: a network namespace for each host, a router between them, and nftables on
// what the router forwards. It needs Linux, root, and the programs ip and nft; where they are not, tests are skipped by name, or fail where parts
// are required (package parts). The network has no way out and ends with the test's process; the machine's own is never touched.
//
// Connections can be tried in networks of others too, such as those of a cluster's pods: a Trial enters each as its Party says.
package netns
