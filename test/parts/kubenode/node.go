//go:build linux

package kubenode

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/test/parts"
	"github.com/Abdullahi130/StellarEscrow/test/parts/kubenode/cluster"
	"github.com/Abdullahi130/StellarEscrow/test/parts/kubenode/keep"
)

// Options say what is special about a node.
type Options struct {
	// Sync is how soon a changed Secret reaches the files of pods, once more if it is bad luck; 0 is 10 s. (A kubelet's own default is a minute.)
	Sync time.Duration
	// APIServer are further arguments of kube-apiserver's.
	APIServer []string
	// Hosts are names that the cluster's DNS knows beside those of Services and pods, such as that of a host outside.
	Hosts map[string]netip.Addr
	// Processors is how many the node says it has, so that what pods ask for fits; 0, and fewer than the machine has, is the machine's own.
	Processors int
}

// Node is a node that runs, until the test ends.
type Node struct{ node *cluster.Node }

// Addresses of a node. Nothing outside of it sees them.
var (
	Address  = netip.MustParseAddr(cluster.NodeIP)  // the node's own, and where NodePorts are
	Pods     = netip.MustParsePrefix(cluster.Pods)  // the pods'
	PodsGate = netip.MustParseAddr(cluster.PodGate) // the node's address of those
	Outside  = cluster.OutsideNet                   // where hosts outside have theirs
)

// Start starts a node and returns when it is Ready and its DNS answers. Pods' packets to each other and to the outside are routed by the node, through
// nftables' hook "forward"; nothing there is filtered until somebody does.
func Start(t testing.TB, o Options) *Node {
	t.Helper()
	found, err := cluster.Find(t.Context())
	stopIfMissing(t, err)
	if o.Sync == 0 {
		o.Sync = 10 * time.Second
	}
	n := &Node{}
	dir := folder(t, "kubenode-*", found, "pause")
	if o.Processors > 0 {
		if found["kubelet"], err = moreProcessors(filepath.Join(dir, "machine"), found["kubelet"], o.Processors); err != nil {
			t.Fatalf("show the node more processors: %v", err)
		}
	}
	n.node, err = cluster.StartNode(t.Context(), cluster.Config{Dir: dir, Programs: found, Now: time.Now(), Sync: o.Sync, APIServer: o.APIServer, Hosts: o.Hosts})
	if errors.Is(err, keep.ErrRefused) {
		parts.Missing(t, "namespaces for a node", "this machine lets nobody make them: "+err.Error())
	}
	if err != nil {
		t.Fatalf("start a node: %v", err)
	}
	t.Cleanup(func() {
		if err := n.node.Stop(); err != nil {
			t.Errorf("stop the node: %v", err)
		}
	})
	return n
}

// Exec runs a command in the node's namespaces and returns what it prints; the error holds what it complains of. Its PATH begins with the node's programs:
// kubectl, which is the cluster-admin's, ctr, and what the machine has.
func (n *Node) Exec(ctx context.Context, name string, args ...string) (out []byte, err error) {
	return n.node.Exec(ctx, nil, name, args...)
}

// ExecInput is Exec with something to read: kubectl apply -f - is used so.
func (n *Node) ExecInput(ctx context.Context, input []byte, name string, args ...string) (out []byte, err error) {
	return n.node.Exec(ctx, input, name, args...)
}

// Command prepares a command for a longer run; Inside(cmd.Start) starts it in the node.
func (n *Node) Command(ctx context.Context, name string, args ...string) (*exec.Cmd, error) {
	return n.node.Command(ctx, name, args...)
}

// Inside runs a function in the node: see cluster.Place.
func (n *Node) Inside(do func() error) error { return n.node.Inside(do) }

// Dial connects from the node.
func (n *Node) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	return n.node.Dial(ctx, network, address)
}

// Kubeconfig is the path of a cluster-admin's. Its server's address is one inside the node.
func (n *Node) Kubeconfig() string { return n.node.Kubeconfig }

// Dir is the node's folder: logs/NAME.log are what its servers say. It goes with the node.
func (n *Node) Dir() string { return n.node.Dir }

// Import gives the node an image (package images makes them), which pods can name then by reference or, instead of the tag, by digest. The archive must hold an
// image of that reference and, if there is a digest, of that manifest.
func (n *Node) Import(t testing.TB, archive, reference, digest string) {
	t.Helper()
	if err := n.node.Import(t.Context(), archive, reference, digest); err != nil {
		t.Fatal(err)
	}
}

// Host adds a host outside of the cluster, with these addresses of Outside. The place has its network: it can listen and dial there.
func (n *Node) Host(t testing.TB, addresses ...netip.Addr) *cluster.Place {
	t.Helper()
	p, err := n.node.Outside(t.Context(), addresses...)
	if err != nil {
		t.Fatalf("add a host outside: %v", err)
	}
	return p
}

// Pod is the network of a pod that runs: what is dialled there comes from the pod.
func (n *Node) Pod(t testing.TB, namespace, name string) *cluster.Place {
	t.Helper()
	p, err := n.node.Pod(t.Context(), namespace, name)
	if err != nil {
		t.Fatalf("find the network of pod %s/%s: %v", namespace, name, err)
	}
	return p
}
