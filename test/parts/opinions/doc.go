// Package opinions has the tools of others that the audit asks for their opinion (escrowctl audit --second-opinions) and that Debian does not have: checkov, hadolint, kube-score and
// zizmor, each at one version and with every byte known by its hash. What the audit makes of them is in internal/guide/opinions.
//
// They are installed once: `go run ./test/parts/opinions/prepare`, two minutes, into the cache, by what they are made of and with. `make test` finds them there by itself; what is
// installed on the machine comes first.
package opinions
