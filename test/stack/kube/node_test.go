//go:build linux

package kube_test

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/test/parts/kubenode"
)

// node is one that says it has more processors than the machine.
type node struct {
	*kubenode.Node
	pid int // of a process inside, as it is seen from here
}

// processors is how many it says it has: what the pods of production ask for fits, one more of each included while they are rolled.
const processors = 8

// startNode starts it; names are what its DNS knows beside the cluster's.
func startNode(t *testing.T, names map[string]netip.Addr) *node {
	t.Helper()
	n := &node{Node: kubenode.Start(t, kubenode.Options{Sync: 5 * time.Second, Hosts: names, Processors: processors})}
	n.pid = n.process(t)
	return n
}

// process starts one that does nothing.
func (n *node) process(t *testing.T) int {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	cmd, err := n.Command(ctx, "sleep", "infinity")
	if err == nil {
		err = n.Inside(cmd.Start)
	}
	if err != nil {
		cancel()
		t.Fatalf("start a process inside the node: %v", err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // killed
	})
	return cmd.Process.Pid
}

// kubectl ends the test when it fails.
func (n *node) kubectl(t testing.TB, input string, args ...string) string {
	t.Helper()
	out, err := n.ExecInput(t.Context(), []byte(input), "kubectl", args...)
	if err != nil {
		t.Fatalf("kubectl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// ip gives ip a line inside the node.
func (n *node) ip(t testing.TB, line string) {
	t.Helper()
	if out, err := n.Exec(t.Context(), "ip", strings.Fields(line)...); err != nil {
		t.Fatalf("ip %s: %v\n%s", line, err, out)
	}
}
