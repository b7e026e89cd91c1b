package netpol

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// Node is what Start uses of a node of test/parts/kubenode.
type Node interface {
	Kubeconfig() string
	Dial(ctx context.Context, network, address string) (net.Conn, error)
	ExecInput(ctx context.Context, input []byte, name string, args ...string) ([]byte, error)
}

// startWithin is how long it may take until the API has told of all pods.
const startWithin = time.Minute

// Start holds the pods of a node to their policies until the test is over. It returns when those that are there are known; a pod that comes later is cut
// off until the API has told of its address. pods is the node's network of pods, and own its own address in it.
func Start(t testing.TB, n Node, pods netip.Prefix, own netip.Addr) {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", n.Kubeconfig())
	if err != nil {
		t.Fatalf("read the node's kubeconfig: %v", err)
	}
	config.Dial = n.Dial
	api, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatalf("read the node's kubeconfig: %v", err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var running sync.WaitGroup
	up, ended := make(chan struct{}), make(chan error, 1)
	running.Go(func() {
		err := Enforce(ctx, Options{
			API: api, Network: pods, Node: own, Out: said{t}, Known: func() { close(up) },
			Load: func(ctx context.Context, rules string) error {
				ctx, cancel := context.WithTimeout(ctx, loadWithin)
				defer cancel()
				_, err := n.ExecInput(ctx, []byte(rules), "nft", "-f", "-")
				return err
			},
		})
		if ctx.Err() == nil {
			t.Errorf("the stand-in for a network plugin ended: %v", err)
		}
		ended <- err
	})
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	select {
	case <-up:
	case err := <-ended:
		t.Fatalf("start the stand-in for a network plugin: %v", errors.Join(err, ctx.Err()))
	case <-time.After(startWithin):
		t.Fatalf("the stand-in for a network plugin does not know the pods within %s", startWithin)
	}
}

// said hands lines to the test's log.
type said struct{ t testing.TB }

func (s said) Write(line []byte) (int, error) {
	s.t.Logf("netpol: %s", line[:max(0, len(line)-1)])
	return len(line), nil
}
