// Package docker starts a real Docker Engine (Debian's docker.io) for one test, in a box: mounts, a network and a process tree of its own, which has no way
// out and of which nothing is left when the test or its binary ends, in whatever way. What the engine publishes is published in the box, so two boxes do
// not collide and the machine's own network is never touched; Command enters it. Docker Compose is built once from the Go module proxy (compose.go).
//
// It needs Linux, root and the programs of Debian's packages docker.io, iptables, iproute2 and util-linux; where they are not, tests are skipped by name, or
// fail where parts are required (package parts).
package docker
