// Package programs builds what a Kubernetes node is made of from Go modules, and keeps it in the user's cache: stellarescrow/kubenode/KEY/NAME, where
// KEY is the hash of what goes into one program (its main file, go.mod and go.sum of its module, the compiler's version and flags). Nothing is
// ever overwritten; `rm -r` is the way to have room again.
//
// The modules are those of ../build, each with versions of its own, so that neither the main module's go.mod nor its packages know of them. Their
// main files are as those of the released programs. CoreDNS has the plugins that a test's cluster needs and no more: a full one pulls in the SDKs of
// every cloud.
package programs
